/* SPDX-License-Identifier: MIT */
/*
 * Lets the engine judge whenever something changed, and hands what it has to tell to the sender, as
 * far as that takes it; the rest waits in the engine. What the limit or a full outbox held back is
 * told in one line.
 *
 * What it never does: wait, but for outlet_free(), which has a time it must be done by.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "alert/limit.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/outlet.h"

struct outlet {
	struct engine *engine;
	const struct settings *settings;
	struct sender *sender;
	struct event *room; /* in the sender's queue */
	struct limit limit;
	struct report *pending; /* taken from the engine, not taken by the sender yet */
};

static void
deliver(struct outlet *outlet)
{
	for (;;) {
		struct report *report = take_ptr(outlet->pending);

		if (report == NULL) {
			report = engine_take(outlet->engine);
			if (report == NULL)
				return;
			if (!limit_admit(&outlet->limit, report->kind, clock_boottime_usec())) {
				(void)report_free(report);
				continue;
			}
		}
		/* The sender's descriptor tells when there is room again. */
		if (sender_send(outlet->sender, report) < 0) {
			outlet->pending = report;
			return;
		}
	}
}

void
outlet_put(struct outlet *outlet, struct report *report)
{
	struct moment moment = loop_now();

	engine_put(outlet->engine, report, &moment);
	deliver(outlet);
}

/* One SUPPRESSED line for what the limit or the full outbox held back. */
static void
put_held_back(struct outlet *outlet)
{
	struct moment moment = loop_now();
	uint64_t held_back = limit_held_back(&outlet->limit, moment.boottime_usec);
	struct report *report;

	held_back += engine_held_back(outlet->engine);
	if (held_back == 0)
		return;
	report = report_new(EVENT_SUPPRESSED, SEVERITY_WARNING,
	    "%llu messages were dropped: rate limit or queue exceeded",
	    (unsigned long long)held_back);
	(void)report_add_field(report, "COUNT", "%llu", (unsigned long long)held_back);
	engine_put(outlet->engine, report, &moment);
}

static void
on_changed(void *argument)
{
	struct outlet *outlet = argument;
	struct moment moment = loop_now();

	engine_advance(outlet->engine, &moment);
	put_held_back(outlet);
	deliver(outlet);
}

static void
on_settings(void *argument)
{
	struct outlet *outlet = argument;
	const struct config *config = settings_config(outlet->settings);

	sender_set(outlet->sender, config->policy.cmdline, config->hash);
}

static void
on_room(evutil_socket_t fd, short what, void *argument)
{
	struct outlet *outlet = argument;

	(void)fd;
	(void)what;
	sender_acknowledge(outlet->sender);
	deliver(outlet);
}

static int
start(struct outlet *outlet, struct loop *loop, enum sender_target target)
{
	const struct config *config = settings_config(outlet->settings);
	struct sender_options options = {
		.target = target,
		.cmdline = config->policy.cmdline,
		.config = config->hash,
		.stderr_fd = STDERR_FILENO,
	};
	int r = sender_start(&options, &outlet->sender);

	if (r < 0)
		return r;
	r = loop_add_descriptor(loop, sender_fd(outlet->sender), on_room, outlet, &outlet->room);
	if (r == 0)
		r = loop_subscribe(loop, LOOP_CHANGED, on_changed, outlet);
	if (r == 0)
		r = loop_subscribe(loop, LOOP_SETTINGS, on_settings, outlet);
	return r;
}

int
outlet_new(struct loop *loop, struct engine *engine, const struct settings *settings,
    enum sender_target target, struct outlet **ret)
{
	struct outlet *outlet = calloc(1, sizeof(*outlet));
	int r;

	if (outlet == NULL)
		return -ENOMEM;
	*outlet = (struct outlet){ .engine = engine, .settings = settings };
	limit_init(&outlet->limit, LIMIT_BURST, LIMIT_WINDOW_USEC);
	r = start(outlet, loop, target);
	if (r < 0)
		(void)outlet_free(outlet, 0);
	else
		*ret = outlet;
	return r;
}

/* What the sender's queue had no room for yet is told too, as far as it goes until then. */
static void
drain(struct outlet *outlet, uint64_t until_usec)
{
	deliver(outlet);
	while (outlet->pending != NULL && clock_monotonic_usec() < until_usec) {
		struct pollfd room = { .fd = sender_fd(outlet->sender), .events = POLLIN };

		(void)poll(&room, 1, 100);
		sender_acknowledge(outlet->sender);
		deliver(outlet);
	}
}

struct outlet *
outlet_free(struct outlet *outlet, uint64_t until_usec)
{
	uint64_t now_usec;
	uint32_t lost = 0;

	if (outlet == NULL)
		return NULL;
	loop_drop(&outlet->room);
	if (outlet->sender != NULL) {
		drain(outlet, until_usec);
		now_usec = clock_monotonic_usec();
		lost =
		    sender_stop(outlet->sender, until_usec > now_usec ? until_usec - now_usec : 0);
	}
	if (lost > 0)
		log_debug("daemon", "%u messages were not sent before the exit", lost);
	(void)report_free(outlet->pending);
	free(outlet);
	return NULL;
}
