/* SPDX-License-Identifier: MIT */
/*
 * A source in the event loop, step by step. See pump.c.
 */
#ifndef OVERSTAY_LOOP_PUMP_H
#define OVERSTAY_LOOP_PUMP_H

#include "kernel/source.h"
#include "loop/ground.h"

struct pump {
	const struct ground *ground;
	struct source *source;
	struct event *readable; /* an answer is there, or a step can be made at any time */
	struct event *timeout;	/* the kernel does not answer */
	int error;		/* why the request could not be put, 0 = it was */
	uint64_t cpu_usec;	/* that the steps took, since it was last set to 0 */
	/* Of the part that has it: what a socket is handed to, */
	source_function *function;
	void *function_argument;
	/* and what is called when a request was answered (r 0), or the source failed (r < 0) and is
	 * closed. */
	void (*done)(void *argument, int r, const struct source_result *result);
	void *done_argument;
};

/* Makes it ready for requests; what the part sets is set before the first one. */
int pump_open(struct pump *pump, const struct ground *ground) _mustcheck_;
void pump_close(struct pump *pump);
/* Puts a request; pump->done is called when it is answered. */
void pump_begin(struct pump *pump, const struct source_request *request);
/* Gives up the request under way. */
void pump_stop(struct pump *pump);

#endif
