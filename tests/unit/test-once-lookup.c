/* SPDX-License-Identifier: MIT */
/*
 * How --once asks overstay-lookup, whose side is played here: what is asked, how often, and what an
 * engine has in the end. Also what of that can be viewed.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "help.h"
#include "engine/view.h"
#include "once-lookup.h"

/* What the other side does, and what it was asked. */
static struct {
	int ends;    /* pipe that is always readable */
	int result;  /* of each step, once all are answered */
	bool nobody; /* nobody holds any socket */
	bool part;   /* not every process was searched */
	bool closed;
	size_t batches, questions;
	bool thorough; /* all of them were */
	struct lookup_question asked[LOOKUP_QUESTIONS_MAX];
	size_t open;
} played;

static struct engine *engine;
static struct policy policy;

int __wrap_lookup_client_fd(const struct lookup_client *client);
int __wrap_lookup_client_ask(struct lookup_client *client, const struct lookup_question *questions,
    size_t count);
int __wrap_lookup_client_step(struct lookup_client *client, uint64_t now_usec,
    lookup_client_function *function, void *argument);
int __wrap_lookup_client_set_paths(struct lookup_client *client, const struct link_table *paths);
const struct link_table *__wrap_lookup_client_links(const struct lookup_client *client);
struct lookup_client *__wrap_lookup_client_close(struct lookup_client *client);

int
__wrap_lookup_client_fd(const struct lookup_client *client)
{
	(void)client;
	return played.ends;
}

int
__wrap_lookup_client_ask(struct lookup_client *client, const struct lookup_question *questions,
    size_t count)
{
	(void)client;
	played.batches++;
	played.questions += count;
	for (size_t i = 0; i < count; i++)
		played.thorough &= questions[i].thorough;
	memcpy(played.asked, questions, count * sizeof(*questions));
	played.open = count;
	return 0;
}

int
__wrap_lookup_client_step(struct lookup_client *client, uint64_t now_usec,
    lookup_client_function *function, void *argument)
{
	struct owner *owner = played.nobody ? owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0) :
					      help_owner("/usr/bin/nc", 0);

	(void)client;
	assert_non_null(owner);
	owner->thorough = !played.part;
	owner->unsearched = played.part;
	owner->observed_usec = now_usec;
	while (played.result == 0 && played.open > 0)
		function(played.asked[--played.open].inode, owner, argument);
	(void)owner_unref(owner);
	return played.result;
}

int
__wrap_lookup_client_set_paths(struct lookup_client *client, const struct link_table *paths)
{
	(void)client;
	assert_ptr_equal(paths, &policy.links);
	return 0;
}

/* They all lead to one place. */
const struct link_table *
__wrap_lookup_client_links(const struct lookup_client *client)
{
	static struct link links[] = { { (char *)"/bin/nc", (char *)"/usr/bin/nc", true } };
	static const struct link_table table = { .links = links, .count = 1 };

	(void)client;
	return &table;
}

struct lookup_client *
__wrap_lookup_client_close(struct lookup_client *client)
{
	(void)client;
	played.closed = true;
	return NULL;
}

/* Something that is not NULL: no field of it is read. */
static struct lookup_client *
some_client(void)
{
	return (struct lookup_client *)(void *)&played;
}

static void
make_id(struct stay_id *ret, void *argument)
{
	(void)argument;
	*ret = (struct stay_id){ 0 };
}

static int
begin(void **state)
{
	struct range_wanted wanted = { 0 };
	struct moment moment = { clock_boottime_usec(), clock_realtime_usec() };
	struct ranges ranges;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(close(ends[1]), 0);
	memset(&played, 0, sizeof(played));
	played.ends = ends[0];
	played.thorough = true;
	engine = engine_new(make_id, NULL);
	assert_non_null(engine);
	policy_init(&policy);
	policy.log_after_usec = 0;
	engine_set_policy(engine, &policy);
	port_set_add(&wanted.explicit_ports, 50000, 60000);
	ranges_resolve(&wanted, NULL, &ranges);
	engine_set_watched(engine, &ranges, 1 << PROTOCOL_TCP | 1 << PROTOCOL_UDP, &moment);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	engine = engine_free(engine);
	assert_int_equal(close(played.ends), 0);
	return 0;
}

