/* SPDX-License-Identifier: MIT */
/*
 * The walk over the maps of a file, by the option table. A key that is none there is an error, with
 * where it belongs; so is a map that is none. All errors are said, and what is right is set.
 */
#include <stdio.h>
#include <string.h>

#include "config/keys.h"
#include "config/options.h"
#include "config/requires.h"
#include "config/values.h"

/* Where a name is longer than this it is none of ours. */
#define OPTION_NAME_SIZE 32

/*
 * The names of the keys that may stand in a map: "udp" for the prefix "", "auto" for
 * "udp.".
 */
struct level {
	char texts[OPTION_COUNT_MAX][OPTION_NAME_SIZE];
	const char *names[OPTION_COUNT_MAX + 2]; /* and the key that is no option */
	size_t count;
};

static void
level_init(struct level *level, const char *prefix)
{
	size_t skip = strlen(prefix);

	level->count = 0;
	for (const struct option *option = options; option->name != NULL; option++) {
		char *text = level->texts[level->count];
		const char *rest = option->name + skip;
		bool known = false;

		if (strncmp(option->name, prefix, skip) != 0)
			continue;
		(void)snprintf(text, OPTION_NAME_SIZE, "%.*s", (int)strcspn(rest, "."), rest);
		for (size_t i = 0; i < level->count; i++)
			known = known || strcmp(level->texts[i], text) == 0;
		if (!known)
			level->names[level->count++] = text;
	}
	if (prefix[0] == '\0')
		level->names[level->count++] = REQUIRES_KEY;
	level->names[level->count] = NULL;
}

/* What a key means. */
enum key_kind {
	KEY_UNKNOWN,
	KEY_OPTION,
	KEY_GROUP, /* a map with options inside */
};

static enum key_kind
key_find(const char *prefix, const char *key, const struct option **ret)
{
	size_t skip = strlen(prefix), length = strlen(key);

	if (strchr(key, '.') != NULL)
		return KEY_UNKNOWN;
	for (*ret = options; (*ret)->name != NULL; (*ret)++) {
		const char *rest = (*ret)->name + skip;

		if (strncmp((*ret)->name, prefix, skip) != 0 || strncmp(rest, key, length) != 0)
			continue;
		if (rest[length] == '\0')
			return KEY_OPTION;
		if (rest[length] == '.')
			return KEY_GROUP;
	}
	return KEY_UNKNOWN;
}

struct options_walk {
	struct config_context *context;
	struct config *config;
	struct option_place *places;
	bool rules_allowed;
};

static void
set_option(struct options_walk *walk, const struct node *key, const struct node *value,
    const struct option *option)
{
	struct option_place *place = &walk->places[option - options];

	if (option->type == OPTION_RULES) {
		if (!walk->rules_allowed)
			context_error(walk->context, key,
			    "rules are not allowed in conf.d, expected in overstay.yaml "
			    "or in rules.d");
		return;
	}
	if (walk->context->verbose && place->line > 0 && place->file != walk->context->file)
		context_note(walk->context, key, "%s is set in %s, too: the value here applies",
		    option->name, QUOTE_PATH(place->file));
	place->file = walk->context->file;
	place->line = key->line;
	place->column = key->column;
	if (!value_read(walk->context, value, option, walk->config))
		place->failed = true;
}

/* What is no map of options; first is a name that may stand in it. */
static void
refuse_map(struct config_context *context, const struct node *map, const char *prefix,
    const char *first)
{
	if (prefix[0] != '\0')
		context_error(context, map, "found %s, expected a map such as %.*s: {%s: ...}",
		    node_kind_text(map), (int)strlen(prefix) - 1, prefix, first);
	else
		context_error(context, map,
		    "found %s, expected options such as \"threshold: 1h\", with a blank behind "
		    "the colon",
		    node_kind_text(map));
}

/* Walks one map; prefix is "" or the name of the group with its dot. */
static void
walk_map(struct options_walk *walk, const struct node *map, const char *prefix)
{
	struct level level;

	if (map->kind == NODE_EMPTY || map->kind == NODE_BROKEN)
		return;
	level_init(&level, prefix);
	if (map->kind != NODE_MAP) {
		refuse_map(walk->context, map, prefix, level.names[0]);
		return;
	}
	for (size_t i = 0; i < map->count; i += 2) {
		const struct node *key = &map->items[i], *value = &map->items[i + 1];
		const struct option *option;
		char group[OPTION_NAME_SIZE];

		if (key->kind != NODE_SCALAR || (prefix[0] == '\0' && node_is(key, REQUIRES_KEY)))
			continue;
		switch (key_find(prefix, key->text, &option)) {
		case KEY_OPTION:
			set_option(walk, key, value, option);
			break;
		case KEY_GROUP:
			(void)snprintf(group, sizeof(group), "%s%s.", prefix, key->text);
			walk_map(walk, value, group);
			break;
		case KEY_UNKNOWN:
			key_refuse(walk->context, key,
			    prefix[0] == '\0' ? LEVEL_OPTIONS : LEVEL_GROUP, level.names);
			break;
		}
	}
}

void
options_read(struct config_context *context, const struct node *map, bool rules_allowed,
    struct config *config, struct option_place *places)
{
	struct options_walk walk = { context, config, places, rules_allowed };

	walk_map(&walk, map, "");
}
