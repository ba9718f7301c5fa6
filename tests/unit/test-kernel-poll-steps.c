/* SPDX-License-Identifier: MIT */
/*
 * A poll under a written source: what is asked after which answer, and what an absence proves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "kernel/poll-steps.h"
#include "kernel/stretches.h"

/* A kernel as the test wishes it to be. */
struct kernel {
	const struct listener *table; /* what is really there */
	size_t count;
	uint16_t missed; /* a full dump misses this port; 0 = none */
	uint16_t missed_upto;
	unsigned miss_dumps;		 /* the first so many full dumps do */
	uint32_t incomplete;		 /* of full dumps */
	unsigned long_proofs;		 /* the first so many such answers take two datagrams */
	uint64_t crowd_cgroup;		 /* of whose sockets all answers do; 0 = none */
	unsigned hurry_after;		 /* so many proofs, the poll is hurried; 0 = it is not */
	unsigned dumps, proofs, choices; /* what was asked (dumps: of TCP) */
};

/* What the polls are about; some questions are about fewer ports. */
static struct port_filter watched;

static bool
is_selected(const struct kernel *kernel, const struct source_request *request,
    const struct listener *listener)
{
	uint16_t port = listener->endpoint.port;

	if (listener->endpoint.protocol != request->protocol ||
	    (request->family != AF_UNSPEC && request->family != listener->endpoint.family))
		return false;
	if (request->choice != CHOICE_UNKNOWN && request->choice != listener->choice)
		return false;
	if (request->place != NULL)
		return endpoint_compare(&listener->endpoint, &request->place->endpoint) == 0 &&
		    (request->place->cgroup == 0 || request->place->cgroup == listener->cgroup);
	if (request->port != 0)
		return port == request->port;
	if (request->filter != &watched)
		return port_set_has(&request->filter->ports, port);
	return kernel->dumps > kernel->miss_dumps || port < kernel->missed ||
	    port > kernel->missed_upto;
}

static void
answer(struct kernel *kernel, struct poll_steps *steps, const struct source_request *request)
{
	struct source_result result = { .datagrams = 1 };
	bool dump = request->port == 0 && request->filter == &watched;

	kernel->choices += request->choice != CHOICE_UNKNOWN;
	if (request->choice == CHOICE_UNKNOWN) {
		kernel->dumps += dump && request->protocol == PROTOCOL_TCP;
		kernel->proofs += !dump;
		if (!dump && kernel->proofs <= kernel->long_proofs)
			result.datagrams = 2;
	}
	if (!dump && kernel->crowd_cgroup != 0 && request->place != NULL &&
	    (request->place->cgroup == 0 || request->place->cgroup == kernel->crowd_cgroup))
		result.datagrams = 2;
	if (dump)
		result.incomplete = kernel->incomplete;
	for (size_t i = 0; i < kernel->count; i++) {
		struct source_socket socket = { .listener = kernel->table[i], .listening = true };

		if (!is_selected(kernel, request, &kernel->table[i]))
			continue;
		/* The source does not tell who chose a port. */
		socket.listener.choice = CHOICE_UNKNOWN;
		poll_steps_socket(&socket, steps);
		socket.listening = false;
		socket.listener.cookie += 1000000;
		poll_steps_socket(&socket, steps);
	}
	poll_steps_answered(steps, &result);
	if (kernel->hurry_after > 0 && kernel->proofs == kernel->hurry_after)
		poll_steps_hurry(steps);
}

/* 0 = the polls recognize nothing; each test is run both ways. */
static uint64_t key;

