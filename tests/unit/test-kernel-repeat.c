/* SPDX-License-Identifier: MIT */
/*
 * Polls that recognize what they had before, against polls that read everything anew: thousands of
 * polls of a host that somebody plays with, the same answers and the same clock for both. What is
 * asked, what was seen, when the next poll is due and every message have to agree. And what may
 * count as a repetition at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "engine/engine.h"
#include "kernel/poll-steps.h"

#define KEY	      0x9e3779b97f4a7c15
#define PROTOCOLS     (1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP)
#define LISTENERS_MAX 48
#define QUESTIONS_MAX 64
#define PEERS_MAX     8
#define RUNS	      12
#define POLLS	      1500

/* One of the two. */
struct side {
	struct engine *engine;
	uint64_t key, ids;
	uint64_t repetitions, questions;
};

/* What both live in. */
struct play {
	uint64_t random, now_usec, poll_seed;
	struct listener table[LISTENERS_MAX];
	size_t count;
	uint64_t next_cookie;
	uint32_t trouble; /* bits 1 << (2 * protocol + IPv6): of this poll */
	bool fails, misses, forgets, long_proofs; /* how the kernel is of no help in it */
	bool shuffled;
	struct policy policy;
	struct side sides[2];
};

/* A number by the poll and by what is asked, so that both sides get the same answer. */
static uint64_t
chance(const struct play *play, uint64_t a, uint64_t b, uint64_t one_in)
{
	uint64_t state = play->poll_seed ^ a * 0x100000001b3 ^ b << 20;

	state |= 1;
	(void)help_random(&state);
	return help_below(&state, one_in);
}

static uint32_t
trouble_bit(unsigned protocol, unsigned family)
{
	return 1u << (2 * protocol + (family == AF_INET6));
}

static bool
is_selected(const struct source_request *request, const struct listener *listener)
{
	return listener->endpoint.protocol == request->protocol &&
	    (request->family == AF_UNSPEC || request->family == listener->endpoint.family) &&
	    (request->choice == CHOICE_UNKNOWN || request->choice == listener->choice) &&
	    (request->port == 0 ? port_set_has(&request->filter->ports, listener->endpoint.port) :
				  request->port == listener->endpoint.port);
}

static void
answer(const struct play *play, struct poll_steps *steps, const struct source_request *request)
{
	struct source_result result = { .datagrams = 1 };
	uint64_t what = request->port * 8u + request->protocol * 4u + request->choice;
	bool dump = request->port == 0;
	uint32_t bits = trouble_bit(request->protocol, request->family);

	if (request->family == AF_UNSPEC)
		bits |= trouble_bit(request->protocol, AF_INET6);
	if ((play->trouble & bits) != 0 && play->fails) {
		poll_steps_failed(steps, INCOMPLETE_KERNEL);
		return;
	}
	if ((play->trouble & bits) != 0)
		result.incomplete = INCOMPLETE_INTERRUPTED;
	if (request->family == AF_UNSPEC && (play->trouble & bits) != bits)
		result.spared = (play->trouble & bits) == trouble_bit(request->protocol, AF_INET) ?
		    AF_INET6 :
		    (play->trouble & bits) == 0 ? 0 :
						  AF_INET;
	if (!dump && play->long_proofs && chance(play, what, 1, 2) == 0)
		result.datagrams = 2;
	for (size_t i = 0; i < play->count; i++) {
		size_t at = play->shuffled ? play->count - 1 - i : i;
		struct source_socket socket = { .listener = play->table[at], .listening = true };

		if (!is_selected(request, &socket.listener))
			continue;
		socket.listener.choice = CHOICE_UNKNOWN;
		if ((dump && play->misses && chance(play, socket.listener.cookie, 2, 4) == 0) ||
		    (request->choice != CHOICE_UNKNOWN && play->forgets))
			continue;
		poll_steps_socket(&socket, steps);
		if (chance(play, socket.listener.cookie, 3, 8) == 0)
			poll_steps_socket(&socket, steps);
	}
	poll_steps_answered(steps, &result);
}

