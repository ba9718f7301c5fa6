/* SPDX-License-Identifier: MIT */
/*
 * A thread, a ring of items between it and its owner, and an eventfd for the way back.
 *
 * The owner waits for nothing but the lock, which is never held across a system call that can wait.
 * An item stays in the ring while the thread works on it, so it still counts as waiting. Nothing is
 * dropped: if the ring is full, the owner gets an error and keeps its item.
 *
 * Two references, the owner's and the thread's, keep the memory: a thread that hangs in a name
 * service, on a disk or in a journal that stopped reading is left behind with its own.
 *
 * Cost: an idle thread sleeps without a timeout. Memory: the ring, touched only as far as it was
 * ever filled.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/worker.h"

struct worker {
	atomic_uint references;
	struct worker_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work; /* for the thread: there is an item, or stopping */
	pthread_cond_t done; /* for the owner: finished, or the context has got on */
	int event_fd;
	bool started;

	/* Under the lock. */
	unsigned char *ring;
	size_t first, count;
	bool refused; /* worker_put() said -EAGAIN, and the owner waits for room */
	bool stopping, finished;
};

static void *
slot(const struct worker *worker, size_t index)
{
	return worker->ring +
	    (worker->first + index) % worker->options.queue_max * worker->options.item_size;
}

static void
unref(struct worker *worker)
{
	if (atomic_fetch_sub(&worker->references, 1) != 1)
		return;
	for (size_t i = 0; i < worker->count && worker->options.release_item != NULL; i++)
		worker->options.release_item(slot(worker, i));
	worker->options.release(worker->options.context);
	(void)close(worker->event_fd);
	(void)pthread_cond_destroy(&worker->work);
	(void)pthread_cond_destroy(&worker->done);
	(void)pthread_mutex_destroy(&worker->lock);
	free(worker->ring);
	free(worker);
}

int
worker_new(const struct worker_options *options, struct worker **ret)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	pthread_condattr_t attributes;
	int r;

	if (worker == NULL)
		return -ENOMEM;
	worker->options = *options;
	if (options->item_size > 0)
		worker->ring = calloc(options->queue_max, options->item_size);
	worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = worker->event_fd < 0 ? -errno : -ENOMEM;
	if (worker->event_fd < 0 || (options->item_size > 0 && worker->ring == NULL)) {
		if (worker->event_fd >= 0)
			(void)close(worker->event_fd);
		free(worker->ring);
		free(worker);
		return r;
	}
	atomic_init(&worker->references, 1);
	/* None of these can fail on Linux with these arguments. */
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&worker->done, &attributes);
	(void)pthread_cond_init(&worker->work, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	(void)pthread_mutex_init(&worker->lock, NULL);
	*ret = worker;
	return 0;
}

static struct timespec
timespec_of(uint64_t usec)
{
	return (struct timespec){
		.tv_sec = (time_t)(usec / USEC_PER_SEC),
		.tv_nsec = (long)(usec % USEC_PER_SEC * 1000),
	};
}

static void *
run(void *argument)
{
	struct worker *worker = argument;

	(void)pthread_setname_np(pthread_self(), worker->options.name);
	worker->options.run(worker, worker->options.context);
	(void)pthread_mutex_lock(&worker->lock);
	worker->finished = true;
	(void)pthread_cond_signal(&worker->done);
	(void)pthread_mutex_unlock(&worker->lock);
	unref(worker);
	return NULL;
}

