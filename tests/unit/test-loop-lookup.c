/* SPDX-License-Identifier: MIT */
/*
 * Which processes the asking of overstay-lookup reaps: those it started, and nobody else's. In
 * place of overstay-lookup stands a program that ends at once; what is wrong then is the test's own
 * (-Wl,--wrap).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "config/config.h"
#include "loop/lookup.h"

#define DEADLINE_USEC (10 * USEC_PER_SEC)
#define WATCH_USEC    (10 * USEC_PER_MSEC)

/* Sees whether it is time to end the loop. */
struct watch {
	struct loop *loop;
	struct event *timer;
	uint64_t until_usec;
	idtype_t type; /* whose end is waited for */
	pid_t pid;
	unsigned failures; /* and how many lookups have to fail before */
};

static unsigned failures;

void __wrap_conditions_begin(struct conditions *conditions, enum condition condition,
    enum notice notice, const struct fact *facts, size_t count);
void __wrap_conditions_end(struct conditions *conditions, enum condition condition);

void
__wrap_conditions_begin(struct conditions *conditions, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count)
{
	(void)conditions;
	(void)facts;
	assert_int_equal(condition, CONDITION_LOOKUP);
	assert_int_equal(notice, NOTICE_LOOKUP_FAILED);
	assert_true(count > 0);
	failures++;
}

void
__wrap_conditions_end(struct conditions *conditions, enum condition condition)
{
	(void)conditions;
	(void)condition;
	fail();
}

/* True where there is no such child any more, not even one that ended. */
static bool
is_reaped(idtype_t type, pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(type, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD;
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct watch *watch = argument;

	(void)fd;
	(void)what;
	if ((failures >= watch->failures && is_reaped(watch->type, watch->pid)) ||
	    clock_monotonic_usec() > watch->until_usec)
		loop_stop(watch->loop);
	loop_arm(watch->timer, WATCH_USEC);
}

/* Runs the loop until so many lookups failed and those children are gone, or for the deadline. */
static void
run(struct loop *loop, unsigned least_failures, idtype_t type, pid_t pid)
{
	struct watch watch = {
		.loop = loop,
		.until_usec = clock_monotonic_usec() + DEADLINE_USEC,
		.type = type,
		.pid = pid,
		.failures = least_failures,
	};

	assert_int_equal(loop_add_timer(loop, on_timer, &watch, &watch.timer), 0);
	loop_arm(watch.timer, WATCH_USEC);
	assert_int_equal(loop_run(loop), 0);
	loop_drop(&watch.timer);
	assert_true(failures >= least_failures);
	assert_true(is_reaped(type, pid));
}

/* A child of somebody else in this process, which ended already. */
static pid_t
end_a_child(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	return pid;
}

static void
whoever_started_it(void **state)
{
	const struct lookup_options options = { .program = "/bin/false" };
	struct ground ground = { .proc_fd = -1 };
	struct lookup *lookup = NULL;
	struct lookup_client *owners = NULL;
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	pid_t other = end_a_child();
	pid_t first;
	int status;

	(void)state;
	ground.engine = engine_new(NULL, NULL);
	assert_non_null(ground.engine);
	assert_int_equal(loop_new(&ground.loop), 0);
	assert_int_equal(config_load_text("", 0, "none", &config, &messages), 0);
	assert_int_equal(settings_new(ground.loop, ground.engine, config, &ground.settings), 0);
	assert_int_equal(lookup_client_spawn(options.program, &owners), 0);
	first = lookup_client_pid(owners);
	assert_int_equal(lookup_new(&ground, &options, owners, NULL, &lookup), 0);
	/* The one that was started before, */
	run(ground.loop, 1, P_PID, first);
	assert_int_equal(waitpid(other, &status, WNOHANG), other);
	assert_int_equal(WEXITSTATUS(status), 7);
	/* and the one that was started in its place. */
	run(ground.loop, 2, P_ALL, 0);
	(void)lookup_free(lookup);
	(void)engine_free(ground.engine);
	(void)settings_free(ground.settings);
	(void)loop_free(ground.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_started_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("lookup", tests, NULL, NULL);
}
