/* SPDX-License-Identifier: MIT */
/*
 * What may be spent in the course of time: a burst, and the rate, whatever is tried when; and in no
 * state, and at no time, a number that wraps around.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/bucket.h"
#include "base/clock.h"
#include "help.h"

#define EACH  100
#define BURST 1000
#define START (1000 * USEC_PER_SEC)

static void
it_begins_full(void **state)
{
	struct bucket bucket = { 0 };

	(void)state;
	assert_int_equal(bucket_left(&bucket, EACH, BURST, 0), BURST);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START), BURST);
	assert_int_equal(bucket_spent(&bucket, EACH, START), 0);
}

static void
it_is_made_up_for(void **state)
{
	struct bucket bucket = { 0 };

	(void)state;
	bucket_spend(&bucket, EACH, 300, UINT64_MAX, START);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START), BURST - 300);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + 10 * EACH), BURST - 290);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + 300 * EACH), BURST);
	/* Nothing is saved beyond that. */
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + USEC_PER_DAY), BURST);
	/* And nothing before its time. */
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START - 1), BURST - 300);
}

/* A debt is paid off at the same rate, and is no greater than is said. */
static void
it_may_owe(void **state)
{
	struct bucket bucket = { 0 };

	(void)state;
	bucket_spend(&bucket, EACH, 5 * BURST, UINT64_MAX, START);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + 4 * BURST * EACH), 0);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + (4 * BURST + 7) * EACH), 7);
	bucket_spend(&bucket, EACH, 0, BURST, START);
	assert_int_equal(bucket_spent(&bucket, EACH, START), BURST);
	bucket_spend(&bucket, EACH, UINT64_MAX, BURST, START);
	assert_int_equal(bucket_spent(&bucket, EACH, START), BURST);
	bucket_spend(&bucket, EACH, UINT64_MAX, UINT64_MAX, START);
	bucket_spend(&bucket, EACH, UINT64_MAX, UINT64_MAX, START);
	assert_int_equal(bucket_left(&bucket, EACH, BURST, START + USEC_PER_DAY), 0);
}

/* Who takes all there is, whenever that is, has the rate and one burst. */
static void
nobody_gets_more(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		struct bucket bucket = { 0 };
		uint64_t spent = 0, now_usec = START, most_usec = 1 + help_below(&seed, 10 * EACH);

		for (unsigned i = 0; i < 10000; i++) {
			uint64_t left = bucket_left(&bucket, EACH, BURST, now_usec);

			bucket_spend(&bucket, EACH, left, BURST, now_usec);
			spent += left;
			now_usec += help_below(&seed, (uint32_t)most_usec);
		}
		assert_true(spent <= BURST + (now_usec - START) / EACH);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_full),
		cmocka_unit_test(it_is_made_up_for),
		cmocka_unit_test(it_may_owe),
		cmocka_unit_test(nobody_gets_more),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
