/* SPDX-License-Identifier: MIT */
/*
 * Rules: one table of keys, each with the function that reads it. Where rules come from and
 * in which order they are asked is config.c's; what one matches is in match.c.
 *
 * A rule with any error is left out of the table, since the load fails with it. The number
 * of rules and the length of their texts are bounded.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/dump.h"
#include "config/keys.h"
#include "config/links.h"
#include "config/options.h"
#include "config/rules.h"
#include "config/values.h"

/* What is being read: one rule. */
struct reading {
	struct config_context *context;
	struct parsed_rule *parsed;
	bool matched, acted; /* `match` and `action` were there */
};

typedef bool rule_key_function(struct reading *reading, const struct node *value);

/* A text of bounded length. Returns a copy, or NULL with the error said. */
static char *
read_text(struct reading *reading, const struct node *value, const char *what)
{
	char *copy;

	if (!node_is_scalar(reading->context, value, "a string"))
		return NULL;
	if (value->text[0] == '\0' || strlen(value->text) > RULE_TEXT_MAX) {
		context_error(reading->context, value,
		    "%s is %zu bytes long, expected 1 to %d "
		    "bytes",
		    what, strlen(value->text), RULE_TEXT_MAX);
		return NULL;
	}
	copy = strdup(value->text);
	if (copy == NULL)
		context_no_memory(reading->context);
	return copy;
}

static bool
read_name(struct reading *reading, const struct node *value)
{
	return (reading->parsed->rule.name = read_text(reading, value, "name")) != NULL;
}

static bool
read_note(struct reading *reading, const struct node *value)
{
	return (reading->parsed->rule.note = read_text(reading, value, "note")) != NULL;
}

/* True where the map has that key, whatever its value. */
static bool
has_key(const struct node *map, const char *name)
{
	for (size_t i = 0; map->kind == NODE_MAP && i < map->count; i += 2)
		if (node_is(&map->items[i], name))
			return true;
	return false;
}

/* What stands inside match instead of beside it is said there, and not missed, too. */
static bool
has_effect(const struct node *match)
{
	return has_key(match, "action") || has_key(match, "threshold") ||
	    has_key(match, "severity") || has_key(match, "remind");
}

static bool
read_match(struct reading *reading, const struct node *value)
{
	reading->matched = true;
	reading->acted = reading->acted || has_effect(value);
	return match_read(reading->context, value, &reading->parsed->rule.match,
	    &reading->parsed->text);
}

static bool
read_action(struct reading *reading, const struct node *value)
{
	static const char *const names[] = { "allow", NULL };

	reading->acted = true;
	if (!node_is_scalar(reading->context, value, "allow"))
		return false;
	if (strcmp(value->text, "allow") != 0) {
		context_wrong_value(reading->context, value, "action", names[0], names);
		return false;
	}
	reading->parsed->rule.action = ACTION_ALLOW;
	return true;
}

static bool
read_threshold(struct reading *reading, const struct node *value)
{
	struct rule *rule = &reading->parsed->rule;

	rule->values |= RULE_THRESHOLD;
	return duration_read(reading->context, value, option_find("threshold"),
	    &rule->threshold_usec);
}

static bool
read_severity(struct reading *reading, const struct node *value)
{
	struct rule *rule = &reading->parsed->rule;

	rule->values |= RULE_SEVERITY;
	return severity_read(reading->context, value, "severity", false, &rule->severity);
}

static bool
read_remind(struct reading *reading, const struct node *value)
{
	struct rule *rule = &reading->parsed->rule;

	rule->values |= RULE_REMIND;
	return duration_read(reading->context, value, option_find("remind"), &rule->remind_usec);
}

/* Reads count digits at *text and steps over them. Returns -1 where there are none. */
static int
read_digits(const char **text, unsigned count)
{
	int value = 0;

	for (; count > 0; count--, (*text)++) {
		if (**text < '0' || **text > '9')
			return -1;
		value = value * 10 + (**text - '0');
	}
	return value;
}