/* One poll after `last` (freed). */
static struct snapshot *
take(struct kernel *kernel, struct snapshot *last, bool knows_choice)
{
	const struct poll_steps_options options = {
		.last = last,
		.filter = &watched,
		.protocols = 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP,
		.knows_choice = knows_choice,
		.taken_usec = last == NULL ? 1 : last->taken_usec + 1,
		.key = key,
	};
	struct poll_steps *steps = poll_steps_new(&options);
	const struct source_request *request;
	struct snapshot *snapshot;

	assert_non_null(steps);
	kernel->dumps = kernel->proofs = kernel->choices = 0;
	while ((request = poll_steps_request(steps)) != NULL)
		answer(kernel, steps, request);
	snapshot = poll_steps_finish(steps);
	assert_non_null(snapshot);
	assert_true(snapshot->sealed);
	if (snapshot->repeats) {
		assert_int_not_equal(key, 0);
		assert_int_equal(snapshot->count + snapshot->incomplete, 0);
		last->taken_usec = snapshot->taken_usec;
		(void)snapshot_free(snapshot);
		return last;
	}
	(void)snapshot_free(last);
	return snapshot;
}

static struct listener *
many(size_t count)
{
	struct listener *table = calloc(count, sizeof(*table));

	assert_non_null(table);
	for (size_t i = 0; i < count; i++) {
		table[i] = help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(50000 + i), 1 + i);
		table[i].choice = i % 2 == 0 ? CHOICE_ASKED : CHOICE_AUTO;
	}
	return table;
}

static void
expect_unproven(const struct snapshot *snapshot, size_t wanted)
{
	size_t carried = 0;

	for (size_t i = 0; i < snapshot->count; i++)
		carried += snapshot->listeners[i].carried;
	assert_int_equal(carried, wanted);
}

static void
who_chose_is_asked_once(void **state)
{
	struct listener table[] = {
		help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1),
		help_listener(PROTOCOL_UDP, "0.0.0.0", 50001, 2),
		help_listener(PROTOCOL_UDP, "::", 50001, 3),
	};
	struct kernel kernel = { .table = table, .count = 3 };
	struct snapshot *snapshot;

	(void)state;
	table[1].choice = CHOICE_AUTO;
	snapshot = take(&kernel, NULL, true);
	assert_int_equal(snapshot->count, 3);
	assert_int_equal(snapshot->incomplete, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(snapshot_find(snapshot, &table[i])->choice, table[i].choice);
	/* Three ports, two answers each; then never again. */
	assert_int_equal(kernel.choices, 6);
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.choices + kernel.proofs, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(snapshot_find(snapshot, &table[i])->choice, table[i].choice);
	/* Not learnt, it is asked again. */
	snapshot_drop_known(snapshot);
	snapshot->listeners[0].choice = CHOICE_UNKNOWN;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.choices, 2);
	assert_int_equal(snapshot->listeners[0].choice, CHOICE_ASKED);
	(void)snapshot_free(snapshot);
}

static void
a_missed_listener_is_found(void **state)
{
	struct listener *table = many(10);
	struct kernel kernel = { .table = table, .count = 10 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.missed = kernel.missed_upto = 50004;
	kernel.miss_dumps = 1;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 1);
	assert_int_equal(snapshot->count, 10);
	expect_unproven(snapshot, 0);
	assert_int_equal(snapshot_find(snapshot, &table[4])->choice, CHOICE_ASKED);
	/* And one that is gone is gone. */
	kernel.missed = 0;
	kernel.missed_upto = 0;
	kernel.count = 9;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 1);
	assert_int_equal(snapshot->count, 9);
	expect_unproven(snapshot, 0);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
two_datagrams_prove_nothing(void **state)
{
	struct listener *table = many(10);
	struct kernel kernel = { .table = table, .count = 10 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.count = 9;
	kernel.long_proofs = 1;
	snapshot = take(&kernel, snapshot, true);
	/* The second answer was one datagram. */
	assert_int_equal(kernel.proofs, 2);
	assert_int_equal(snapshot->count, 9);
	kernel.count = 8;
	kernel.long_proofs = 2;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 2);
	assert_int_equal(snapshot->count, 9);
	expect_unproven(snapshot, 1);
	assert_true(snapshot_find(snapshot, &table[8])->carried);
	/* It is asked for again in the next poll, which proves it. */
	kernel.long_proofs = 0;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->count, 8);
	(void)snapshot_free(snapshot);
	free(table);
}

