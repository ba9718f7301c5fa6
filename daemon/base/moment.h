/* SPDX-License-Identifier: MIT */
/*
 * When something happened, by both clocks. A value: clock_now() reads them, who has no clock is
 * given one.
 */
#ifndef OVERSTAY_BASE_MOMENT_H
#define OVERSTAY_BASE_MOMENT_H

#include <stdint.h>

struct moment {
	uint64_t boottime_usec;
	uint64_t realtime_usec;
};

/* The wall clock's time of what happened at boottime_usec, which is not after the moment: the one
 * conversion, so that a time is written alike in all messages and fields. */
static inline uint64_t
moment_realtime_usec(const struct moment *moment, uint64_t boottime_usec)
{
	return moment->realtime_usec - (moment->boottime_usec - boottime_usec);
}

#endif
