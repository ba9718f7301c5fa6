/* SPDX-License-Identifier: MIT */
/*
 * What is said of the users and groups that the rules name and that match nobody: one line, however
 * many they are, for --check, the journal and a reload alike.
 *
 * The name nearest to one that is absent is looked for in /etc/passwd and /etc/group, nowhere else:
 * a directory service is not listed for a slip of the pen. For a staged tree they are its own.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/messages.h"
#include "config/staged.h"

/* So many are listed, the others are counted. */
#define LISTED_MAX 8

/* Local names that are compared, and how long an entry may be. */
#define LOCAL_MAX 1024
#define ENTRY_MAX 4096

#define WHERE_MAX 64

/* Keeps in nearest what is nearer to the name: that, or another. */
static void
choose(const char *name, const char *other, char nearest[NAMED_MAX + 1])
{
	const char *const names[] = { nearest, other, NULL };

	if (nearest_name(name, names[0][0] == '\0' ? names + 1 : names) == other)
		(void)snprintf(nearest, NAMED_MAX + 1, "%s", other);
}

/* The users or groups of a file: this host's, or the staged tree's. */
static FILE *
open_local(const struct named_list *list, bool group)
{
	const char *path = group ? "/etc/group" : "/etc/passwd";

	return list->root == NULL ? fopen(path, "re") : staged_open(list->root, group);
}

/*
 * Puts the local name into nearest that is nearest to the name, "" if none is near enough. Returns
 * true if one is the very name.
 */
static bool
find_nearest(const struct named_list *list, const char *name, bool group,
    char nearest[NAMED_MAX + 1])
{
	_fclose_ FILE *file = open_local(list, group);
	char buffer[ENTRY_MAX];
	struct passwd passwd, *user = NULL;
	struct group entry, *found = NULL;

	nearest[0] = '\0';
	for (unsigned i = 0; file != NULL && i < LOCAL_MAX; i++) {
		if ((group ? fgetgrent_r(file, &entry, buffer, sizeof(buffer), &found) :
			     fgetpwent_r(file, &passwd, buffer, sizeof(buffer), &user)) != 0)
			break;
		choose(name, group ? entry.gr_name : passwd.pw_name, nearest);
	}
	return strcmp(nearest, name) == 0;
}

/*
 * Appends `, did you mean "alice"?`: a group for a user of the same name, a user for a group, else
 * the name of its own kind that is near enough to be meant.
 */
static void
add_nearest(struct text *text, const struct named_list *list, const struct named *named)
{
	char nearest[NAMED_MAX + 1], meant[NAMED_MAX + 2];
	bool other = find_nearest(list, named->name, !named->group, nearest);

	if (!other)
		(void)find_nearest(list, named->name, named->group, nearest);
	(void)snprintf(meant, sizeof(meant), "%s%s", named->group != other ? "@" : "", nearest);
	if (nearest[0] != '\0')
		text_printf(text, ", did you mean %s?", QUOTE(meant));
}

/* `"@developers" (overstay.yaml:12:20)`, of a known one `"@developers" (2000)` */
static void
add_named(struct text *text, const struct named_list *list, const struct named *named)
{
	char written[NAMED_MAX + 2];

	(void)snprintf(written, sizeof(written), "%s%s", named->group ? "@" : "", named->name);
	text_printf(text, "%s (", QUOTE(written));
	if (named->state == NAMED_KNOWN)
		text_printf(text, "%u", named->id);
	else
		text_escape_string(text, named->where, WHERE_MAX);
	if (named->state == NAMED_ABSENT)
		add_nearest(text, list, named);
	text_add(text, ")");
}

/* Whether a name is among those that are said to be in that state. */
static bool
is_listed(const struct named *named, enum named_state state)
{
	return named->state == state && !(state == NAMED_ABSENT && named->packaged);
}

bool
config_names_text(const struct named_list *list, enum named_state state, char *buffer, size_t size)
{
	static const char *const states[] = {
		[NAMED_UNASKED] = "not resolved, overstay-names gave no answer",
		[NAMED_KNOWN] = "known here",
		[NAMED_ABSENT] = "unknown here",
	};
	size_t count = 0, listed = 0;
	struct text text;

	for (size_t i = 0; i < list->count; i++)
		count += is_listed(list->items[i], state);
	text_init(&text, buffer, size);
	if (count == 0)
		return false;
	text_printf(&text, "%zu %s %s: ", count, count == 1 ? "name" : "names", states[state]);
	for (size_t i = 0; i < list->count && listed < LISTED_MAX; i++) {
		if (!is_listed(list->items[i], state))
			continue;
		text_add(&text, listed++ == 0 ? "" : ", ");
		add_named(&text, list, list->items[i]);
	}
	if (count > listed)
		text_printf(&text, " and %zu more", count - listed);
	return true;
}
