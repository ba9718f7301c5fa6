/* SPDX-License-Identifier: MIT */
/*
 * Both clocks at once, when readings of them are played: what one time of the one is by the other
 * stays the same, until the wall clock is set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static uint64_t boottime_nsec, ahead_nsec;
static unsigned readings;
static uint64_t pause_nsec; /* that each reading takes, */
static unsigned pauses;	    /* so many of them; the others 100 ns */

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	uint64_t now;

	readings++;
	boottime_nsec += pauses > 0 ? pause_nsec : 100;
	pauses -= pauses > 0;
	now = boottime_nsec + (clock == CLOCK_REALTIME ? ahead_nsec : 0);
	ret->tv_sec = (time_t)(now / 1000000000);
	ret->tv_nsec = (long)(now % 1000000000);
	return 0;
}

static uint64_t
ahead_usec(void)
{
	struct moment moment = clock_now();

	return moment.realtime_usec - moment.boottime_usec;
}

static bool
is_about(uint64_t value, uint64_t expected, uint64_t off)
{
	return value + off >= expected && value <= expected + off;
}

static void
begin(void)
{
	boottime_nsec = UINT64_C(5000000000);
	ahead_nsec += UINT64_C(1000000000000000000);
	pauses = 0;
	(void)clock_now();
}

/* Wherever between two microseconds it is asked. */
static void
one_time_stays_one_time(void **state)
{
	uint64_t first;

	(void)state;
	begin();
	first = ahead_usec();
	for (unsigned i = 0; i < 5000; i++) {
		boottime_nsec += 777;
		assert_int_equal(ahead_usec(), first);
	}
}

static void
a_clock_that_is_set_is_followed(void **state)
{
	uint64_t first;

	(void)state;
	begin();
	first = ahead_usec();
	ahead_nsec += 3000000000;
	assert_true(is_about(ahead_usec(), first + 3000000, 10));
	ahead_nsec -= UINT64_C(7200000000000);
	first = first + 3000000 - UINT64_C(7200000000);
	assert_true(is_about(ahead_usec(), first, 10));
	/* Small ones add up. */
	for (unsigned i = 0; i < 20; i++) {
		ahead_nsec += 200000;
		assert_true(is_about(ahead_usec(), first + (i + 1) * 200, 1010));
	}
}

/* Another process ran between two readings: that was no step of the wall clock. */
static void
what_comes_in_between_is_no_step(void **state)
{
	uint64_t first;

	(void)state;
	begin();
	first = ahead_usec();
	pause_nsec = 30000000;
	pauses = 6;
	assert_int_equal(ahead_usec(), first);
	/* It ends, however long that goes on. */
	pauses = 1000;
	readings = 0;
	(void)clock_now();
	assert_true(readings <= 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_time_stays_one_time),
		cmocka_unit_test(a_clock_that_is_set_is_followed),
		cmocka_unit_test(what_comes_in_between_is_no_step),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-clock", tests, NULL, NULL);
}
