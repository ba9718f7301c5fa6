/* SPDX-License-Identifier: MIT */
/*
 * When heartbeats are due: never later than `every`, each host at its own moment, late ones once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/heartbeat.h"

#define START (1000 * USEC_PER_DAY)
#define DAY   USEC_PER_DAY

/* The time from the start to the first one, of a host with that offset. */
static uint64_t
first_after(uint64_t offset_usec, uint64_t every_usec)
{
	struct heartbeat heartbeat = { .offset_usec = offset_usec };

	return heartbeat_due_usec(&heartbeat, every_usec, START) - START;
}

static void
test_first(void **state)
{
	(void)state;
	assert_int_equal(first_after(0, DAY), DAY);
	assert_int_equal(first_after(20 * USEC_PER_MIN, DAY), DAY - 20 * USEC_PER_MIN);
	/* An offset is one in the hour, and a shorter time is spread over all of it. */
	assert_int_equal(first_after(USEC_PER_HOUR + 5, DAY), DAY - 5);
	assert_int_equal(first_after(25 * USEC_PER_MIN, 10 * USEC_PER_MIN), 5 * USEC_PER_MIN);
	assert_int_equal(first_after(UINT64_MAX, 10 * USEC_PER_SEC) / 1,
	    10 * USEC_PER_SEC - UINT64_MAX % (10 * USEC_PER_SEC));
	assert_true(first_after(7, USEC_NEVER) == USEC_NEVER - START);
}

/* Five hundred hosts that start together: nobody before the last hour, nobody late, never many. */
static void
test_spread(void **state)
{
	unsigned minutes[60] = { 0 };

	(void)state;
	for (uint64_t host = 0; host < 500; host++) {
		/* What comes of ids is spread evenly. */
		uint64_t after = first_after(host * (USEC_PER_HOUR / 500) + 1, DAY);

		assert_true(after > DAY - USEC_PER_HOUR && after <= DAY);
		minutes[(after - (DAY - USEC_PER_HOUR) - 1) / USEC_PER_MIN]++;
	}
	for (unsigned i = 0; i < 60; i++)
		assert_true(minutes[i] <= 9);
}

static void
test_next(void **state)
{
	struct heartbeat heartbeat = { .offset_usec = USEC_PER_MIN, .polls = 7, .missed = 3 };
	uint64_t due = heartbeat_due_usec(&heartbeat, DAY, START);

	(void)state;
	/* A call that finds it due later, as a poll does. */
	heartbeat_spoken(&heartbeat, DAY, due, due + 4 * USEC_PER_SEC);
	assert_int_equal(heartbeat.polls + heartbeat.missed, 0);
	assert_int_equal(heartbeat_due_usec(&heartbeat, DAY, due + USEC_PER_MIN), due + DAY);
	/* It slept for four days: once, and then at its moment. */
	heartbeat_spoken(&heartbeat, DAY, due + DAY, due + 5 * DAY + USEC_PER_HOUR);
	assert_int_equal(heartbeat_due_usec(&heartbeat, DAY, due + 5 * DAY + USEC_PER_HOUR),
	    due + 6 * DAY);
}

/* Another time between two, and none at all for a while. */
static void
test_reload(void **state)
{
	struct heartbeat heartbeat = { 0 };
	uint64_t due = heartbeat_due_usec(&heartbeat, DAY, START);

	(void)state;
	assert_int_equal(heartbeat_due_usec(&heartbeat, DAY, START + USEC_PER_HOUR), due);
	heartbeat_spoken(&heartbeat, DAY, due, due);
	assert_int_equal(heartbeat_due_usec(&heartbeat, USEC_PER_HOUR, due + 1),
	    due + USEC_PER_HOUR);
	assert_true(heartbeat_due_usec(&heartbeat, USEC_NEVER, due + 1) == USEC_NEVER);
	assert_int_equal(heartbeat_due_usec(&heartbeat, DAY, due + 1), due + DAY);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_spread),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_reload),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("heartbeat", tests, NULL, NULL);
}
