/* SPDX-License-Identifier: MIT */
/*
 * A source in a thread of its own: what is called when, what a stop leaves alone, and what becomes
 * of a thread that hangs. The kernel is the test's own (-Wl,--wrap): it answers when it is let.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "held.h"
#include "loop/pump.h"

#define DEADLINE_USEC (20 * USEC_PER_SEC)
#define TICK_USEC     (2 * USEC_PER_MSEC)

int __wrap_source_begin(struct source *source, const struct source_request *request);
int __wrap_source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result);
bool __wrap_conditions_hold(const struct conditions *conditions, enum condition condition);
void __wrap_conditions_begin(struct conditions *conditions, enum condition condition,
    enum notice notice, const struct fact *facts, size_t count);

/* The kernel. */
static atomic_int failure;   /* with which it answers; 0 = without */
static atomic_uint steps;    /* that were begun */
static atomic_uint released; /* contexts that were */

/* What a task is given. The thread counts in what it borrows. */
struct context {
	struct source_request request;
	unsigned requests, asked, answers, finished;
	int r;
	unsigned *borrowed;
};

int
__wrap_source_begin(struct source *source, const struct source_request *request)
{
	(void)source;
	return request->port == 7 ? 0 : -EINVAL;
}

int
__wrap_source_step(struct source *source, source_function *function, void *argument,
    struct source_result *ret_result)
{
	const struct source_socket socket = { .listening = true };
	int r;

	(void)source;
	atomic_fetch_add(&steps, 1);
	held_wait();
	r = failure;
	if (r == 0) {
		function(&socket, argument);
		ret_result->sockets = 1;
	}
	return r;
}

bool
__wrap_conditions_hold(const struct conditions *conditions, enum condition condition)
{
	(void)conditions;
	(void)condition;
	return false;
}

static unsigned conditions;

void
__wrap_conditions_begin(struct conditions *parts, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count)
{
	(void)parts;
	(void)notice;
	(void)facts;
	(void)count;
	conditions += condition == CONDITION_SOURCE;
}

static const struct source_request *
next_request(void *argument)
{
	struct context *context = argument;

	return context->asked < context->requests ? &context->request : NULL;
}

static void
on_socket(const struct source_socket *socket, void *argument)
{
	struct context *context = argument;

	(void)socket;
	(*context->borrowed)++;
}

static void
on_answered(void *argument, int r, const struct source_result *result)
{
	struct context *context = argument;

	context->asked++;
	context->answers += r == 0 && result->sockets == 1;
}

static void
finish(void *argument)
{
	struct context *context = argument;

	context->finished++;
	(*context->borrowed)++;
}

static void
release(void *argument)
{
	atomic_fetch_add(&released, 1);
	free(argument);
}

static const struct pump_task brief = {
	.thread = "test",
	.request = next_request,
	.socket = on_socket,
	.answered = on_answered,
	.finish = finish,
	.release = release,
};

static const struct pump_task lasting = {
	.thread = "test",
	.lasting = true,
	.request = next_request,
	.socket = on_socket,
	.answered = on_answered,
	.finish = finish,
	.release = release,
};

static struct {
	struct ground ground;
	struct pump pump;
	struct event *timer;
	uint64_t until_usec;
	atomic_uint *number; /* the loop runs until it is so large, or `done` is */
	unsigned least;
	unsigned borrowed;
	unsigned done;
	unsigned ticks;
	struct context last; /* what was done last */
	bool lost;	     /* nothing came of it */
	int r;
} played;

static void
on_done(void *argument, void *context, int r)
{
	(void)argument;
	played.done++;
	played.lost = context == NULL;
	played.r = r;
	if (context != NULL)
		played.last = *(struct context *)context;
	free(context);
}

static void
on_tick(evutil_socket_t fd, short what, void *argument)
{
	unsigned number = played.number == NULL ? played.done : atomic_load(played.number);

	(void)fd;
	(void)what;
	(void)argument;
	played.ticks++;
	if (number >= played.least || clock_monotonic_usec() > played.until_usec)
		loop_stop(played.ground.loop);
	loop_arm(played.timer, TICK_USEC);
}

/* Runs the loop until the number (NULL: of tasks that are done) is there. */
static void
run_until(atomic_uint *number, unsigned least)
{
	played.number = number;
	played.least = least;
	played.until_usec = clock_monotonic_usec() + DEADLINE_USEC;
	loop_arm(played.timer, 0);
	assert_int_equal(loop_run(played.ground.loop), 0);
	assert_true((number == NULL ? played.done : atomic_load(number)) >= least);
}

static void
begin(unsigned requests)
{
	struct context *context = calloc(1, sizeof(*context));

	assert_non_null(context);
	context->request.port = 7;
	context->requests = requests;
	context->borrowed = &played.borrowed;
	pump_begin(&played.pump, context);
}

static int
set_up(const struct pump_task *task)
{
	memset(&played, 0, sizeof(played));
	atomic_store(&steps, 0);
	atomic_store(&released, 0);
	conditions = 0;
	held_set(false);
	failure = 0;
	played.ground.proc_fd = -1;
	played.ground.engine = engine_new(NULL, NULL);
	played.pump.task = task;
	played.pump.done = on_done;
	return played.ground.engine == NULL || loop_new(&played.ground.loop) < 0 ||
		pump_open(&played.pump, &played.ground) < 0 ?
	    -1 :
	    loop_add_timer(played.ground.loop, on_tick, NULL, &played.timer);
}

