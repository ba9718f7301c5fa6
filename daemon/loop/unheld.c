/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel which sockets without a holder are its own, and overstay-names which of them were
 * registered as such. rtnetlink waits for whoever changes a network device just then, which may
 * take seconds, so a thread of its own asks (base/worker.h), made when there is something to ask
 * and ended with the answer.
 *
 * Invariants: one thread at a time; the thread touches nothing but its struct unheld_job until it
 * has notified the loop, and the loop touches that only after. A question that is not answered in
 * time, or that meets a thread that hangs, excludes nothing: its sockets are unproved.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/worker.h"
#include "kernel/kernel-sockets.h"
#include "loop/unheld.h"

#define ANSWER_TIMEOUT_USEC (3 * USEC_PER_SEC)

/* A stop waits so long for a question under way. */
#define STOP_USEC (100 * USEC_PER_MSEC)

struct unheld_job {
	struct worker *worker; /* owns this struct: it frees it */
	struct event *done;
	struct names_link *names; /* of the thread */
	size_t count;
	struct unheld_socket sockets[UNHELD_MAX];
};

struct unheld {
	const struct ground *ground;
	unheld_function *function;
	void *argument;
	struct event *timeout;
	struct unheld_job *job;	  /* NULL = none is under way */
	struct names_link *names; /* while no job has it */
	bool wanted;		  /* its answer is */
	size_t count;		  /* of the question: what is told without an answer */
	struct unheld_socket sockets[UNHELD_MAX];
};

static void
run(struct worker *worker, void *context)
{
	struct unheld_job *job = context;

	names_link_registered(job->names, job->sockets, job->count);
	kernel_sockets_ask(job->sockets, job->count);
	worker_notify(worker);
}

static void
release_job(void *context)
{
	struct unheld_job *job = context;

	(void)names_link_free(job->names);
	free(job);
}

/* Ends it. A thread that hangs is left behind with its job. */
static void
end_job(struct unheld *unheld, uint64_t timeout_usec)
{
	struct unheld_job *job = unheld->job;

	unheld->job = NULL;
	if (job == NULL)
		return;
	loop_drop(&job->done);
	if (job->worker == NULL)
		release_job(job);
	else
		(void)worker_stop(job->worker, timeout_usec);
}

static void
tell(struct unheld *unheld, const struct unheld_socket *sockets)
{
	unheld->wanted = false;
	(void)event_del(unheld->timeout);
	unheld->function(sockets, unheld->count, unheld->argument);
}

/* There is no answer. */
static void
give_up(struct unheld *unheld)
{
	for (size_t i = 0; i < unheld->count; i++)
		if (unheld->sockets[i].claim == KERNEL_CLAIM_NONE)
			unheld->sockets[i].claim = KERNEL_CLAIM_UNPROVED;
	tell(unheld, unheld->sockets);
}

static void
on_done(evutil_socket_t fd, short what, void *argument)
{
	struct unheld *unheld = argument;
	uint64_t begun_usec = clock_monotonic_usec();

	(void)fd;
	(void)what;
	worker_acknowledge(unheld->job->worker);
	memcpy(unheld->sockets, unheld->job->sockets, sizeof(unheld->sockets));
	unheld->names = take_ptr(unheld->job->names);
	end_job(unheld, STOP_USEC);
	if (unheld->wanted)
		tell(unheld, unheld->sockets);
	loop_note_hold(unheld->ground->loop, begun_usec);
}

static void
on_timeout(evutil_socket_t fd, short what, void *argument)
{
	struct unheld *unheld = argument;

	(void)fd;
	(void)what;
	if (unheld->wanted)
		give_up(unheld);
}

static int
start_job(struct unheld *unheld)
{
	struct unheld_job *job = calloc(1, sizeof(*job));
	int r;

	if (job == NULL)
		return -ENOMEM;
	unheld->job = job;
	job->names = take_ptr(unheld->names);
	job->count = unheld->count;
	memcpy(job->sockets, unheld->sockets, sizeof(job->sockets));
	r = worker_new(
	    &(struct worker_options){
		.name = "kernel-sockets",
		.run = run,
		.release = release_job,
		.context = job,
	    },
	    &job->worker);
	if (r == 0)
		r = loop_add_descriptor(unheld->ground->loop, worker_fd(job->worker), on_done,
		    unheld, &job->done);
	if (r == 0)
		r = worker_start(job->worker);
	if (r < 0)
		end_job(unheld, 0);
	return r;
}

void
unheld_ask(struct unheld *unheld, const struct unheld_socket *sockets, size_t count)
{
	unheld->count = count;
	memcpy(unheld->sockets, sockets, count * sizeof(sockets[0]));
	/* One that hangs since the last question is not joined by another. */
	if (unheld->job != NULL || start_job(unheld) < 0) {
		give_up(unheld);
		return;
	}
	unheld->wanted = true;
	loop_arm(unheld->timeout, ANSWER_TIMEOUT_USEC);
}

void
unheld_cancel(struct unheld *unheld)
{
	unheld->wanted = false;
}

int
unheld_new(const struct ground *ground, struct names_link *names, unheld_function *function,
    void *argument, struct unheld **ret)
{
	struct unheld *unheld = calloc(1, sizeof(*unheld));
	int r;

	if (unheld == NULL) {
		(void)names_link_free(names);
		return -ENOMEM;
	}
	unheld->ground = ground;
	unheld->names = names;
	unheld->function = function;
	unheld->argument = argument;
	r = loop_add_timer(ground->loop, on_timeout, unheld, &unheld->timeout);
	if (r < 0)
		(void)unheld_free(unheld);
	else
		*ret = unheld;
	return r;
}

struct unheld *
unheld_free(struct unheld *unheld)
{
	if (unheld == NULL)
		return NULL;
	end_job(unheld, STOP_USEC);
	loop_drop(&unheld->timeout);
	(void)names_link_free(unheld->names);
	free(unheld);
	return NULL;
}
