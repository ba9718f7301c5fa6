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
		assert_true(limit_admit(&limit, 1000, START));
	assert_false(limit_admit(&limit, 1000, START + 1));
	assert_false(limit_admit(&limit, 1000, START + 30 * USEC_PER_SEC - 1));
	/* A new window. */
	assert_true(limit_admit(&limit, 1000, START + 30 * USEC_PER_SEC));
}

static void
test_no_limit(void **state)
{
	struct limit limit = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_true(limit_admit(&limit, 1000, START));
}

/* What a host writes at its usual pace is never held back. */
static void
test_defaults(void **state)
{
	struct limit limit = { .burst = LIMIT_BURST, .window_usec = LIMIT_WINDOW_USEC };
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		assert_true(limit_admit(&limit, 1000, START + i * USEC_PER_SEC));
	for (unsigned i = 0; i < 5000; i++)
		passed += limit_admit(&limit, 1000, START + 400 * USEC_PER_SEC);
	assert_int_equal(passed, LIMIT_BURST);
}

/* Whatever one user does, there is something left for the next; and all together are bounded. */
static void
test_users(void **state)
{
	struct limit limit = { .burst = LIMIT_BURST, .window_usec = LIMIT_WINDOW_USEC };
	unsigned passed[4] = { 0 }, subordinate = 0, most = 0;

	(void)state;
	for (unsigned user = 0; user < 4; user++)
		for (unsigned i = 0; i < 5000; i++)
			passed[user] += limit_admit(&limit, user * 1000, START);
	assert_int_equal(passed[0], LIMIT_BURST);
	assert_int_equal(passed[1], LIMIT_BURST);
	assert_int_equal(passed[2], LIMIT_BURST);
	assert_int_equal(passed[3], LIMIT_BURST / 2);

	/* All of one person's are two. */
	for (unsigned i = 0; i < 3; i++)
		for (uint32_t uid = 100000; uid < 165536; uid++)
			subordinate += limit_admit(&limit, uid, START + LIMIT_WINDOW_USEC);
	assert_int_equal(subordinate, 2 * LIMIT_BURST);
	for (unsigned i = 0; i < 5000; i++)
		most += limit_admit(&limit, 0, START + LIMIT_WINDOW_USEC);
	assert_int_equal(most, LIMIT_BURST);

	/* More of them than have a number of their own. */
	most = 0;
	for (uint32_t uid = 0; uid < 5000; uid++)
		for (unsigned i = 0; i < 3; i++)
			most += limit_admit(&limit, uid, START + 2 * LIMIT_WINDOW_USEC);
	assert_true(most >= LIMIT_BURST && most <= LIMIT_USERS * LIMIT_BURST);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_users),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("limit", tests, NULL, NULL);
}
