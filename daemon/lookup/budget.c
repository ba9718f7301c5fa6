/* SPDX-License-Identifier: MIT */
/*
 * A million descriptors are made in seconds, by anybody: dup(2) and fork(2). Read one by one they
 * would keep a search from everything else. So each user has so many descriptors in a search and no
 * more, and each process of his gets a few before any gets many (walk.c). Time bounds what many
 * users do together.
 *
 * Root's processes have four times as many, since they hold what others listen for.
 *
 * What is left unread is no secret: the search says whose it was (visit.h), and what depends on it
 * is unknown.
 *
 * Memory: 24 bytes a user, ACCOUNTS_MAX users. Cost: some ns a descriptor.
 */
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
	.user = 131072,
	.root = 524288,
	.quick_usec = 1500 * USEC_PER_MSEC,
	.thorough_usec = 4 * USEC_PER_SEC,
};

static int
compare(const void *key, const void *element)
{
	uint32_t uid = *(const uint32_t *)key, other = ((const struct account *)element)->uid;

	return uid < other ? -1 : uid > other;
}

static struct account
make_account(const struct budgets *budget, uint32_t uid)
{
	return (struct account){
		.uid = uid,
		.left = uid == 0 ? budget->limits->root : budget->limits->user,
		.ring_left_bytes = RING_BYTES_MAX,
	};
}

void
budget_init(struct budgets *budget, const struct budget_limits *limits, uint64_t until_usec)
{
	*budget = (struct budgets){ .limits = limits, .until_usec = until_usec };
	budget->others = make_account(budget, UINT32_MAX);
}

void
budget_clear(struct budgets *budget)
{
	free(budget->accounts);
	budget->accounts = NULL;
	budget->count = budget->room = 0;
}

struct account *
budget_account(struct budgets *budget, uint32_t uid)
{
	size_t at =
	    search_bound(&uid, budget->accounts, budget->count, sizeof(struct account), compare);

	if (at < budget->count && budget->accounts[at].uid == uid)
		return &budget->accounts[at];
	if (array_reserve(&budget->accounts, &budget->room, budget->count + 1, ACCOUNTS_MAX) < 0)
		return &budget->others;
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
