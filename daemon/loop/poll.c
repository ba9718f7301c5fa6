/* SPDX-License-Identifier: MIT */
/*
 * The tick: one look at the listeners, from the timer to the engine. What is asked and what it
 * proves is kernel/look.c's; how a source is driven is pump.c's; this file says when.
 *
 * A look begins an `interval` after the one before began, and sooner where a stay reaches a limit
 * sooner, so that an alert comes when its threshold is reached and not up to an interval later;
 * but never sooner than a fifth of the interval.
 *
 * What it never does: wait. A kernel that does not answer makes the look incomplete, and the next
 * one asks again.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/daemon.h"
#include "kernel/ranges.h"

/* Looks for what is due come at most so many times in an interval: a host where something is due
 * all the time must not pay for it ten times a second. */
#define TICK_EXTRA_MAX 5

/* A look that could not be begun is tried again after this. */
#define TICK_RETRY_USEC (100 * USEC_PER_MSEC)

/* So many incomplete looks in a row are more than bad luck. */
#define TICK_FAILURES_MAX 3

/* Tells the engine what advice rests on, where it changed. */
static void
read_reserved(struct daemon *daemon, const struct port_range *kernel, bool always)
{
	struct port_set reserved = { 0 };
	int r = ranges_read_reserved(daemon->proc_fd, &reserved);

	if (!always && port_set_equal(&reserved, &daemon->reserved) &&
	    kernel->first == daemon->kernel_range.first &&
	    kernel->last == daemon->kernel_range.last)
		return;
	if (r < 0)
		log_debug("tick", "cannot read ip_local_reserved_ports: %s", strerror(-r));
	daemon->reserved = reserved;
	/* Without knowing what is reserved there is no telling what should be. */
	engine_set_reserved(daemon->engine, &reserved,
	    r < 0 ? &(struct port_range){ 0 } : kernel);
}

/* Reads ip_local_port_range, which may change at any time, and resolves `ranges:` against it. */
static void
read_ranges(struct daemon *daemon, bool always)
{
	struct port_range kernel = { 0 };
	struct moment moment = daemon_now();
	struct ranges ranges;
	int r = ranges_read_kernel(daemon->proc_fd, &kernel);

	if (daemon->config->ranges.kernel)
		condition_set(daemon, CONDITION_RANGE, r < 0,
		    r < 0 ? "cannot read ip_local_port_range (%s): watching only the other "
		    "entries of `ranges`" : "ip_local_port_range is readable again%s",
		    r < 0 ? strerror(-r) : "");
	read_reserved(daemon, &kernel, always);
	if (!always && kernel.first == daemon->kernel_range.first &&
	    kernel.last == daemon->kernel_range.last)
		return;
	if (daemon->ready && !always && daemon->config->ranges.kernel && r == 0)
		daemon_tell(daemon, report_new(EVENT_CONFIG, SEVERITY_NOTICE,
		    "ip_local_port_range changed to %u-%u; the watched range follows it",
		    kernel.first, kernel.last));
	daemon->kernel_range = kernel;
	if (daemon->ready && !always)
		daemon_tell_odd_range(daemon);
	ranges_resolve(&daemon->config->ranges, r < 0 ? NULL : &kernel, &ranges);
	engine_set_watched(daemon->engine, &ranges, config_protocols(daemon->config), &moment);
}

void
tick_arm(struct daemon *daemon)
{
	uint64_t now_usec = clock_boottime_usec();
	uint64_t interval_usec = daemon->config->interval_usec;
	uint64_t next_usec = daemon->tick.begun_usec + interval_usec;
	uint64_t least_usec = daemon->tick.begun_usec + interval_usec / TICK_EXTRA_MAX;
	uint64_t due_usec = engine_due_usec(daemon->engine);

	if (daemon->tick.look != NULL)
		return;
	/* A millisecond later, so that what is due is past and not about to be. */
	if (due_usec < next_usec)
		next_usec = due_usec + USEC_PER_MSEC;
	if (next_usec < least_usec)
		next_usec = least_usec;
	daemon_arm(daemon->tick.timer, next_usec > now_usec ? next_usec - now_usec : 0);
}

/* A single incomplete look is nothing to wake anybody for; several in a row are told. */
static void
note_completeness(struct daemon *daemon, uint32_t incomplete)
{
	struct tick *tick = &daemon->tick;

	if (incomplete == 0) {
		tick->failures = 0;
		condition_set(daemon, CONDITION_LOOKS, false, "polls are complete again");
		return;
	}
	log_debug("tick", "incomplete poll: %s", incomplete_text(incomplete));
	if (++tick->failures >= TICK_FAILURES_MAX)
		condition_set(daemon, CONDITION_LOOKS, true,
		    "%u incomplete polls in a row (%s): listeners that closed meanwhile are not "
		    "reported",
		    tick->failures, incomplete_text(incomplete));
}