/* The end of the day "YYYY-MM-DD", local time. Returns false where there is no such day. */
static bool
parse_day(const char *text, uint64_t *ret_usec)
{
	int year = read_digits(&text, 4);
	int month = year < 0 || *text++ != '-' ? -1 : read_digits(&text, 2);
	int day = month < 0 || *text++ != '-' ? -1 : read_digits(&text, 2);
	struct tm noon = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = 12,
		.tm_isdst = -1 };
	struct tm midnight = { .tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day + 1,
		.tm_isdst = -1 };
	time_t end;

	if (day < 1 || *text != '\0' || year < 1971)
		return false;
	/* mktime(3) makes 2 March of 30 February: the day must still be the one asked for. */
	if (mktime(&noon) == (time_t)-1 || noon.tm_mday != day || noon.tm_mon != month - 1)
		return false;
	end = mktime(&midnight);
	if (end == (time_t)-1)
		return false;
	*ret_usec = (uint64_t)end * USEC_PER_SEC;
	return true;
}

static bool
read_until(struct reading *reading, const struct node *value)
{
	struct parsed_rule *parsed = reading->parsed;

	if (!node_is_scalar(reading->context, value, "a day such as 2027-06-30"))
		return false;
	/* Else mktime(3) takes UTC for a zone that there is no memory to read. */
	if (clock_load_zone() < 0) {
		context_no_memory(reading->context);
		return false;
	}
	if (!parse_day(value->text, &parsed->rule.until_usec)) {
		context_error(reading->context, value,
		    "until is %s, expected a day such as "
		    "2027-06-30",
		    QUOTE(value->text));
		return false;
	}
	if (parsed->rule.until_usec <= reading->context->now_usec)
		context_warn(reading->context, value,
		    "until %s is in the past: the rule is "
		    "ignored",
		    QUOTE(value->text));
	parsed->text.until = strdup(value->text);
	if (parsed->text.until == NULL)
		context_no_memory(reading->context);
	return parsed->text.until != NULL;
}

static bool
read_enabled(struct reading *reading, const struct node *value)
{
	return switch_read(reading->context, value, "enabled", "true or false",
	    &reading->parsed->rule.enabled);
}

static const struct {
	const char *name;
	rule_key_function *function;
} rule_keys[] = {
	{ "name", read_name },
	{ "match", read_match },
	{ "action", read_action },
	{ "threshold", read_threshold },
	{ "severity", read_severity },
	{ "remind", read_remind },
	{ "note", read_note },
	{ "until", read_until },
	{ "enabled", read_enabled },
};

_Static_assert(ARRAY_SIZE(rule_keys) == RULE_KEY_COUNT, "a rule key has no name");

static bool
read_keys(struct reading *reading, const struct node *map)
{
	bool fine = true;

	for (size_t i = 0; i < map->count; i += 2) {
		const struct node *key = &map->items[i], *value = &map->items[i + 1];
		size_t row = 0;

		if (key->kind != NODE_SCALAR)
			continue;
		while (row < ARRAY_SIZE(rule_keys) && strcmp(rule_keys[row].name, key->text) != 0)
			row++;
		if (row < ARRAY_SIZE(rule_keys)) {
			fine = rule_keys[row].function(reading, value) && fine;
			continue;
		}
		key_refuse(reading->context, key, LEVEL_RULE, rule_key_names);
		/* It may be what is missing, in other words. */
		reading->matched = reading->acted = true;
		fine = false;
	}
	return fine;
}

/* What a rule must have, whatever else is wrong with it. */
static bool
check_complete(struct reading *reading, const struct node *map)
{
	const struct rule *rule = &reading->parsed->rule;
	bool named = has_key(map, "name"), acts = reading->acted || rule->values != 0;

	if (!named)
		context_error(reading->context, map, "rule has no name, expected name:");
	if (!reading->matched)
		context_error(reading->context, map,
		    "rule has no match, expected match: with at "
		    "least one match key");
	if (!acts)
		context_error(reading->context, map,
		    "rule has no effect, expected action, "
		    "threshold, severity or remind");
	return named && reading->matched && acts;
}

/*
 * In a text that config_dump() wrote, the line above a rule says where it came from. Rules come in
 * the order of their lines. Returns the length, 0 where there is no such line.
 */
static size_t
find_origin(struct config_context *context, unsigned line, const char **ret)
{
	const size_t prefix = sizeof(DUMP_ORIGIN) - 1;
	const char *end;

	while (context->dumped != NULL && context->dumped_line + 1 < line) {
		end =
		    memchr(context->dumped, '\n', (size_t)(context->dumped_end - context->dumped));
		context->dumped = end == NULL ? NULL : end + 1;
		context->dumped_line++;
	}
	if (context->dumped == NULL || context->dumped_line + 1 != line)
		return 0;
	end = memchr(context->dumped, '\n', (size_t)(context->dumped_end - context->dumped));
	if (end == NULL || (size_t)(end - context->dumped) <= prefix ||
	    memcmp(context->dumped, DUMP_ORIGIN, prefix) != 0)
		return 0;
	*ret = context->dumped + prefix;
	return (size_t)(end - *ret);
}

