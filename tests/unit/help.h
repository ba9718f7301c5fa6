/* SPDX-License-Identifier: MIT */
/*
 * What the tests of base/, model/ and engine/ share: numbers that can be had again, and listeners,
 * owners and polls made in one line.
 */
#ifndef OVERSTAY_TESTS_HELP_H
#define OVERSTAY_TESTS_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "base/moment.h"
#include "engine/judge.h"
#include "engine/snapshot.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/report.h"

/*
 * The seed of this run: OVERSTAY_TEST_SEED of the environment, else a new one. Prints it, so that
 * a failure can be repeated.
 */
uint64_t help_seed(void);

/* The next number after *state (xorshift64*, S. Vigna), and one below limit (not 0). */
uint64_t help_random(uint64_t *state);
uint64_t help_below(uint64_t *state, uint64_t limit);

/* For engine_new(): ids by number, that of the last one is *argument, a uint64_t. */
void help_make_id(struct stay_id *ret, void *argument);

/* A wall clock that goes on as time does. */
struct moment help_moment(uint64_t boottime_usec);

/* A socket on an address as inet_pton(3) reads it, whose inode is its cookie; choice asked. */
struct listener help_listener(enum protocol protocol, const char *address, uint16_t port,
    uint64_t cookie);

/* One process of this executable, verified; to be given back with owner_unref(). */
struct owner *help_owner(const char *exe, uint32_t uid);
/* The same with count processes, pid 100 on; exe and comm are those of `exe`. */
struct owner *help_owner_of(const char *exe, uint32_t uid, uint32_t count);

/* A sealed snapshot of these listeners. */
struct snapshot *help_poll(uint64_t taken_usec, const struct listener *listeners, size_t count);

/* True where a rule with this match alone decides. */
bool help_matches(const struct match *match, const struct listener *listener,
    const struct owner *owner);

/* The same of a socket that is bound to that interface, where paths lead by those links. */
bool help_matches_with(const struct match *match, const struct listener *listener,
    const struct owner *owner, const char *interface, struct link_table links);

#endif
