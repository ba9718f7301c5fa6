/* SPDX-License-Identifier: MIT */
/*
 * track, the third verb: all stays, and what a poll changes in them. See track.c.
 */
#ifndef OVERSTAY_ENGINE_TRACK_H
#define OVERSTAY_ENGINE_TRACK_H

#include "engine/diff.h"
#include "engine/namespace.h"
#include "engine/stay.h"

/* Stays kept while AWAY. Beyond it each user has the same part of them: of who has more, those that
 * left longest ago end before their grace is over. */
#define TRACK_AWAY_MAX 8192

/* All stays, sorted by endpoint. */
struct track {
	struct stay **stays;
	size_t count, room;
	struct stay_tally tally;
	void (*make_id)(struct stay_id *ret, void *argument);
	void *make_id_argument;
};

void track_init(struct track *track, void (*make_id)(struct stay_id *, void *), void *argument);
void track_clear(struct track *track);

/*
 * Takes in a new poll by what differs in it from the one before (NULL = it is the first). What
 * nobody could have seen before is the baseline (namespace_is_baseline()). Stays appear, gain and
 * lose sockets, and go AWAY. Returns 0 or -ENOMEM (then the poll may be taken in again).
 */
int track_observe(struct track *track, const struct namespace *namespace,
    const struct diff *diff) _mustcheck_;

/* Something changed that any of the stays may see. */
void track_note_change(struct track *track);

/* The index of the first stay at or behind the endpoint. */
size_t track_lower_bound(const struct track *track, const struct endpoint *endpoint);

/* An AWAY stay is back where it was before. */
void track_come_back(struct stay *stay);

/* Drops the sockets that were lost, and sends the stays AWAY that lost their last. */
void track_settle(struct track *track);

/* Forgets the stays whose state is STAY_ENDED. */
void track_sweep(struct track *track);

#endif
