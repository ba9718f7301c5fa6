/* SPDX-License-Identifier: MIT */
/*
 * More listeners than can be watched, from the dump to the messages: polls under a written source,
 * taken in by an engine. Who keeps a place, and that nothing is said of who does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "engine/pass.h"
#include "engine/surplus.h"
#include "kernel/poll-steps.h"

#define KEY	  0x9e3779b97f4a7c15
#define TABLE_MAX 200000
#define ALICE	  1001
#define BOB	  1002
#define CAROL	  1003

struct world {
	struct listener *table; /* what is open */
	size_t count;
	uint64_t next_cookie, ids, now_usec, key;
	uint32_t incomplete; /* of dumps, */
	size_t missed;	     /* which lack so many of the first */
	struct policy policy;
	struct ranges ranges;
	struct engine *engine;
	bool repeated; /* the last poll only did that */
	size_t reports[EVENT_COUNT];
	struct crowd_left_out left_out;
};

/* Opens count listeners of a user, each on an endpoint of its own. */
static void
open_some(struct world *world, uint32_t uid, size_t count)
{
	for (; count > 0; count--) {
		uint64_t cookie = world->next_cookie++;
		struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1",
		    (uint16_t)(40000 + cookie % 20000), cookie);

		listener.endpoint.address[1] = (uint8_t)(1 + cookie / 20000);
		listener.uid = uid;
		listener.choice = CHOICE_ASKED;
		assert_true(world->count < TABLE_MAX);
		world->table[world->count++] = listener;
	}
}

/* Closes count listeners of a user, from the oldest on. */
static void
close_some(struct world *world, uint32_t uid, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < world->count; i++)
		if (world->table[i].uid != uid || count == 0)
			world->table[kept++] = world->table[i];
		else
			count--;
	world->count = kept;
}

static bool
is_selected(const struct source_request *request, const struct listener *listener)
{
	if (listener->endpoint.protocol != request->protocol ||
	    (request->choice != CHOICE_UNKNOWN && request->choice != listener->choice))
		return false;
	if (request->place != NULL)
		return endpoint_compare(&listener->endpoint, &request->place->endpoint) == 0;
	return request->port == 0 ? port_set_has(&request->filter->ports, listener->endpoint.port) :
				    request->port == listener->endpoint.port;
}

static void
answer(const struct world *world, struct poll_steps *steps, const struct source_request *request)
{
	bool dump = request->port == 0 && request->choice == CHOICE_UNKNOWN;
	struct source_result result = {
		.datagrams = 1,
		.incomplete = dump ? world->incomplete : 0,
	};

	for (size_t i = dump ? world->missed : 0; i < world->count; i++) {
		struct source_socket socket = { .listener = world->table[i], .listening = true };

		socket.listener.choice = CHOICE_UNKNOWN;
		if (is_selected(request, &world->table[i]))
			poll_steps_socket(&socket, steps);
	}
	poll_steps_answered(steps, &result);
}

static struct snapshot *
read_all(struct world *world)
{
	const struct poll_steps_options options = {
		.last = engine_last_poll(world->engine),
		.filter = &world->ranges.filter,
		.protocols = 1 << PROTOCOL_TCP,
		.knows_choice = true,
		.taken_usec = world->now_usec,
		.key = world->key,
	};
	struct poll_steps *steps = poll_steps_new(&options);
	const struct source_request *request;
	struct snapshot *snapshot;

	assert_non_null(steps);
	while ((request = poll_steps_request(steps)) != NULL)
		answer(world, steps, request);
	snapshot = poll_steps_finish(steps);
	assert_non_null(snapshot);
	return snapshot;
}

static void
take_reports(struct world *world)
{
	struct report *report;

	while ((report = engine_next(world->engine, 0)) != NULL) {
		world->reports[report->kind]++;
		if (report->kind == EVENT_CLEARED)
			assert_true(report->stay->unwatched);
		engine_taken(world->engine, 0);
	}
}

/* A poll, as the loop takes it in. */
static void
poll(struct world *world)
{
	struct snapshot *snapshot;
	struct moment moment;

	world->now_usec += 5 * USEC_PER_SEC;
	moment = help_moment(world->now_usec);
	snapshot = read_all(world);
	world->repeated = snapshot->repeats;
	assert_true(snapshot->count <= 2 * CROWD_WATCHED_MAX);
	assert_int_equal(surplus_drop(world->engine, snapshot, &moment), 0);
	if (!snapshot->repeats && world->key != 0)
		snapshot_note_known(snapshot, world->key);
	world->left_out = crowd_left_out(snapshot->crowd);
	assert_int_equal(engine_observe(world->engine, snapshot, false), 0);
	engine_lookup_failed(world->engine, OWNER_REASON_NO_LOOKUP, world->now_usec);
	engine_advance(world->engine, &moment);
	take_reports(world);
	assert_true(world->engine->last->count <= CROWD_WATCHED_MAX);
	assert_int_equal(world->left_out.count + world->engine->last->count, world->count);
}

