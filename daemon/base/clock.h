/* SPDX-License-Identifier: MIT */
/*
 * The clocks. Only the daemon, the look-up and the tools read them; engine/ is given the time.
 */
#ifndef OVERSTAY_BASE_CLOCK_H
#define OVERSTAY_BASE_CLOCK_H

#include <stdint.h>

/* Microseconds since boot, time asleep included (CLOCK_BOOTTIME): the clock of every age. */
uint64_t clock_boottime_usec(void);

/* Microseconds since boot without the time asleep (CLOCK_MONOTONIC). */
uint64_t clock_monotonic_usec(void);

/* Microseconds since the epoch (CLOCK_REALTIME): for people only, it may jump. */
uint64_t clock_realtime_usec(void);

/* CPU time this thread has used, in microseconds. */
uint64_t clock_thread_cpu_usec(void);

#endif
