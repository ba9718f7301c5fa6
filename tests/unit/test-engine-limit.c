/* SPDX-License-Identifier: MIT */
/*
 * The bound on messages that only inform: what passes in a window, and what does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/limit.h"

#define START (1000 * USEC_PER_SEC)

static void
test_burst(void **state)
{
	struct limit limit = { .burst = 3, .window_usec = 30 * USEC_PER_SEC };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(limit_admit(&limit, START));
	assert_false(limit_admit(&limit, START + 1));
	assert_false(limit_admit(&limit, START + 30 * USEC_PER_SEC - 1));
	/* A new window. */
	assert_true(limit_admit(&limit, START + 30 * USEC_PER_SEC));
}

static void
test_no_limit(void **state)
{
	struct limit limit = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_true(limit_admit(&limit, START));
}

/* What a host writes at its usual pace is never held back. */
static void
test_defaults(void **state)
{
	struct limit limit = { .burst = LIMIT_BURST, .window_usec = LIMIT_WINDOW_USEC };
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		assert_true(limit_admit(&limit, START + i * USEC_PER_SEC));
	for (unsigned i = 0; i < 5000; i++)
		passed += limit_admit(&limit, START + 400 * USEC_PER_SEC);
	assert_int_equal(passed, LIMIT_BURST);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_defaults),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