static struct snapshot *
poll(const struct play *play, struct side *side)
{
	const struct poll_steps_options options = {
		.last = engine_last_poll(side->engine),
		.filter = &engine_ranges(side->engine)->filter,
		.protocols = PROTOCOLS,
		.knows_choice = true,
		.taken_usec = play->now_usec,
		.key = side->key,
	};
	struct poll_steps *steps = poll_steps_new(&options);
	const struct source_request *request;
	struct snapshot *snapshot;

	assert_non_null(steps);
	while ((request = poll_steps_request(steps)) != NULL) {
		side->questions += 1 + request->port;
		answer(play, steps, request);
	}
	snapshot = poll_steps_finish(steps);
	assert_non_null(snapshot);
	side->repetitions += snapshot->repeats;
	return snapshot;
}

static void
expect_same_snapshot(const struct snapshot *a, const struct snapshot *b)
{
	assert_int_equal(a->taken_usec, b->taken_usec);
	assert_memory_equal(a->part_incomplete, b->part_incomplete, sizeof(a->part_incomplete));
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_int_equal(listener_compare(&a->listeners[i], &b->listeners[i]), 0);
		assert_int_equal(a->listeners[i].choice, b->listeners[i].choice);
		assert_int_equal(a->listeners[i].carried, b->listeners[i].carried);
		assert_int_equal(a->listeners[i].uid, b->listeners[i].uid);
		assert_int_equal(a->listeners[i].inode, b->listeners[i].inode);
	}
}

static void
expect_same_report(const struct report *a, const struct report *b)
{
	assert_string_equal(event_kind_name(a->kind), event_kind_name(b->kind));
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->boottime_usec, b->boottime_usec);
	assert_int_equal(a->in_summary, b->in_summary);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->notice, b->notice);
	assert_int_equal(a->stay == NULL, b->stay == NULL);
	if (a->stay == NULL)
		return;
	assert_memory_equal(&a->stay->id, &b->stay->id, sizeof(a->stay->id));
	assert_int_equal(a->stay->sequence, b->stay->sequence);
	assert_int_equal(endpoint_compare(&a->stay->endpoint, &b->stay->endpoint), 0);
	assert_int_equal(a->stay->state, b->stay->state);
	assert_int_equal(a->stay->choice, b->stay->choice);
	assert_int_equal(a->stay->age_usec, b->stay->age_usec);
	assert_int_equal(a->stay->age_max_usec, b->stay->age_max_usec);
	assert_int_equal(a->stay->away_usec, b->stay->away_usec);
	assert_int_equal(a->stay->reasons, b->stay->reasons);
	assert_int_equal(a->stay->hops, b->stay->hops);
	assert_int_equal(a->stay->owner->kind, b->stay->owner->kind);
}

/* The next report, a reference to it; NULL = none. Each engine has one consumer. */
static struct report *
take(struct engine *engine)
{
	struct report *report = report_ref(engine_next(engine, 0));

	if (report != NULL)
		engine_taken(engine, 0);
	return report;
}

/* A pass of both, and all that it comes to. Returns how many messages there were. */
static uint64_t
advance(struct play *play)
{
	struct engine *a = play->sides[0].engine, *b = play->sides[1].engine;
	struct moment moment = help_moment(play->now_usec);
	struct track_counts counts[2];
	struct report *report;
	uint64_t told = 0;

	engine_advance(a, &moment);
	engine_advance(b, &moment);
	assert_int_equal(engine_due_usec(a), engine_due_usec(b));
	engine_counts(a, &counts[0]);
	engine_counts(b, &counts[1]);
	assert_memory_equal(&counts[0], &counts[1], sizeof(counts[0]));
	while ((report = take(a)) != NULL) {
		struct report *other = take(b);

		assert_non_null(other);
		expect_same_report(report, other);
		(void)report_unref(report);
		(void)report_unref(other);
		told++;
	}
	assert_null(take(b));
	return told;
}