/* The host slept where CLOCK_BOOTTIME went further than CLOCK_MONOTONIC. */
static bool
has_resumed(struct tick *tick)
{
	uint64_t asleep_usec = clock_boottime_usec() - clock_monotonic_usec();
	bool resumed = asleep_usec > tick->asleep_usec + USEC_PER_SEC;

	tick->asleep_usec = asleep_usec;
	return resumed;
}

/* Hands the finished look to the engine. */
static void
take_in(struct daemon *daemon)
{
	struct tick *tick = &daemon->tick;
	struct snapshot *snapshot = look_finish(tick->look);
	uint64_t cpu_usec = clock_thread_cpu_usec();

	tick->look = NULL;
	note_completeness(daemon, snapshot == NULL ? INCOMPLETE_MEMORY : snapshot->incomplete);
	if (snapshot != NULL && engine_observe(daemon->engine, snapshot, has_resumed(tick)) < 0)
		(void)snapshot_free(snapshot);
	daemon_advance(daemon);
	tick->last_cpu_usec = tick->pump.cpu_usec + clock_thread_cpu_usec() - cpu_usec;
	if (log_is_verbose()) {
		struct engine_changes changes = engine_changes(daemon->engine);
		log_debug("tick", "%zu appeared, %zu persisted, %zu vanished; %llu us of CPU",
		    changes.appeared, changes.persisted, changes.missing,
		    (unsigned long long)tick->last_cpu_usec);
	}
	if (!daemon->ready && engine_last_look(daemon->engine) != NULL)
		daemon_is_ready(daemon);
}

static void
on_answered(struct daemon *daemon, int r, const struct source_result *result)
{
	struct tick *tick = &daemon->tick;
	const struct source_request *request;

	if (r == 0)
		look_answered(tick->look, result);
	else
		look_give_up(tick->look, r == -ETIMEDOUT ? INCOMPLETE_TIMEOUT : INCOMPLETE_KERNEL);
	request = look_request(tick->look);
	if (request != NULL)
		pump_begin(&tick->pump, request);
	/* A first look that is not to be had at all is tried again, with another source. */
	else if (r < 0 && engine_last_look(daemon->engine) == NULL) {
		tick->look = look_free(tick->look);
		note_completeness(daemon, INCOMPLETE_KERNEL);
		daemon_arm(tick->timer, TICK_RETRY_USEC);
	} else
		take_in(daemon);
}

static void
on_timer(evutil_socket_t fd, short what, void *argument)
{
	struct daemon *daemon = argument;
	struct tick *tick = &daemon->tick;
	uint64_t begun_usec = clock_monotonic_usec();
	struct look_options options;

	(void)fd;
	(void)what;
	read_ranges(daemon, false);
	tick->begun_usec = clock_boottime_usec();
	tick->pump.cpu_usec = 0;
	options = (struct look_options){
		.last = engine_last_look(daemon->engine),
		.filter = &engine_ranges(daemon->engine)->filter,
		.protocols = config_protocols(daemon->config),
		.knows_choice = !daemon->conditions[CONDITION_SOURCE],
		.taken_usec = tick->begun_usec,
		.key = tick->key,
	};
	tick->look = look_new(&options);
	tick->pump.argument = tick->look;
	if (tick->look == NULL) {
		note_completeness(daemon, INCOMPLETE_MEMORY);
		tick_arm(daemon);
	} else
		pump_begin(&tick->pump, look_request(tick->look));
	daemon_note_hold(daemon, begun_usec);
}

int
tick_start(struct daemon *daemon)
{
	struct tick *tick = &daemon->tick;
	int r;

	if (getrandom(&tick->key, sizeof(tick->key), 0) != sizeof(tick->key))
		return -EIO;
	tick->timer = event_new(daemon->base, -1, 0, on_timer, daemon);
	if (tick->timer == NULL)
		return -ENOMEM;
	r = pump_open(&tick->pump, daemon);
	if (r < 0)
		return r;
	tick->pump.function = look_socket;
	tick->pump.done = on_answered;
	(void)has_resumed(tick);
	read_ranges(daemon, true);
	daemon_arm(tick->timer, 0);
	return 0;
}

void
tick_restart(struct daemon *daemon)
{
	struct tick *tick = &daemon->tick;

	/* A look under way has borrowed the ranges that are about to change. */
	if (tick->look != NULL)
		pump_stop(&tick->pump);
	tick->look = look_free(tick->look);
	read_ranges(daemon, true);
}

void
tick_stop(struct daemon *daemon)
{
	struct tick *tick = &daemon->tick;

	pump_close(&tick->pump);
	tick->look = look_free(tick->look);
	if (tick->timer != NULL)
		event_free(tick->timer);
	tick->timer = NULL;
}
