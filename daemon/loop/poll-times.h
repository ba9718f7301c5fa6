/* SPDX-License-Identifier: MIT */
/*
 * When polls come. See poll-times.c.
 */
#ifndef OVERSTAY_LOOP_POLL_TIMES_H
#define OVERSTAY_LOOP_POLL_TIMES_H

#include <stdint.h>

/* No gap is shorter than this part of the interval, unless a drawn poll follows one for what is
 * due: a host where something is due all the time must not pay for it ten times a second. */
#define POLL_GAP_LEAST 6

/* All times are CLOCK_BOOTTIME. */
struct poll_times {
	uint64_t drawn_usec; /* of the next drawn poll; 0 = it is to be drawn */
};

/* A poll has begun. random: 64 bits that nobody can foresee, a new number each time. */
void poll_times_begun(struct poll_times *times, uint64_t begun_usec, uint64_t interval_usec,
    uint64_t random);

/* When the next one is to begin: as drawn, or for what is due by then. The last one began at
 * begun_usec; due_usec USEC_NEVER = nothing is due. */
uint64_t poll_times_next_usec(const struct poll_times *times, uint64_t begun_usec,
    uint64_t due_usec, uint64_t interval_usec);

#endif
