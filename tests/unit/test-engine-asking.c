/* SPDX-License-Identifier: MIT */
/*
 * What searches for holders may cost: bounded, whatever one user does, and nobody else is put off
 * for that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine/asking.h"
#include "engine/engine.h"
#include "help.h"

#define START	 (1000 * USEC_PER_SEC)
#define ATTACKER 1000
#define VICTIM	 1001

/* A request of so many questions of a user's, if it may be put. Returns what it took. */
static uint64_t
ask(struct asking *asking, uint32_t uid, unsigned count, uint64_t cpu_usec, uint64_t now_usec)
{
	if (!asking_may(asking, uid, now_usec))
		return 0;
	for (unsigned i = 0; i < count; i++)
		asking_note(asking, uid, now_usec);
	asking_charge(asking, cpu_usec, now_usec);
	return cpu_usec;
}

/* Who asks all the time gets a hundredth of a core and the rounds, whatever one answer takes. */
static void
a_user_gets_a_share(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned run = 0; run < 100; run++) {
		uint64_t most_usec = 1 + help_below(&seed, 5 * USEC_PER_SEC), spent_usec = 0;
		struct asking asking = { 0 };

		for (uint64_t at_usec = 0; at_usec < 10 * USEC_PER_HOUR; at_usec += USEC_PER_SEC)
			spent_usec += ask(&asking, ATTACKER, 1 + help_below(&seed, 1024),
			    help_below(&seed, (uint32_t)most_usec), START + at_usec);
		/* 288 s in ten hours, a burst, and one answer beyond it. */
		assert_true(spent_usec <= (288 + 8 + 5) * USEC_PER_SEC);
	}
}

/* An ordinary host never waits. */
static void
ordinary_questions_flow(void **state)
{
	struct asking asking = { 0 };

	(void)state;
	/* All that listens at the start, and then 20 ms every 3 s. */
	assert_true(ask(&asking, 0, 1024, 2 * USEC_PER_SEC, START) > 0);
	for (uint64_t at_usec = 0; at_usec < USEC_PER_DAY; at_usec += 3 * USEC_PER_SEC)
		assert_true(ask(&asking, (uint32_t)(at_usec / USEC_PER_SEC % 5), 3,
				20 * USEC_PER_MSEC, START + at_usec) > 0);
}

/* Whoever asks once in five minutes is asked for, whatever another one spends, and though the other
 * one's processes make the search dear. */
static void
nobody_else_is_put_off(void **state)
{
	struct asking asking = { 0 };
	uint64_t put_off = 0;

	(void)state;
	for (uint64_t at_usec = 0; at_usec < 10 * USEC_PER_HOUR; at_usec += USEC_PER_SEC) {
		if (ask(&asking, ATTACKER, 1024, 4 * USEC_PER_SEC, START + at_usec) == 0)
			put_off++;
		if (at_usec % (5 * USEC_PER_MIN) == 0)
			assert_true(
			    ask(&asking, VICTIM, 1, 700 * USEC_PER_MSEC, START + at_usec) > 0);
	}
	assert_true(put_off > 30000);
}

/* Somebody's descriptors make each search dear, as far as lookup/budget.c has some for them: who
 * opens a port every other second is answered all the same, within seconds, and so is whoever has
 * them. */
static void
nobody_waits_for_long(void **state)
{
	const uint32_t uids[] = { VICTIM, ATTACKER };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(uids); i++) {
		struct asking asking = { 0 };
		uint64_t answered_usec = 0, longest_usec = 0;

		for (uint64_t at_usec = 0; at_usec < 10 * USEC_PER_HOUR;
		     at_usec += 2 * USEC_PER_SEC) {
			if (ask(&asking, uids[i], 1, 50 * USEC_PER_MSEC, START + at_usec) == 0)
				continue;
			if (at_usec - answered_usec > longest_usec)
				longest_usec = at_usec - answered_usec;
			answered_usec = at_usec;
		}
		assert_true(longest_usec <= 8 * USEC_PER_SEC);
	}
}

