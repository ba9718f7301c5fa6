/* SPDX-License-Identifier: MIT */
/*
 * The asking for peers in the event loop. The engine's questions, its answers and whether there is
 * a sock_diag are the test's own: the linker hands these functions over (-Wl,--wrap), and
 * source_step() where the kernel shall not answer, or take long.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "kernel/connected.h"
#include "loop/peers.h"

#define QUESTIONS_MAX 70
#define TICK_USEC     (5 * USEC_PER_MSEC)

/* The kernel walks until the loop has ticked so often, or for so long: then it held the loop. */
#define WALK_TICKS	10
#define WALK_UNTIL_USEC (20 * USEC_PER_SEC)

static struct {
	struct ground ground;
	struct peers *peers;
	size_t descriptors; /* open while nothing is asked */
	struct endpoint questions[QUESTIONS_MAX];
	size_t count, next; /* of the questions; those before next were asked */
	size_t rounds;	    /* that asked for something */
	struct {
		struct endpoint endpoint;
		bool answered;
		struct report_peers peers;
	} answers[QUESTIONS_MAX];
	size_t answer_count;
	size_t changes; /* announced since the first question */
	bool no_sock_diag;
} played;

/* A thread may outlive its test. */
static atomic_bool mute;  /* the kernel does not answer */
static atomic_bool slow;  /* it walks for long */
static atomic_uint ticks; /* of the loop's timer */
static atomic_bool held;  /* the loop did not tick meanwhile */

size_t __wrap_engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max);
void __wrap_engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers);
bool __wrap_conditions_hold(const struct conditions *conditions, enum condition condition);
int __real_source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result);
int __wrap_source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result);

size_t
__wrap_engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	size_t count = played.count - played.next;

	assert_ptr_equal(engine, played.ground.engine);
	if (count > max)
		count = max;
	memcpy(endpoints, played.questions + played.next, count * sizeof(*endpoints));
	played.next += count;
	played.rounds += count > 0;
	return count;
}

void
__wrap_engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	size_t index = played.answer_count++;

	assert_ptr_equal(engine, played.ground.engine);
	assert_true(index < QUESTIONS_MAX);
	played.answers[index].endpoint = *endpoint;
	played.answers[index].answered = peers != NULL;
	if (peers != NULL)
		played.answers[index].peers = *peers;
}

bool
__wrap_conditions_hold(const struct conditions *conditions, enum condition condition)
{
	(void)conditions;
	return condition == CONDITION_SOURCE && played.no_sock_diag;
}

/* In the place of the engine, which judges at once; the loop ends when no more is to be asked. */
static void
on_changed(void *argument)
{
	(void)argument;
	played.changes++;
	loop_announce(played.ground.loop, LOOP_PASSED);
	if (played.answer_count == played.count)
		loop_stop(played.ground.loop);
}

int
__wrap_source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result)
{
	uint64_t until_usec = clock_monotonic_usec() + WALK_UNTIL_USEC;
	unsigned first = ticks;

	while (slow && !held && ticks - first < WALK_TICKS) {
		(void)usleep(1000);
		held = clock_monotonic_usec() > until_usec;
	}
	return mute ? -EAGAIN : __real_source_step(source, function, argument, ret_result);
}

static size_t
count_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	assert_int_equal(closedir(directory), 0);
	return count;
}

static int
set_up(void **state)
{
	struct ground *ground = &played.ground;

	(void)state;
	memset(&played, 0, sizeof(played));
	mute = slow = held = false;
	ground->proc_fd = -1;
	ground->engine = engine_new(NULL, NULL);
	if (ground->engine == NULL || loop_new(&ground->loop) < 0 ||
	    peers_new(ground, &played.peers) < 0)
		return -1;
	played.descriptors = count_descriptors();
	return loop_subscribe(ground->loop, LOOP_CHANGED, on_changed, NULL);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)peers_free(played.peers);
	(void)engine_free(played.ground.engine);
	(void)loop_free(played.ground.loop);
	return 0;
}

static void
question(uint16_t port)
{
	played.questions[played.count++] = (struct endpoint){
		.protocol = PROTOCOL_TCP,
		.family = AF_INET,
		.address = { 127, 0, 0, 1 },
		.port = port,
	};
}

static void
ask(void)
{
	loop_announce(played.ground.loop, LOOP_PASSED);
	played.changes = 0;
}

/* A timer of the loop. */
static struct {
	struct event *timer;
	bool until_idle; /* the loop ends when no more descriptors are open than before */
} tick;

