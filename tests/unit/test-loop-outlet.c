/* SPDX-License-Identifier: MIT */
/*
 * Where reports go out: the real sender, which writes to a pipe in the place of stderr, and a
 * consumer beside it; that what became of each message comes back to the engine; and what is served
 * while the engine works.
 */
#include "config-expect.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/outlet.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)

static struct {
	struct loop *loop;
	struct engine *engine;
	struct settings *settings;
	struct outlet *outlet;
	struct event *readable, *timeout;
	int saved_stderr, pipe_fd; /* to be read */
	char text[256 * 1024];
	size_t used, lines, wanted_lines;
	/* What the engine heard. */
	size_t delivered, failed, wanted_results;
	uint64_t last_number;
	int last_error;
	/* The other consumer. */
	bool stuck;
	struct report *taken[64];
	size_t taken_count;
	/* What the engine has to do. */
	unsigned unfinished; /* slices */
	unsigned firsts;     /* call-backs between them */
	unsigned others, passed;
	struct event *first, *other, *change;
} played;

bool __real_engine_go_on(struct engine *engine, struct slice *slice);
bool __wrap_engine_go_on(struct engine *engine, struct slice *slice);

void __real_engine_delivered(struct engine *engine, const struct report *report, int error);
void __wrap_engine_delivered(struct engine *engine, const struct report *report, int error);

static void
stop_when_done(void)
{
	if (played.lines >= played.wanted_lines &&
	    played.delivered + played.failed >= played.wanted_results)
		loop_stop(played.loop);
}

void
__wrap_engine_delivered(struct engine *engine, const struct report *report, int error)
{
	assert_true(report->number > played.last_number);
	played.last_number = report->number;
	played.last_error = error;
	if (error == 0)
		played.delivered++;
	else
		played.failed++;
	__real_engine_delivered(engine, report, error);
	stop_when_done();
}

static void
read_pipe(void)
{
	ssize_t length;

	while ((length = read(played.pipe_fd, played.text + played.used,
		    sizeof(played.text) - 1 - played.used)) > 0) {
		for (ssize_t i = 0; i < length; i++)
			played.lines += played.text[played.used + (size_t)i] == '\n';
		played.used += (size_t)length;
		played.text[played.used] = '\0';
	}
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	read_pipe();
	stop_when_done();
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	fail_msg("%zu lines, %zu delivered, %zu failed", played.lines, played.delivered,
	    played.failed);
}

/* Runs until so many lines came in all, and so many results. */
static void
run_until(size_t lines, size_t results)
{
	played.wanted_lines = lines;
	played.wanted_results = results;
	loop_arm(played.timeout, PATIENCE_USEC);
	if (played.lines < lines || played.delivered + played.failed < results)
		assert_int_equal(loop_run(played.loop), 0);
	assert_int_equal(played.lines, lines);
}

/* What is written to stderr can be read from now on. */
static void
open_pipe(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	assert_true(dup2(fds[1], STDERR_FILENO) >= 0);
	(void)close(fds[1]);
	played.pipe_fd = fds[0];
	assert_int_equal(
	    loop_add_descriptor(played.loop, fds[0], on_readable, NULL, &played.readable), 0);
}

static void
close_pipe(void)
{
	loop_drop(&played.readable);
	(void)close(played.pipe_fd);
}

