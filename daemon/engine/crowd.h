/* SPDX-License-Identifier: MIT */
/*
 * Who is watched where more listeners are open than can be. See crowd.c.
 */
#ifndef OVERSTAY_ENGINE_CROWD_H
#define OVERSTAY_ENGINE_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Listeners that are watched at most: overstayd(8), "What is watched at most". */
#define CROWD_WATCHED_MAX 65536

/* Newcomers that are kept while it is not known yet how many of them get a place. */
#define CROWD_NEWCOMERS_MAX (CROWD_WATCHED_MAX + CROWD_WATCHED_MAX / 4)

/* Users (fair_key()) who are told apart; all others are counted as one. */
#define CROWD_ACCOUNTS_MAX 8192

struct crowd;

/* Whose listeners are not watched. */
struct crowd_left_out {
	size_t count; /* of all users */
	uint32_t uid; /* of the user with the most of them */
};

/* key is secret and random. Returns NULL without memory. */
struct crowd *crowd_new(uint64_t key);
/* Accepts NULL; returns NULL. */
struct crowd *crowd_free(struct crowd *crowd);

/* One listener of the user is watched already, whether or not it is still there. */
void crowd_note_watched(struct crowd *crowd, uint32_t uid);

/* One more that is open. Returns false where there is certainly no place for it. */
bool crowd_offer(struct crowd *crowd, uint32_t uid);

/*
 * Divides the places by what was offered so far. Of the newcomers that were kept each is to be
 * asked for anew: crowd_admit() returns false where it has no place. Without memory nobody new has
 * one.
 */
void crowd_divide(struct crowd *crowd);
bool crowd_admit(struct crowd *crowd, uint32_t uid);

/*
 * The same for those that are to be watched now, newcomers and others, all of them: what each user
 * has (crowd_note_there() for each, after crowd_recount()), and how many more than its share that
 * is. Returns 0 or -ENOMEM.
 */
void crowd_recount(struct crowd *crowd);
void crowd_note_there(struct crowd *crowd, uint32_t uid);
int crowd_divide_there(struct crowd *crowd) _mustcheck_;

/* The number of a user's account, the same until the crowd is freed. */
unsigned crowd_account(struct crowd *crowd, uint32_t uid);
size_t crowd_share(const struct crowd *crowd, unsigned account);
/* True where the account has more than its share of what is there. */
bool crowd_has_excess(const struct crowd *crowd, unsigned account);

/* One that was watched lost its place. */
void crowd_note_dropped(struct crowd *crowd, uint32_t uid);

/* True where some listener of the user is not watched, or of whom it is counted with. Accepts NULL:
 * there is room for all. */
bool crowd_leaves_out(const struct crowd *crowd, uint32_t uid);
struct crowd_left_out crowd_left_out(const struct crowd *crowd);

#endif