int
worker_start(struct worker *worker)
{
	sigset_t all, before;
	int r;

	/* Signals are the loop's: a thread begins with the mask of the one that makes it. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_store(&worker->references, 2);
	r = pthread_create(&worker->thread, NULL, run, worker);
	worker->started = r == 0;
	if (r != 0)
		atomic_store(&worker->references, 1);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

size_t
worker_stop(struct worker *worker, uint64_t timeout_usec)
{
	struct timespec until = timespec_of(clock_monotonic_usec() + timeout_usec);
	bool finished;
	size_t left;

	if (worker == NULL)
		return 0;
	(void)pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	(void)pthread_cond_signal(&worker->work);
	while (worker->started && !worker->finished &&
	    pthread_cond_timedwait(&worker->done, &worker->lock, &until) == 0)
		;
	finished = worker->finished;
	left = worker->count;
	(void)pthread_mutex_unlock(&worker->lock);
	if (finished)
		(void)pthread_join(worker->thread, NULL);
	else if (worker->started)
		(void)pthread_detach(worker->thread);
	unref(worker);
	return left;
}

int
worker_put(struct worker *worker, const void *item)
{
	int r = 0;

	(void)pthread_mutex_lock(&worker->lock);
	if (worker->count == worker->options.queue_max) {
		worker->refused = true;
		r = -EAGAIN;
	} else {
		memcpy(slot(worker, worker->count++), item, worker->options.item_size);
		(void)pthread_cond_signal(&worker->work);
	}
	(void)pthread_mutex_unlock(&worker->lock);
	return r;
}

size_t
worker_count(struct worker *worker)
{
	size_t count;

	(void)pthread_mutex_lock(&worker->lock);
	count = worker->count;
	(void)pthread_mutex_unlock(&worker->lock);
	return count;
}

int
worker_fd(const struct worker *worker)
{
	return worker->event_fd;
}

void
worker_acknowledge(struct worker *worker)
{
	uint64_t count;

	/* Nothing to read is as good. */
	(void)!read(worker->event_fd, &count, sizeof(count));
}

void
worker_lock(struct worker *worker)
{
	(void)pthread_mutex_lock(&worker->lock);
}

void
worker_unlock(struct worker *worker)
{
	(void)pthread_mutex_unlock(&worker->lock);
}

bool
worker_wait_progress(struct worker *worker, uint64_t until_usec)
{
	struct timespec until = timespec_of(until_usec);

	return pthread_cond_timedwait(&worker->done, &worker->lock, &until) == 0;
}

void
worker_progress(struct worker *worker)
{
	(void)pthread_cond_signal(&worker->done);
}

void
worker_notify(struct worker *worker)
{
	uint64_t one = 1;

	/* A full counter is readable already. */
	(void)!write(worker->event_fd, &one, sizeof(one));
}

size_t
worker_wait(struct worker *worker)
{
	size_t count;

	(void)pthread_mutex_lock(&worker->lock);
	while (worker->count == 0 && !worker->stopping)
		(void)pthread_cond_wait(&worker->work, &worker->lock);
	count = worker->count;
	(void)pthread_mutex_unlock(&worker->lock);
	return count;
}

bool
worker_pause(struct worker *worker, uint64_t pause_usec)
{
	struct timespec until = timespec_of(clock_monotonic_usec() + pause_usec);
	bool stopping;

	(void)pthread_mutex_lock(&worker->lock);
	/* A new item wakes it too, and is no reason to go on. */
	while (
	    !worker->stopping && pthread_cond_timedwait(&worker->work, &worker->lock, &until) == 0)
		;
	stopping = worker->stopping;
	(void)pthread_mutex_unlock(&worker->lock);
	return !stopping;
}

void *
worker_item(struct worker *worker, size_t index)
{
	/* Only the thread moves first, so what lies behind it stays where it is. */
	return slot(worker, index);
}

void
worker_remove(struct worker *worker, size_t count)
{
	bool room;

	(void)pthread_mutex_lock(&worker->lock);
	worker->first = (worker->first + count) % worker->options.queue_max;
	worker->count -= count;
	/* A ring that was empty begins anew, so that it is touched no further than it must be. */
	if (worker->count == 0)
		worker->first = 0;
	room = worker->refused && worker->count <= worker->options.queue_max / 2;
	if (room)
		worker->refused = false;
	(void)pthread_mutex_unlock(&worker->lock);
	if (room)
		worker_notify(worker);
}
