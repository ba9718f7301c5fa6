/* SPDX-License-Identifier: MIT */
/*
 * The interval in force: longer than the configured one while polls cost too much. See
 * poll-stretch.c.
 */
#ifndef OVERSTAY_LOOP_POLL_STRETCH_H
#define OVERSTAY_LOOP_POLL_STRETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"
#include "base/clock.h"

/* Polls, and what follows from them, may take one part in so many of a core, */
#define POLL_SHARE 100
/* and so much beyond that before the interval is stretched; what was left over makes up for it. */
#define POLL_BURST_USEC USEC_PER_SEC

/* What a poll of an idle host takes, on a slow and busy one, is the price of the interval that was
 * configured: so much of each is not counted. */
#define POLL_FREE_USEC (3 * USEC_PER_MSEC)

/* The bound: so many times the interval, and no longer than this, unless the interval is. */
#define POLL_STRETCH_MAX      12
#define POLL_STRETCH_MAX_USEC USEC_PER_MIN

/* Polls by which it is changed, and after which it may be changed again. */
#define POLL_STRETCH_WINDOW 8

/* All zero at first. */
struct poll_stretch {
	uint64_t interval_usec; /* as it was configured when it was last changed */
	uint64_t in_force_usec;
	struct bucket spent_usec; /* of POLL_BURST_USEC */
	unsigned polls;		  /* since it was changed, */
	uint64_t cpu_usec[POLL_STRETCH_WINDOW], gap_usec[POLL_STRETCH_WINDOW]; /* the last ones */
};

/* A poll and what followed from it took cpu_usec, and the next one begins gap_usec after it. */
void poll_stretch_note(struct poll_stretch *stretch, uint64_t interval_usec, uint64_t cpu_usec,
    uint64_t gap_usec);

/* The interval in force, while interval_usec is configured. */
uint64_t poll_stretch_interval_usec(const struct poll_stretch *stretch, uint64_t interval_usec);

#endif