static int
set_up_brief(void **state)
{
	(void)state;
	return set_up(&brief);
}

static int
set_up_lasting(void **state)
{
	(void)state;
	return set_up(&lasting);
}

static int
tear_down(void **state)
{
	(void)state;
	held_set(false);
	pump_close(&played.pump);
	loop_drop(&played.timer);
	(void)engine_free(played.ground.engine);
	(void)loop_free(played.ground.loop);
	return 0;
}

static void
answers_all(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 3; i++) {
		begin(2 * i);
		run_until(NULL, i);
		assert_int_equal(played.r, 0);
		assert_int_equal(played.last.answers, 2 * i);
		assert_int_equal(played.last.finished, 1);
	}
	assert_int_equal(played.borrowed, 2 + 4 + 6 + 3);
	assert_int_equal(atomic_load(&released), 0);
	assert_int_equal(played.pump.thread != NULL, played.pump.task->lasting);
}

static void
asks_nothing(void **state)
{
	(void)state;
	begin(0);
	run_until(NULL, 1);
	assert_int_equal(played.last.finished, 1);
	assert_int_equal(atomic_load(&steps), 0);
}

/* The first failure is handed on; what comes after it is asked all the same. */
static void
source_fails(void **state)
{
	(void)state;
	failure = -EIO;
	begin(2);
	run_until(NULL, 1);
	assert_int_equal(played.r, -EIO);
	assert_int_equal(played.last.asked, 2);
	assert_int_equal(played.last.answers, 0);
	assert_int_equal(conditions, 0);
	failure = -ENOENT;
	begin(1);
	run_until(NULL, 2);
	assert_int_equal(conditions, 1);
	failure = 0;
	begin(1);
	run_until(NULL, 3);
	assert_int_equal(played.r, 0);
	assert_int_equal(played.last.answers, 1);
}

/* Nothing that a stopped task borrowed is touched any more, although its thread is still there. */
static void
stopped_in_the_kernel(void **state)
{
	(void)state;
	held_set(true);
	begin(2);
	run_until(&steps, 1);
	assert_true(played.ticks >= 1);
	pump_stop(&played.pump);
	/* As somebody does who changes it. */
	played.borrowed = 100;
	held_set(false);
	run_until(&released, 1);
	assert_int_equal(played.borrowed, 100);
	assert_int_equal(played.done, 0);
	begin(1);
	run_until(NULL, 1);
	assert_int_equal(played.last.answers, 1);
	assert_int_equal(played.borrowed, 102);
}

/* A task waits for the thread of the one before it; it is done once, and after it. */
static void
waits_for_the_thread(void **state)
{
	(void)state;
	held_set(true);
	begin(1);
	run_until(&steps, 1);
	pump_stop(&played.pump);
	begin(1);
	/* That one is stopped before it began, */
	pump_stop(&played.pump);
	assert_int_equal(atomic_load(&released), 1);
	begin(3);
	held_set(false);
	run_until(NULL, 1);
	assert_int_equal(played.last.answers, 3);
	assert_int_equal(atomic_load(&released), 2);
	assert_int_equal(atomic_load(&steps), 4);
}

/* A kernel that hangs: each task is over in some seconds, and no thread joins the first. */
static void
hangs(void **state)
{
	(void)state;
	held_set(true);
	begin(1);
	run_until(NULL, 1);
	assert_true(played.lost);
	assert_int_equal(played.r, -ETIMEDOUT);
	begin(1);
	run_until(NULL, 2);
	assert_true(played.lost);
	assert_int_equal(played.r, -ETIMEDOUT);
	assert_int_equal(atomic_load(&steps), 1);
	assert_int_equal(atomic_load(&released), 1);
	assert_int_equal(played.borrowed, 0);
	held_set(false);
	run_until(&released, 2);
	begin(1);
	run_until(NULL, 3);
	assert_int_equal(played.last.answers, 1);
}

/* The thread is left behind with what is its own, and frees that when it is back. */
static void
closed_while_it_hangs(void **state)
{
	uint64_t begun_usec;

	(void)state;
	held_set(true);
	begin(1);
	run_until(&steps, 1);
	begun_usec = clock_monotonic_usec();
	pump_close(&played.pump);
	assert_true(clock_monotonic_usec() - begun_usec < 2 * USEC_PER_SEC);
	assert_int_equal(atomic_load(&released), 0);
	held_set(false);
	run_until(&released, 1);
	assert_int_equal(played.borrowed, 0);
	assert_int_equal(played.done, 0);
}

#define in_thread(function)                                                   \
	cmocka_unit_test_setup_teardown(function, set_up_lasting, tear_down), \
	{                                                                     \
#function "_brief", function, set_up_brief, tear_down, NULL   \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_thread(answers_all),
		in_thread(asks_nothing),
		in_thread(source_fails),
		in_thread(stopped_in_the_kernel),
		in_thread(waits_for_the_thread),
		cmocka_unit_test_setup_teardown(hangs, set_up_brief, tear_down),
		in_thread(closed_while_it_hangs),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("loop-pump", tests, NULL, NULL);
}
