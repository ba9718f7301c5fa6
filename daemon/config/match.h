/* SPDX-License-Identifier: MIT */
/*
 * What the two halves of the reader of `match:` share: match.c has the table of keys and the walk,
 * match-values.c the values that are more than words and globs.
 */
#ifndef OVERSTAY_CONFIG_MATCH_H
#define OVERSTAY_CONFIG_MATCH_H

#include <stdio.h>

#include "base/macros.h"
#include "config/rules.h"

/*
 * What is being filled: a match, or its not, and the words that its values do not keep.
 */
struct match_filling {
	struct config_context *context;
	struct match *match;
	struct match_text *text;
	struct match_text *not_text; /* of the not inside */
	struct rule_text
	    *rule_text; /* for the texts of an any; NULL inside one, and inside a not */
	bool inside_not;
};

/* Each reads count items into the match. Returns true, or says every error. */
bool match_read_ports(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_addresses(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_users(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_logins(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_namespaces(struct match_filling *filling, const struct node *items, size_t count);

/* Writes "192.0.2.0/24" with quotation marks. */
void match_write_prefix(const struct address_prefix *prefix, FILE *file);

/* The list grown by one copy of text. Returns false without memory. */
bool match_append_text(struct config_context *context, char ***texts, size_t *count,
    const char *text);

#endif
