/* SPDX-License-Identifier: MIT */
/*
 * track, the third verb: all stays, and what a poll changes in them. See track.c.
 */
#ifndef OVERSTAY_ENGINE_TRACK_H
#define OVERSTAY_ENGINE_TRACK_H

#include "engine/diff.h"
#include "engine/fair.h"
#include "engine/namespace.h"
#include "engine/stay.h"

/* Stays kept while AWAY. Beyond it each user has the same part of them: of who has more, those that
 * left longest ago end before their grace is over. */
#define TRACK_AWAY_MAX 8192

/* All stays, sorted by endpoint; behind them those that ended and are yet to be freed. */
struct track {
	struct stay **stays;
	size_t count, room;
	size_t ended;
	struct stay_tally tally;
	void (*make_id)(struct stay_id *ret, void *argument);
	void *make_id_argument;
};

void track_init(struct track *track, void (*make_id)(struct stay_id *, void *), void *argument);
void track_clear(struct track *track);

/* What one poll changes, while it is taken in. */
struct observation {
	struct track *track;
	const struct namespace *namespace;
	const struct diff *diff;
	unsigned step;		 /* of track.c's, */
	size_t at;		 /* and at which stay, */
	struct diff_walk walk;	 /* or socket */
	struct stay **newcomers; /* in the order of their endpoints */
	size_t newcomer_count, newcomer_room;
	struct fair fair; /* who is kept of those AWAY */
	int error;
};

/*
 * Takes in a new poll by what differs in it from the one before (NULL = it is the first). What
 * nobody could have seen before is the baseline (namespace_is_baseline()). Stays appear, gain and
 * lose sockets, and go AWAY. All is borrowed until track_observe() returned 0 or -ENOMEM (then the
 * poll may be taken in again), or observation_clear(). Returns -EAGAIN where the slice is over.
 */
void observation_begin(struct observation *observation, struct track *track,
    const struct namespace *namespace, const struct diff *diff);
int track_observe(struct observation *observation, struct slice *slice) _mustcheck_;

/* Gives up what is under way. */
void observation_clear(struct observation *observation);

/* Something changed that any of the stays may see. */
void track_note_change(struct track *track);

/* The index of the first stay at or behind the endpoint. */
size_t track_lower_bound(const struct track *track, const struct endpoint *endpoint);

/* An AWAY stay is back where it was before. */
void track_come_back(struct stay *stay);

/* Drops the sockets that were lost, and sends the stays AWAY that lost their last. */
void track_settle(struct track *track);

/* Forgets the stays whose state is STAY_ENDED: they are no part of the track when it was called
 * first, and freed when it returned true. */
bool track_sweep(struct track *track, struct slice *slice);

#endif