/* Owners are asked for and, now and then, not to be had. */
static void
attribute(struct play *play)
{
	static const char *const programs[] = { "/usr/bin/web", "/usr/sbin/mail", "/tmp/x",
		"/home/a/.cache/y" };
	uint64_t fate = help_below(&play->random, 16);
	struct lookup_question questions[2][QUESTIONS_MAX];
	struct lookup_answer answers[QUESTIONS_MAX];
	size_t counts[2];

	if (fate == 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		if (fate == 1)
			engine_lookup_failed(play->sides[i].engine, OWNER_REASON_NO_LOOKUP,
			    play->now_usec);
		if (fate == 2)
			engine_lookup_retry(play->sides[i].engine);
		counts[i] = engine_lookup_questions(play->sides[i].engine, questions[i],
		    QUESTIONS_MAX, play->now_usec);
	}
	assert_int_equal(counts[0], counts[1]);
	for (size_t i = 0; i < counts[0]; i++)
		assert_int_equal(questions[0][i].inode, questions[1][i].inode);
	for (unsigned side = 0; side < 2 && counts[0] > 0; side++) {
		for (size_t i = 0; i < counts[0]; i++) {
			uint32_t inode = questions[0][i].inode;

			answers[i] = (struct lookup_answer){ inode,
				inode % 7 == 0 ?
				    owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0) :
				    help_owner(programs[inode % ARRAY_SIZE(programs)], 1000) };
			answers[i].owner->observed_usec = play->now_usec;
		}
		engine_lookup_answers(play->sides[side].engine, answers, counts[0], play->now_usec);
		for (size_t i = 0; i < counts[0]; i++)
			(void)owner_unref(answers[i].owner);
	}
}

/* So are the peers of suspects. */
static void
ask_peers(struct play *play)
{
	uint64_t fate = help_below(&play->random, 4);
	struct report_peers peers = { .count = (uint32_t)fate, .complete = true };
	struct endpoint endpoints[2][PEERS_MAX];
	size_t counts[2];

	if (fate == 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct engine *engine = play->sides[i].engine;

		counts[i] = engine_peer_questions(engine, endpoints[i], PEERS_MAX);
		for (size_t k = 0; k < counts[i]; k++)
			engine_peer_answers(engine, &endpoints[i][k], fate == 1 ? NULL : &peers);
	}
	assert_int_equal(counts[0], counts[1]);
	for (size_t i = 0; i < counts[0]; i++)
		assert_int_equal(endpoint_compare(&endpoints[0][i], &endpoints[1][i]), 0);
}

static void
open_one(struct play *play)
{
	static const char *const addresses[] = { "0.0.0.0", "127.0.0.1", "::", "::1" };
	const char *address = addresses[help_below(&play->random, ARRAY_SIZE(addresses))];
	enum protocol protocol = (enum protocol)help_below(&play->random, PROTOCOL_COUNT);
	struct listener *listener = &play->table[play->count];

	if (play->count == LISTENERS_MAX)
		return;
	*listener = help_listener(protocol, address,
	    (uint16_t)(50000 + help_below(&play->random, 24)), play->next_cookie++);
	listener->choice = help_below(&play->random, 3) == 0 ? CHOICE_AUTO : CHOICE_ASKED;
	listener->inode = (uint32_t)help_below(&play->random, 50) == 0 ? 0 : listener->inode;
	play->count++;
}