/* `count` sockets on one endpoint, then `beside` others there; the cgroups are 7 and 8. */
static struct listener *
crowd(size_t count, size_t beside)
{
	struct listener *table = calloc(count + beside, sizeof(*table));

	assert_non_null(table);
	for (size_t i = 0; i < count + beside; i++) {
		table[i] = help_listener(PROTOCOL_UDP, "::", 50000, 1 + i);
		table[i].choice = CHOICE_ASKED;
		table[i].uid = i < count ? 1000 : 1001;
		table[i].cgroup = i < count ? 7 : 8;
	}
	return table;
}

static void
a_crowd_of_another_cgroup_is_left_out(void **state)
{
	struct listener *table = crowd(300, 2);
	struct kernel kernel = { .table = table, .count = 302, .crowd_cgroup = 7 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.count = 301;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 1);
	assert_int_equal(snapshot->count, 301);
	assert_int_equal(snapshot->unproved, 0);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
three_polls_that_lack_it_are_the_proof(void **state)
{
	struct listener *table = crowd(300, 1);
	struct kernel kernel = { .table = table, .count = 301, .crowd_cgroup = 8 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.count = 300;
	for (unsigned i = 1; i < POLL_LACKING_MAX; i++) {
		snapshot = take(&kernel, snapshot, true);
		/* What a crowd keeps long is not asked twice. */
		assert_int_equal(kernel.proofs, 1);
		assert_int_equal(snapshot->unproved, 1);
		assert_int_equal(snapshot->listeners[300].lacking, i);
	}
	/* An incomplete poll counts for nothing. */
	kernel.incomplete = INCOMPLETE_OVERRUN;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->listeners[300].lacking, POLL_LACKING_MAX - 1);
	kernel.incomplete = 0;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->count, 300);
	assert_int_equal(snapshot->unproved + snapshot->surplus, 0);
	/* One that is seen meanwhile is lacked anew. */
	kernel.count = 301;
	snapshot = take(&kernel, snapshot, true);
	kernel.count = 300;
	snapshot = take(&kernel, snapshot, true);
	kernel.count = 301;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->listeners[300].lacking + snapshot->unproved, 0);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
what_is_unproved_is_bounded(void **state)
{
	struct listener *table = crowd(3 * (size_t)POLL_UNPROVED_MAX, 5);
	struct kernel kernel = { .crowd_cgroup = 8 };
	struct snapshot *snapshot;

	(void)state;
	kernel.table = table;
	kernel.count = 3 * (size_t)POLL_UNPROVED_MAX + 5;
	snapshot = take(&kernel, NULL, true);
	/* One cgroup for all: no answer is short. */
	for (size_t i = 0; i < kernel.count; i++)
		table[i].cgroup = 8;
	(void)snapshot_free(snapshot);
	snapshot = take(&kernel, NULL, true);
	kernel.table += kernel.count - 2;
	kernel.count = 2;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->unproved, POLL_UNPROVED_MAX);
	assert_int_equal(snapshot->surplus, 2 * POLL_UNPROVED_MAX + 3);
	assert_int_equal(snapshot->surplus_uid, 1000);
	/* The other user's are kept, all of them. */
	for (size_t i = 1; i <= 5; i++)
		assert_non_null(snapshot_find(snapshot, &table[3 * POLL_UNPROVED_MAX + i - 1]));
	(void)snapshot_free(snapshot);
	free(table);
}

static void
an_incomplete_dump_ends_nothing(void **state)
{
	struct listener *table = many(10);
	struct kernel kernel = { .table = table, .count = 10 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.count = 3;
	kernel.incomplete = INCOMPLETE_OVERRUN;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 0);
	assert_int_equal(snapshot->incomplete, INCOMPLETE_OVERRUN);
	assert_int_equal(snapshot->count, 10);
	expect_unproven(snapshot, 7);
	kernel.incomplete = 0;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, 7);
	assert_int_equal(snapshot->count, 3);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
