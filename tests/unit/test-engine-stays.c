/* SPDX-License-Identifier: MIT */
/*
 * The engine and the stays under a written clock: what becomes of owners nobody answers for, of
 * groups that change, of too many that left, and the table of transitions. The courses of whole
 * stays are tests/scenario's.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "help.h"
#include "engine/engine.h"
#include "engine/pass.h"

#define SECOND USEC_PER_SEC

static struct engine *engine;
static unsigned consumer; /* of its reports */
static struct policy policy;
static uint64_t now_usec, ids;

static void
watch(uint16_t first, uint16_t last)
{
	struct range_wanted wanted = { 0 };
	struct moment when = help_moment(now_usec);
	struct ranges ranges;

	port_set_add(&wanted.explicit_ports, first, last);
	ranges_resolve(&wanted, NULL, &ranges);
	engine_set_watched(engine, &ranges, 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP, &when);
}

static int
begin(void **state)
{
	(void)state;
	now_usec = 1000 * SECOND;
	engine = engine_new(help_make_id, &ids);
	assert_non_null(engine);
	assert_int_equal(engine_add_consumer(engine, &consumer), 0);
	policy_init(&policy);
	policy.advice = false;
	engine_set_policy(engine, &policy);
	watch(50000, 60000);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	engine = engine_free(engine);
	return 0;
}

static void
advance(void)
{
	struct moment when = help_moment(now_usec);

	engine_advance(engine, &when);
}

/* A poll at these sockets, and a pass. */
static void
poll_at(const struct listener *listeners, size_t count)
{
	assert_int_equal(engine_observe(engine, help_poll(now_usec, listeners, count), false), 0);
	advance();
}

/* Answers every question with nc of this user. Returns how many there were. */
static size_t
answer(uint32_t uid)
{
	struct lookup_question questions[16];
	size_t count = engine_lookup_questions(engine, questions, 16, now_usec);
	struct lookup_answer answers[16];

	for (size_t i = 0; i < count; i++)
		answers[i] =
		    (struct lookup_answer){ questions[i].inode, help_owner("/usr/bin/nc", uid) };
	/* The tests ask in the order of inodes. */
	if (count > 0)
		engine_lookup_answers(engine, answers, count, now_usec);
	for (size_t i = 0; i < count; i++)
		(void)owner_unref(answers[i].owner);
	advance();
	return count;
}

/* The next report, a reference to it; NULL = none. */
static struct report *
take(void)
{
	struct report *report = report_ref(engine_next(engine, consumer));

	if (report != NULL)
		engine_taken(engine, consumer);
	return report;
}

/* The next message is of this kind; its report, or none. */
static struct report *
expect(enum event_kind kind)
{
	struct report *report = take();

	assert_non_null(report);
	assert_string_equal(event_kind_name(report->kind), event_kind_name(kind));
	return report;
}

static void
expect_no_more(void)
{
	struct report *report = take();

	if (report != NULL)
		fail_msg("%s was told", event_kind_name(report->kind));
}

static void
every_transition(void **state)
{
	static const char *const table[STAY_STATE_COUNT] = {
		/* persist overstay clear gone, back as new, persisting, overstaying, end */
		[STAY_NEW] = "PO-A----",
		[STAY_PERSISTING] = "-O-A----",
		[STAY_OVERSTAYING] = "--PA----",
		[STAY_AWAY] = "----NPOE",
		[STAY_ENDED] = "--------",
	};
	static const char letters[] = "NPOAE-";

	(void)state;
	for (unsigned from = 0; from < STAY_STATE_COUNT; from++)
		for (unsigned event = 0; event < STAY_EVENT_COUNT; event++) {
			struct stay_tally tally = { .away = from == STAY_AWAY };
			struct stay stay = {
				.tally = &tally,
				.is.state = (uint8_t)from,
			};
			size_t to = (size_t)(strchr(letters, table[from][event]) - letters);
			bool moves = to < STAY_STATE_COUNT;

			stay.is.endpoint = help_listener(PROTOCOL_TCP, "::", 50000, 1).endpoint;
			assert_int_equal(stay_advance(&stay, (enum stay_event)event), moves);
			assert_int_equal(stay.is.state, moves ? to : from);
			if (moves && to == STAY_AWAY)
				assert_int_equal(stay.is.before_away, from);
			assert_int_equal(tally.away, stay.is.state == STAY_AWAY);
			assert_int_equal(tally.changes, moves);
		}
}

