/* SPDX-License-Identifier: MIT */
/*
 * A port that thousands of processes share: that one of them changes does not have all of them
 * judged each time, and what is due of it is reported all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "engine/engine.h"
#include "engine/pass.h"

#define COUNT (PACE_MEMBERS + 100)
#define REST  (COUNT * PACE_MEMBER_USEC)

static struct engine *engine;
static unsigned consumer; /* of its reports */
static struct policy policy;
static uint64_t now_usec, ids;
static struct listener listeners[COUNT];
static bool one_program; /* all processes are one owner's, else each is a program of its own */

static void
advance(void)
{
	struct moment when = help_moment(now_usec);

	engine_advance(engine, &when);
}

static void
poll_all(void)
{
	assert_int_equal(engine_observe(engine, help_poll(now_usec, listeners, COUNT), false), 0);
	advance();
}

/* Answers up to `max` questions: each socket is another program's. Returns how many. */
static size_t
answer(size_t max)
{
	static struct lookup_question questions[COUNT];
	static struct lookup_answer answers[COUNT];
	size_t count = engine_lookup_questions(engine, questions, max, now_usec);

	for (size_t i = 0; i < count; i++) {
		char exe[64];

		(void)snprintf(exe, sizeof(exe), "/usr/bin/program%u",
		    one_program ? 0 : questions[i].inode);
		answers[i] = (struct lookup_answer){ questions[i].inode, help_owner(exe, 1000) };
		answers[i].owner->processes[0]->pid = (int32_t)questions[i].inode;
	}
	if (count > 0)
		engine_lookup_some_answers(engine, answers, count, now_usec);
	for (size_t i = 0; i < count; i++)
		(void)owner_unref(answers[i].owner);
	advance();
	return count;
}

static const struct stay *
the_stay(void)
{
	assert_int_equal(engine->track.count, 1);
	return engine->track.stays[0];
}

/* How many alerts there are. */
static size_t
count_alerts(void)
{
	struct report *report;
	size_t count = 0;

	while ((report = engine_next(engine, consumer)) != NULL) {
		count += event_kind_alerts(report->kind);
		engine_taken(engine, consumer);
	}
	return count;
}

/* All are there, their owners are known, and it is due with the next poll. */
static int
begin(void **state)
{
	struct range_wanted wanted = { 0 };
	struct moment when = { 1000 * USEC_PER_SEC, USEC_PER_DAY };
	struct ranges ranges;

	(void)state;
	now_usec = when.boottime_usec;
	engine = engine_new(help_make_id, &ids);
	assert_non_null(engine);
	assert_int_equal(engine_add_consumer(engine, &consumer), 0);
	policy_init(&policy);
	policy.advice = false;
	engine_set_policy(engine, &policy);
	port_set_add(&wanted.explicit_ports, 50000, 60000);
	ranges_resolve(&wanted, NULL, &ranges);
	engine_set_watched(engine, &ranges, 1 << PROTOCOL_TCP, &when);
	for (size_t i = 0; i < COUNT; i++)
		listeners[i] = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1000 + i);
	poll_all();
	assert_int_equal(answer(COUNT), COUNT);
	/* The first time it is judged at once. */
	assert_true(the_stay()->judged.valid);
	now_usec += policy.threshold_usec > policy.user_threshold_usec ? policy.threshold_usec :
									 policy.user_threshold_usec;
	assert_int_equal(count_alerts(), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	one_program = false;
	engine = engine_free(engine);
	return 0;
}

/* It is judged with the first answers, and with the others once it has rested. */
static void
thousands_rest(void **state)
{
	(void)state;
	poll_all();
	assert_true(answer(10) > 0);
	assert_true(the_stay()->judged.valid);
	now_usec += REST / 4;
	assert_true(answer(10) > 0);
	assert_false(the_stay()->judged.valid);
	now_usec += REST / 4;
	assert_int_equal(answer(COUNT), COUNT - 20);
	assert_false(the_stay()->judged.valid);
	assert_int_equal(count_alerts(), 0);
	now_usec += REST / 2;
	advance();
	assert_int_equal(count_alerts(), 1);
}

/* Answers go on coming: it is reported when overstays wait for owners no longer, rested or not. */
static void
is_reported_in_time(void **state)
{
	uint64_t until_usec = now_usec + ENGINE_OWNER_WAIT_USEC;

	(void)state;
	poll_all();
	for (; now_usec < until_usec; now_usec += REST / 4 + 1) {
		assert_int_equal(answer(1), 1);
		assert_int_equal(count_alerts(), 0);
	}
	now_usec = until_usec;
	advance();
	assert_int_equal(count_alerts(), 1);
}

/* The owner's other processes were reported with the first, though they are compared later. */
static void
is_reported_once(void **state)
{
	size_t alerts = 0;

	(void)state;
	poll_all();
	(void)answer(COUNT);
	for (unsigned i = 0; i < 5; i++) {
		alerts += count_alerts();
		now_usec += 60 * USEC_PER_SEC;
		poll_all();
		(void)answer(COUNT);
	}
	assert_int_equal(alerts, 1);
	for (size_t i = 0; i < COUNT; i++)
		assert_true(the_stay()->is.members[i].reported);
}

static int
begin_one_program(void **state)
{
	one_program = true;
	return begin(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(thousands_rest, begin, end),
		cmocka_unit_test_setup_teardown(is_reported_in_time, begin, end),
		cmocka_unit_test_setup_teardown(is_reported_once, begin_one_program, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-pace", tests, NULL, NULL);
}
