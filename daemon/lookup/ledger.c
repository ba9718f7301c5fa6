/* SPDX-License-Identifier: MIT */
/*
 * What a search costs is up to those who have descriptors, whoever is searched for. So what is read
 * of each user's is remembered from one search to the next: who has a million gets as much as
 * everybody in the first few, and then what is made up for in the meantime (budget.c).
 *
 * A person's subordinate users (subuid(5)) are one here. Those for whom there is no room are, too:
 * the first entry is theirs.
 *
 * What it never does: remember who has used nothing of late.
 *
 * Memory: 24 KiB. Cost: a comparison with each entry, for each user of a search.
 */
#include <stdlib.h>

#include "base/bucket.h"
#include "lookup/ledger.h"

#define ENTRIES_MAX 1024

/* So many users are a person's. */
#define BLOCK 65536U

struct ledger_entry {
	struct bucket descriptors; /* by CLOCK_MONOTONIC */
	uint32_t party;
};

struct ledger {
	struct ledger_entry entries[ENTRIES_MAX];
};

static uint32_t
party_of(uint32_t uid)
{
	return uid < BLOCK ? uid : BLOCK + uid / BLOCK;
}

struct ledger *
ledger_new(void)
{
	return calloc(1, sizeof(struct ledger));
}

/* The user's entry; the first where there is none, and then *ret_free is one to be had, or 0. */
static unsigned
find(const struct ledger *ledger, uint32_t uid, uint64_t usec_each, uint64_t now_usec,
    unsigned *ret_free)
{
	uint32_t party = party_of(uid);

	*ret_free = 0;
	for (unsigned i = ENTRIES_MAX - 1; i > 0; i--) {
		const struct ledger_entry *entry = &ledger->entries[i];

		if (bucket_spent(&entry->descriptors, usec_each, now_usec) == 0)
			*ret_free = i;
		else if (entry->party == party)
			return i;
	}
	return 0;
}

uint32_t
ledger_left(const struct ledger *ledger, uint32_t uid, uint32_t burst, uint64_t usec_each,
    uint64_t now_usec)
{
	unsigned number, free_number;

	if (ledger == NULL)
		return burst;
	number = find(ledger, uid, usec_each, now_usec, &free_number);
	if (number == 0 && free_number != 0)
		return burst;
	return (
	    uint32_t)bucket_left(&ledger->entries[number].descriptors, usec_each, burst, now_usec);
}

void
ledger_charge(struct ledger *ledger, uint32_t uid, uint32_t count, uint32_t burst,
    uint64_t usec_each, uint64_t now_usec)
{
	unsigned number, free_number;

	if (ledger == NULL || count == 0)
		return;
	number = find(ledger, uid, usec_each, now_usec, &free_number);
	if (number == 0)
		number = free_number;
	ledger->entries[number].party = party_of(uid);
	bucket_spend(&ledger->entries[number].descriptors, usec_each, count, burst, now_usec);
}