/* What happens between two polls: mostly nothing. */
static void
happen(struct play *play)
{
	size_t at = help_below(&play->random, play->count + 1);

	switch (help_below(&play->random, 40)) {
	case 0:
	case 1:
		open_one(play);
		break;
	case 2:
		if (at < play->count)
			play->table[at] = play->table[--play->count];
		break;
	case 3:
		/* Another socket on the same endpoint. */
		if (at < play->count)
			play->table[at].cookie = play->next_cookie++;
		break;
	case 4:
		if (at < play->count)
			play->table[at].uid ^= 1;
		break;
	case 5:
		while (help_below(&play->random, 8) != 0)
			open_one(play);
		break;
	default:
		break;
	}
	play->poll_seed = help_random(&play->random);
	play->trouble = help_below(&play->random, 25) == 0 ? 1u << help_below(&play->random, 4) : 0;
	if (help_below(&play->random, 60) == 0)
		play->trouble = 15;
	play->fails = help_below(&play->random, 2) == 0;
	play->misses = help_below(&play->random, 20) == 0;
	play->forgets = help_below(&play->random, 10) == 0;
	play->long_proofs = help_below(&play->random, 4) == 0;
	play->shuffled = play->shuffled != (help_below(&play->random, 30) == 0);
}

static void
watch(struct play *play)
{
	struct range_wanted wanted = { 0 };
	struct moment moment = help_moment(play->now_usec);
	struct ranges ranges;

	port_set_add(&wanted.explicit_ports, (uint16_t)(50000 + help_below(&play->random, 8)),
	    (uint16_t)(50012 + help_below(&play->random, 12)));
	ranges_resolve(&wanted, NULL, &ranges);
	for (unsigned i = 0; i < 2; i++)
		engine_set_watched(play->sides[i].engine, &ranges, PROTOCOLS, &moment);
}

/* The policy is another one, the ranges are, the kernel's own range is. */
static void
reload(struct play *play)
{
	static const uint64_t thresholds[] = { USEC_PER_MIN, 10 * USEC_PER_MIN, USEC_NEVER };
	const struct port_range kernel = { 50000, 50010 };
	struct port_set reserved = { 0 };

	play->policy.threshold_usec = thresholds[help_below(&play->random, 3)];
	play->policy.advice = help_below(&play->random, 2) == 0;
	port_set_add(&reserved, 50000, (uint16_t)(50000 + help_below(&play->random, 10)));
	for (unsigned i = 0; i < 2; i++) {
		engine_set_policy(play->sides[i].engine, &play->policy);
		engine_set_reserved(play->sides[i].engine, &reserved, &kernel);
	}
	watch(play);
}

/* One poll of both sides. Returns how many messages came of it. */
static uint64_t
poll_both(struct play *play)
{
	bool resumed = help_below(&play->random, 100) == 0;
	struct snapshot *snapshots[2];
	struct diff_counts changes[2];
	uint64_t told;

	for (unsigned i = 0; i < 2; i++)
		snapshots[i] = poll(play, &play->sides[i]);
	assert_int_equal(play->sides[0].questions, play->sides[1].questions);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(engine_observe(play->sides[i].engine, snapshots[i], resumed), 0);
		changes[i] = engine_changes(play->sides[i].engine);
	}
	assert_memory_equal(&changes[0], &changes[1], sizeof(changes[0]));
	expect_same_snapshot(engine_last_poll(play->sides[0].engine),
	    engine_last_poll(play->sides[1].engine));
	told = advance(play);
	attribute(play);
	ask_peers(play);
	if (help_below(&play->random, 3) == 0)
		play->now_usec += help_below(&play->random, USEC_PER_SEC);
	return told + advance(play);
}

