/* SPDX-License-Identifier: MIT */
/*
 * Who gets a place where more listeners are open than can be watched: by numbers of users alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/crowd.h"

#define KEY 0x9e3779b97f4a7c15

/* Newcomers of a user, some of which are kept for now. */
static size_t
offer(struct crowd *crowd, uint32_t uid, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		kept += crowd_offer(crowd, uid);
	return kept;
}

static void
watch(struct crowd *crowd, uint32_t uid, size_t count)
{
	for (size_t i = 0; i < count; i++)
		crowd_note_watched(crowd, uid);
}

/* How many of a user's newcomers get a place. */
static size_t
admit(struct crowd *crowd, uint32_t uid, size_t count)
{
	size_t admitted = 0;

	for (size_t i = 0; i < count; i++)
		admitted += crowd_admit(crowd, uid);
	return admitted;
}

static void
each_has_the_same(void **state)
{
	struct crowd *crowd = crowd_new(KEY);

	(void)state;
	assert_int_equal(offer(crowd, 1001, 200000), CROWD_WATCHED_MAX);
	assert_int_equal(offer(crowd, 1002, 200000), CROWD_WATCHED_MAX);
	assert_int_equal(offer(crowd, 1003, 536), 536);
	crowd_divide(crowd);
	assert_int_equal(admit(crowd, 1001, CROWD_WATCHED_MAX), 32500);
	assert_int_equal(admit(crowd, 1002, CROWD_WATCHED_MAX), 32500);
	assert_int_equal(admit(crowd, 1003, 536), 536);
	assert_int_equal(crowd_left_out(crowd).count, 400000 - 65000);
	assert_true(crowd_leaves_out(crowd, 1001));
	assert_false(crowd_leaves_out(crowd, 1003));
	assert_false(crowd_leaves_out(crowd, 9));
	assert_false(crowd_leaves_out(NULL, 1001));
	assert_null(crowd_free(crowd));
	assert_null(crowd_free(NULL));
}

/* What is watched is not given to another user who has as many. */
static void
who_has_a_place_keeps_it(void **state)
{
	struct crowd *crowd = crowd_new(KEY);

	(void)state;
	watch(crowd, 1001, 21846);
	watch(crowd, 1002, 21845);
	watch(crowd, 1003, 21845);
	for (uint32_t uid = 1001; uid <= 1003; uid++)
		(void)offer(crowd, uid, 1000);
	crowd_divide(crowd);
	for (uint32_t uid = 1001; uid <= 1003; uid++)
		assert_int_equal(admit(crowd, uid, 1000), 0);
	assert_int_equal(crowd_left_out(crowd).count, 3000);
	(void)crowd_free(crowd);
}

/* One who had nothing gets all that is below the share, of those who have more. */
static void
the_one_with_most_pays(void **state)
{
	struct crowd *crowd = crowd_new(KEY);
	unsigned most;

	(void)state;
	watch(crowd, 1001, 60000);
	watch(crowd, 1002, 5536);
	assert_int_equal(offer(crowd, 1001, 100000), 5536);
	assert_int_equal(offer(crowd, 1003, 100), 100);
	crowd_divide(crowd);
	assert_int_equal(admit(crowd, 1001, 5536), 0);
	assert_int_equal(admit(crowd, 1003, 100), 100);
	assert_int_equal(crowd_left_out(crowd).count, 100000);
	assert_int_equal(crowd_left_out(crowd).uid, 1001);
	crowd_recount(crowd);
	for (size_t i = 0; i < 60000; i++)
		crowd_note_there(crowd, 1001);
	for (size_t i = 0; i < 5536; i++)
		crowd_note_there(crowd, 1002);
	for (size_t i = 0; i < 100; i++)
		crowd_note_there(crowd, 1003);
	assert_int_equal(crowd_divide_there(crowd), 0);
	most = crowd_account(crowd, 1001);
	assert_true(crowd_has_excess(crowd, most));
	assert_int_equal(crowd_share(crowd, most), 59900);
	assert_false(crowd_has_excess(crowd, crowd_account(crowd, 1002)));
	assert_false(crowd_has_excess(crowd, crowd_account(crowd, 1003)));
	for (size_t i = 0; i < 100; i++)
		crowd_note_dropped(crowd, 1001);
	assert_int_equal(crowd_left_out(crowd).count, 100100);
	(void)crowd_free(crowd);
}

/* Whoever has 65,536 subordinate users has two shares at most. */
static void
subordinate_users_share(void **state)
{
	struct crowd *crowd = crowd_new(KEY);

	(void)state;
	for (uint32_t uid = 100000; uid < 165536; uid++)
		(void)offer(crowd, uid, 4);
	assert_int_equal(offer(crowd, 1001, 20000), 20000);
	crowd_divide(crowd);
	assert_int_equal(admit(crowd, 1001, 20000), 20000);
	for (uint32_t uid = 100000; uid < 165536; uid++)
		(void)admit(crowd, uid, 4);
	assert_int_equal(crowd_left_out(crowd).count, 4 * 65536 + 20000 - CROWD_WATCHED_MAX);
	assert_true(crowd_left_out(crowd).uid >= 100000);
	(void)crowd_free(crowd);
}

/* More users than are told apart: the table does not grow, and nobody gets more than there is. */
static void
users_are_bounded(void **state)
{
	struct crowd *crowd = crowd_new(KEY);
	size_t admitted = 0;

	(void)state;
	for (uint32_t uid = 0; uid < 70000; uid++)
		(void)offer(crowd, uid, 2);
	assert_true(crowd_account(crowd, 10) < CROWD_ACCOUNTS_MAX);
	assert_int_not_equal(crowd_account(crowd, 10), crowd_account(crowd, 11));
	assert_int_equal(crowd_account(crowd, 60000), crowd_account(crowd, 60001));
	crowd_divide(crowd);
	for (uint32_t uid = 0; uid < 70000; uid++)
		admitted += admit(crowd, uid, 2);
	assert_int_equal(admitted, CROWD_WATCHED_MAX);
	assert_int_equal(crowd_left_out(crowd).count, 140000 - CROWD_WATCHED_MAX);
	/* Those who are told apart have both. */
	assert_false(crowd_leaves_out(crowd, 10));
	assert_true(crowd_leaves_out(crowd, 60000));
	(void)crowd_free(crowd);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_the_same),
		cmocka_unit_test(who_has_a_place_keeps_it),
		cmocka_unit_test(the_one_with_most_pays),
		cmocka_unit_test(subordinate_users_share),
		cmocka_unit_test(users_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
