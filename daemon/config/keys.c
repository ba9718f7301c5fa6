/* SPDX-License-Identifier: MIT */
/*
 * A key that is unknown where it stands is most often right somewhere else: an option in a rule, a
 * match key beside its match, `udp.auto` as the manual writes it. So its place is looked for in all
 * the tables before it is taken for a misspelling. Also the words of other programs, for what is
 * called otherwise here.
 */
#include <string.h>

#include "base/array.h"
#include "config/keys.h"
#include "config/options.h"

/* In the order of their tables: rules.c, match.c. */
const char *const rule_key_names[RULE_KEY_COUNT + 1] = { "name", "match", "action", "threshold",
	"severity", "remind", "note", "until", "enabled", NULL };

const char *const match_key_names[MATCH_KEY_COUNT + 3] = { "protocol", "port", "address",
	"exposure", "exe", "comm", "cmdline", "user", "unit", "user_unit", "owner", "choice",
	"script", "container", "netns", "class", "reason", "origin", "hint", "slice", "session",
	"loginuid", "parent", "interface", "hostname", "not", "any", NULL };

static bool
has_name(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* The option that is written so with its map before it, by a dot or an underscore: "udp.auto". */
static const struct option *
find_dotted(const char *text)
{
	for (const struct option *option = options; option->name != NULL; option++) {
		const char *dot = strchr(option->name, '.');
		size_t before = dot == NULL ? 0 : (size_t)(dot - option->name);

		if (dot != NULL && strncmp(text, option->name, before) == 0 &&
		    strchr("._-", text[before]) != NULL && strcmp(text + before + 1, dot + 1) == 0)
			return option;
	}
	return NULL;
}

/* The option inside a map that has that name, if there is only one: "appeared". */
static const struct option *
find_inside(const char *text)
{
	const struct option *found = NULL;

	for (const struct option *option = options; option->name != NULL; option++) {
		const char *dot = strchr(option->name, '.');

		if (dot == NULL || strcmp(dot + 1, text) != 0)
			continue;
		if (found != NULL)
			return NULL;
		found = option;
	}
	return found;
}

static bool
is_option(const char *text)
{
	for (const struct option *option = options; option->name != NULL; option++) {
		size_t length = strcspn(option->name, ".");

		if (strlen(text) == length && strncmp(option->name, text, length) == 0)
			return true;
	}
	return false;
}

/* Words that are none of ours, or none here. */
static const struct {
	enum key_level level;
	const char *key, *expected;
} others[] = {
	{ LEVEL_MATCH, "group", "user: \"@NAME\"" },
	{ LEVEL_MATCH, "gid", "user: \"@NUMBER\"" },
	{ LEVEL_MATCH, "uid", "user" },
	{ LEVEL_MATCH, "username", "user" },
	{ LEVEL_MATCH, "path", "exe" },
	{ LEVEL_MATCH, "executable", "exe" },
	{ LEVEL_MATCH, "exclude", "not" },
	{ LEVEL_MATCH, "except", "not" },
	{ LEVEL_MATCH, "or", "any: a list of matches" },
	{ LEVEL_MATCH, "and", "the keys beside each other: all must match" },
	{ LEVEL_MATCH, "all", "the keys beside each other: all must match" },
	{ LEVEL_MATCH, "cgroup", "unit or slice" },
	{ LEVEL_MATCH, "program", "exe" },
	{ LEVEL_MATCH, "process", "exe or comm" },
	{ LEVEL_MATCH, "command", "cmdline or exe" },
	{ LEVEL_MATCH, "service", "unit" },
	{ LEVEL_MATCH, "host", "hostname" },
	{ LEVEL_MATCH, "ip", "address" },
	{ LEVEL_RULE, "allow", "action: allow" },
	{ LEVEL_RULE, "disabled", "enabled: false" },
	{ LEVEL_RULE, "disable", "enabled: false" },
	{ LEVEL_RULE, "comment", "note" },
	{ LEVEL_RULE, "description", "note" },
	{ LEVEL_RULE, "expires", "until" },
	{ LEVEL_OPTIONS, "include", "files in conf.d or rules.d: there are no includes" },
};

static const char *
find_other(enum key_level level, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (others[i].level == level && strcmp(others[i].key, text) == 0)
			return others[i].expected;
	return NULL;
}

/* Where a key of another level belongs; NULL if it is none. */
static const char *
find_level(enum key_level level, const char *text)
{
	switch (level) {
	case LEVEL_OPTIONS:
	case LEVEL_RULES:
		if (is_option(text))
			return has_name(rule_key_names, text) ?
			    "in overstay.yaml or in conf.d, or inside an entry of rules" :
			    "in overstay.yaml or in conf.d";
		return has_name(rule_key_names, text) || has_name(match_key_names, text) ?
		    "inside an entry of rules" :
		    NULL;
	case LEVEL_RULE:
		if (has_name(match_key_names, text))
			return "inside match";
		return is_option(text) ? "outside of rules: it is an option of all" : NULL;
	case LEVEL_MATCH:
		if (has_name(rule_key_names, text))
			return "beside match";
		return is_option(text) ? "outside of rules: it is an option of all" : NULL;
	case LEVEL_GROUP:
		break;
	}
	return NULL;
}

/* Says where an option stands that is inside a map. Returns false if it is none. */
static bool
refuse_inside(struct config_context *context, const struct node *key)
{
	const struct option *option = find_dotted(key->text);
	const char *dot;

	if (option == NULL)
		option = find_inside(key->text);
	if (option == NULL)
		return false;
	dot = strchr(option->name, '.');
	context_error(context, key, "unknown key %s, expected %.*s: {%s: ...}", QUOTE(key->text),
	    (int)(dot - option->name), option->name, dot + 1);
	return true;
}

void
key_refuse(struct config_context *context, const struct node *key, enum key_level level,
    const char *const *names)
{
	const char *place = find_level(level, key->text), *other = find_other(level, key->text);

	if (place != NULL)
		context_error(context, key, "unknown key %s here, expected %s", QUOTE(key->text),
		    place);
	else if (other != NULL)
		context_error(context, key, "unknown key %s, expected %s", QUOTE(key->text), other);
	else if (level != LEVEL_OPTIONS || !refuse_inside(context, key))
		context_unknown(context, key, names);
}