static int
set_up(void **state)
{
	struct config_messages messages = { 0 };
	struct config *config;

	(void)state;
	memset(&played, 0, sizeof(played));
	(void)signal(SIGPIPE, SIG_IGN);
	played.saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(config_load_text("", 0, "none", &config, &messages), 0);
	config_messages_clear(&messages);
	assert_int_equal(loop_new(&played.loop), 0);
	played.engine = engine_new(NULL, NULL);
	assert_non_null(played.engine);
	assert_int_equal(settings_new(played.loop, played.engine, config, &played.settings), 0);
	assert_int_equal(loop_add_timer(played.loop, on_timeout, NULL, &played.timeout), 0);
	open_pipe();
	assert_int_equal(outlet_new(played.loop, played.engine, played.settings, SENDER_STDERR,
			     &(struct host_names){ 0 }, &played.outlet),
	    0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	played.outlet = outlet_free(played.outlet, 0);
	for (size_t i = 0; i < played.taken_count; i++)
		(void)report_unref(played.taken[i]);
	close_pipe();
	loop_drop(&played.timeout);
	(void)engine_free(played.engine);
	(void)settings_free(played.settings);
	(void)loop_free(played.loop);
	assert_true(dup2(played.saved_stderr, STDERR_FILENO) >= 0);
	(void)close(played.saved_stderr);
	return 0;
}

static void
put(size_t count)
{
	for (size_t i = 0; i < count; i++)
		outlet_put(played.outlet,
		    report_new(NOTICE_DIAGNOSTIC, SEVERITY_ERR,
			FACTS(fact_text(FACT_DIAGNOSTIC, "x"))));
}

static int
take(struct report *report, void *argument)
{
	assert_ptr_equal(argument, &played);
	if (played.stuck)
		return -EAGAIN;
	assert_true(played.taken_count < ARRAY_SIZE(played.taken));
	played.taken[played.taken_count++] = report_ref(report);
	return 0;
}

static void
a_consumer_that_lags_holds_nobody_up(void **state)
{
	(void)state;
	assert_int_equal(outlet_add_consumer(played.outlet, take, &played), 0);
	put(1);
	assert_int_equal(played.taken_count, 1);
	played.stuck = true;
	put(3);
	run_until(4, 4);
	assert_int_equal(played.taken_count, 1);
	/* It gets what it lacks, in order, though the sender is done with that. */
	played.stuck = false;
	outlet_resume(played.outlet);
	assert_int_equal(played.taken_count, 4);
	for (size_t i = 0; i < played.taken_count; i++) {
		assert_int_equal(played.taken[i]->number, i + 1);
		assert_string_equal(report_fact(played.taken[i], FACT_DIAGNOSTIC)->text, "x");
	}
	/* Nor the other way round. */
	put(1);
	assert_int_equal(played.taken_count, 5);
	run_until(5, 5);
}

static void
consumers_are_bounded(void **state)
{
	(void)state;
	for (unsigned i = 1; i < OUTBOX_CONSUMERS_MAX; i++)
		assert_int_equal(outlet_add_consumer(played.outlet, take, &played), 0);
	assert_int_equal(outlet_add_consumer(played.outlet, take, &played), -ENOBUFS);
}

/* Far more than the sender takes at once: all arrive, each result comes back once. */
static void
more_than_the_sender_takes(void **state)
{
	enum { COUNT = 10 * SENDER_QUEUE_MAX };

	(void)state;
	put(COUNT);
	run_until(COUNT, COUNT);
	assert_int_equal(played.delivered, COUNT);
	assert_int_equal(played.last_number, COUNT);
}

/* What was given up is heard of, and reported by one message once one gets through. */
static void
what_is_given_up_is_reported(void **state)
{
	(void)state;
	close_pipe();
	put(3);
	run_until(0, 3);
	assert_int_equal(played.failed, 3);
	assert_int_equal(played.last_error, -EPIPE);
	open_pipe();
	put(1);
	run_until(2, 5);
	assert_int_equal(played.delivered, 2);
	assert_non_null(strstr(played.text, "SUPPRESSED 3 "));
	assert_non_null(strstr(played.text, strerror(EPIPE)));
}

bool
__wrap_engine_go_on(struct engine *engine, struct slice *slice)
{
	if (played.unfinished == 0)
		return __real_engine_go_on(engine, slice);
	played.unfinished--;
	return false;
}

static void
on_first(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	played.firsts++;
	/* It would always be served. */
	if (played.unfinished > 0)
		loop_arm(played.first, 0);
}

/* Whoever takes something into the engine. */
static void
on_other(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	assert_int_equal(played.unfinished, 0);
	assert_int_equal(played.passed, 2);
	played.others++;
	loop_stop(played.loop);
}

static void
on_change(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	(void)argument;
	played.unfinished = 100;
	loop_announce(played.loop, LOOP_CHANGED);
	assert_int_equal(played.unfinished, 99);
	loop_arm(played.first, 0);
	/* More that changed is judged by a pass of its own. */
	loop_announce(played.loop, LOOP_CHANGED);
	assert_int_equal(played.unfinished, 99);
	assert_int_equal(played.passed, 1);
}

static void
on_passed(void *argument)
{
	(void)argument;
	assert_int_equal(played.unfinished, 0);
	played.passed++;
}

/* What was ready together with what began the work, or is later, waits until that is done. */
static void
work_is_done_in_slices(void **state)
{
	(void)state;
	assert_int_equal(loop_subscribe(played.loop, LOOP_PASSED, on_passed, NULL), 0);
	/* Nothing to be done: at once. */
	loop_announce(played.loop, LOOP_CHANGED);
	assert_int_equal(played.passed, 1);
	assert_int_equal(loop_add_timer(played.loop, on_change, NULL, &played.change), 0);
	assert_int_equal(loop_add_timer(played.loop, on_other, NULL, &played.other), 0);
	assert_int_equal(loop_add_timer(played.loop, on_first, NULL, &played.first), 0);
	loop_put_first(played.first);
	loop_arm(played.change, 0);
	loop_arm(played.other, 0);
	loop_arm(played.timeout, PATIENCE_USEC);
	assert_int_equal(loop_run(played.loop), 0);
	assert_int_equal(played.others, 1);
	assert_int_equal(played.passed, 2);
	assert_true(played.firsts > 50);
	loop_drop(&played.first);
	loop_drop(&played.other);
	loop_drop(&played.change);
}

/* A stop sends what waits, without the loop. */
static void
a_stop_drains_the_queue(void **state)
{
	enum { COUNT = 2 * SENDER_QUEUE_MAX };

	(void)state;
	put(COUNT);
	played.outlet = outlet_free(played.outlet, clock_monotonic_usec() + PATIENCE_USEC);
	read_pipe();
	assert_int_equal(played.lines, COUNT);
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		TEST(a_consumer_that_lags_holds_nobody_up),
		TEST(consumers_are_bounded),
		TEST(more_than_the_sender_takes),
		TEST(what_is_given_up_is_reported),
		TEST(work_is_done_in_slices),
		TEST(a_stop_drains_the_queue),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}