static int
set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct range_wanted wanted = { 0 };
	struct moment moment;
	unsigned consumer;

	assert_non_null(world);
	world->table = calloc(TABLE_MAX, sizeof(*world->table));
	assert_non_null(world->table);
	world->key = KEY;
	world->next_cookie = 1;
	world->now_usec = USEC_PER_HOUR;
	world->policy = (struct policy){
		.threshold_usec = USEC_NEVER,
		.user_threshold_usec = USEC_NEVER,
		.udp_auto_usec = USEC_NEVER,
		.grace_usec = USEC_PER_MIN,
		.remind_usec = USEC_NEVER,
		.heartbeat_usec = USEC_NEVER,
	};
	world->engine = engine_new(help_make_id, &world->ids);
	assert_non_null(world->engine);
	engine_set_policy(world->engine, &world->policy);
	assert_int_equal(engine_add_consumer(world->engine, &consumer), 0);
	port_set_add(&wanted.explicit_ports, 32768, 60999);
	ranges_resolve(&wanted, NULL, &world->ranges);
	moment = help_moment(world->now_usec);
	engine_set_watched(world->engine, &world->ranges, 1 << PROTOCOL_TCP, &moment);
	*state = world;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *world = *state;

	(void)engine_free(world->engine);
	free(world->table);
	free(world);
	return 0;
}

static size_t
count_watched(const struct world *world, uint32_t uid)
{
	const struct snapshot *last = world->engine->last;
	size_t count = 0;

	for (size_t i = 0; i < last->count; i++)
		count += last->listeners[i].uid == uid;
	return count;
}

/* Stays and the last poll are about the same sockets, and nothing was said of any that closed. */
static void
expect_nothing_false(const struct world *world)
{
	const struct track *track = &world->engine->track;
	size_t members = 0;

	for (size_t i = 0; i < track->count; i++)
		members += track->stays[i]->is.live;
	assert_int_equal(members, world->engine->last->count);
	assert_int_equal(track->tally.away, 0);
	assert_int_equal(track->tally.unproved, 0);
	assert_int_equal(world->reports[EVENT_VANISHED], 0);
	assert_int_equal(world->reports[EVENT_ENDED], 0);
}

static struct stay *
find_stay(const struct world *world, const struct listener *listener)
{
	const struct track *track = &world->engine->track;
	size_t at = track_lower_bound(track, &listener->endpoint);

	return at < track->count &&
		endpoint_compare(&track->stays[at]->is.endpoint, &listener->endpoint) == 0 ?
	    track->stays[at] :
	    NULL;
}

static void
a_crowd_hides_nobody(void **state)
{
	struct world *world = *state;

	open_some(world, ALICE, 80000);
	poll(world);
	assert_int_equal(world->engine->last->count, CROWD_WATCHED_MAX);
	assert_int_equal(world->left_out.uid, ALICE);
	/* The others are counted, and cost no more than that. */
	poll(world);
	assert_true(world->repeated || world->key == 0);
	open_some(world, BOB, 10);
	poll(world);
	assert_int_equal(count_watched(world, BOB), 10);
	assert_int_equal(count_watched(world, ALICE), CROWD_WATCHED_MAX - 10);
	poll(world);
	assert_true(world->repeated || world->key == 0);
	expect_nothing_false(world);
	/* What is gone is gone, and makes room. */
	close_some(world, BOB, 10);
	poll(world);
	assert_int_equal(world->engine->track.tally.away, 10);
	poll(world);
	assert_int_equal(count_watched(world, ALICE), CROWD_WATCHED_MAX);
}

static void
the_oldest_stay(void **state)
{
	struct world *world = *state;
	struct track *track = &world->engine->track;

	open_some(world, ALICE, 60000);
	poll(world);
	assert_int_equal(world->left_out.count, 0);
	open_some(world, ALICE, 10000);
	poll(world);
	open_some(world, BOB, 40000);
	poll(world);
	assert_int_equal(count_watched(world, ALICE), CROWD_WATCHED_MAX / 2);
	assert_int_equal(count_watched(world, BOB), CROWD_WATCHED_MAX / 2);
	for (size_t i = 0; i < track->count; i++)
		assert_true(track->stays[i]->is.members[0].uid == BOB ||
		    track->stays[i]->is.members[0].cookie <= 60000);
	expect_nothing_false(world);
	poll(world);
	assert_true(world->repeated || world->key == 0);
}

