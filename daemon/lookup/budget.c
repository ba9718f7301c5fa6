/* SPDX-License-Identifier: MIT */
/*
 * A million descriptors are made in seconds, by anybody: dup(2) and fork(2). Read one by one they
 * would keep a search from everything else. So each user has so many descriptors in a search and no
 * more, and each process of his gets a few before any gets many (walk.c). Time bounds what many
 * users do together.
 *
 * Root's processes have three times as many, since they hold what others listen for. To open a
 * process counts as some descriptors.
 *
 * What one user's descriptors cost in one search they cost in each. So what the searches read of a
 * user's is remembered (ledger.c) and takes half a per cent of a core in the long run; but so many
 * as nearly everybody has are read each time.
 *
 * What is left unread is no secret: the search says whose it was (visit.h), and what depends on it
 * is unknown.
 *
 * Memory: 40 bytes a user, ACCOUNTS_MAX users. Cost: some ns a descriptor.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/search.h"
#include "lookup/budget.h"
#include "lookup/ring.h"

#define ACCOUNTS_MAX 1024

/* So many descriptors take less than a millisecond. */
#define CLOCK_EVERY 64

/* A descriptor takes 2 to 6 us. */
const struct budget_limits budget_default_limits = {
	.first = 256,
	.second = 4096,
	.process = 65536,
	.user = 163840,
	.root = 524288,
	.opened = 4,
	.least = 8192,
	.burst = 327680,
	.usec_each = 800,
	.quick_usec = 1500 * USEC_PER_MSEC,
	.thorough_usec = 4 * USEC_PER_SEC,
};

static int
compare(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key, other = ((const struct account *)element)->uid;

	return uid < other ? -1 : uid > other;
}

/* How much of a user's may be read in this search. */
static uint32_t
descriptors_of(const struct budgets *budget, uint32_t uid)
{
	const struct budget_limits *limits = budget->limits;
	uint32_t left;

	if (uid == 0)
		return limits->root;
	left =
	    ledger_left(budget->ledger, uid, limits->burst, limits->usec_each, budget->begun_usec);
	if (left < limits->least)
		left = limits->least;
	return left < limits->user ? left : limits->user;
}

static struct account
make_account(const struct budgets *budget, uint32_t uid)
{
	uint32_t given = descriptors_of(budget, uid);

	return (struct account){
		.uid = uid,
		.given = given,
		.left = given,
		.ring_left_bytes = RING_BYTES_MAX,
	};
}

void
budget_init(struct budgets *budget, const struct budget_limits *limits, struct ledger *ledger,
    uint64_t until_usec)
{
	*budget = (struct budgets){
		.limits = limits,
		.ledger = ledger,
		.begun_usec = clock_monotonic_usec(),
		.until_usec = until_usec,
	};
	budget->others = make_account(budget, UINT32_MAX);
}

static void
enter(const struct budgets *budget, const struct account *account)
{
	if (account->uid != 0)
		ledger_charge(budget->ledger, account->uid, account->given - account->left,
		    budget->limits->burst, budget->limits->usec_each, budget->begun_usec);
}

void
budget_clear(struct budgets *budget)
{
	for (size_t i = 0; i < budget->count; i++)
		enter(budget, &budget->accounts[i]);
	enter(budget, &budget->others);
	free(budget->accounts);
	budget->accounts = NULL;
	budget->count = budget->room = 0;
}

struct account *
budget_account(struct budgets *budget, uint32_t uid)
{
	size_t at =
	    search_bound(&uid, budget->accounts, budget->count, sizeof(struct account), compare);
	int r;

	if (at < budget->count && budget->accounts[at].uid == uid)
		return &budget->accounts[at];
	r = array_reserve(&budget->accounts, &budget->room, budget->count + 1, ACCOUNTS_MAX);
	if (r < 0) {
		budget->lost |= r == -ENOMEM;
		return &budget->others;
	}
	memmove(budget->accounts + at + 1, budget->accounts + at,
	    (budget->count - at) * sizeof(struct account));
	budget->accounts[at] = make_account(budget, uid);
	budget->count++;
	return &budget->accounts[at];
}

bool
budget_take(struct budgets *budget, struct account *account)
{
	if (budget->over || account->left == 0)
		return false;
	if (++budget->unchecked >= CLOCK_EVERY) {
		budget->unchecked = 0;
		budget->over = clock_monotonic_usec() > budget->until_usec;
	}
	account->left--;
	return true;
}

bool
budget_may_open(const struct budgets *budget, struct account *account)
{
	bool may = !budget->over && account->left > 0;

	account->unopened += !may;
	return may;
}

bool
budget_open(struct budgets *budget, struct account *account)
{
	uint32_t opened = account->uid == 0 ? 0 : budget->limits->opened;

	if (!budget_may_open(budget, account))
		return false;
	account->left -= opened < account->left ? opened : account->left;
	return true;
}