many_missing_are_asked_for_together(void **state)
{
	struct listener *table = many(1000);
	struct kernel kernel = { .table = table, .count = 1000 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	/* More new ones than are asked for singly: two dumps of their table. */
	assert_int_equal(kernel.choices, 2);
	/* What the dump missed is asked for in stretches, and is there. One is gone. */
	kernel.missed = 50100;
	kernel.missed_upto = 50100 + POLL_PORTS_MAX;
	kernel.miss_dumps = 1;
	kernel.count = 999;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.dumps, 1);
	assert_int_equal(kernel.proofs, (POLL_PORTS_MAX + 1) / STRETCH_SOCKETS_MAX + 2);
	assert_int_equal(snapshot->count, 999);
	expect_unproven(snapshot, 0);
	/* A few are asked for singly at once. */
	kernel.missed_upto = 50100 + POLL_SINGLE_MAX - 1;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.proofs, POLL_SINGLE_MAX);
	assert_int_equal(snapshot->count, 999);
	/* Stretches prove nothing, and more are left than are asked for singly: another dump. */
	kernel.missed = kernel.missed_upto = 0;
	kernel.count = 600;
	kernel.long_proofs = 3;
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(kernel.dumps, 2);
	assert_int_equal(kernel.proofs, 3 + 399);
	assert_int_equal(snapshot->count, 600);
	expect_unproven(snapshot, 0);
	(void)snapshot_free(snapshot);
	free(table);
}

/* A thousand that are gone cost a few questions, and one that took their place is not taken for
 * them. */