static void
an_owner_is_asked_for_again(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);

	(void)state;
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(&nc, 1);
	engine_lookup_failed(engine, OWNER_REASON_NO_LOOKUP, now_usec);
	advance();
	/* It is unknown now, and nothing is asked; until the lookup is back. */
	assert_int_equal(answer(1000), 0);
	engine_lookup_retry(engine);
	advance();
	assert_int_equal(answer(1000), 1);
	assert_int_equal(answer(1000), 0);
}

/* The lookup failed in the middle of its answer: what it said counts. */
static void
some_answers_are_kept(void **state)
{
	struct listener both[2] = { help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1),
		help_listener(PROTOCOL_TCP, "0.0.0.0", 50001, 2) };
	struct lookup_question questions[16];
	struct lookup_answer first;
	const struct member *members[2];

	(void)state;
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(both, 2);
	assert_int_equal(engine_lookup_questions(engine, questions, 16, now_usec), 2);
	first = (struct lookup_answer){ questions[0].inode, help_owner("/usr/bin/nc", 1000) };
	engine_lookup_some_answers(engine, &first, 1, now_usec);
	(void)owner_unref(first.owner);
	engine_lookup_failed(engine, OWNER_REASON_TIMEOUT, now_usec);
	for (size_t i = 0; i < 2; i++)
		members[i] = &engine->track.stays[i]->is.members[0];
	assert_int_equal(members[0]->owner->kind, OWNER_PROCESS);
	assert_int_equal(members[1]->owner->reason, OWNER_REASON_TIMEOUT);
}

/* Not every process could be searched: asked again, now and then, as long as that is so. */
static void
an_unfinished_search_is_repeated(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	struct lookup_question question;
	struct lookup_answer found;

	(void)state;
	policy.threshold_usec = policy.user_threshold_usec = USEC_NEVER;
	engine_set_policy(engine, &policy);
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(&nc, 1);
	for (int i = 0; i < 3; i++) {
		if (engine_lookup_questions(engine, &question, 1, now_usec) != 1)
			fail_msg("not asked in round %d", i);
		assert_int_equal(question.thorough, i > 0);
		found = (struct lookup_answer){ 1, help_owner("/usr/bin/nc", 1000) };
		found.owner->unsearched = i < 2;
		engine_lookup_answers(engine, &found, 1, now_usec);
		(void)owner_unref(found.owner);
		now_usec += SECOND;
		advance();
		assert_int_equal(engine_lookup_questions(engine, &question, 1, now_usec), 0);
		now_usec += 300 * SECOND;
		poll_at(&nc, 1);
	}
	assert_int_equal(engine_lookup_questions(engine, &question, 1, now_usec), 0);
}

static void
nobody_answers(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	struct lookup_question question;
	struct report *report;

	(void)state;
	policy.threshold_usec = policy.user_threshold_usec = 0;
	policy.log_after_usec = 0;
	engine_set_policy(engine, &policy);
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(&nc, 1);
	/* Asked, and never answered nor failed. */
	assert_int_equal(engine_lookup_questions(engine, &question, 1, now_usec), 1);
	assert_true(engine_due_usec(engine) <= now_usec + ENGINE_OWNER_BOUND_USEC);
	now_usec += ENGINE_OWNER_BOUND_USEC - 1;
	poll_at(&nc, 1);
	expect_no_more();
	now_usec += 1;
	poll_at(&nc, 1);
	(void)report_unref(expect(EVENT_APPEARED));
	assert_true(engine_due_usec(engine) <= now_usec + ENGINE_OWNER_WAIT_USEC);
	now_usec += ENGINE_OWNER_WAIT_USEC;
	poll_at(&nc, 1);
	report = expect(EVENT_OVERSTAY);
	assert_int_equal(report->stay->owner->kind, OWNER_UNKNOWN);
	assert_int_equal(report->stay->age_usec, ENGINE_OWNER_BOUND_USEC + ENGINE_OWNER_WAIT_USEC);
	(void)report_unref(report);
	expect_no_more();
}

