/* SPDX-License-Identifier: MIT */
/*
 * Reads the kernel's clocks as microseconds. Cannot fail: all of them exist since Linux 2.6.39. The
 * zone of local time is a file, and reading it can.
 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"

static uint64_t
clock_usec(clockid_t clock)
{
	struct timespec now = { 0 };

	(void)clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

uint64_t
clock_boottime_usec(void)
{
	return clock_usec(CLOCK_BOOTTIME);
}

uint64_t
clock_monotonic_usec(void)
{
	return clock_usec(CLOCK_MONOTONIC);
}

uint64_t
clock_realtime_usec(void)
{
	return clock_usec(CLOCK_REALTIME);
}

struct moment
clock_now(void)
{
	return (struct moment){ clock_boottime_usec(), clock_realtime_usec() };
}

uint64_t
clock_thread_cpu_usec(void)
{
	return clock_usec(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t
clock_process_cpu_usec(void)
{
	return clock_usec(CLOCK_PROCESS_CPUTIME_ID);
}

int
clock_load_zone(void)
{
	/* It reports nothing; malloc(3) does. */
	errno = 0;
	tzset();
	return errno == ENOMEM ? -ENOMEM : 0;
}
