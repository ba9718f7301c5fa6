/* SPDX-License-Identifier: MIT */
/*
 * Reads the kernel's clocks as microseconds. Cannot fail: all of them exist since Linux 2.6.39. The
 * zone of local time is a file, and reading it can.
 */
#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "base/clock.h"
#include "base/macros.h"

/* Two readings within this are one, and more of them are not tried. */
#define AT_ONCE_USEC 100
#define TRIES_MAX    4

/* The wall clock was set if it is off by more. */
#define SET_USEC 1000

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

/* How far the wall clock is ahead, by readings that nothing came in between. */
static uint64_t
read_ahead_usec(uint64_t *ret_boottime_usec)
{
	uint64_t ahead_usec, after_usec;
	unsigned tries = 0;

	do {
		*ret_boottime_usec = clock_boottime_usec();
		ahead_usec = clock_realtime_usec() - *ret_boottime_usec;
		after_usec = clock_boottime_usec();
	} while (after_usec - *ret_boottime_usec > AT_ONCE_USEC && ++tries < TRIES_MAX);
	return ahead_usec;
}

struct moment
clock_now(void)
{
	static atomic_uint_fast64_t known_usec;
	uint64_t known = atomic_load_explicit(&known_usec, memory_order_relaxed);
	uint64_t boottime_usec, ahead_usec = read_ahead_usec(&boottime_usec);

	/* Both clocks are slewed alike, so only setting the wall clock moves one against the other.
	 * Read anew, this differs by a microsecond, and so would what is converted by it. */
	if (ahead_usec + SET_USEC - known > 2 * SET_USEC) {
		known = ahead_usec;
		atomic_store_explicit(&known_usec, known, memory_order_relaxed);
	}
	return (struct moment){ boottime_usec, boottime_usec + known };
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