/* The socket the verdict was about leaves; one without an owner stays behind, then all leave. */
static void
the_worst_of_a_group_leaves(void **state)
{
	static char name[] = "grave";
	struct rule grave = { .name = name,
		.values = RULE_SEVERITY,
		.severity = SEVERITY_CRIT,
		.match = { .keys = 1 << MATCH_CHOICE, .choices = 1 << CHOICE_AUTO },
		.until_usec = USEC_NEVER,
		.enabled = true };
	struct listener group[4];
	struct report *report;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		group[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1 + i);
	group[2].choice = CHOICE_AUTO;
	policy.rules = &grave;
	policy.rule_count = 1;
	policy.threshold_usec = policy.user_threshold_usec = 0;
	policy.log_after_usec = 0;
	engine_set_policy(engine, &policy);
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(group, 3);
	assert_int_equal(answer(1000), 3);
	(void)report_unref(expect(EVENT_APPEARED));
	report = expect(EVENT_OVERSTAY);
	assert_int_equal(report->stay->sockets, 3);
	assert_int_equal(report->stay->cookie, 3);
	assert_int_equal(report->stay->severity, SEVERITY_CRIT);
	(void)report_unref(report);
	now_usec += SECOND;
	group[1] = group[3];
	/* 1 stays, 2 and 3 leave, 4 joins; nobody says whose it is; then the range moves away. */
	poll_at(group, 2);
	watch(55000, 60000);
	report = expect(EVENT_CLEARED);
	assert_int_equal(report->priority, SEVERITY_NOTICE);
	assert_int_equal(report->stay->range, RANGE_EXPLICIT);
	assert_int_equal(report->stay->cookie, 1);
	(void)report_unref(report);
	expect_no_more();
}

static void
a_huge_group_is_cheap(void **state)
{
	enum { SOCKETS = 250000 };
	struct listener *group = calloc(SOCKETS, sizeof(*group));
	struct track_counts counts;

	(void)state;
	assert_non_null(group);
	for (unsigned i = 0; i < SOCKETS; i++)
		group[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1 + i);
	/* n^2 would be sixty thousand million comparisons, twice. */
	(void)alarm(60);
	poll_at(group, 1);
	now_usec += SECOND;
	poll_at(group, SOCKETS);
	engine_counts(engine, &counts);
	assert_int_equal(counts.stays, 1);
	assert_int_equal(counts.sockets, SOCKETS);
	now_usec += SECOND;
	poll_at(group + SOCKETS - 1, 1);
	engine_counts(engine, &counts);
	assert_int_equal(counts.stays, 1);
	assert_int_equal(counts.sockets, 1);
	(void)alarm(0);
	free(group);
}

static void
too_many_that_left_end_sooner(void **state)
{
	enum { MORE = TRACK_AWAY_MAX + 1000 };
	struct listener *listeners = calloc(MORE, sizeof(*listeners));
	struct track_counts counts;
	struct report *report;
	unsigned told = 0;

	(void)state;
	assert_non_null(listeners);
	for (unsigned i = 0; i < MORE; i++)
		listeners[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(50000 + i), 1 + i);
	/* As old as it takes for the end of each to be told. The first thousand leave earlier. */
	policy.log_after_usec = 0;
	engine_set_policy(engine, &policy);
	poll_at(listeners, MORE);
	now_usec += SECOND;
	poll_at(listeners + 1000, MORE - 1000);
	now_usec += SECOND;
	poll_at(NULL, 0);
	engine_counts(engine, &counts);
	assert_int_equal(counts.away, TRACK_AWAY_MAX);
	while ((report = take()) != NULL) {
		assert_int_equal(report->kind, EVENT_VANISHED);
		assert_true(report->stay->endpoint.port < 51000);
		told++;
		(void)report_unref(report);
	}
	assert_int_equal(told, 1000);
	/* The rest when their grace is over. */
	assert_int_equal(engine_due_usec(engine), now_usec - SECOND + policy.grace_usec);
	now_usec = engine_due_usec(engine);
	advance();
	while ((report = take()) != NULL)
		told += report_unref(report) == NULL;
	assert_int_equal(told, MORE);
	engine_counts(engine, &counts);
	assert_int_equal(counts.away, 0);
	free(listeners);
}

static void
a_poll_that_proves_nothing_is_not_when_it_was_seen(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	uint64_t seen_usec = now_usec;
	struct report *report;

	(void)state;
	policy.log_after_usec = 0;
	engine_set_policy(engine, &policy);
	poll_at(&nc, 1);
	assert_int_equal(answer(1000), 1);
	nc.carried = true;
	for (unsigned i = 0; i < 3; i++) {
		now_usec += 10 * SECOND;
		poll_at(&nc, 1);
	}
	now_usec += 10 * SECOND;
	poll_at(NULL, 0);
	assert_int_equal(engine_due_usec(engine), seen_usec + policy.grace_usec);
	now_usec = engine_due_usec(engine);
	advance();
	report = expect(EVENT_VANISHED);
	assert_int_equal(report->stay->age_usec, 0);
	(void)report_unref(report);
	expect_no_more();
}

