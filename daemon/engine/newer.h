/* SPDX-License-Identifier: MIT */
/*
 * Whether a program was started once more. See newer.c.
 */
#ifndef OVERSTAY_ENGINE_NEWER_H
#define OVERSTAY_ENGINE_NEWER_H

#include "base/sorting.h"
#include "engine/track.h"

struct newer_entry;

/* The processes of all stays as they were when it was made, in an order in which their like are
 * found. All zero = not made yet. */
struct newer {
	struct newer_entry *entries;
	size_t count;
	size_t at; /* the stay that is next, while it is made */
	struct sorting sorting;
	bool begun, sorts, made;
};

/* Makes the order, unless it is made; without memory there is none. Returns true when it is. */
bool newer_make(struct newer *newer, const struct track *track, struct slice *slice);

/* Returns true when all is freed. */
bool newer_clear(struct newer *newer, struct slice *slice);

/* True where a process of the same user, program and arguments as the stay's was started after it
 * and listens elsewhere, and both are no workers of one service or parent. Makes the order when it
 * is asked for first. */
bool newer_holds(struct newer *newer, const struct track *track, const struct stay *stay);

#endif
