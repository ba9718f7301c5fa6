/* SPDX-License-Identifier: MIT */
/*
 * Lets the engine judge whenever something changed, in slices that hold the loop for SLICE_USEC,
 * and hands its reports to the consumers: the sender of messages, and whoever else was added. Each
 * is as far as it takes them, the rest waits in the engine's one queue. What became of a message
 * goes back to the engine.
 *
 * What it never does: wait, but for outlet_free(), which has a time it must be done by; drop a
 * report: the queue counts what it cannot hold.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/outlet.h"

/* So long does a slice of the engine's work hold the loop, but for its last SLICE_STEPS stays. */
#define SLICE_USEC  (4 * USEC_PER_MSEC)
#define SLICE_STEPS 32

struct consumer {
	outlet_consumer *function;
	void *argument;
	unsigned number; /* the engine's */
};

struct outlet {
	struct loop *loop;
	struct engine *engine;
	const struct settings *settings;
	struct sender *sender;
	struct event *results; /* the sender has some */
	struct event *work;    /* the engine has more to do */
	uint64_t until_usec;   /* CLOCK_MONOTONIC: when the slice is over */
	bool busy;	       /* work is under way, */
	bool again;	       /* and more came meanwhile */
	struct consumer consumers[OUTBOX_CONSUMERS_MAX];
	size_t consumer_count;
};

static void
hand_over(struct outlet *outlet, const struct consumer *consumer)
{
	struct report *report;

	while ((report = engine_next(outlet->engine, consumer->number)) != NULL &&
	    consumer->function(report, consumer->argument) == 0)
		engine_taken(outlet->engine, consumer->number);
}

void
outlet_resume(struct outlet *outlet)
{
	for (size_t i = 0; i < outlet->consumer_count; i++)
		hand_over(outlet, &outlet->consumers[i]);
}

void
outlet_put(struct outlet *outlet, struct report *report)
{
	struct moment moment = clock_now();

	engine_put(outlet->engine, report, &moment);
	outlet_resume(outlet);
}

int
outlet_add_consumer(struct outlet *outlet, outlet_consumer *function, void *argument)
{
	struct consumer *consumer = &outlet->consumers[outlet->consumer_count];
	int r;

	if (outlet->consumer_count == OUTBOX_CONSUMERS_MAX)
		return -ENOBUFS;
	*consumer = (struct consumer){ .function = function, .argument = argument };
	r = engine_add_consumer(outlet->engine, &consumer->number);
	outlet->consumer_count += r == 0;
	return r;
}

static bool
has_time(void *argument)
{
	const struct outlet *outlet = argument;

	return clock_monotonic_usec() < outlet->until_usec;
}

/* A slice of what the engine has to do. Returns true when that is done. */
static bool
work(struct outlet *outlet)
{
	struct slice slice = slice_of(SLICE_STEPS, has_time, outlet), whole = SLICE_WHOLE;
	uint64_t begun_usec = clock_monotonic_usec();
	bool done;

	outlet->until_usec = begun_usec + SLICE_USEC;
	done = engine_go_on(outlet->engine, &slice);
	/* Without memory for the call it is not left undone. */
	if (!done && loop_call_next(outlet->loop, outlet->work) < 0)
		done = engine_go_on(outlet->engine, &whole);
	outlet_resume(outlet);
	loop_note_hold(outlet->loop, begun_usec);
	return done;
}

/* The engine was told to advance: works until it has, and says so. */
static void
go_on(struct outlet *outlet)
{
	struct moment moment;

	outlet->busy = true;
	for (;;) {
		if (!work(outlet))
			return;
		if (!outlet->again)
			break;
		outlet->again = false;
		moment = clock_now();
		engine_begin_advance(outlet->engine, &moment);
	}
	outlet->busy = false;
	moment = clock_now();
	engine_suppressed(outlet->engine, &moment, false);
	outlet_resume(outlet);
	loop_announce(outlet->loop, LOOP_PASSED);
}

static void
on_work(evutil_socket_t fd, short what, void *argument)
{
	(void)fd;
	(void)what;
	go_on(argument);
}

