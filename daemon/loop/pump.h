/* SPDX-License-Identifier: MIT */
/*
 * A source in a thread of its own. See pump.c.
 */
#ifndef OVERSTAY_LOOP_PUMP_H
#define OVERSTAY_LOOP_PUMP_H

#include "kernel/source.h"
#include "loop/ground.h"

/*
 * What is asked of a source, request by request, and what becomes of the answers. All functions
 * get the context of pump_begin(). Those that say so run in the thread, one at a time, and never
 * after pump_stop() returned: until then they may read what is borrowed from the loop.
 */
struct pump_task {
	const char *thread; /* its name, at most 15 bytes */
	bool lasting;	    /* thread and source wait for the next task; else they end with this */
	/* Thread: the request to be put next, NULL = there is none. It and what it points to are
	 * the context's own: they are read without a lock. */
	const struct source_request *(*request)(void *context);
	/* Thread: a source_function. */
	source_function *socket;
	/* Thread: the request was answered (r 0), or the source failed (r < 0) and is closed. */
	void (*answered)(void *context, int r, const struct source_result *result);
	/* Thread: there is no more to be asked. NULL = nothing is left to be done. */
	void (*finish)(void *context);
	/* Either: frees the context of a task that was given up. Reads nothing borrowed. */
	void (*release)(void *context);
};

struct pump_thread;

struct pump {
	const struct ground *ground;
	/* Of the part that has it: the task, */
	const struct pump_task *task;
	/* and what is called, in the loop, when it is done. r is 0, or why the source failed first.
	 * context is the part's again; NULL = nothing came back in time, or there is no thread. */
	void (*done)(void *argument, void *context, int r);
	void *done_argument;
	uint64_t cpu_usec; /* that the thread took for the task that was done last */
	/* Of the pump. */
	struct pump_thread *thread; /* NULL = there is none */
	struct event *answered;	    /* the thread is back */
	struct event *timeout;	    /* it hangs, or there is none */
	void *waiting;		    /* a context whose task begins when the thread is back */
	bool busy;		    /* the thread has a context */
	bool stopped;		    /* that nobody waits for any more */
	unsigned progress;	    /* of the thread, when it was last looked at */
	int error;		    /* why there is no thread, 0 = there is */
};

/* Makes it ready for tasks; what the part sets is set before the first one. */
int pump_open(struct pump *pump, const struct ground *ground) _mustcheck_;
void pump_close(struct pump *pump);
/* Begins the task, which takes the context; pump->done is called when it is done. */
void pump_begin(struct pump *pump, void *context);
/* Gives up the task under way, if there is one. Its context is freed sooner or later. */
void pump_stop(struct pump *pump);

#endif
