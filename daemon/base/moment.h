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

#endif
