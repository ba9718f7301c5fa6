/* SPDX-License-Identifier: MIT */
/*
 * One socket with its owner, and what a rule's match says of it: for the tests of engine/match.c.
 */
#ifndef OVERSTAY_TESTS_MATCH_WORLD_H
#define OVERSTAY_TESTS_MATCH_WORLD_H

#include "engine/judge.h"

#define NOW_USEC (1000 * USEC_PER_DAY)

/* Nothing is said of what it is. */
extern const struct classification unclassified;

/* The interface that the socket is bound to, and where paths of rules lead; made anew with it. */
extern const char *world_interface;
extern struct link world_links[2];

/* The world of the questions: nc of alice in a unit, on 192.0.2.77:50000. */
struct world {
	struct listener listener;
	struct owner *owner, *unknown, *kernel;
	struct port_set ports; /* 50000 and 50001 */
};

/* For cmocka. */
int match_world_make(void **state);
int match_world_end(void **state);

/* Puts another text in a string of an owner. */
void match_replace(char **place, const char *text);

/* True where a rule with this match alone decides, and the same match inside `not`. */
bool match_matches(const struct match *match, const struct listener *listener,
    const struct owner *owner);
bool match_matches_not(const struct match *match, const struct listener *listener,
    const struct owner *owner);

#endif
