/* SPDX-License-Identifier: MIT */
/*
 * track, the third verb: all stays, and what a poll changes in them. See track.c.
 */
#ifndef OVERSTAY_ENGINE_TRACK_H
#define OVERSTAY_ENGINE_TRACK_H

#include "engine/namespace.h"
#include "engine/snapshot.h"
#include "engine/stay.h"

/* Stays kept while AWAY; beyond it those that left longest ago end before their grace is over. */
#define TRACK_AWAY_MAX 8192

/* All stays, sorted by endpoint. */
struct track {
	struct stay **stays;
	size_t count, room;
	size_t away; /* how many are AWAY */
	void (*make_id)(struct stay_id *ret, void *argument);
	void *make_id_argument;
};

void track_init(struct track *track, void (*make_id)(struct stay_id *, void *), void *argument);
void track_clear(struct track *track);

/*
 * Takes in a new poll: before NULL = it is the first. What nobody could have seen before is the
 * baseline (namespace_is_baseline()). Stays appear, gain and lose sockets, and go AWAY. Returns 0
 * or -ENOMEM (then the poll may be taken in again).
 */
int track_observe(struct track *track, const struct namespace *namespace,
    const struct snapshot *before, const struct snapshot *after) _mustcheck_;

/*
 * Compares a stay whose owner was looked for with those that left its endpoint no longer than
 * grace_usec before it came. Where one is the same owner's, that one takes over the sockets and is
 * back; `stay` is then to be swept (its state is STAY_ENDED). Returns the stay that came back and
 * in *ret_away_usec for how long it was away, or NULL.
 */
struct stay *track_rebound(struct track *track, struct stay *stay, uint64_t grace_usec,
    uint64_t *ret_away_usec);

/*
 * The same for a port the kernel picked: where a stay that a rule speaks of left another such port
 * of the same address no longer than grace_usec before, under the same owner, that one goes on
 * here: the service was started anew and has the port it was given this time. *budget bounds the
 * comparisons of one pass.
 */
struct stay *track_move(struct track *track, struct stay *stay, uint64_t grace_usec,
    uint64_t *ret_away_usec, size_t *budget);

/* True where a newcomer on the endpoint of stays[index], which is AWAY, may turn out to be its
 * owner's once that was looked up. */
bool track_may_return(const struct track *track, size_t index, uint64_t grace_usec);

/* The index of the first stay at or behind the endpoint. */
size_t track_lower_bound(const struct track *track, const struct endpoint *endpoint);

/* An AWAY stay is back where it was before. */
void track_come_back(struct track *track, struct stay *stay);

/* Forgets the stays whose state is STAY_ENDED. */
void track_sweep(struct track *track);

/* Drops the sockets that are `gone`, and sends the stays AWAY that lost their last. */
void track_settle(struct track *track);

#endif
