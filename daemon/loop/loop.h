/* SPDX-License-Identifier: MIT */
/*
 * The event loop, its timers, and the few events that the parts announce to each other. See loop.c.
 */
#ifndef OVERSTAY_LOOP_LOOP_H
#define OVERSTAY_LOOP_LOOP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"

enum loop_event {
	LOOP_CHANGED,  /* the engine knows something new, or something became due */
	LOOP_PASSED,   /* it has judged that */
	LOOP_READY,    /* the first poll was taken in; announced once */
	LOOP_SETTINGS, /* another configuration is in force */
	LOOP_EVENT_COUNT,
};

/* Parts that may subscribe to one event. */
#define LOOP_SUBSCRIBERS_MAX 8

struct loop;

typedef void loop_function(void *argument);

int loop_new(struct loop **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct loop *loop_free(struct loop *loop);
/* Runs until loop_stop(). Returns 0, less than 0 where it cannot run. */
int loop_run(struct loop *loop) _mustcheck_;
void loop_stop(struct loop *loop);

/* function is called at each such event, in the order of the subscriptions. Returns 0, -ENOBUFS. */
int loop_subscribe(struct loop *loop, enum loop_event event, loop_function *function,
    void *argument) _mustcheck_;
void loop_announce(struct loop *loop, enum loop_event event);
/* True since LOOP_READY was announced. */
bool loop_is_ready(const struct loop *loop);

/* What the loop calls function for: a timer, a readable descriptor (again and again), a signal.
 * To be freed with loop_drop(). Return 0 or -ENOMEM. */
int loop_add_timer(struct loop *loop, event_callback_fn function, void *argument,
    struct event **ret) _mustcheck_;
int loop_add_descriptor(struct loop *loop, int fd, event_callback_fn function, void *argument,
    struct event **ret) _mustcheck_;
int loop_add_signal(struct loop *loop, int number, event_callback_fn function, void *argument,
    struct event **ret) _mustcheck_;
/* Accepts a pointer to NULL; leaves NULL there. */
void loop_drop(struct event **event);

/* Arms a timer; USEC_NEVER disarms it. */
void loop_arm(struct event *timer, uint64_t after_usec);

/* An event that takes nothing into the engine: it is served before all others. */
void loop_put_first(struct event *event);

/* Calls a timer's function, which was put first, once what is first was served and before anything
 * else is. Returns 0 or -ENOMEM. */
int loop_call_next(struct loop *loop, struct event *timer) _mustcheck_;

/* Notes how long a call-back held the loop since begun_usec (CLOCK_MONOTONIC). */
void loop_note_hold(struct loop *loop, uint64_t begun_usec);
uint64_t loop_longest_hold_usec(const struct loop *loop);

/* CPU time of what keeps to a bound of its own: it is no part of what polls cost. All of it since
 * the start. */
void loop_note_apart(struct loop *loop, uint64_t cpu_usec);
uint64_t loop_apart_usec(const struct loop *loop);

#endif