static void
many_gone_cost_few_questions(void **state)
{
	struct listener *table = many(1000), others[1000];
	struct kernel kernel = { .table = table, .count = 1000 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	memcpy(others, table, sizeof(others));
	for (size_t i = 0; i < 1000; i++)
		others[i].cookie += 5000;
	kernel.table = others;
	snapshot = take(&kernel, snapshot, true);
	assert_true(kernel.proofs <= 2000 / STRETCH_SOCKETS_MAX);
	assert_int_equal(kernel.dumps + kernel.choices, 1 + 2);
	assert_int_equal(snapshot->count, 1000);
	expect_unproven(snapshot, 0);
	assert_null(snapshot_find(snapshot, &table[500]));
	assert_non_null(snapshot_find(snapshot, &others[500]));
	(void)snapshot_free(snapshot);
	free(table);
}

/* What a hurried poll did not prove is carried, and gone after three polls that lack it. */
static void
a_hurried_poll_ends_nothing(void **state)
{
	struct listener *table = many(1000);
	struct kernel kernel = { .table = table, .count = 1000 };
	struct snapshot *snapshot = take(&kernel, NULL, true);

	(void)state;
	kernel.count = 0;
	kernel.hurry_after = 1;
	for (unsigned i = 1; i < POLL_LACKING_MAX; i++) {
		size_t before = snapshot->count;

		snapshot = take(&kernel, snapshot, true);
		assert_int_equal(kernel.proofs, 1);
		assert_int_equal(kernel.dumps, 1);
		assert_true(snapshot->count < before);
		assert_true(snapshot->count >= before - STRETCH_SOCKETS_MAX);
		expect_unproven(snapshot, snapshot->count);
	}
	snapshot = take(&kernel, snapshot, true);
	assert_int_equal(snapshot->count, 0);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
proc_net_is_read_twice(void **state)
{
	struct listener *table = many(10);
	struct kernel kernel = { .table = table, .count = 10 };
	struct snapshot *snapshot = take(&kernel, NULL, false);

	(void)state;
	assert_int_equal(kernel.choices, 0);
	assert_int_equal(kernel.dumps, 1);
	kernel.missed = kernel.missed_upto = 50004;
	kernel.miss_dumps = 1;
	kernel.count = 9;
	snapshot = take(&kernel, snapshot, false);
	assert_int_equal(kernel.dumps, 2);
	assert_int_equal(kernel.proofs + kernel.choices, 0);
	assert_int_equal(snapshot->count, 9);
	expect_unproven(snapshot, 0);
	assert_non_null(snapshot_find(snapshot, &table[4]));
	(void)snapshot_free(snapshot);
	free(table);
}

static void
a_second_dump_does_not_fill_a_poll(void **state)
{
	enum { MORE = CROWD_WATCHED_MAX * 3 / 4 };
	struct listener *table = calloc(MORE, sizeof(*table));
	struct kernel kernel = { .table = table, .count = MORE };
	struct snapshot *snapshot;

	(void)state;
	assert_non_null(table);
	for (size_t i = 0; i < MORE; i++)
		table[i] =
		    help_listener(PROTOCOL_TCP, "0.0.0.0", (uint16_t)(40000 + i % 20000), 1 + i);
	snapshot = take(&kernel, NULL, true);
	assert_int_equal(snapshot->incomplete, 0);
	assert_int_equal(snapshot->count, MORE);
	(void)snapshot_free(snapshot);
	free(table);
}

static void
given_up(void **state)
{
	struct listener *table = many(3);
	struct snapshot *last = help_poll(1, table, 3), *snapshot;
	const struct poll_steps_options options = { .last = last,
		.protocols = 1 << PROTOCOL_TCP,
		.knows_choice = true,
		.taken_usec = 2 };
	struct poll_steps *steps = poll_steps_new(&options);

	(void)state;
	assert_non_null(poll_steps_request(steps));
	poll_steps_failed(steps, INCOMPLETE_TIMEOUT);
	assert_null(poll_steps_request(steps));
	snapshot = poll_steps_finish(steps);
	assert_int_equal(snapshot->incomplete, INCOMPLETE_TIMEOUT);
	assert_int_equal(snapshot->count, 3);
	expect_unproven(snapshot, 3);
	assert_null(poll_steps_free(poll_steps_new(&options)));
	assert_null(poll_steps_free(NULL));
	(void)snapshot_free(snapshot);
	(void)snapshot_free(last);
	free(table);
}

static int
recognize(void **state)
{
	(void)state;
	key = 0x9e3779b97f4a7c15;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_chose_is_asked_once),
		cmocka_unit_test(a_missed_listener_is_found),
		cmocka_unit_test(two_datagrams_prove_nothing),
		cmocka_unit_test(a_crowd_of_another_cgroup_is_left_out),
		cmocka_unit_test(three_polls_that_lack_it_are_the_proof),
		cmocka_unit_test(what_is_unproved_is_bounded),
		cmocka_unit_test(an_incomplete_dump_ends_nothing),
		cmocka_unit_test(many_missing_are_asked_for_together),
		cmocka_unit_test(many_gone_cost_few_questions),
		cmocka_unit_test(a_hurried_poll_ends_nothing),
		cmocka_unit_test(proc_net_is_read_twice),
		cmocka_unit_test(a_second_dump_does_not_fill_a_poll),
		cmocka_unit_test(given_up),
		cmocka_unit_test_setup(who_chose_is_asked_once, recognize),
		cmocka_unit_test_setup(a_missed_listener_is_found, recognize),
		cmocka_unit_test_setup(two_datagrams_prove_nothing, recognize),
		cmocka_unit_test_setup(three_polls_that_lack_it_are_the_proof, recognize),
		cmocka_unit_test_setup(an_incomplete_dump_ends_nothing, recognize),
		cmocka_unit_test_setup(many_missing_are_asked_for_together, recognize),
		cmocka_unit_test_setup(many_gone_cost_few_questions, recognize),
		cmocka_unit_test_setup(a_hurried_poll_ends_nothing, recognize),
		cmocka_unit_test_setup(proc_net_is_read_twice, recognize),
		cmocka_unit_test_setup(a_second_dump_does_not_fill_a_poll, recognize),
		cmocka_unit_test_setup(given_up, recognize),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-poll-steps", tests, NULL, NULL);
}