static void
both_tell_the_same(void **state)
{
	uint64_t random = help_seed(), told = 0, repetitions = 0;
	unsigned consumer;

	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		struct play play = { .random = random,
			.now_usec = 1000 * USEC_PER_SEC,
			.next_cookie = 1,
			.sides = { { .key = 0 }, { .key = KEY } } };

		policy_init(&play.policy);
		play.policy.remind_usec = USEC_PER_HOUR;
		for (unsigned i = 0; i < 2; i++) {
			play.sides[i].engine = engine_new(help_make_id, &play.sides[i].ids);
			assert_non_null(play.sides[i].engine);
			assert_int_equal(engine_add_consumer(play.sides[i].engine, &consumer), 0);
			assert_int_equal(consumer, 0);
		}
		reload(&play);
		for (unsigned i = 0; i < POLLS; i++) {
			happen(&play);
			if (help_below(&play.random, 150) == 0)
				reload(&play);
			told += poll_both(&play);
			play.now_usec += help_below(&play.random, 10) == 0 ?
			    help_below(&play.random, 10 * USEC_PER_MIN) :
			    5 * USEC_PER_SEC;
		}
		assert_int_equal(play.sides[0].repetitions, 0);
		repetitions += play.sides[1].repetitions;
		for (unsigned i = 0; i < 2; i++)
			(void)engine_free(play.sides[i].engine);
		policy_clear(&play.policy);
		random = help_random(&play.random);
	}
	(void)printf("# %llu messages, %llu of %u polls repeated\n", (unsigned long long)told,
	    (unsigned long long)repetitions, RUNS * POLLS);
	/* Nothing is proved by two that were silent, or that never went different ways. */
	assert_true(told > RUNS * POLLS / 50);
	assert_true(repetitions > RUNS * POLLS / 4);
}

/* Each field of a record is a part of it. */
static void
any_difference_is_seen(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.0.0.1", 50000, 7), other;
	struct known *known = known_new(&listener, 1, KEY);
	size_t cursor = 0;

	(void)state;
	assert_non_null(known);
	assert_int_equal(known_find(known, &listener, &cursor), 0);
	other = listener;
	other.choice = CHOICE_AUTO;
	other.carried = true;
	assert_int_equal(known_find(known, &other, &cursor), 0);
	for (size_t i = 0; i < offsetof(struct listener, choice) * 8; i++) {
		other = listener;
		((uint8_t *)&other)[i / 8] ^= (uint8_t)(1 << i % 8);
		cursor = i % 2;
		assert_true(known_find(known, &other, &cursor) == KNOWN_NONE);
	}
	other = listener;
	other.v6only = V6ONLY_YES;
	cursor = 0;
	assert_true(known_find(known, &other, &cursor) == KNOWN_NONE);
	assert_null(known_free(known));
	assert_null(known_new(&listener, 0, KEY));
}

/* All of them are found, in any order and more than once. */
static void
any_order_is_found(void **state)
{
	enum { COUNT = 3000 };
	uint64_t random = help_seed();
	struct listener *table = calloc(COUNT, sizeof(*table));
	struct known *known;

	(void)state;
	assert_non_null(table);
	/* Cookies that are alike, and sockets that share one: /proc/net has those. */
	for (size_t i = 0; i < COUNT; i++)
		table[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(50000 + i),
		    i % 10 == 0 ? 0 : i << 32);
	known = known_new(table, COUNT, KEY);
	assert_non_null(known);
	for (unsigned round = 0; round < 4; round++) {
		size_t cursor = 0;

		for (size_t i = 0; i < COUNT; i++) {
			size_t at = round < 2 ? i :
			    round == 2	      ? COUNT - 1 - i :
						help_below(&random, COUNT);

			assert_int_equal(known_find(known, &table[at], &cursor), at);
		}
	}
	assert_true(known_is_settled(known, true));
	(void)known_free(known);
	table[17].choice = CHOICE_UNKNOWN;
	known = known_new(table, COUNT, KEY);
	assert_false(known_is_settled(known, true));
	assert_true(known_is_settled(known, false));
	(void)known_free(known);
	table[17].carried = true;
	known = known_new(table, COUNT, KEY);
	assert_false(known_is_settled(known, false));
	(void)known_free(known);
	free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_difference_is_seen),
		cmocka_unit_test(any_order_is_found),
		cmocka_unit_test(both_tell_the_same),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-repeat", tests, NULL, NULL);
}
