/* SPDX-License-Identifier: MIT */
/*
 * The clocks. Only the daemon, the lookup and the tools read them; engine/ is given the time.
 */
#ifndef OVERSTAY_BASE_CLOCK_H
#define OVERSTAY_BASE_CLOCK_H

#include <stdint.h>

#include "base/macros.h"
#include "base/moment.h"

/* Microseconds since boot, time asleep included (CLOCK_BOOTTIME): the clock of every age. */
uint64_t clock_boottime_usec(void);

/* Microseconds since boot without the time asleep (CLOCK_MONOTONIC). */
uint64_t clock_monotonic_usec(void);

/* Microseconds since the epoch (CLOCK_REALTIME): for people only, it may jump. */
uint64_t clock_realtime_usec(void);

/* Now, by both clocks that a message shows: the same time of the one is the same time of the other
 * until the wall clock is set (by more than 1 ms). */
struct moment clock_now(void);

/* CPU time this thread has used, in microseconds. */
uint64_t clock_thread_cpu_usec(void);

/* And all threads of this process together. */
uint64_t clock_process_cpu_usec(void);

/*
 * Reads the time zone, for mktime(3) and localtime_r(3): when they have no memory to read it they
 * take UTC instead and report nothing, and libc keeps to that as long as TZ stays the same. So a
 * program calls this once when it starts, and ends if it fails. Returns 0 or -ENOMEM.
 */
int clock_load_zone(void) _mustcheck_;

#endif
