/* SPDX-License-Identifier: MIT */
/*
 * The lookup without a loop: all questions at once, so that the processes are walked once, and
 * waited for. Every process is searched at the first question, so that nobody has to be asked for
 * twice.
 *
 * What it never does: wait longer than ANSWER_TIMEOUT_USEC for as many answers as a packet has, or
 * for a lookup that failed.
 *
 * Memory: 90 bytes a question, of LOOKUP_QUESTIONS_MAX at most.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "engine/unheld.h"
#include "kernel/kernel-sockets.h"
#include "once-lookup.h"

/* overstay-lookup answers so many questions as a packet has within this, or it is not asked on. */
#define ANSWER_TIMEOUT_USEC (10 * USEC_PER_SEC)

/* A suspect's socket is asked for anew for a checksum; more rounds than this make no sense. */
#define ROUNDS_MAX 16

struct answers {
	struct lookup_answer list[LOOKUP_QUESTIONS_MAX];
	size_t count;
	struct names_link *names;
	struct engine *engine;
	const struct lookup_question *questions; /* that were asked */
	size_t question_count;
};

static void
on_owner(uint32_t inode, struct owner *owner, void *argument)
{
	struct answers *answers = argument;
	uint32_t uid = lookup_question_uid(answers->questions, answers->question_count, inode);

	if (answers->count < LOOKUP_QUESTIONS_MAX)
		answers->list[answers->count++] =
		    (struct lookup_answer){ inode, engine_keep_owner(answers->engine, owner, uid) };
}

/* No more answers are waited for; r says why, and is returned. */
static int
give_up(struct lookup_client *client, int r, struct answers *answers)
{
	lookup_client_give_up(client, lookup_client_reason(r), clock_boottime_usec(), on_owner,
	    answers);
	return r;
}

/* Puts the rest of the questions. Returns 0, -ETIMEDOUT, or why the lookup failed. */
static int
ask_rest(struct lookup_client *client, uint64_t until_usec, struct answers *answers)
{
	int r = 1;

	while (r == 1) {
		struct pollfd poll_fd = { .fd = lookup_client_fd(client), .events = POLLOUT };

		if (clock_monotonic_usec() > until_usec)
			r = -ETIMEDOUT;
		else if (poll(&poll_fd, 1, 1000) > 0)
			r = lookup_client_ask_on(client);
	}
	return r < 0 ? give_up(client, r, answers) : 0;
}

/* Waits for the answers to what was asked. Returns 0, -ETIMEDOUT, or why the lookup failed. */
static int
wait_answers(struct lookup_client *client, uint64_t until_usec, struct answers *answers)
{
	int r = -EAGAIN;

	while (r == 1 || r == -EAGAIN) {
		struct pollfd poll_fd = { .fd = lookup_client_fd(client), .events = POLLIN };

		if (clock_monotonic_usec() > until_usec)
			return give_up(client, -ETIMEDOUT, answers);
		if (r == -EAGAIN && poll(&poll_fd, 1, 1000) <= 0)
			continue;
		r = lookup_client_step(client, clock_boottime_usec(), on_owner, answers);
	}
	return r;
}

/* What no process holds may be the kernel's own: it is asked for as many at a time as it may be. */
static void
ask_kernel(struct lookup_question *questions, size_t count, struct answers *answers)
{
	unheld_sort(questions, count);
	for (size_t at = 0; at < answers->count; at += UNHELD_MAX) {
		size_t left = answers->count - at, some = left < UNHELD_MAX ? left : UNHELD_MAX;
		struct lookup_answer *list = answers->list + at;
		struct unheld_socket sockets[UNHELD_MAX];
		size_t unheld = unheld_collect(questions, count, list, some, sockets);

		if (unheld == 0)
			continue;
		names_link_registered(answers->names, sockets, unheld);
		kernel_sockets_ask(sockets, unheld);
		unheld_take_in(list, some, sockets, unheld);
	}
}

/* Puts questions and hands the answers to the engine. Returns 0 or why the lookup failed. */
static int
ask_batch(struct engine *engine, struct policy *policy, struct lookup_client *client,
    struct lookup_question *questions, size_t count, struct answers *answers)
{
	uint64_t until_usec =
	    clock_monotonic_usec() + (count / LOOKUP_INODES_MAX + 1) * ANSWER_TIMEOUT_USEC;
	int r;

	answers->count = 0;
	answers->questions = questions;
	answers->question_count = count;
	r = lookup_client_set_paths(client, &policy->links);
	if (r == 0)
		r = lookup_client_ask(client, questions, count);
	if (r < 0)
		return r;
	if (r > 0)
		r = ask_rest(client, until_usec, answers);
	if (r == 0)
		r = wait_answers(client, until_usec, answers);
	/* Without memory a link leads nowhere. */
	(void)!link_table_take(&policy->links, lookup_client_links(client));
	ask_kernel(questions, count, answers);
	/* Once it failed, the rest is unknown for that reason (once_lookup()). */
	(r < 0 ? engine_lookup_some_answers : engine_lookup_answers)(engine, answers->list,
	    answers->count, clock_boottime_usec());
	for (size_t i = 0; i < answers->count; i++)
		(void)owner_unref(answers->list[i].owner);
	return r;
}

static void
advance(struct engine *engine)
{
	const struct moment moment = clock_now();

	engine_advance(engine, &moment);
}

int
once_lookup(struct engine *engine, struct policy *policy, struct lookup_client **client,
    struct names_link *names)
{
	_free_ struct lookup_question *questions = calloc(LOOKUP_QUESTIONS_MAX, sizeof(*questions));
	_free_ struct answers *answers = calloc(1, sizeof(*answers));
	unsigned rounds = 0;
	int r = 0;

	if (questions == NULL || answers == NULL)
		return -ENOMEM;
	answers->names = names;
	answers->engine = engine;
	engine_search_all(engine);
	for (;;) {
		size_t count;

		advance(engine);
		count = *client == NULL ? 0 :
					  engine_lookup_questions(engine, questions,
					      LOOKUP_QUESTIONS_MAX, clock_boottime_usec());
		if (count == 0)
			break;
		/* As many as there may be are only more of the same. */
		if (count < LOOKUP_QUESTIONS_MAX && ++rounds > ROUNDS_MAX)
			break;
		r = ask_batch(engine, policy, *client, questions, count, answers);
		if (r < 0)
			*client = lookup_client_close(*client);
	}
	if (*client == NULL)
		engine_lookup_failed(engine, lookup_client_reason(r), clock_boottime_usec());
	advance(engine);
	return 0;
}