static void
on_changed(void *argument)
{
	struct outlet *outlet = argument;
	struct moment moment = clock_now();

	outlet->again = outlet->busy;
	if (outlet->busy)
		return;
	engine_begin_advance(outlet->engine, &moment);
	go_on(outlet);
}

static void
on_settings(void *argument)
{
	struct outlet *outlet = argument;
	const struct config *config = settings_config(outlet->settings);

	sender_set(outlet->sender, config->policy.cmdline, config->hash);
}

static void
take_results(struct outlet *outlet)
{
	struct sender_result result;

	sender_acknowledge(outlet->sender);
	while (sender_result(outlet->sender, &result)) {
		engine_delivered(outlet->engine, result.report, result.error);
		(void)report_unref(result.report);
	}
}

static void
on_results(evutil_socket_t fd, short what, void *argument)
{
	struct outlet *outlet = argument;
	struct moment moment = clock_now();

	(void)fd;
	(void)what;
	take_results(outlet);
	engine_suppressed(outlet->engine, &moment, false);
	outlet_resume(outlet);
}

static int
send_report(struct report *report, void *argument)
{
	return sender_send(argument, report);
}

static int
start(struct outlet *outlet, struct loop *loop, enum sender_target target,
    const struct host_names *names)
{
	const struct config *config = settings_config(outlet->settings);
	struct sender_options options = {
		.target = target,
		.cmdline = config->policy.cmdline,
		.config = config->hash,
		.stderr_fd = STDERR_FILENO,
		.names = *names,
	};
	int r = sender_start(&options, &outlet->sender);

	if (r < 0)
		return r;
	r = loop_add_descriptor(loop, sender_fd(outlet->sender), on_results, outlet,
	    &outlet->results);
	if (r == 0)
		r = loop_add_timer(loop, on_work, outlet, &outlet->work);
	if (r == 0)
		r = outlet_add_consumer(outlet, send_report, outlet->sender);
	if (r == 0)
		r = loop_subscribe(loop, LOOP_CHANGED, on_changed, outlet);
	if (r == 0)
		r = loop_subscribe(loop, LOOP_SETTINGS, on_settings, outlet);
	if (r < 0)
		return r;
	loop_put_first(outlet->results);
	loop_put_first(outlet->work);
	return 0;
}

int
outlet_new(struct loop *loop, struct engine *engine, const struct settings *settings,
    enum sender_target target, const struct host_names *names, struct outlet **ret)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int r;

	if (outlet == NULL) {
		if (names->release != NULL)
			names->release(names->argument);
		return -ENOMEM;
	}
	*outlet = (struct outlet){ .loop = loop, .engine = engine, .settings = settings };
	engine_set_limit(engine, LIMIT_BURST, LIMIT_WINDOW_USEC);
	r = start(outlet, loop, target, names);
	if (r < 0)
		(void)outlet_free(outlet, 0);
	else
		*ret = outlet;
	return r;
}

/* What the sender had no room for yet is sent too, as far as it goes until then. */
static void
drain(struct outlet *outlet, uint64_t until_usec)
{
	const struct consumer *sender = &outlet->consumers[0];

	hand_over(outlet, sender);
	while (engine_next(outlet->engine, sender->number) != NULL &&
	    clock_monotonic_usec() < until_usec) {
		struct pollfd results = { .fd = sender_fd(outlet->sender), .events = POLLIN };

		(void)poll(&results, 1, 100);
		take_results(outlet);
		hand_over(outlet, sender);
	}
}

struct outlet *
outlet_free(struct outlet *outlet, uint64_t until_usec)
{
	uint64_t now_usec;
	uint32_t lost = 0;

	if (outlet == NULL)
		return NULL;
	loop_drop(&outlet->results);
	loop_drop(&outlet->work);
	if (outlet->consumer_count > 0)
		drain(outlet, until_usec);
	if (outlet->sender != NULL) {
		now_usec = clock_monotonic_usec();
		lost =
		    sender_stop(outlet->sender, until_usec > now_usec ? until_usec - now_usec : 0);
	}
	if (lost > 0)
		log_debug("outlet", "%u messages were not sent before the exit", lost);
	free(outlet);
	return NULL;
}
