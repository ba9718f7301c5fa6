/* SPDX-License-Identifier: MIT */
/*
 * A helper thread with a bounded queue, for what may wait on a disk, a journal or a name service
 * while the event loop must not. See worker.c.
 *
 * Two sides: the owner (the event loop's thread), and the thread. Which side may call a function
 * stands beside it.
 */
#ifndef OVERSTAY_BASE_WORKER_H
#define OVERSTAY_BASE_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct worker;

struct worker_options {
	const char *name; /* of the thread, at most 15 bytes; copied by the kernel */
	size_t item_size; /* of an item of the queue, which holds copies; 0 = no queue */
	size_t queue_max; /* items that may wait */
	/* The thread; it ends when this returns. */
	void (*run)(struct worker *worker, void *context);
	/* Frees what an item points to, for those still waiting at the end. NULL = nothing. */
	void (*release_item)(void *item);
	/* Frees context, once neither side needs it. */
	void (*release)(void *context);
	void *context;
};

/* Owner: makes it, without a thread yet. options are copied. Returns 0 or -errno. */
int worker_new(const struct worker_options *options, struct worker **ret) _mustcheck_;

/* Owner: starts the thread, with all signals blocked in it. Returns 0 or -errno. */
int worker_start(struct worker *worker) _mustcheck_;

/*
 * Owner: has the thread end. It may work off its queue first; one that is not done within
 * timeout_usec is left behind with its memory and ends with the process. Then frees the worker and,
 * as soon as the thread does not need it, the context. Returns how many items were left in the
 * queue. Accepts NULL. Also ends a worker that was never started.
 */
size_t worker_stop(struct worker *worker, uint64_t timeout_usec);

/*
 * Owner: copies the item into the queue. Never waits. Returns 0, or -EAGAIN if the queue is full:
 * then worker_fd() becomes readable once half of it is free.
 */
int worker_put(struct worker *worker, const void *item) _mustcheck_;

/* Both: how many items wait, those the thread works on included. */
size_t worker_count(struct worker *worker);

/* Owner: an eventfd of the worker's, readable after worker_notify(). Acknowledge, then act. */
int worker_fd(const struct worker *worker);
void worker_acknowledge(struct worker *worker);

/*
 * Both: guard what the context shares between the two sides. Nothing that may wait is done between
 * them, and no other function of the worker's is called.
 */
void worker_lock(struct worker *worker);
void worker_unlock(struct worker *worker);

/*
 * Owner: between the two, waits for worker_progress() until until_usec (CLOCK_MONOTONIC) at most.
 * Returns false when the time is up.
 */
bool worker_wait_progress(struct worker *worker, uint64_t until_usec);

/* Thread: between the two, wakes an owner in worker_wait_progress(). */
void worker_progress(struct worker *worker);

/* Thread: makes worker_fd() readable. */
void worker_notify(struct worker *worker);

/* Thread: waits for items. Returns how many there are; 0 = there is none and none will come. */
size_t worker_wait(struct worker *worker);

/*
 * Thread: waits for the time to pass, or for the owner to stop the worker. Returns false if it is
 * being stopped.
 */
bool worker_pause(struct worker *worker, uint64_t pause_usec);

/* Thread: the item at index, of those that worker_wait() counted. Stays until it is removed. */
void *worker_item(struct worker *worker, size_t index);

/* Thread: removes the first count items, whose contents are the thread's to free. */
void worker_remove(struct worker *worker, size_t count);

#endif
