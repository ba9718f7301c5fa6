/* SPDX-License-Identifier: MIT */
/*
 * Rules: read from a list of YAML, checked against each other, written back. Inside config/
 * only.
 */
#ifndef OVERSTAY_CONFIG_RULES_H
#define OVERSTAY_CONFIG_RULES_H

#include <stdio.h>

#include "base/macros.h"
#include "config/config.h"
#include "config/messages.h"
#include "config/yaml.h"
#include "model/policy.h"

/* Bounds of what one configuration may hold; a rule with ports takes 8 KiB. */
#define RULES_MAX     4096
#define RULE_LIST_MAX 256  /* entries in the list of one match key */
#define RULE_TEXT_MAX 4096 /* bytes of a name, a note, a glob */

/* A rule as it was read, with its place. */
struct parsed_rule {
	struct rule rule;
	struct rule_text text;
	const char *file; /* borrowed: lives as long as the load */
	unsigned line, column;
	bool packaged; /* one of the vendor's: whoever checks a host cannot change it */
	bool repeated; /* said: one of the same name, before it, matches first */
};

/* Rules in the order of their files; start with all zero. */
struct rule_table {
	struct parsed_rule *rules;
	size_t count, room;
};

/*
 * Appends the rules of a list (NODE_EMPTY is an empty one), all errors said. A rule with an
 * error is left out. *total counts the rules of the whole configuration.
 */
void rules_read(struct config_context *context, const struct node *list, struct rule_table *table,
    size_t *total);

/* Frees the table and what is in it. */
void rule_table_clear(struct rule_table *table);

/* Warns of an allow that rests on what any process can bring about; see allow.c. */
void rule_check_allow(struct config_context *context, const struct parsed_rule *rule);

/*
 * The first program of the list that any user may run, NULL where there is none, or nobody asks;
 * see programs.c.
 */
const char *programs_find_public(const struct config_context *context,
    const struct glob_list *globs);

/* Says which programs of the rule do not exist, where that is asked for. */
void rule_check_programs(struct config_context *context, const struct parsed_rule *rule);

/* Warns of rules that an earlier one leaves nothing for. */
void rules_check_reach(struct config_context *context, struct parsed_rule *rules, size_t count);

/* Warns of a rule that nothing can match, or an entry of its any; see never.c. */
void rule_check_never(struct config_context *context, const struct parsed_rule *rule);

/*
 * Reads the map of `match:`. Returns true, or says every error; *match is then half filled.
 */
bool match_read(struct config_context *context, const struct node *map, struct match *match,
    struct rule_text *text);

/* Writes the keys of a match, each on a line behind indent. */
void match_dump(const struct match *match, const struct rule_text *text, FILE *file);

/* Frees what the text holds. */
void rule_text_clear(struct rule_text *text);

#endif