static void
reloads_put_off_neither_summary_nor_heartbeat(void **state)
{
	unsigned summaries = 0, heartbeats = 0;
	struct report *report;

	(void)state;
	poll_at(NULL, 0);
	for (unsigned hour = 0; hour < 72; hour++) {
		now_usec += USEC_PER_HOUR;
		engine_set_policy(engine, &policy);
		poll_at(NULL, 0);
		assert_true(engine_due_usec(engine) > now_usec);
		while ((report = take()) != NULL) {
			assert_true(
			    report->kind == EVENT_SUMMARY || report->kind == EVENT_HEARTBEAT);
			summaries += report->kind == EVENT_SUMMARY;
			heartbeats += report->kind == EVENT_HEARTBEAT;
			(void)report_unref(report);
		}
	}
	assert_int_equal(summaries, 3);
	assert_int_equal(heartbeats, 3);
}

/* A poll at the suspect, its owner and its peers. Returns for how many peers were asked. */
static size_t
look_at_suspect(const struct listener *nc, uint32_t connected)
{
	struct report_peers peers = { .count = connected, .complete = true };
	struct endpoint endpoint;
	size_t asked;

	now_usec += SECOND;
	poll_at(nc, 1);
	/* Who it is, then thoroughly. */
	while (answer(33) > 0)
		;
	asked = engine_peer_questions(engine, &endpoint, 1);
	if (asked > 0)
		engine_peer_answers(engine, &endpoint, &peers);
	advance();
	return asked;
}

static void
peers_are_those_of_each_alert(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	struct report *report;

	(void)state;
	policy.log_appeared = SEVERITY_OFF;
	poll_at(NULL, 0);
	assert_int_equal(look_at_suspect(&nc, 1), 1);
	report = expect(EVENT_SUSPECT);
	assert_int_equal(report->stay->peers->count, 1);
	(void)report_unref(report);
	/* Told; nobody is asked for. */
	assert_int_equal(look_at_suspect(&nc, 2), 0);
	expect_no_more();
	policy.suspect_severity = SEVERITY_ALERT;
	engine_set_policy(engine, &policy);
	assert_int_equal(look_at_suspect(&nc, 3), 1);
	report = expect(EVENT_SUSPECT);
	assert_int_equal(report->stay->peers->count, 3);
	(void)report_unref(report);
	expect_no_more();
}

/* Who was connected when an alert began to wait is nobody's concern once the suspect left. */
static void
peers_are_not_those_of_an_alert_that_never_was(void **state)
{
	struct listener nc = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	struct listener again = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 2);
	struct report_peers peers = { .count = 1, .complete = true };
	struct endpoint endpoint;
	struct report *report;

	(void)state;
	policy.log_appeared = SEVERITY_OFF;
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(&nc, 1);
	assert_int_equal(answer(33), 1);
	assert_int_equal(engine_peer_questions(engine, &endpoint, 1), 1);
	engine_peer_answers(engine, &endpoint, &peers);
	/* It leaves before all its holders are known, and is back. */
	now_usec += SECOND;
	poll_at(NULL, 0);
	now_usec += SECOND;
	poll_at(&again, 1);
	while (answer(33) > 0)
		;
	assert_int_equal(engine_peer_questions(engine, &endpoint, 1), 1);
	engine_peer_answers(engine, &endpoint, NULL);
	advance();
	report = expect(EVENT_SUSPECT);
	assert_null(report->stay->peers);
	(void)report_unref(report);
	expect_no_more();
}

static bool
no_more(void *argument)
{
	(void)argument;
	return false;
}

/* A poll at COUNT sockets, and a pass; both are far from their end. */
enum { COUNT_OF_MANY = 100 };

