/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the reader of `match:` share: match.c has the table of keys and the walk,
 * match-globs.c the globs, match-values.c the values that are more than words and globs.
 */
#ifndef OVERSTAY_CONFIG_MATCH_H
#define OVERSTAY_CONFIG_MATCH_H

#include <stdio.h>

#include "base/macros.h"
#include "config/options.h"
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

/*
 * One key. The offset is that of its member in struct match, the words those of its values.
 */
struct key_row {
	const char *name;
	enum key_type {
		KEY_WORDS, /* uint32_t of bits, by words */
		KEY_PORTS,
		KEY_ADDRESSES,
		KEY_PATHS, /* struct glob_list of paths */
		KEY_TEXTS, /* struct glob_list */
		KEY_UNITS, /* struct glob_list of unit names */
		KEY_INTERFACES,
		KEY_HOSTS, /* struct glob_list of host names */
		KEY_USERS,
		KEY_LOGINS,
		KEY_NETNS, /* uint32_t of bits */
	} type;
	enum match_key key;
	size_t offset;
	word_function *word;
};

/* Each reads count items into the match. Returns true, or says every error. */
bool match_read_globs(struct match_filling *filling, const struct key_row *key,
    const struct node *items, size_t count);
bool match_read_ports(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_addresses(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_users(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_logins(struct match_filling *filling, const struct node *items, size_t count);
bool match_read_namespaces(struct match_filling *filling, const struct node *items, size_t count);

/* Writes "192.0.2.0/24" with quotation marks. */
void match_write_prefix(const struct address_prefix *prefix, FILE *file);

/* True for what a configuration management left to be filled in: {{ }}, {% %}, <% %>, ${ }. */
bool match_is_template(const char *text);

/* The list grown by one copy of text. Returns false without memory. */
bool match_append_text(struct config_context *context, char ***texts, size_t *count,
    const char *text);

/* Warns of a path that matches no program or script as it is written; see match-paths.c. */
void match_check_path(struct match_filling *filling, const struct key_row *key,
    const struct node *item);

/* True where --check found a file of just that name. */
bool match_has_file(const struct match_filling *filling, const struct key_row *key,
    const char *text);

/* Warns of the wildcards of a shell that are none here. */
void match_warn_wildcards(struct match_filling *filling, const struct key_row *key,
    const struct node *item);

#endif
