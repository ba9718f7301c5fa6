/* SPDX-License-Identifier: MIT */
/*
 * Drives a source in a thread (base/worker.h), since one system call of a dump may walk the
 * kernel's whole hash of connections, which takes 100 ms and more where there are a million of
 * them. The loop hands a context over and gets it back when all requests of its task were answered:
 * nothing of it is shared meanwhile. sock_diag is used where the kernel has it, /proc/net where
 * not, and that is said.
 *
 * What a context borrows from the loop is guarded by a lock: the thread holds it while it runs code
 * of the task, and not while it waits for the kernel. So pump_stop() waits for the one piece of
 * code under way at most, and what is borrowed may be changed after it.
 *
 * Invariants: at most one thread and one task are under way; a task that begins while the one
 * before it is still being given up waits for its thread. `done` is called exactly once for each
 * task that was not stopped. A source that failed is closed and opened anew for the next request. A
 * thread that hangs in the kernel is never joined by another, and is left behind at the end.
 *
 * Cost: two wake-ups and a few microseconds a task. A thread that lasts sleeps without a timeout.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/worker.h"
#include "loop/pump.h"

/* A kernel that takes longer for one datagram is not going to answer. */
#define ANSWER_TIMEOUT_USEC (5 * USEC_PER_SEC)

/* A thread that makes no step for so long hangs in a system call: longer than the above, and once
 * more in which it made one. */
#define HANG_USEC (6 * USEC_PER_SEC)

/* While the kernel has no answer yet, the thread looks so often whether it is wanted any more. */
#define LOOK_MSEC 100

/* A stop waits so long for the thread. */
#define STOP_USEC (100 * USEC_PER_MSEC)

/* What is handed to the thread. */
struct handed {
	const struct pump_task *task;
	void *context;
	bool proc; /* a source is opened in /proc/net */
};

struct pump_thread {
	struct worker *worker; /* owns this struct: it frees it */
	int proc_fd;
	atomic_uint progress; /* steps */

	pthread_mutex_t borrowing;
	bool given_up; /* under it: no code of the task is run any more */

	/* Of the thread, and of the loop's when the queue is empty. */
	struct source *source;
	struct handed handed;
	bool entered; /* it holds the lock */
	int failure;  /* the first of the source's, 0 = none */
	uint64_t cpu_usec;
};

/* Before code of the task. Returns false where that is not to be run any more. */
static bool
enter(struct pump_thread *thread)
{
	if (!thread->entered)
		(void)pthread_mutex_lock(&thread->borrowing);
	thread->entered = true;
	return !thread->given_up;
}

static void
leave(struct pump_thread *thread)
{
	if (thread->entered)
		(void)pthread_mutex_unlock(&thread->borrowing);
	thread->entered = false;
}

static bool
is_given_up(struct pump_thread *thread)
{
	bool given_up = !enter(thread);

	leave(thread);
	return given_up;
}

static void
on_socket(const struct source_socket *socket, void *argument)
{
	struct pump_thread *thread = argument;

	if (enter(thread))
		thread->handed.task->socket(socket, thread->handed.context);
}

/* Waits until a step can be made. Returns 0, -ETIMEDOUT or -ECANCELED. */
static int
wait_for_answer(struct pump_thread *thread)
{
	struct pollfd pollfd = { .fd = source_fd(thread->source), .events = POLLIN };
	uint64_t until_usec = clock_monotonic_usec() + ANSWER_TIMEOUT_USEC;

	while (clock_monotonic_usec() < until_usec) {
		if (is_given_up(thread))
			return -ECANCELED;
		if (poll(&pollfd, 1, LOOK_MSEC) > 0)
			return 0;
	}
	return -ETIMEDOUT;
}

static int
open_source(struct pump_thread *thread)
{
	return thread->handed.proc ? source_open_proc(thread->proc_fd, &thread->source) :
				     source_open_netlink(&thread->source);
}

/* Puts a request and takes its whole answer. Returns 0 or -errno. */
static int
ask(struct pump_thread *thread, const struct source_request *request, struct source_result *result)
{
	int r = thread->source != NULL ? 0 : open_source(thread);

	if (r == 0)
		r = source_begin(thread->source, request);
	if (r == 0)
		r = 1;
	while (r == 1) {
		r = source_step(thread->source, on_socket, thread, result);
		leave(thread);
		atomic_fetch_add(&thread->progress, 1);
		if (r == -EAGAIN) {
			r = wait_for_answer(thread);
			r = r == 0 ? 1 : r;
		} else if (r == 1 && is_given_up(thread))
			r = -ECANCELED;
	}
	if (r < 0)
		thread->source = source_close(thread->source);
	return r;
}

static void
work(struct pump_thread *thread)
{
	const struct pump_task *task = thread->handed.task;
	void *context = thread->handed.context;
	uint64_t begun_usec = clock_thread_cpu_usec();
	const struct source_request *request;

	thread->failure = 0;
	while (enter(thread) && (request = task->request(context)) != NULL) {
		struct source_result result = { 0 };
		int r;

		leave(thread);
		r = ask(thread, request, &result);
		if (r < 0 && thread->failure == 0)
			thread->failure = r;
		if (enter(thread))
			task->answered(context, r, &result);
		leave(thread);
		atomic_fetch_add(&thread->progress, 1);
	}
	if (enter(thread) && task->finish != NULL)
		task->finish(context);
	leave(thread);
	if (!task->lasting)
		thread->source = source_close(thread->source);
	thread->cpu_usec = clock_thread_cpu_usec() - begun_usec;
}