static void
begin_poll_at_many(void)
{
	struct listener listeners[COUNT_OF_MANY];
	struct slice slice = slice_of(1, no_more, NULL);
	struct moment when = help_moment(now_usec);

	for (uint32_t i = 0; i < COUNT_OF_MANY; i++)
		listeners[i] =
		    help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(50000 + i), 100 + i);
	engine_begin_observe(engine, help_poll(now_usec, listeners, COUNT_OF_MANY), false);
	engine_begin_advance(engine, &when);
	assert_false(engine_go_on(engine, &slice));
	assert_null(engine_last_poll(engine));
}

/* A pass sees one state. */
static void
what_comes_in_waits_for_what_is_under_way(void **state)
{
	struct track_counts counts;
	uint64_t first_usec = now_usec;

	(void)state;
	begin_poll_at_many();
	now_usec += SECOND;
	/* Asked in between: of all, since the pass that wants to know them is over. */
	assert_int_equal(answer(1000), 16);
	assert_int_equal(engine_last_poll(engine)->taken_usec, first_usec);
	engine_counts(engine, &counts);
	assert_int_equal(counts.stays, COUNT_OF_MANY);
}

/* At any point of the work, nothing is left behind: for valgrind and sanitizers. */
static void
an_end_in_the_middle(void **state)
{
	for (unsigned slices = 0; slices < 400; slices++) {
		struct slice slice;

		begin_poll_at_many();
		for (unsigned i = 0; i < slices; i++) {
			slice = slice_of(1, no_more, NULL);
			(void)engine_go_on(engine, &slice);
		}
		assert_int_equal(end(state), 0);
		assert_int_equal(begin(state), 0);
	}
}

/* What a message about many says of a listener is what the listener's own message says. */
static void
ages_are_the_same_in_sum_and_entry(void **state)
{
	struct listener both[2] = { help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1),
		help_listener(PROTOCOL_TCP, "0.0.0.0", 50001, 2) };
	struct report *sum, *entry;
	const struct items *items;

	(void)state;
	poll_at(both, 2);
	engine_lookup_failed(engine, OWNER_REASON_NO_LOOKUP, now_usec);
	advance();
	now_usec += policy.threshold_usec;
	assert_int_equal(engine_observe(engine, help_poll(now_usec, both, 2), false), 0);
	/* The pass comes a while after the poll. */
	now_usec += 8500;
	advance();
	engine_lookup_failed(engine, OWNER_REASON_NO_LOOKUP, now_usec);
	advance();
	sum = expect(EVENT_OVERSTAY);
	assert_int_equal(sum->notice, NOTICE_OVERSTAYS_AT_START);
	items = report_fact(sum, FACT_ITEMS)->items;
	assert_int_equal(items->count, 2);
	for (unsigned i = 0; i < 2; i++) {
		entry = expect(EVENT_OVERSTAY);
		assert_memory_equal(entry->stay->id.bytes, items->items[i].stay, 16);
		assert_int_equal(entry->stay->age_usec, items->items[i].age_usec);
		assert_int_equal(entry->stay->age_usec, policy.threshold_usec + 8500);
		(void)report_unref(entry);
	}
	(void)report_unref(sum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_transition),
		cmocka_unit_test_setup_teardown(an_owner_is_asked_for_again, begin, end),
		cmocka_unit_test_setup_teardown(an_unfinished_search_is_repeated, begin, end),
		cmocka_unit_test_setup_teardown(some_answers_are_kept, begin, end),
		cmocka_unit_test_setup_teardown(nobody_answers, begin, end),
		cmocka_unit_test_setup_teardown(the_worst_of_a_group_leaves, begin, end),
		cmocka_unit_test_setup_teardown(a_huge_group_is_cheap, begin, end),
		cmocka_unit_test_setup_teardown(too_many_that_left_end_sooner, begin, end),
		cmocka_unit_test_setup_teardown(a_poll_that_proves_nothing_is_not_when_it_was_seen,
		    begin, end),
		cmocka_unit_test_setup_teardown(reloads_put_off_neither_summary_nor_heartbeat,
		    begin, end),
		cmocka_unit_test_setup_teardown(peers_are_those_of_each_alert, begin, end),
		cmocka_unit_test_setup_teardown(peers_are_not_those_of_an_alert_that_never_was,
		    begin, end),
		cmocka_unit_test_setup_teardown(what_comes_in_waits_for_what_is_under_way, begin,
		    end),
		cmocka_unit_test_setup_teardown(an_end_in_the_middle, begin, end),
		cmocka_unit_test_setup_teardown(ages_are_the_same_in_sum_and_entry, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-stays", tests, NULL, NULL);
}
