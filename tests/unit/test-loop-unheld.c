/* SPDX-License-Identifier: MIT */
/*
 * How the loop asks the kernel for what no process holds: what it does meanwhile, when the answer
 * does not come, and when nobody wants it any more. The kernel is the test's own (-Wl,--wrap): it
 * answers when it is let.
 */
#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "held.h"
#include "kernel/kernel-sockets.h"
#include "loop/unheld.h"

#define DEADLINE_USEC (20 * USEC_PER_SEC)
#define WATCH_USEC    (5 * USEC_PER_MSEC)

/* The kernel. */
static atomic_uint begun, ended;

void __wrap_kernel_sockets_ask(struct unheld_socket *sockets, size_t count);

void
__wrap_kernel_sockets_ask(struct unheld_socket *sockets, size_t count)
{
	begun++;
	held_wait();
	for (size_t i = 0; i < count; i++)
		sockets[i].claim = KERNEL_CLAIM_PROVED;
	ended++;
}

/* What was told. */
static struct {
	unsigned answers;
	size_t count;
	enum kernel_claim claims[UNHELD_MAX];
} told;

static void
on_answer(const struct unheld_socket *sockets, size_t count, void *argument)
{
	(void)argument;
	told.answers++;
	told.count = count;
	for (size_t i = 0; i < count; i++)
		told.claims[i] = sockets[i].claim;
}

/* Runs the loop until both numbers are there. */
struct watch {
	struct loop *loop;
	struct event *timer;
	uint64_t until_usec;
	unsigned answers;
	atomic_uint *number;
	unsigned least;
	unsigned rounds;
};

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;

	(void)fd;
	(void)what;
	watch->rounds++;
	if ((told.answers >= watch->answers && *watch->number >= watch->least) ||
	    clock_monotonic_usec() > watch->until_usec)
		loop_stop(watch->loop);
	loop_arm(watch->timer, WATCH_USEC);
}

static unsigned
run(struct loop *loop, unsigned answers, atomic_uint *number, unsigned least)
{
	struct watch watch = { .loop = loop,
		.until_usec = clock_monotonic_usec() + DEADLINE_USEC,
		.answers = answers,
		.number = number,
		.least = least };

	assert_int_equal(loop_add_timer(loop, on_timer, &watch, &watch.timer), 0);
	loop_arm(watch.timer, WATCH_USEC);
	assert_int_equal(loop_run(loop), 0);
	loop_drop(&watch.timer);
	assert_int_equal(told.answers, answers);
	assert_true(*number >= least);
	return watch.rounds;
}

struct fixture {
	struct ground ground;
	struct unheld *unheld;
};

static int
setup(void **state)
{
	static struct fixture fixture;

	told.answers = 0;
	begun = ended = 0;
	fixture.ground.proc_fd = -1;
	*state = &fixture;
	return loop_new(&fixture.ground.loop) < 0 ||
		unheld_new(&fixture.ground, NULL, on_answer, NULL, &fixture.unheld) < 0 ?
	    -1 :
	    0;
}

/* What was left behind ends by itself once the kernel answers. */
static bool
is_alone(void)
{
	DIR *directory = opendir("/proc/self/task");
	unsigned threads = 0;
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		threads += entry->d_name[0] != '.';
	if (directory != NULL)
		(void)closedir(directory);
	return threads <= 1;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;
	uint64_t until_usec = clock_monotonic_usec() + DEADLINE_USEC;

	held_set(false);
	(void)unheld_free(fixture->unheld);
	while (!is_alone() && clock_monotonic_usec() < until_usec)
		(void)poll(NULL, 0, 1);
	(void)loop_free(fixture->ground.loop);
	return 0;
}

static const struct unheld_socket sockets[2] = { { .cookie = 1 },
	{ .cookie = 2, .claim = KERNEL_CLAIM_UNPROVED } };

static void
the_kernel_answers(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 1; i <= 3; i++) {
		unheld_ask(fixture->unheld, sockets, 2);
		(void)run(fixture->ground.loop, i, &ended, i);
		assert_int_equal(told.count, 2);
		assert_int_equal(told.claims[0], KERNEL_CLAIM_PROVED);
		assert_int_equal(told.claims[1], KERNEL_CLAIM_PROVED);
	}
}

/* The loop runs on, and goes on without an answer; no other thread joins the one that hangs. */
static void
the_kernel_hangs(void **state)
{
	struct fixture *fixture = *state;

	held_set(true);
	unheld_ask(fixture->unheld, sockets, 2);
	assert_true(run(fixture->ground.loop, 1, &begun, 1) > 10);
	assert_int_equal(told.claims[0], KERNEL_CLAIM_UNPROVED);
	assert_int_equal(told.claims[1], KERNEL_CLAIM_UNPROVED);
	unheld_ask(fixture->unheld, sockets, 1);
	assert_int_equal(told.answers, 2);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.claims[0], KERNEL_CLAIM_UNPROVED);
	assert_true(begun < 2);

	/* Its late answer is nobody's, and after it one can ask again. */
	held_set(false);
	(void)run(fixture->ground.loop, 2, &ended, 1);
	while (begun < 2) {
		told.answers = 0;
		unheld_ask(fixture->unheld, sockets, 1);
		(void)run(fixture->ground.loop, 1, &begun, 1);
	}
	assert_int_equal(told.claims[0], KERNEL_CLAIM_PROVED);
}

static void
nobody_wants_it_any_more(void **state)
{
	struct fixture *fixture = *state;

	held_set(true);
	unheld_ask(fixture->unheld, sockets, 2);
	(void)run(fixture->ground.loop, 0, &begun, 1);
	unheld_cancel(fixture->unheld);
	held_set(false);
	(void)run(fixture->ground.loop, 0, &ended, 1);
	assert_int_equal(told.answers, 0);
}

/* It ends while the kernel does not answer: the thread is left behind. */
static void
the_end_does_not_wait(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before_usec;

	held_set(true);
	unheld_ask(fixture->unheld, sockets, 2);
	(void)run(fixture->ground.loop, 0, &begun, 1);
	before_usec = clock_monotonic_usec();
	fixture->unheld = unheld_free(fixture->unheld);
	assert_true(clock_monotonic_usec() - before_usec < 2 * USEC_PER_SEC);
	assert_int_equal(told.answers, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_kernel_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(the_kernel_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_wants_it_any_more, setup, teardown),
		cmocka_unit_test_setup_teardown(the_end_does_not_wait, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("unheld", tests, NULL, NULL);
}
