/* SPDX-License-Identifier: MIT */
/*
 * Which sockets may be held by processes that a search did not read to their ends. See
 * unsearched.c.
 */
#ifndef OVERSTAY_LOOKUP_UNSEARCHED_H
#define OVERSTAY_LOOKUP_UNSEARCHED_H

#include "lookup/visit.h"

struct unsearched_user;
struct unsearched_seen;

/* Start with unsearched_collect(). */
struct unsearched {
	const struct search *search;   /* borrowed */
	struct unsearched_user *users; /* owned; sorted by uid, each once */
	size_t user_count;
	struct unsearched_seen *seen; /* owned; sorted by socket, then by uid */
	size_t seen_count;
	bool anybody; /* somebody who is not among the users, too */
};

/* Sums up what the search left. Returns 0 or -ENOMEM; unsearched_clear() either way. */
int unsearched_collect(struct unsearched *ret, const struct search *search) _mustcheck_;
void unsearched_clear(struct unsearched *unsearched);

/*
 * The user that has processes which may hold the socket and were not searched to their ends. Of a
 * socket without a holder that is anybody. Of one with holders: its own user, and those that they
 * run as, where such a process has not been seen with it. Returns false where there is none.
 */
bool unsearched_find(const struct unsearched *unsearched, const struct wanted *wanted,
    uint32_t *ret_uid);

#endif
