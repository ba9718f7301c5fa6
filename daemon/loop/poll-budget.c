/* SPDX-License-Identifier: MIT */
/*
 * How long a poll may try to prove that sockets are gone. Whoever opens and closes sockets makes it
 * ask, and the kernel walks over everybody's sockets for each question. So what proofs take is
 * measured, and is a part of what all polls may take (poll-stretch.h): a longer interval would not
 * make them cheaper, since there is more to prove then. What is not proved by then is carried, and
 * is gone when it lacked in POLL_LACKING_MAX polls.
 *
 * Invariant: some question is always put, however little is left; so the share is passed by no more
 * than one question a poll.
 *
 * What it never does: know of questions, or of clocks.
 */
#include "loop/poll-budget.h"

uint64_t
poll_budget_left_usec(const struct poll_budget *budget)
{
	const struct bucket *spent = &budget->spent_usec;

	return bucket_left(spent, PROOF_SHARE, PROOF_BURST_USEC, spent->as_of_usec);
}

void
poll_budget_earn(struct poll_budget *budget, uint64_t since_usec)
{
	struct bucket *spent = &budget->spent_usec;

	bucket_spend(spent, PROOF_SHARE, 0, PROOF_BURST_USEC, spent->as_of_usec + since_usec);
}

bool
poll_budget_is_spent(const struct poll_budget *budget, uint64_t cpu_usec)
{
	return cpu_usec > poll_budget_left_usec(budget);
}

void
poll_budget_spend(struct poll_budget *budget, uint64_t cpu_usec)
{
	struct bucket *spent = &budget->spent_usec;

	bucket_spend(spent, PROOF_SHARE, cpu_usec, PROOF_BURST_USEC, spent->as_of_usec);
}
