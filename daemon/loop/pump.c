/* SPDX-License-Identifier: MIT */
/*
 * Drives a source from the event loop: one step a call-back, so that a long dump never holds the
 * loop and a listener poll can run inside a survey. sock_diag is used where the kernel has it,
 * /proc/net where not, and that is said.
 *
 * Invariants: at most one request is under way; `done` is called exactly once for each request
 * that was not stopped; a source that failed is closed and opened anew for the next request.
 */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/pump.h"

/* A kernel that takes longer for one datagram is not going to answer. */
#define PUMP_TIMEOUT_USEC (5 * USEC_PER_SEC)

static void
stop_waiting(struct pump *pump)
{
	if (pump->readable != NULL)
		(void)event_del(pump->readable);
	(void)event_del(pump->timeout);
}

static void
close_source(struct pump *pump)
{
	loop_drop(&pump->readable);
	pump->source = source_close(pump->source);
}

/* Errors with which the kernel says that there is no sock_diag (or no leave to use it). */
static bool
says_no_sock_diag(int r)
{
	return r == -ENOENT || r == -EPROTONOSUPPORT || r == -EAFNOSUPPORT || r == -EOPNOTSUPP ||
	    r == -EPERM || r == -EACCES || r == -ENOSYS || r == -EINVAL;
}

/*
 * The source failed. Only before the first poll may another take its place: /proc/net knows no
 * cookies, so a change later would end every stay. Later a refusal makes polls incomplete.
 */
static void
note_failure(struct pump *pump, int r)
{
	const struct ground *ground = pump->ground;

	close_source(pump);
	log_debug("pump", "request to the kernel failed: %s", strerror(-r));
	if (engine_last_poll(ground->engine) == NULL && says_no_sock_diag(r))
		conditions_begin(ground->conditions, CONDITION_SOURCE, NOTICE_NO_SOCK_DIAG,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-r)));
}

static void
finish(struct pump *pump, int r, const struct source_result *result)
{
	stop_waiting(pump);
	if (r < 0)
		note_failure(pump, r);
	pump->done(pump->done_argument, r, result);
}

static void
wait_for_step(struct pump *pump)
{
	loop_arm(pump->timeout, PUMP_TIMEOUT_USEC);
	if (source_fd(pump->source) >= 0)
		(void)event_add(pump->readable, NULL);
	else
		loop_arm(pump->readable, 0);
}

static void
on_readable(evutil_socket_t fd, short what, void *argument)
{
	struct pump *pump = argument;
	struct loop *loop = pump->ground->loop;
	uint64_t begun_usec = clock_monotonic_usec(), cpu_usec = clock_thread_cpu_usec();
	struct source_result result = { 0 };
	int r;

	(void)fd;
	(void)what;
	r = source_step(pump->source, pump->function, pump->function_argument, &result);
	pump->cpu_usec += clock_thread_cpu_usec() - cpu_usec;
	if (r == 1 || r == -EAGAIN)
		wait_for_step(pump);
	else
		finish(pump, r, &result);
	loop_note_hold(loop, begun_usec);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct pump *pump = argument;
	int r = pump->error != 0 ? pump->error : -ETIMEDOUT;

	(void)fd;
	(void)what;
	finish(pump, r, NULL);
}

static int
open_source(struct pump *pump)
{
	const struct ground *ground = pump->ground;
	int r;

	r = conditions_hold(ground->conditions, CONDITION_SOURCE) ?
	    source_open_proc(ground->proc_fd, &pump->source) :
	    source_open_netlink(&pump->source);
	if (r < 0)
		return r;
	r = source_fd(pump->source) < 0 ?
	    loop_add_timer(ground->loop, on_readable, pump, &pump->readable) :
	    loop_add_descriptor(ground->loop, source_fd(pump->source), on_readable, pump,
		&pump->readable);
	if (r < 0)
		close_source(pump);
	return r;
}

int
pump_open(struct pump *pump, const struct ground *ground)
{
	pump->ground = ground;
	return loop_add_timer(ground->loop, on_timeout, pump, &pump->timeout);
}

void
pump_close(struct pump *pump)
{
	close_source(pump);
	loop_drop(&pump->timeout);
}

void
pump_begin(struct pump *pump, const struct source_request *request)
{
	uint64_t cpu_usec = clock_thread_cpu_usec();
	int r = pump->source != NULL ? 0 : open_source(pump);

	if (r == 0)
		r = source_begin(pump->source, request);
	pump->cpu_usec += clock_thread_cpu_usec() - cpu_usec;
	pump->error = r;
	if (r < 0) {
		/* From the loop, so that `done` never runs inside pump_begin(). */
		loop_arm(pump->timeout, 0);
		return;
	}
	wait_for_step(pump);
}

void
pump_stop(struct pump *pump)
{
	stop_waiting(pump);
	close_source(pump);
}