/* A poll that sees the first `count` of many listeners, and all that is asked then. */
static struct lookup_client *
poll_and_ask(size_t count, struct lookup_client *client)
{
	struct listener *listeners = calloc(count, sizeof(*listeners));

	assert_non_null(listeners);
	/* A poll is later than what was answered before it, by a clock of microseconds. */
	assert_int_equal(usleep(1000), 0);
	for (size_t i = 0; i < count; i++)
		listeners[i] = help_listener(i % 2 == 0 ? PROTOCOL_TCP : PROTOCOL_UDP, "0.0.0.0",
		    (uint16_t)(50000 + i), i + 1);
	assert_int_equal(
	    engine_observe(engine, help_poll(clock_boottime_usec(), listeners, count), false), 0);
	free(listeners);
	assert_int_equal(once_lookup(engine, &policy, &client, NULL), 0);
	return client;
}

static struct stay_view *
see(size_t count)
{
	const struct moment moment = { clock_boottime_usec(), clock_realtime_usec() };
	struct stay_view *views = NULL;
	size_t seen = 0;

	assert_int_equal(engine_view(engine, &moment, &views, &seen), 0);
	assert_int_equal(seen, count);
	return views;
}

static void
test_everybody_is_asked_for_once_and_thoroughly(void **state)
{
	struct lookup_client *client;
	struct stay_view *views;

	(void)state;
	client = poll_and_ask(2500, some_client());
	assert_ptr_equal(client, some_client());
	assert_int_equal(played.questions, 2500);
	/* All share one walk. */
	assert_int_equal(played.batches, 1);
	assert_true(played.thorough);
	views = see(2500);
	for (size_t i = 0; i < 2500; i++) {
		assert_int_equal(views[i].stay.endpoint.port, 50000 + i);
		assert_int_equal(views[i].stay.owner->kind, OWNER_PROCESS);
		assert_int_equal(views[i].unknown, 0);
		assert_false(views[i].more_holders);
	}
	(void)views_free(views, 2500);
}

/* Some user has too many descriptors to be searched: asking once more takes as long for nothing. */
static void
test_what_was_not_all_searched_is_asked_for_once(void **state)
{
	struct stay_view *views;

	(void)state;
	played.part = true;
	(void)poll_and_ask(3, some_client());
	assert_int_equal(played.questions, 3);
	assert_int_equal(played.batches, 1);
	assert_true(played.thorough);
	views = see(3);
	for (size_t i = 0; i < 3; i++)
		assert_true(views[i].more_holders);
	(void)views_free(views, 3);
}

static void
test_nobodys_sockets_are_asked_for_again_after_a_poll(void **state)
{
	struct stay_view *views;

	(void)state;
	played.nobody = true;
	(void)poll_and_ask(1, some_client());
	assert_int_equal(played.questions, 1);
	views = see(1);
	assert_int_equal(views[0].stay.reasons, 0);
	assert_int_equal(views[0].unknown, 1U << OWNER_REASON_NO_PROCESS);
	(void)views_free(views, 1);
	(void)poll_and_ask(1, some_client());
	assert_int_equal(played.questions, 2);
	(void)poll_and_ask(1, some_client());
	views = see(1);
	assert_int_equal(views[0].stay.reasons, 1U << REASON_NO_OWNER);
	(void)views_free(views, 1);
}

static void
check_failed(struct lookup_client *client, enum owner_reason reason)
{
	struct stay_view *views;

	assert_null(poll_and_ask(3, client));
	views = see(3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(views[i].stay.owner->reason, reason);
		assert_int_equal(views[i].unknown, 1U << reason);
	}
	(void)views_free(views, 3);
}

static void
test_a_lookup_that_is_gone(void **state)
{
	(void)state;
	played.result = -EPIPE;
	check_failed(some_client(), OWNER_REASON_NO_LOOKUP);
	assert_true(played.closed);
	assert_int_equal(played.batches, 1);
}

static void
test_without_a_lookup(void **state)
{
	(void)state;
	check_failed(NULL, OWNER_REASON_NO_LOOKUP);
	assert_int_equal(played.batches, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_everybody_is_asked_for_once_and_thoroughly,
		    begin, end),
		cmocka_unit_test_setup_teardown(test_what_was_not_all_searched_is_asked_for_once,
		    begin, end),
		cmocka_unit_test_setup_teardown(
		    test_nobodys_sockets_are_asked_for_again_after_a_poll, begin, end),
		cmocka_unit_test_setup_teardown(test_a_lookup_that_is_gone, begin, end),
		cmocka_unit_test_setup_teardown(test_without_a_lookup, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("once-lookup", tests, NULL, NULL);
}
