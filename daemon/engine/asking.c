/* SPDX-License-Identifier: MIT */
/*
 * What a search for the holders of sockets costs is up to those who have processes and descriptors,
 * and how often one is made is up to those who listen. So what searches cost is measured, and is
 * made up for at the rate of 0.8% of a core. Up to a burst, questions are put as they come;
 * beyond it they are put off.
 *
 * Who asks pays: a request's cost is divided among the users by the numbers of their questions.
 * Beside what all have together each user has a little of their own. So somebody whose listeners
 * are asked about rarely is not put off, whatever another one has spent.
 *
 * What a search costs is up to others than those who are searched for, too: whoever has a hundred
 * thousand descriptors makes everybody's dear. So that nobody is without an answer for that, nor
 * for what is their own doing, there is a round in which all are asked about again. A round comes
 * so long after the request before that it keeps to that rate, too; and so that it comes soon,
 * few are asked about in a request while nothing is left. Each user has the same of these (fair.h).
 *
 * Who shares an account, and of how many users there is one, is fair.h's. All others share one.
 *
 * What it never does: put off for longer than what was spent needs to be made up for, or than to
 * the next round.
 *
 * Cost: a comparison with each account a question.
 */
#include "engine/asking.h"

/* The number of the user's account; of 0, that of all who have none, *ret_free is one to be had. */
static unsigned
find_account(const struct asking *asking, uint32_t uid, uint64_t now_usec, unsigned *ret_free)
{
	uint32_t party = fair_party(uid);

	*ret_free = 0;
	for (unsigned i = FAIR_ACCOUNTS_MAX - 1; i > 0; i--) {
		const struct asking_account *account = &asking->users[i];

		if (account->questions == 0 &&
		    bucket_spent(&account->cpu_usec, ASKING_USER_SHARE, now_usec) == 0)
			*ret_free = i;
		else if (account->party == party)
			return i;
	}
	return 0;
}

/* All together have spent more than there was. */
static bool
is_overdrawn(const struct asking *asking, uint64_t now_usec)
{
	return bucket_left(&asking->all.cpu_usec, ASKING_SHARE, ASKING_BURST_USEC, now_usec) == 0;
}

size_t
asking_room(const struct asking *asking, size_t max, uint64_t now_usec)
{
	return is_overdrawn(asking, now_usec) && max > ASKING_OVERDRAWN_MAX ? ASKING_OVERDRAWN_MAX :
									      max;
}

bool
asking_may(const struct asking *asking, uint32_t uid, uint64_t now_usec)
{
	unsigned number, free_number;

	if (now_usec >= asking->round_usec || !is_overdrawn(asking, now_usec))
		return true;
	number = find_account(asking, uid, now_usec, &free_number);
	return (number == 0 && free_number != 0) ||
	    bucket_left(&asking->users[number].cpu_usec, ASKING_USER_SHARE, ASKING_USER_BURST_USEC,
		now_usec) > 0;
}

void
asking_note(struct asking *asking, uint32_t uid, uint64_t now_usec)
{
	unsigned free_number, number = find_account(asking, uid, now_usec, &free_number);

	if (number == 0)
		number = free_number;
	asking->users[number].party = fair_party(uid);
	asking->users[number].questions++;
	asking->all.questions++;
}

static void
charge(struct asking_account *account, uint64_t share, uint64_t cpu_usec, uint64_t now_usec)
{
	bucket_spend(&account->cpu_usec, share, cpu_usec, UINT64_MAX, now_usec);
	account->questions = 0;
}

void
asking_charge(struct asking *asking, uint64_t cpu_usec, uint64_t now_usec)
{
	uint32_t questions = asking->all.questions;
	uint64_t pause_usec = cpu_usec * ASKING_ROUND_SHARE;

	if (questions > 0)
		asking->round_usec =
		    now_usec + (pause_usec > ASKING_ROUND_USEC ? pause_usec : ASKING_ROUND_USEC);
	charge(&asking->all, ASKING_SHARE, cpu_usec, now_usec);
	for (unsigned i = 0; i < FAIR_ACCOUNTS_MAX; i++)
		if (asking->users[i].questions > 0)
			charge(&asking->users[i], ASKING_USER_SHARE,
			    cpu_usec * asking->users[i].questions / questions, now_usec);
}
