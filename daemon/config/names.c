/* SPDX-License-Identifier: MIT */
/*
 * What is said of the users and groups that the rules name and that match nobody: one line, however
 * many they are, for --check, the journal and a reload alike.
 *
 * The name nearest to one that is absent is looked for in /etc/passwd and /etc/group, nowhere else:
 * a directory service is not listed for a slip of the pen.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/messages.h"

/* So many are listed, the others are counted. */
#define LISTED_MAX 8

/* Local names that are compared, and how long an entry may be. */
#define LOCAL_MAX 1024
#define ENTRY_MAX 4096

#define WHERE_MAX 64

struct local_names {
	char *names[LOCAL_MAX + 1]; /* ended by NULL */
	size_t count;
};

static void
local_names_add(struct local_names *local, const char *name)
{
	if (local->count < LOCAL_MAX && (local->names[local->count] = strdup(name)) != NULL)
		local->count++;
}

static void
local_names_read(struct local_names *local, bool group)
{
	_fclose_ FILE *file = fopen(group ? "/etc/group" : "/etc/passwd", "re");
	struct passwd passwd, *user = NULL;
	struct group entry, *found = NULL;
	char buffer[ENTRY_MAX];

	if (file == NULL)
		return;
	if (group)
		while (fgetgrent_r(file, &entry, buffer, sizeof(buffer), &found) == 0)
			local_names_add(local, entry.gr_name);
	else
		while (fgetpwent_r(file, &passwd, buffer, sizeof(buffer), &user) == 0)
			local_names_add(local, passwd.pw_name);
}

/* Appends `, did you mean "alice"?` if a local name is near enough to be meant. */
static void
add_nearest(struct text *text, const struct named *named)
{
	struct local_names local = { .count = 0 };
	const char *nearest;

	local_names_read(&local, named->group);
	nearest = nearest_name(named->name, (const char *const *)local.names);
	if (nearest != NULL)
		text_printf(text, ", did you mean %s?", QUOTE(nearest));
	for (size_t i = 0; i < local.count; i++)
		free(local.names[i]);
}

/* `"@developers" (overstay.yaml:12:20)` */
static void
add_named(struct text *text, const struct named *named)
{
	char written[NAMED_MAX + 2];

	(void)snprintf(written, sizeof(written), "%s%s", named->group ? "@" : "", named->name);
	text_printf(text, "%s (", QUOTE(written));
	text_escape_string(text, named->where, WHERE_MAX);
	if (named->state == NAMED_ABSENT)
		add_nearest(text, named);
	text_add(text, ")");
}

bool
config_names_text(const struct named_list *list, enum named_state state, char *buffer, size_t size)
{
	size_t count = named_list_count(list, state), listed = 0;
	struct text text;

	text_init(&text, buffer, size);
	if (count == 0)
		return false;
	text_printf(&text, "%zu %s %s: ", count, count == 1 ? "name" : "names",
	    state == NAMED_ABSENT ? "unknown here" : "not resolved, overstay-names gave no answer");
	for (size_t i = 0; i < list->count && listed < LISTED_MAX; i++) {
		if (list->items[i]->state != state)
			continue;
		text_add(&text, listed++ == 0 ? "" : ", ");
		add_named(&text, list->items[i]);
	}
	if (count > listed)
		text_printf(&text, " and %zu more", count - listed);
	return true;
}
