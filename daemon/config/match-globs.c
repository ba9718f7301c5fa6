/* SPDX-License-Identifier: MIT */
/*
 * Globs of match keys. One that cannot be one is an error; one that can be written but never
 * matches what it looks like is a warning, each value once.
 *
 * What is looked at is the text alone: no other key, and of the host whether there is such a file
 * (match-paths.c).
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>

#include "base/text.h"
#include "config/match.h"

/* What is wrong with a glob, for its key; NULL where it can match something. */
static const char *
glob_fault(const struct key_row *key, const char *glob)
{
	if (glob[0] == '\0' && key->type != KEY_INTERFACES)
		return "a pattern that is not empty";
	if (strlen(glob) > RULE_TEXT_MAX)
		return "at most 4096 bytes";
	if (key->type == KEY_PATHS && glob[0] != '/' && strncmp(glob, "**", 2) != 0)
		return "an absolute path, or **/NAME";
	return NULL;
}

static bool
is_literal(const struct key_row *key, const char *glob)
{
	/* In names of units a backslash is a letter. */
	return strpbrk(glob, key->type == KEY_UNITS ? "*?" : "*?\\") == NULL;
}

/* The least number of bytes that a text has which the glob matches. */
static size_t
least_length(const char *glob)
{
	size_t length = 0;

	for (; *glob != '\0'; glob++) {
		if (*glob == '\\' && glob[1] != '\0')
			glob++;
		else if (*glob == '*')
			continue;
		length++;
	}
	return length;
}

/* What stands behind the last dot; NULL without one, or where it begins or ends in a wildcard. */
static const char *
unit_type(const char *glob)
{
	const char *dot = strrchr(glob, '.');

	return dot == NULL || strpbrk(dot, "*?") != NULL ? NULL : dot + 1;
}

static bool
has_word(const char *const *words, const char *text)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, text) == 0)
			return true;
	return false;
}

/* May a name that the glob matches end so? */
static bool
may_end_in(const char *glob, const char *ending)
{
	const char *star = strrchr(glob, '*');
	const char *tail = star == NULL ? glob : star + 1;
	size_t length = strlen(tail), wanted = strlen(ending);

	if (star == NULL && length <= wanted)
		return false;
	for (size_t i = 1; i <= length && i <= wanted; i++)
		if (tail[length - i] != '?' && tail[length - i] != ending[wanted - i])
			return false;
	return true;
}

static bool
may_be_unit(const char *glob)
{
	static const char *const endings[] = { ".service", ".scope", ".socket", ".mount", ".swap" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (may_end_in(glob, endings[i]))
			return true;
	return false;
}

static void
warn_slice(struct match_filling *filling, const struct node *item)
{
	context_warn(filling->context, item,
	    "slice %s matches no slice, expected a name such as user-1000.slice",
	    QUOTE(item->text));
}

/* A unit of another type has no processes, but for the short time of its own commands. */
static void
warn_unit_type(struct match_filling *filling, const struct key_row *key, const struct node *item,
    const char *type)
{
	static const char *const types[] = { "service", "scope", NULL };
	const char *nearest = nearest_name(type, types);

	if (strcmp(type, "slice") == 0)
		context_warn(filling->context, item,
		    "%s %s matches no process, expected the key slice", key->name,
		    QUOTE(item->text));
	else if (nearest != NULL)
		context_warn(filling->context, item, "%s %s matches no unit, did you mean .%s?",
		    key->name, QUOTE(item->text), nearest);
	else
		context_warn(filling->context, item,
		    "%s %s matches no process, expected a .service or .scope", key->name,
		    QUOTE(item->text));
}

/* The name with a star as its instance, in buffer; NULL where it is no template. */
static const char *
instance_of(const char *text, char *buffer, size_t size)
{
	const char *at_sign = strchr(text, '@');

	if (at_sign == NULL || at_sign[1] != '.' || strlen(text) + 2 > size)
		return NULL;
	(void)snprintf(buffer, size, "%.*s*%s", (int)(at_sign + 1 - text), text, at_sign + 1);
	return buffer;
}

/* What systemd.unit(5) lets in a name, and wildcards. */
static bool
has_foreign_letters(const char *glob)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:-_.\\@*?";

	return glob[strspn(glob, letters)] != '\0';
}

static void
check_unit(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	static const char *const types[] = { "service", "scope", "socket", "mount", "swap", NULL };
	const char *text = item->text, *type = unit_type(text);
	char buffer[256];

	if (strchr(text, '/') != NULL || has_foreign_letters(text))
		context_warn(filling->context, item,
		    "%s %s matches no unit, expected a name as systemctl(1) prints it", key->name,
		    QUOTE(text));
	else if (type == NULL && !may_be_unit(text) &&
	    (strchr(text, '.') == NULL || !is_literal(key, text)))
		context_warn(filling->context, item, "%s %s matches no unit, did you mean %s?",
		    key->name, QUOTE(text),
		    QUOTE((snprintf(buffer, sizeof(buffer), "%s.service", text), buffer)));
	else if (type != NULL && !has_word(types, type))
		warn_unit_type(filling, key, item, type);
	else if (instance_of(text, buffer, sizeof(buffer)) != NULL)
		context_warn(filling->context, item,
		    "%s %s is a template and matches no unit, did you mean %s?", key->name,
		    QUOTE(text), QUOTE(buffer));
}