/* Of a request the one who has most questions pays most. */
static void
it_is_divided(void **state)
{
	struct asking asking = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		asking_note(&asking, ATTACKER, START);
	asking_note(&asking, VICTIM, START);
	asking_charge(&asking, 100 * USEC_PER_SEC, START);
	assert_false(asking_may(&asking, ATTACKER, START));
	assert_true(asking_may(&asking, VICTIM, START));
	assert_true(asking_may(&asking, 0, START));
	/* Nothing is charged twice. */
	asking_charge(&asking, 0, START);
	assert_true(asking_may(&asking, VICTIM, START));
	assert_false(asking_may(&asking, ATTACKER, START + 50 * USEC_PER_MIN));
	/* It is the time of a round. */
	assert_true(asking_may(&asking, ATTACKER, START + 4 * USEC_PER_HOUR));
	assert_true(asking_may(&asking, ATTACKER, START + 9 * USEC_PER_HOUR));
}

/* A person's subordinate users are one; and those for whom there is no account are. */
static void
many_users_are_one(void **state)
{
	struct asking asking = { 0 };
	unsigned users = 0;

	(void)state;
	assert_true(ask(&asking, ATTACKER, 1, 10 * USEC_PER_SEC, START) > 0);
	for (uint32_t uid = 100000; uid < 110000; uid++)
		users += ask(&asking, uid, 1, 2 * USEC_PER_SEC, START) > 0;
	assert_int_equal(users, 1);
	for (uint32_t uid = 2000; uid < 10000; uid++)
		users += ask(&asking, uid, 1, 2 * USEC_PER_SEC, START) > 0;
	assert_true(users <= FAIR_ACCOUNTS_MAX);
	/* They are free again, each for whoever comes. */
	assert_true(ask(&asking, 20000, 1, 1, START + USEC_PER_HOUR) > 0);
}

/* A request of paths alone is nobody's. */
static void
nobodys_is_charged(void **state)
{
	struct asking asking = { 0 };

	(void)state;
	asking_charge(&asking, 10 * USEC_PER_SEC, START);
	assert_true(asking_may(&asking, ATTACKER, START));
	assert_true(ask(&asking, ATTACKER, 1, 2 * USEC_PER_SEC, START) > 0);
	assert_false(asking_may(&asking, ATTACKER, START));
}

/* ---- in the engine --------------------------------------------------------------------- */

/* Of what an expensive user opens nobody asks, of another's at once. */
static void
the_engine_puts_off(void **state)
{
	static uint64_t ids;
	struct engine *engine = engine_new(help_make_id, &ids);
	struct policy policy = { .threshold_usec = USEC_PER_HOUR };
	struct listener listeners[3];
	struct lookup_question questions[16];

	(void)state;
	engine_set_policy(engine, &policy);
	for (unsigned i = 0; i < 3; i++) {
		listeners[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(50000 + i), 1 + i);
		listeners[i].uid = i < 2 ? ATTACKER : VICTIM;
	}
	assert_int_equal(engine_observe(engine, help_poll(START, listeners, 1), false), 0);
	engine_advance(engine, &(struct moment){ START, START });
	assert_int_equal(engine_lookup_questions(engine, questions, 16, START), 1);
	engine_lookup_answers(engine, NULL, 0, START);
	engine_lookup_took(engine, 10 * USEC_PER_SEC, START);
	assert_int_equal(
	    engine_observe(engine, help_poll(START + USEC_PER_SEC, listeners, 3), false), 0);
	engine_advance(engine, &(struct moment){ START + USEC_PER_SEC, START + USEC_PER_SEC });
	assert_int_equal(engine_lookup_questions(engine, questions, 16, START + USEC_PER_SEC), 1);
	assert_int_equal(questions[0].uid, VICTIM);
	/* It is its turn later; the first one was not answered. */
	assert_int_equal(engine_lookup_questions(engine, questions, 16, START + 300 * USEC_PER_SEC),
	    2);
	assert_int_equal(questions[0].uid, ATTACKER);
	assert_int_equal(questions[1].uid, ATTACKER);
	(void)engine_free(engine);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_gets_a_share),
		cmocka_unit_test(ordinary_questions_flow),
		cmocka_unit_test(nobody_else_is_put_off),
		cmocka_unit_test(nobody_waits_for_long),
		cmocka_unit_test(it_is_divided),
		cmocka_unit_test(many_users_are_one),
		cmocka_unit_test(nobodys_is_charged),
		cmocka_unit_test(the_engine_puts_off),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("asking", tests, NULL, NULL);
}