static void
run(struct worker *worker, void *context)
{
	struct pump_thread *thread = context;

	while (worker_wait(worker) > 0) {
		thread->handed = *(const struct handed *)worker_item(worker, 0);
		work(thread);
		worker_remove(worker, 1);
		worker_notify(worker);
	}
}

static void
release_thread(void *context)
{
	struct pump_thread *thread = context;

	(void)source_close(thread->source);
	if (thread->handed.context != NULL)
		thread->handed.task->release(thread->handed.context);
	(void)pthread_mutex_destroy(&thread->borrowing);
	free(thread);
}

/* Ends it. One that hangs is left behind with what it has. */
static void
end_thread(struct pump *pump)
{
	struct pump_thread *thread = take_ptr(pump->thread);

	loop_drop(&pump->answered);
	pump->busy = false;
	if (thread != NULL)
		(void)worker_stop(thread->worker, STOP_USEC);
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

	log_debug("pump", "request to the kernel failed: %s", strerror(-r));
	if (engine_last_poll(ground->engine) == NULL && says_no_sock_diag(r))
		conditions_begin(ground->conditions, CONDITION_SOURCE, NOTICE_NO_SOCK_DIAG,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-r)));
}

static void
finish(struct pump *pump, void *context, int r)
{
	(void)event_del(pump->timeout);
	if (r < 0)
		note_failure(pump, r);
	pump->done(pump->done_argument, context, r);
}

static void hand_over(struct pump *pump, void *context);

/* The thread has a context no more. */
static void
take_back(struct pump *pump)
{
	struct pump_thread *thread = pump->thread;
	void *context = take_ptr(thread->handed.context);
	int r = thread->failure;

	pump->busy = false;
	pump->cpu_usec = thread->cpu_usec;
	if (!pump->task->lasting)
		end_thread(pump);
	if (!pump->stopped) {
		finish(pump, context, r);
		return;
	}
	pump->task->release(context);
	if (pump->waiting != NULL)
		hand_over(pump, take_ptr(pump->waiting));
}

static void
on_answered(evutil_socket_t fd, short what, void *argument)
{
	struct pump *pump = argument;
	struct loop *loop = pump->ground->loop;
	uint64_t begun_usec = clock_monotonic_usec();

	(void)fd;
	(void)what;
	worker_acknowledge(pump->thread->worker);
	if (pump->busy && worker_count(pump->thread->worker) == 0)
		take_back(pump);
	loop_note_hold(loop, begun_usec);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct pump *pump = argument;
	int r = pump->error;

	(void)fd;
	(void)what;
	if (r == 0) {
		unsigned progress = atomic_load(&pump->thread->progress);

		if (pump->waiting == NULL && progress != pump->progress) {
			pump->progress = progress;
			loop_arm(pump->timeout, HANG_USEC);
			return;
		}
		pump_stop(pump);
		r = -ETIMEDOUT;
	}
	finish(pump, NULL, r);
}

static int
start_thread(struct pump *pump)
{
	struct pump_thread *thread = calloc(1, sizeof(*thread));
	int r;

	if (thread == NULL)
		return -ENOMEM;
	thread->proc_fd = pump->ground->proc_fd;
	/* It cannot fail on Linux with these arguments. */
	(void)pthread_mutex_init(&thread->borrowing, NULL);
	r = worker_new(
	    &(struct worker_options){
		.name = pump->task->thread,
		.item_size = sizeof(struct handed),
		.queue_max = 1,
		.run = run,
		.release = release_thread,
		.context = thread,
	    },
	    &thread->worker);
	if (r < 0) {
		release_thread(thread);
		return r;
	}
	pump->thread = thread;
	r = loop_add_descriptor(pump->ground->loop, worker_fd(thread->worker), on_answered, pump,
	    &pump->answered);
	if (r == 0)
		r = worker_start(thread->worker);
	if (r < 0)
		end_thread(pump);
	return r;
}

/* Hands a context to a thread that has none. */
static void
hand_over(struct pump *pump, void *context)
{
	const struct handed handed = {
		.task = pump->task,
		.context = context,
		.proc = conditions_hold(pump->ground->conditions, CONDITION_SOURCE),
	};
	int r = pump->thread != NULL ? 0 : start_thread(pump);

	pump->stopped = false;
	if (r == 0) {
		(void)pthread_mutex_lock(&pump->thread->borrowing);
		pump->thread->given_up = false;
		(void)pthread_mutex_unlock(&pump->thread->borrowing);
		pump->progress = atomic_load(&pump->thread->progress);
		r = worker_put(pump->thread->worker, &handed);
	}
	pump->error = r;
	pump->busy = r == 0;
	if (r < 0)
		pump->task->release(context);
	/* From the loop, so that `done` never runs inside pump_begin(). */
	loop_arm(pump->timeout, r < 0 ? 0 : HANG_USEC);
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
	if (pump->timeout != NULL)
		pump_stop(pump);
	end_thread(pump);
	loop_drop(&pump->timeout);
}

void
pump_begin(struct pump *pump, void *context)
{
	if (!pump->busy) {
		hand_over(pump, context);
		return;
	}
	pump->waiting = context;
	loop_arm(pump->timeout, HANG_USEC);
}

void
pump_stop(struct pump *pump)
{
	(void)event_del(pump->timeout);
	if (pump->waiting != NULL)
		pump->task->release(take_ptr(pump->waiting));
	if (!pump->busy)
		return;
	pump->stopped = true;
	(void)pthread_mutex_lock(&pump->thread->borrowing);
	pump->thread->given_up = true;
	(void)pthread_mutex_unlock(&pump->thread->borrowing);
}
