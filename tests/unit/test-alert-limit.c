/* SPDX-License-Identifier: MIT */
/*
 * The bound on small lines: what passes, what is held back and when that is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "alert/limit.h"

#define START (1000 * USEC_PER_SEC)

static void
test_burst(void **state)
{
	struct limit limit;

	(void)state;
	limit_init(&limit, 3, 30 * USEC_PER_SEC);
	for (int i = 0; i < 3; i++)
		assert_true(limit_admit(&limit, EVENT_APPEARED, START));
	assert_false(limit_admit(&limit, EVENT_VANISHED, START + 1));
	assert_false(limit_admit(&limit, EVENT_REBOUND, START + 30 * USEC_PER_SEC - 1));
	/* A new window, and what the old one held back is still to be told. */
	assert_true(limit_admit(&limit, EVENT_CLEARED, START + 30 * USEC_PER_SEC));
	assert_int_equal(limit.held_back, 2);
}

static void
test_never_held_back(void **state)
{
	static const enum event_kind kinds[] = { EVENT_STARTED, EVENT_STOPPED, EVENT_OVERSTAY,
		EVENT_SUSPECT, EVENT_HOPPING, EVENT_ENDED, EVENT_SUMMARY, EVENT_POOL,
		EVENT_DEGRADED, EVENT_RECOVERED, EVENT_CONFIG, EVENT_SUPPRESSED };
	struct limit limit;

	(void)state;
	limit_init(&limit, 0, 30 * USEC_PER_SEC);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_true(limit_admit(&limit, kinds[i], START));
	assert_false(limit_admit(&limit, EVENT_APPEARED, START));
	assert_false(limit_admit(&limit, EVENT_ADVICE, START));
	assert_int_equal(limit.held_back, 2);
}

static void
test_told_once(void **state)
{
	struct limit limit;

	(void)state;
	limit_init(&limit, 1, 30 * USEC_PER_SEC);
	assert_int_equal(limit_held_back(&limit, START), 0);
	assert_true(limit_admit(&limit, EVENT_APPEARED, START));
	for (int i = 0; i < 5; i++)
		assert_false(limit_admit(&limit, EVENT_APPEARED, START + 1));
	/* Not while the window lasts: one message for all of them. */
	assert_int_equal(limit_held_back(&limit, START + 2), 0);
	assert_int_equal(limit_held_back(&limit, START + 30 * USEC_PER_SEC), 5);
	assert_int_equal(limit_held_back(&limit, START + 31 * USEC_PER_SEC), 0);
}

/* A steady stream below the bound is never touched, one above it loses only the surplus. */
static void
test_rate(void **state)
{
	struct limit limit;
	unsigned passed = 0;

	(void)state;
	limit_init(&limit, LIMIT_BURST, LIMIT_WINDOW_USEC);
	for (uint64_t i = 0; i < 300; i++)
		assert_true(limit_admit(&limit, EVENT_APPEARED, START + i * USEC_PER_SEC));
	for (uint64_t i = 0; i < 5000; i++)
		passed += limit_admit(&limit, EVENT_APPEARED, START + 400 * USEC_PER_SEC);
	assert_int_equal(passed, LIMIT_BURST);
	assert_int_equal(limit_held_back(&limit, START + 500 * USEC_PER_SEC), 5000 - LIMIT_BURST);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_never_held_back),
		cmocka_unit_test(test_told_once),
		cmocka_unit_test(test_rate),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/limit", tests, NULL, NULL);
}
