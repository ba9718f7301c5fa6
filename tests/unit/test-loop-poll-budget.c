/* SPDX-License-Identifier: MIT */
/*
 * What proofs may take: a burst, and a share of the time that passes, whatever they are tried with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "loop/poll-budget.h"

#define GAP (3 * USEC_PER_SEC)

static void
it_begins_with_a_burst_and_saves_no_more(void **state)
{
	struct poll_budget budget = { 0 };

	(void)state;
	poll_budget_earn(&budget, USEC_PER_DAY);
	assert_int_equal(poll_budget_left_usec(&budget), PROOF_BURST_USEC);
	poll_budget_spend(&budget, PROOF_BURST_USEC - 1);
	assert_int_equal(poll_budget_left_usec(&budget), 1);
	poll_budget_earn(&budget, GAP);
	assert_int_equal(poll_budget_left_usec(&budget), 1 + GAP / PROOF_SHARE);
}

/* Who makes every poll try as long as it may pays with the share. */
static void
an_hour_costs_the_share(void **state)
{
	struct poll_budget budget = { 0 };
	uint64_t spent_usec = 0, question_usec = 700;

	(void)state;
	for (uint64_t now_usec = 0; now_usec < USEC_PER_HOUR; now_usec += GAP) {
		uint64_t taken_usec = 0;

		poll_budget_earn(&budget, GAP);
		do
			taken_usec += question_usec;
		while (!poll_budget_is_spent(&budget, taken_usec));
		poll_budget_spend(&budget, taken_usec);
		spent_usec += taken_usec;
	}
	assert_true(spent_usec >= USEC_PER_HOUR / PROOF_SHARE);
	assert_true(spent_usec <=
	    PROOF_BURST_USEC + USEC_PER_HOUR / PROOF_SHARE + USEC_PER_HOUR / GAP * question_usec);
}

/* One that is dearer than what is left leaves nothing, and no debt. */
static void
there_is_no_debt(void **state)
{
	struct poll_budget budget = { 0 };

	(void)state;
	poll_budget_spend(&budget, USEC_PER_SEC);
	assert_int_equal(poll_budget_left_usec(&budget), 0);
	/* A first question is put nevertheless. */
	assert_false(poll_budget_is_spent(&budget, 0));
	assert_true(poll_budget_is_spent(&budget, 1));
	poll_budget_earn(&budget, GAP);
	assert_int_equal(poll_budget_left_usec(&budget), GAP / PROOF_SHARE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_a_burst_and_saves_no_more),
		cmocka_unit_test(an_hour_costs_the_share),
		cmocka_unit_test(there_is_no_debt),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("poll budget", tests, NULL, NULL);
}