static void
check_slice(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	const char *type = unit_type(item->text);
	bool open =
	    strpbrk(item->text, "*?") != NULL && type == NULL && may_end_in(item->text, ".slice");

	(void)key;
	if (has_foreign_letters(item->text) ||
	    (!open && (type == NULL || strcmp(type, "slice") != 0 || type == item->text + 1)))
		warn_slice(filling, item);
}

static void
check_comm(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	(void)key;
	if (item->text[0] == '/')
		context_warn(filling->context, item,
		    "comm %s is a path, expected the name of the process, or the key exe",
		    QUOTE(item->text));
	else if (least_length(item->text) > 15)
		context_warn(filling->context, item,
		    "comm %s matches nothing, expected at most "
		    "15 bytes: the kernel truncates longer names",
		    QUOTE(item->text));
}

static void
check_interface(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	uint8_t address[16];

	if (least_length(item->text) >= IF_NAMESIZE)
		context_warn(filling->context, item,
		    "interface %s matches nothing, expected at most 15 bytes", QUOTE(item->text));
	else if (inet_pton(AF_INET, item->text, address) == 1 || strpbrk(item->text, "/:") != NULL)
		context_warn(filling->context, item,
		    "interface %s matches nothing, expected a name such as eth0, or the key "
		    "address",
		    QUOTE(item->text));
	else if (strpbrk(item->text, ", ") != NULL)
		context_warn(filling->context, item,
		    "interface %s matches nothing, expected a list in brackets: [eth0, eth1]",
		    QUOTE(item->text));
	else
		match_warn_wildcards(filling, key, item);
}

static void
check_host(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	if (strpbrk(item->text, " /:,@") != NULL || item->text[strlen(item->text) - 1] == '.')
		context_warn(filling->context, item,
		    "hostname %s matches no host, expected a name such as web1 or *.example.com",
		    QUOTE(item->text));
	else
		match_warn_wildcards(filling, key, item);
}

static void
check_container(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	(void)key;
	if (strpbrk(item->text, "/ ") != NULL)
		context_warn(filling->context, item,
		    "container %s matches nothing, expected an id or a name", QUOTE(item->text));
}

/* YAML's | and > keep the end of the line, and a glob has to match that too. */
static bool
ends_in_blank(const struct key_row *key, const char *text)
{
	char last = text[strlen(text) - 1];

	return key->key != MATCH_CMDLINE && (last == ' ' || last == '\t' || last == '\n');
}

/* Warns of globs that can be written but will not match what they look like. */
static void
check_glob(struct match_filling *filling, const struct key_row *key, const struct node *item)
{
	static const struct {
		enum match_key key;
		void (*check)(struct match_filling *, const struct key_row *, const struct node *);
	} checks[] = {
		{ MATCH_CONTAINER, check_container },
		{ MATCH_SLICE, check_slice },
		{ MATCH_UNIT, check_unit },
		{ MATCH_USER_UNIT, check_unit },
		{ MATCH_COMM, check_comm },
		{ MATCH_INTERFACE, check_interface },
		{ MATCH_HOSTNAME, check_host },
		{ MATCH_EXE, match_check_path },
		{ MATCH_SCRIPT, match_check_path },
		{ MATCH_PARENT, match_check_path },
	};

	if (item->text[0] == '\0')
		return;
	if (match_is_template(item->text)) {
		context_warn(filling->context, item,
		    "%s %s looks like a template that was not filled in", key->name,
		    QUOTE(item->text));
		return;
	}
	if (ends_in_blank(key, item->text) && !match_has_file(filling, key, item->text)) {
		context_warn(filling->context, item,
		    "%s %s matches nothing: it ends in %s, expected none", key->name,
		    QUOTE(item->text),
		    item->text[strlen(item->text) - 1] == '\n' ? "a newline" : "a blank");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		if (checks[i].key == key->key)
			checks[i].check(filling, key, item);
}

bool
match_read_globs(struct match_filling *filling, const struct key_row *key, const struct node *items,
    size_t count)
{
	struct glob_list *list = (void *)((char *)filling->match + key->offset);
	bool fine = true;

	for (size_t i = 0; i < count; i++) {
		const char *fault = glob_fault(key, items[i].text);

		if (fault != NULL) {
			context_error(filling->context, &items[i], "%s is %s, expected %s",
			    key->name, QUOTE(items[i].text), fault);
			fine = false;
			continue;
		}
		check_glob(filling, key, &items[i]);
		fine = match_append_text(filling->context, &list->globs, &list->count,
			   items[i].text) &&
		    fine;
	}
	return fine;
}