/* "FILE:LINE", as alerts name the rule. Returns false without memory. */
static bool
set_where(struct config_context *context, struct parsed_rule *parsed)
{
	size_t root = context->root == NULL ? 0 : strlen(context->root);
	const char *file = parsed->file, *origin;
	size_t length = find_origin(context, parsed->line, &origin);
	int r;

	/* In the tree's own words: it is going to be the root of a host. */
	if (root > 0 && strncmp(file, context->root, root) == 0)
		file += root;
	r = length > 0 ? asprintf(&parsed->rule.where, "%.*s", (int)length, origin) :
			 asprintf(&parsed->rule.where, "%s:%u", file, parsed->line);
	if (r < 0) {
		parsed->rule.where = NULL;
		context_no_memory(context);
	}
	return parsed->rule.where != NULL;
}

/* Reads one rule into *parsed. Returns true where it can be used. */
static bool
read_rule(struct config_context *context, const struct node *map, struct parsed_rule *parsed)
{
	struct reading reading = { .context = context, .parsed = parsed };
	bool fine;

	*parsed = (struct parsed_rule){
		.rule = { .until_usec = USEC_NEVER, .enabled = true },
		.file = context->file,
		.line = map->line,
		.column = map->column,
		.packaged = context->packaged,
	};
	if (map->kind != NODE_MAP) {
		if (map->kind != NODE_BROKEN)
			context_error(context, map,
			    "found %s, expected a rule: a map with name, "
			    "match and action or threshold",
			    node_kind_text(map));
		return false;
	}
	fine = read_keys(&reading, map);
	fine = check_complete(&reading, map) && fine;
	return fine && set_where(context, parsed);
}

static void
match_text_clear(struct match_text *text)
{
	struct name_list *lists[] = { &text->users, &text->netns, &text->logins };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i]->count; j++)
			free(lists[i]->names[j]);
		free(lists[i]->names);
	}
}

static void
match_texts_clear(struct match_texts *texts)
{
	match_text_clear(&texts->match);
	match_text_clear(&texts->not );
}

void
rule_text_clear(struct rule_text *text)
{
	match_texts_clear(&text->match);
	for (size_t i = 0; i < text->any_count; i++)
		match_texts_clear(&text->any[i]);
	free(text->any);
	free(text->until);
	*text = (struct rule_text){ 0 };
}

static void
parsed_rule_clear(struct parsed_rule *parsed)
{
	rule_clear(&parsed->rule);
	rule_text_clear(&parsed->text);
}

void
rule_table_clear(struct rule_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		parsed_rule_clear(&table->rules[i]);
	free(table->rules);
	*table = (struct rule_table){ 0 };
}

/* Room for one more. Returns NULL without memory. */
static struct parsed_rule *
table_grow(struct config_context *context, struct rule_table *table)
{
	/* RULES_MAX is of all files together. */
	if (array_reserve(&table->rules, &table->room, table->count + 1, ARRAY_UNBOUNDED) < 0) {
		context_no_memory(context);
		return NULL;
	}
	return &table->rules[table->count];
}

void
rules_read(struct config_context *context, const struct node *list, struct rule_table *table,
    size_t *total)
{
	if (list->kind == NODE_EMPTY || list->kind == NODE_BROKEN)
		return;
	if (list->kind != NODE_LIST) {
		context_error(context, list, "found %s, expected a list of rules",
		    node_kind_text(list));
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct parsed_rule *parsed = table_grow(context, table);

		if (parsed == NULL)
			return;
		if (++*total > RULES_MAX) {
			context_error(context, &list->items[i],
			    "too many rules, expected at most %d", RULES_MAX);
			return;
		}
		if (read_rule(context, &list->items[i], parsed)) {
			rule_check_allow(context, parsed);
			rule_check_never(context, parsed);
			rule_check_path(context, parsed);
			rule_check_programs(context, parsed);
			table->count++;
		} else
			parsed_rule_clear(parsed);
	}
}