static void
on_tick(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	ticks++;
	if (tick.until_idle && count_descriptors() == played.descriptors)
		loop_stop(played.ground.loop);
	loop_arm(tick.timer, TICK_USEC);
}

static void
run_loop(bool until_idle)
{
	memset(&tick, 0, sizeof(tick));
	tick.until_idle = until_idle;
	assert_int_equal(loop_add_timer(played.ground.loop, on_tick, NULL, &tick.timer), 0);
	loop_arm(tick.timer, 0);
	assert_int_equal(loop_run(played.ground.loop), 0);
	loop_drop(&tick.timer);
}

/* Asks, and runs the loop until all is answered. */
static void
run(void)
{
	ask();
	run_loop(false);
	assert_int_equal(played.answer_count, played.count);
	for (size_t i = 0; i < played.count; i++)
		assert_int_equal(
		    endpoint_compare(&played.answers[i].endpoint, &played.questions[i]), 0);
}

/* An idle host pays for nothing: what was given up is gone, too, as soon as its thread is back. */
static void
run_until_idle(void)
{
	run_loop(true);
	assert_int_equal(count_descriptors(), played.descriptors);
}

static void
nothing_to_ask(void **state)
{
	(void)state;
	ask();
	assert_int_equal(count_descriptors(), played.descriptors);
	assert_int_equal(played.rounds, 0);
}

static void
a_real_connection(void **state)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct source *source = NULL;

	(void)state;
	assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
	question(ntohs(address.sin_port));
	assert_int_equal(getsockname(client, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(source_open_netlink(&source), 0);
	played.questions[0].netns = source_netns(source);
	source_close(source);
	played.descriptors = count_descriptors();

	run();
	run_until_idle();
	assert_true(played.answers[0].answered);
	assert_true(played.answers[0].peers.complete);
	assert_int_equal(played.answers[0].peers.count, 1);
	assert_int_equal(played.answers[0].peers.peers[0].port, ntohs(address.sin_port));
	assert_int_equal(played.changes, 1);
	assert_int_equal(close(listener), 0);
	assert_int_equal(close(client), 0);
}

/* More than one request takes: the rest is asked when that is over, not before. */
static void
one_at_a_time(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < QUESTIONS_MAX; i++)
		question((uint16_t)(2000 + i));
	ask();
	assert_int_equal(played.next, CONNECTED_MAX);
	run();
	assert_int_equal(played.rounds, 2);
	assert_int_equal(played.changes, 2);
	assert_true(played.answers[QUESTIONS_MAX - 1].answered);
}

/* No table to be had at all: /proc/net of a /proc that is not there. */
static void
no_source(void **state)
{
	(void)state;
	played.no_sock_diag = true;
	question(2000);
	question(2001);
	run();
	assert_false(played.answers[0].answered);
	assert_false(played.answers[1].answered);
	assert_int_equal(played.changes, 1);
}

static void
no_answer(void **state)
{
	uint64_t begun_usec = clock_monotonic_usec(), waited_usec;

	(void)state;
	mute = true;
	question(2000);
	run();
	waited_usec = clock_monotonic_usec() - begun_usec;
	run_until_idle();
	assert_false(played.answers[0].answered);
	assert_true(waited_usec >= 1900 * USEC_PER_MSEC);
	assert_true(waited_usec < 4900 * USEC_PER_MSEC);
	/* The next one has nothing of it. */
	mute = false;
	played.count = played.next = played.answer_count = 0;
	question(2001);
	run();
	assert_true(played.answers[0].answered);
	assert_int_equal(played.answers[0].peers.count, 0);
}

static void
stopped_meanwhile(void **state)
{
	(void)state;
	question(2000);
	ask();
	/* The rest is AddressSanitizer's to say. */
	assert_true(count_descriptors() > played.descriptors);
}

/* One system call may walk the kernel's whole hash: the loop goes on meanwhile. */
static void
slow_kernel(void **state)
{
	(void)state;
	slow = true;
	question(2000);
	run();
	assert_true(played.answers[0].answered);
	assert_false(held);
	assert_true(loop_longest_hold_usec(played.ground.loop) < WALK_UNTIL_USEC / 2);
}

#define with_loop(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_loop(nothing_to_ask),
		with_loop(a_real_connection),
		with_loop(one_at_a_time),
		with_loop(no_source),
		with_loop(no_answer),
		with_loop(stopped_meanwhile),
		with_loop(slow_kernel),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("loop-peers", tests, NULL, NULL);
}
