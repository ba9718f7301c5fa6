/* SPDX-License-Identifier: MIT */
/*
 * THE table of options: what is parsed, its defaults, bounds and help come from here, and
 * tests/lint/options holds conf/overstay.yaml and overstay.yaml(5) against it.
 */
#ifndef OVERSTAY_CONFIG_OPTIONS_H
#define OVERSTAY_CONFIG_OPTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "config/config.h"
#include "config/messages.h"
#include "config/yaml.h"

enum option_type {
	OPTION_DURATION,      /* uint64_t, microseconds */
	OPTION_SEVERITY,      /* enum severity */
	OPTION_CHOICE,	      /* an enum, whose values are the places of words */
	OPTION_RANGES,	      /* struct range_wanted */
	OPTION_PROTOCOLS,     /* bool [PROTOCOL_COUNT] */
	OPTION_PROTOCOL_BITS, /* uint32_t, bits 1 << enum protocol; may be off */
	OPTION_SWITCH,	      /* bool */
	OPTION_RULES,	      /* the list of rules: rules.c reads it */
};

/*
 * The word of a place in a list of words, NULL behind the last, "" for a place that cannot be
 * written. So that words are those of the core's own tables.
 */
typedef const char *word_function(unsigned place);

struct option {
	const char *name; /* "udp.threshold" is threshold inside the map udp */
	enum option_type type;
	size_t offset;		   /* in struct config */
	uint64_t minimum, maximum; /* of OPTION_DURATION, in microseconds */
	bool never;		   /* a duration may be never, a severity off */
	word_function *word;	   /* of OPTION_CHOICE */
	const char *default_text;  /* as it is written in YAML */
	const char *unit;	   /* what a value is, for people */
	bool reloadable;
	const char *help; /* what it is for, one line: --dump-config --verbose */
};

/* The table; `options[i].name` is NULL behind the last. */
extern const struct option options[];
#define OPTION_COUNT_MAX 32

/* The places at which options were set, for checks across options; line 0 = not set. */
struct option_place {
	const char *file; /* borrowed: lives as long as the load */
	unsigned line, column;
	bool failed; /* there was an error in it */
};

/* Sets every option to its default. Returns 0, or -ENOMEM. */
int options_set_defaults(struct config *config) _mustcheck_;

/*
 * Sets from a map what it says, with all errors said. `rules` is passed over where
 * rules_allowed, else an error. places has OPTION_COUNT_MAX entries.
 */
void options_read(struct config_context *context, const struct node *map, bool rules_allowed,
    struct config *config, struct option_place *places);

/* Writes every option but the rules as YAML; with help also a comment above each. */
void options_dump(const struct config *config, bool help, FILE *file);

/*
 * One duration within bounds, for options and rules alike; what: "interval". Returns true
 * and sets *ret, or says the error.
 */
bool duration_read(struct config_context *context, const struct node *node,
    const struct option *option, uint64_t *ret);

/* One severity; with never also "off". Returns true and sets *ret, or says the error. */
bool severity_read(struct config_context *context, const struct node *node, const char *what,
    bool never, enum severity *ret);

/*
 * One of true, yes, on, false, no, off, in any case. Returns true and sets *ret, or says the
 * error.
 */
bool switch_read(struct config_context *context, const struct node *node, const char *what,
    const char *expected, bool *ret);

/* The row of that name; it must exist. */
const struct option *option_find(const char *name);

#endif
