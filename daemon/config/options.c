/* SPDX-License-Identifier: MIT */
/*
 * The option table and the walk over it. A new option is one row here, one line in
 * conf/overstay.yaml and one paragraph in overstay.yaml(5); the lint fails until all three
 * agree.
 *
 * The default of an option is the text an administrator would write, and is read by the
 * same code as the file: a default that its own bounds refuse cannot be shipped.
 *
 * How values of each type are read and written is in values.c.
 */
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "config/options.h"
#include "config/requires.h"
#include "config/values.h"

/*
 * A bound for every span that has no natural one: longer is a slip, and `never` is a word.
 */
#define LONG_USEC (3650 * USEC_PER_DAY)

/* Where a name is longer than this it is none of ours. */
#define OPTION_NAME_SIZE 32

static const char *
netns_word(unsigned place)
{
	return place == NETNS_HOST ? "host" : NULL;
}

static const char *
cmdline_word(unsigned place)
{
	return place <= CMDLINE_OFF ? cmdline_mode_name((enum cmdline_mode)place) : NULL;
}

#define AT(member) offsetof(struct config, member)

const struct option options[] = {
	{ "interval", OPTION_DURATION, AT(interval_usec), 100 * USEC_PER_MSEC, USEC_PER_HOUR,
	    .default_text = "5s", .unit = "time span", .reloadable = true,
	    .help = "longest time between two polls of the listeners" },
	{ "survey", OPTION_DURATION, AT(survey_usec), 100 * USEC_PER_MSEC, USEC_PER_DAY,
	    .default_text = "30s", .unit = "time span", .reloadable = true,
	    .help = "time between two surveys of all sockets in the range, at least the interval" },
	{ "ranges", OPTION_RANGES, AT(ranges), .default_text = "[iana, kernel]",
	    .unit = "list of iana, kernel, ports", .reloadable = true, .help = "ports to watch" },
	{ "protocols", OPTION_PROTOCOLS, AT(protocols), .default_text = "[tcp, udp]",
	    .unit = "list of tcp, udp", .reloadable = true, .help = "protocols to watch" },
	{ "netns", OPTION_CHOICE, AT(netns), .word = netns_word, .default_text = "host",
	    .unit = "host", .reloadable = true, .help = "network namespaces to watch" },
	{ "threshold", OPTION_DURATION, AT(policy.threshold_usec), 0, LONG_USEC, true,
	    .default_text = "10min", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for listeners that no rule matches" },
	{ "user.threshold", OPTION_DURATION, AT(policy.user_threshold_usec), 0, LONG_USEC, true,
	    .default_text = "3d", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for listeners of class user, before the other thresholds" },
	{ "udp.threshold", OPTION_DURATION, AT(policy.udp_threshold_usec), 0, LONG_USEC, true,
	    .default_text = "1h", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for UDP ports that the program asked for" },
	{ "udp.auto", OPTION_DURATION, AT(policy.udp_auto_usec), 0, LONG_USEC, true,
	    .default_text = "never", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for UDP ports that the kernel picked, mostly those of clients" },
	{ "loopback.severity", OPTION_SEVERITY, AT(policy.loopback_severity),
	    .default_text = "notice", .unit = "severity", .reloadable = true,
	    .help = "priority if the listener is bound to a loopback address, overrides severity" },
	{ "suspect.threshold", OPTION_DURATION, AT(policy.suspect_threshold_usec), 0, LONG_USEC,
	    true, .default_text = "0s", .unit = "time span or never", .reloadable = true,
	    .help = "threshold for suspects with a strong reason" },
	{ "suspect.severity", OPTION_SEVERITY, AT(policy.suspect_severity), .default_text = "crit",
	    .unit = "severity", .reloadable = true,
	    .help = "priority of suspects with a strong reason" },
	{ "suspect.weak_threshold", OPTION_DURATION, AT(policy.suspect_weak_threshold_usec), 0,
	    LONG_USEC, true, .default_text = "1min", .unit = "time span or never",
	    .reloadable = true, .help = "threshold for suspects with weak reasons only" },
	{ "suspect.weak_severity", OPTION_SEVERITY, AT(policy.suspect_weak_severity),
	    .default_text = "err", .unit = "severity", .reloadable = true,
	    .help = "priority of suspects with weak reasons only" },
	{ "severity", OPTION_SEVERITY, AT(policy.severity), .default_text = "warning",
	    .unit = "severity", .reloadable = true, .help = "priority of alerts" },
	{ "grace", OPTION_DURATION, AT(policy.grace_usec), 0, USEC_PER_DAY, .default_text = "2min",
	    .unit = "time span", .reloadable = true,
	    .help = "a listener that is back within this time is the same stay" },
	{ "remind", OPTION_DURATION, AT(policy.remind_usec), USEC_PER_MIN, LONG_USEC, true,
	    .default_text = "24h", .unit = "time span or never", .reloadable = true,
	    .help = "time between two reminders of listeners that overstay" },
	{ "heartbeat.every", OPTION_DURATION, AT(policy.heartbeat_usec), 10 * USEC_PER_SEC,
	    LONG_USEC, true, .default_text = "24h", .unit = "time span or never",
	    .reloadable = true, .help = "time between two messages that the host is watched" },
	{ "heartbeat.severity", OPTION_SEVERITY, AT(policy.heartbeat_severity),
	    .default_text = "notice", .unit = "severity", .reloadable = true,
	    .help = "priority of the message HEARTBEAT" },
	{ "advice", OPTION_SWITCH, AT(policy.advice), .default_text = "on", .unit = "on or off",
	    .reloadable = true,
	    .help = "report how to keep a port that an outgoing connection may take" },
	{ "hopping", OPTION_PROTOCOL_BITS, AT(policy.hopping), .default_text = "[tcp]",
	    .unit = "list of tcp, udp, or off", .reloadable = true,
	    .help = "report, for these protocols, owners that keep moving to a new port" },
	{ "log.appeared", OPTION_SEVERITY, AT(policy.log_appeared), .never = true,
	    .default_text = "info", .unit = "severity or off", .reloadable = true,
	    .help = "priority of the message APPEARED" },
	{ "log.vanished", OPTION_SEVERITY, AT(policy.log_vanished), .never = true,
	    .default_text = "info", .unit = "severity or off", .reloadable = true,
	    .help = "priority of the message VANISHED" },
	{ "log.udp", OPTION_SEVERITY, AT(policy.log_udp), .never = true, .default_text = "\"off\"",
	    .unit = "severity or off", .reloadable = true,
	    .help = "priority of both messages for UDP" },
	{ "log.after", OPTION_DURATION, AT(policy.log_after_usec), 0, USEC_PER_DAY,
	    .default_text = "1min", .unit = "time span", .reloadable = true,
	    .help = "listeners that close sooner than this cause neither message" },
	{ "cmdline", OPTION_CHOICE, AT(policy.cmdline), .word = cmdline_word,
	    .default_text = "masked", .unit = "masked, full or off", .reloadable = true,
	    .help = "command lines in messages" },
	{ "rules", OPTION_RULES, .default_text = "[]", .unit = "list of rules", .reloadable = true,
	    .help = "rules that allow listeners or set thresholds, the first match decides" },
	{ .name = NULL },
};

_Static_assert(ARRAY_SIZE(options) <= OPTION_COUNT_MAX, "OPTION_COUNT_MAX is too small");

const struct option *
option_find(const char *name)
{
	const struct option *option = options;

	while (strcmp(option->name, name) != 0)
		option++;
	return option;
}

int
options_set_defaults(struct config *config)
{
	struct config_messages messages = { 0 };
	struct config_context context = { .messages = &messages, .file = "default" };
	bool fine = true;

	for (const struct option *option = options; option->name != NULL; option++) {
		struct node node;

		if (option->type == OPTION_RULES)
			continue;
		fine = node_parse(&context, option->default_text, strlen(option->default_text),
			   &node) &&
		    value_read(&context, &node, option, config) && fine;
		node_clear(&node);
	}
	config_messages_clear(&messages);
	return fine ? 0 : -ENOMEM;
}

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
	place->file = walk->context->file;
	place->line = key->line;
	place->column = key->column;
	if (!value_read(walk->context, value, option, walk->config))
		place->failed = true;
}

/*
 * An unknown key; one that is spelled as manuals spell it ("udp.auto") is answered with how
 * to write it.
 */
static void
refuse_key(struct config_context *context, const struct node *key, const char *prefix,
    const char *const *names)
{
	const char *dot = strchr(key->text, '.');

	for (const struct option *option = options; option->name != NULL; option++)
		if (prefix[0] == '\0' && dot != NULL && strcmp(option->name, key->text) == 0) {
			context_error(context, key, "unknown key %s, expected %.*s: {%s: ...}",
			    QUOTE(key->text), (int)(dot - key->text), option->name, dot + 1);
			return;
		}
	context_unknown(context, key, names);
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
		context_error(walk->context, map, "found %s, expected a map of options such as %s",
		    node_kind_text(map), level.names[0]);
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
			refuse_key(walk->context, key, prefix, level.names);
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

void
options_dump(const struct config *config, FILE *file)
{
	const char *group = "";
	size_t group_length = 0;

	for (const struct option *option = options; option->name != NULL; option++) {
		const char *dot = strchr(option->name, '.');
		size_t length = dot == NULL ? 0 : (size_t)(dot - option->name);

		if (option->type == OPTION_RULES)
			continue;
		if (length > 0 &&
		    (length != group_length || strncmp(option->name, group, length) != 0))
			(void)fprintf(file, "%.*s:\n", (int)length, option->name);
		group = option->name;
		group_length = length;
		(void)fprintf(file, "%s%s: ", length > 0 ? "  " : "",
		    dot == NULL ? option->name : dot + 1);
		value_dump(config, option, file);
		(void)fputc('\n', file);
	}
}
