/* SPDX-License-Identifier: MIT */
/*
 * diff, the second verb: two sealed snapshots against each other, as a value. See diff.c.
 */
#ifndef OVERSTAY_ENGINE_DIFF_H
#define OVERSTAY_ENGINE_DIFF_H

#include "base/slice.h"
#include "engine/snapshot.h"

/* What a difference is made of; a set of them is a sum of these. */
enum diff_kind {
	DIFF_APPEARED = 1 << 0,	 /* in `after` alone */
	DIFF_PERSISTED = 1 << 1, /* in both */
	DIFF_MISSING = 1 << 2,	 /* in `before` alone */
};

struct diff_counts {
	size_t appeared, persisted, missing; /* sockets */
};

/* So many sockets after each other are of this kind. */
struct diff_run {
	uint32_t kind;
	uint32_t count;
};

/* So many runs need no memory of their own: two sockets that came and left. */
#define DIFF_RUNS_INSIDE 5

/* Both snapshots as one row in the order of listener_compare(), run by run. */
struct diff {
	const struct snapshot *before, *after; /* borrowed; before NULL = empty */
	struct diff_counts counts;
	size_t run_count, room;
	struct diff_run *more; /* all runs, where they are more than there is room inside */
	struct diff_run inside[DIFF_RUNS_INSIDE];
	size_t before_at, after_at; /* compared so far, */
	struct diff_run last;	    /* and the run that may go on */
};

/* How far a walk is. All zero = at the beginning. */
struct diff_walk {
	size_t run, socket, before_at, after_at;
};

/* Called for each socket in that order; arguments are never both NULL: before NULL = appeared,
 * after NULL = missing, both = persisted. */
typedef void diff_function(const struct listener *before, const struct listener *after,
    void *argument);

/* Compares; both are sealed, before may be NULL = empty. To be cleared, unless -ENOMEM is
 * returned. */
int diff_make(struct diff *diff, const struct snapshot *before,
    const struct snapshot *after) _mustcheck_;

/* The same in slices. Returns 0 when all is compared, -EAGAIN when the slice is over, -ENOMEM. */
void diff_begin(struct diff *diff, const struct snapshot *before, const struct snapshot *after);
int diff_go_on(struct diff *diff, struct slice *slice) _mustcheck_;
void diff_clear(struct diff *diff);

/* Calls function for the sockets of the kinds in want (bits of enum diff_kind). */
void diff_walk(const struct diff *diff, unsigned want, diff_function *function, void *argument);

/* The same in slices. Returns true when it was called for all. */
bool diff_walk_on(const struct diff *diff, struct diff_walk *walk, unsigned want,
    diff_function *function, void *argument, struct slice *slice);

#endif