static void
suspects_stay(void **state)
{
	struct world *world = *state;

	open_some(world, ALICE, CROWD_WATCHED_MAX);
	poll(world);
	/* The last ones, which would be the first to go. */
	for (size_t i = 0; i < 100; i++)
		find_stay(world, &world->table[CROWD_WATCHED_MAX - 1 - i])->told.suspected = true;
	open_some(world, BOB, 1000);
	poll(world);
	for (size_t i = 0; i < 100; i++)
		assert_non_null(find_stay(world, &world->table[CROWD_WATCHED_MAX - 1 - i]));
	/* But nobody gets more than a share by being one. */
	for (size_t i = 0; i < world->engine->track.count; i++)
		world->engine->track.stays[i]->told.suspected = true;
	open_some(world, CAROL, 1000);
	poll(world);
	assert_int_equal(count_watched(world, CAROL), 1000);
	assert_int_equal(count_watched(world, BOB), 1000);
	expect_nothing_false(world);
}

/* What overstayed and lost its place is said to be not watched any more. */
static void
the_end_is_said(void **state)
{
	struct world *world = *state;

	open_some(world, ALICE, CROWD_WATCHED_MAX);
	poll(world);
	for (size_t i = 0; i < world->engine->track.count; i++)
		world->engine->track.stays[i]->told.overstayed = true;
	open_some(world, BOB, 3);
	poll(world);
	assert_int_equal(world->reports[EVENT_CLEARED], 3);
	expect_nothing_false(world);
}

/* One that finds room later did not appear then. */
static void
who_was_there_before_is_not_new(void **state)
{
	struct world *world = *state;
	size_t late = 0;

	world->policy.log_appeared = SEVERITY_INFO;
	open_some(world, ALICE, 70000);
	poll(world);
	close_some(world, ALICE, 50);
	poll(world);
	open_some(world, BOB, 1);
	poll(world);
	assert_int_equal(count_watched(world, ALICE), CROWD_WATCHED_MAX - 1);
	for (size_t i = 0; i < world->engine->track.count; i++) {
		const struct stay *stay = world->engine->track.stays[i];

		if (stay->is.state == STAY_AWAY)
			continue;
		late += stay->is.late;
		assert_true(stay->is.baseline || stay->is.late || stay->is.members[0].uid == BOB);
		if (stay->is.late)
			assert_true(stay->is.absent_usec == USEC_NEVER);
	}
	assert_int_equal(late, 49);
}

/* What an incomplete dump lacks keeps its place. */
static void
what_is_missing_keeps_its_place(void **state)
{
	struct world *world = *state;

	open_some(world, ALICE, 100000);
	open_some(world, BOB, 5);
	poll(world);
	assert_int_equal(count_watched(world, BOB), 5);
	world->incomplete = INCOMPLETE_OVERRUN;
	world->missed = 50000;
	open_some(world, CAROL, 7);
	world->now_usec += 5 * USEC_PER_SEC;
	{
		struct snapshot *snapshot = read_all(world);
		struct moment moment = help_moment(world->now_usec);

		assert_int_equal(snapshot->surplus, 0);
		assert_int_equal(surplus_drop(world->engine, snapshot, &moment), 0);
		assert_int_equal(engine_observe(world->engine, snapshot, false), 0);
	}
	assert_int_equal(world->engine->last->count, CROWD_WATCHED_MAX);
	assert_int_equal(count_watched(world, CAROL), 7);
	world->incomplete = 0;
	world->missed = 0;
	poll(world);
	assert_int_equal(count_watched(world, ALICE), CROWD_WATCHED_MAX - 12);
	expect_nothing_false(world);
}

/* Sockets of one endpoint give way one by one, and the stay goes on. */
static void
a_group_loses_some(void **state)
{
	struct world *world = *state;

	open_some(world, ALICE, CROWD_WATCHED_MAX);
	for (size_t i = 0; i < world->count; i++)
		world->table[i].endpoint = world->table[0].endpoint;
	poll(world);
	assert_int_equal(world->engine->track.count, 1);
	open_some(world, BOB, 100);
	poll(world);
	assert_int_equal(world->engine->track.count, 101);
	assert_int_equal(count_watched(world, BOB), 100);
	expect_nothing_false(world);
}

static int
set_up_without_key(void **state)
{
	int r = set_up(state);

	((struct world *)*state)->key = 0;
	return r;
}

#define BOTH(test)                                                  \
	cmocka_unit_test_setup_teardown((test), set_up, tear_down), \
	    cmocka_unit_test_setup_teardown((test), set_up_without_key, tear_down)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		BOTH(a_crowd_hides_nobody),
		BOTH(the_oldest_stay),
		BOTH(suspects_stay),
		BOTH(the_end_is_said),
		BOTH(who_was_there_before_is_not_new),
		BOTH(what_is_missing_keeps_its_place),
		BOTH(a_group_loses_some),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-crowd", tests, NULL, NULL);
}
