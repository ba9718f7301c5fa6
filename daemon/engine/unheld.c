/* SPDX-License-Identifier: MIT */
/*
 * The lookup found no holder of a socket: then the kernel is asked (kernel/kernel-sockets.c), and
 * what it claims decides between its own socket, one that may be, and nobody's.
 *
 * What it never does: weaken an answer that names a process, or one that says why not every process
 * could be searched. A reason that is known already (another PID namespace, an io_uring) is not
 * replaced by one that is only possible.
 */
#include <stdlib.h>

#include "base/search.h"
#include "engine/unheld.h"

bool
unheld_is(const struct owner *owner)
{
	return owner->kind == OWNER_UNKNOWN && owner->thorough &&
	    (owner_reason_is_nobody(owner->reason) || owner->reason == OWNER_REASON_OTHER_PIDS);
}

/* The question about such a socket, with what its owner says already. */
static struct unheld_socket
make_question(const struct lookup_question *question, const struct owner *owner)
{
	return (struct unheld_socket){
		.endpoint = question->endpoint,
		.cookie = question->cookie,
		.uid = question->uid,
		.claim = owner->reason == OWNER_REASON_KERNEL_UNPROVED ? KERNEL_CLAIM_UNPROVED :
									 KERNEL_CLAIM_NONE,
	};
}

/* What the owner becomes. Returns false where it stays as it is. */
static bool
find_change(const struct owner *owner, enum kernel_claim claim, enum owner_kind *ret_kind,
    enum owner_reason *ret_reason)
{
	*ret_kind = OWNER_UNKNOWN;
	*ret_reason = OWNER_REASON_KERNEL_UNPROVED;
	switch (claim) {
	case KERNEL_CLAIM_PROVED:
		*ret_kind = OWNER_KERNEL;
		*ret_reason = OWNER_REASON_NONE;
		return true;
	case KERNEL_CLAIM_UNPROVED:
		return owner->reason == OWNER_REASON_NO_PROCESS;
	case KERNEL_CLAIM_NONE:
		break;
	}
	return false;
}

void
unheld_apply(struct owner **owner, enum kernel_claim claim)
{
	enum owner_kind kind;
	enum owner_reason reason;
	struct owner *changed;

	if (!unheld_is(*owner) || !find_change(*owner, claim, &kind, &reason))
		return;
	changed = owner_new(kind, reason, 0);
	if (changed == NULL)
		return;
	changed->observed_usec = (*owner)->observed_usec;
	changed->thorough = true;
	if (place_copy(&changed->place, &(*owner)->place) < 0) {
		(void)owner_unref(changed);
		return;
	}
	(void)owner_unref(*owner);
	*owner = changed;
}

static int
compare_questions(const void *a, const void *b)
{
	const struct lookup_question *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

void
unheld_sort(struct lookup_question *questions, size_t count)
{
	if (count > 1)
		qsort(questions, count, sizeof(questions[0]), compare_questions);
}

static const struct lookup_question *
find_question(const struct lookup_question *questions, size_t count, uint32_t inode)
{
	const struct lookup_question key = { .inode = inode };

	return search_find(&key, questions, count, sizeof(key), compare_questions);
}

size_t
unheld_collect(const struct lookup_question *questions, size_t question_count,
    const struct lookup_answer *answers, size_t answer_count, struct unheld_socket *sockets)
{
	size_t count = 0;

	for (size_t i = 0; i < answer_count && count < UNHELD_MAX; i++) {
		const struct lookup_question *question;

		if (!unheld_is(answers[i].owner))
			continue;
		question = find_question(questions, question_count, answers[i].inode);
		/* Each has one; without it nothing can be asked, and the order is kept. */
		sockets[count++] = question != NULL ?
		    make_question(question, answers[i].owner) :
		    (struct unheld_socket){ .claim = KERNEL_CLAIM_UNPROVED };
	}
	return count;
}

void
unheld_take_in(struct lookup_answer *answers, size_t answer_count,
    const struct unheld_socket *sockets, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < answer_count; i++) {
		enum kernel_claim claim;

		if (!unheld_is(answers[i].owner))
			continue;
		claim = at < count ? sockets[at].claim : KERNEL_CLAIM_UNPROVED;
		at++;
		unheld_apply(&answers[i].owner, claim);
	}
}
