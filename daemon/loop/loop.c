/* SPDX-License-Identifier: MIT */
/*
 * The one thread that decides: libevent's loop, and who wants to know what. A part subscribes to
 * an event when it is made and announces what it did; it calls no part that stands above it.
 *
 * Events are of two kinds. Those that were put first are served first: signals that end the daemon,
 * the watchdog, what was sent, and the engine's work while some is under way. All others may take
 * something into the engine, and wait until that is done.
 *
 * Invariants: subscribers are called in the order in which daemon.c makes them, each once; nobody
 * unsubscribes, so nothing may be announced once the first of them is freed.
 *
 * Cost: an announcement is a call of each subscriber.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "loop/loop.h"

struct subscriber {
	loop_function *function;
	void *argument;
};

struct loop {
	struct event_base *base;
	struct subscriber subscribers[LOOP_EVENT_COUNT][LOOP_SUBSCRIBERS_MAX];
	size_t counts[LOOP_EVENT_COUNT];
	bool ready;
	uint64_t longest_hold_usec; /* of the loop, by one call-back */
	uint64_t apart_usec;
};

int
loop_new(struct loop **ret)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return -ENOMEM;
	loop->base = event_base_new();
	/* An event is of the second kind, but for those of loop_put_first(). */
	if (loop->base == NULL || event_base_priority_init(loop->base, 2) < 0) {
		(void)loop_free(loop);
		return -ENOMEM;
	}
	*ret = loop;
	return 0;
}

struct loop *
loop_free(struct loop *loop)
{
	if (loop != NULL && loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
	return NULL;
}

int
loop_run(struct loop *loop)
{
	return event_base_dispatch(loop->base);
}

void
loop_stop(struct loop *loop)
{
	(void)event_base_loopbreak(loop->base);
}

int
loop_subscribe(struct loop *loop, enum loop_event event, loop_function *function, void *argument)
{
	if (loop->counts[event] == LOOP_SUBSCRIBERS_MAX)
		return -ENOBUFS;
	loop->subscribers[event][loop->counts[event]++] = (struct subscriber){ function, argument };
	return 0;
}

void
loop_announce(struct loop *loop, enum loop_event event)
{
	if (event == LOOP_READY)
		loop->ready = true;
	for (size_t i = 0; i < loop->counts[event]; i++)
		loop->subscribers[event][i].function(loop->subscribers[event][i].argument);
}

bool
loop_is_ready(const struct loop *loop)
{
	return loop->ready;
}

int
loop_add_timer(struct loop *loop, event_callback_fn function, void *argument, struct event **ret)
{
	*ret = event_new(loop->base, -1, 0, function, argument);
	return *ret == NULL ? -ENOMEM : 0;
}

/* Makes an event and waits for it from now on. */
static int
add(struct loop *loop, int number, short what, event_callback_fn function, void *argument,
    struct event **ret)
{
	*ret = event_new(loop->base, number, what, function, argument);
	if (*ret != NULL && event_add(*ret, NULL) == 0)
		return 0;
	loop_drop(ret);
	return -ENOMEM;
}

int
loop_add_descriptor(struct loop *loop, int fd, event_callback_fn function, void *argument,
    struct event **ret)
{
	return add(loop, fd, EV_READ | EV_PERSIST, function, argument, ret);
}

int
loop_add_signal(struct loop *loop, int number, event_callback_fn function, void *argument,
    struct event **ret)
{
	return add(loop, number, EV_SIGNAL | EV_PERSIST, function, argument, ret);
}

void
loop_drop(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

void
loop_arm(struct event *timer, uint64_t after_usec)
{
	struct timeval after = {
		.tv_sec = (time_t)(after_usec / USEC_PER_SEC),
		.tv_usec = (suseconds_t)(after_usec % USEC_PER_SEC),
	};

	if (after_usec == USEC_NEVER)
		(void)event_del(timer);
	else
		(void)event_add(timer, &after);
}

void
loop_put_first(struct event *event)
{
	(void)event_priority_set(event, 0);
}

int
loop_call_next(struct loop *loop, struct event *timer)
{
	if (event_add(timer, &(struct timeval){ 0 }) < 0)
		return -ENOMEM;
	/* What became ready together with the call-back that runs waits, too. */
	(void)event_base_loopcontinue(loop->base);
	return 0;
}

void
loop_note_hold(struct loop *loop, uint64_t begun_usec)
{
	uint64_t hold_usec = clock_monotonic_usec() - begun_usec;

	if (hold_usec > loop->longest_hold_usec)
		loop->longest_hold_usec = hold_usec;
}

uint64_t
loop_longest_hold_usec(const struct loop *loop)
{
	return loop->longest_hold_usec;
}

void
loop_note_apart(struct loop *loop, uint64_t cpu_usec)
{
	loop->apart_usec += cpu_usec;
}

uint64_t
loop_apart_usec(const struct loop *loop)
{
	return loop->apart_usec;
}
