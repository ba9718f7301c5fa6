/* SPDX-License-Identifier: MIT */
/*
 * Anybody may open hundreds of thousands of listeners. Of all that are open CROWD_WATCHED_MAX are
 * watched: each user has as many places as every other, who wants less leaves the rest to the
 * others (engine/fair.c: subordinate users share). Who is watched stays watched as long as its user
 * has no more than its share, or nobody else wants the place. So the user with the most listeners
 * pays, and nobody's crowd takes a place from a user who has fewer.
 *
 * While a poll is read, only numbers are kept of those for whom there is no place: how many each
 * user has open says how many places it can get at most, and that only falls while more is read.
 *
 * What it never does: know a listener, or say which of a user's give way (engine/surplus.c).
 *
 * Invariant: open = watched + kept + what is not watched. Account 0 is that of all users for whom
 * there was none of their own. Cost: a hash and a comparison for each listener, none where the one
 * before was the same user's; a division sorts the users. Memory: 260 KiB, while there is a crowd.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "engine/crowd.h"
#include "engine/fair.h"

#define SLOTS (2 * CROWD_ACCOUNTS_MAX)

struct headcount {
	uint32_t key;
	uint32_t uid; /* one of those that have this key */
	uint32_t open;
	uint32_t watched; /* by the last poll; */
	uint32_t kept;	  /* newcomers that have a place, as far as is known; */
	uint32_t there;	  /* of both, those that are there */
	uint32_t share;
};

struct crowd {
	uint64_t key;
	unsigned count, latest;
	struct headcount accounts[CROWD_ACCOUNTS_MAX];
	uint16_t slots[SLOTS]; /* of `accounts`, 0 = free */
};

_Static_assert(CROWD_ACCOUNTS_MAX <= UINT16_MAX, "an account has a slot's number");

struct crowd *
crowd_new(uint64_t key)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (crowd == NULL)
		return NULL;
	crowd->key = key;
	crowd->count = 1;
	crowd->accounts[0].share = CROWD_WATCHED_MAX;
	return crowd;
}

struct crowd *
crowd_free(struct crowd *crowd)
{
	free(crowd);
	return NULL;
}

/* The slot of a key, or the free one where it belongs. */
static uint32_t
slot_of(const struct crowd *crowd, uint32_t key)
{
	uint32_t slot = (uint32_t)hash_mix(key ^ crowd->key) % SLOTS;

	while (crowd->slots[slot] != 0 && crowd->accounts[crowd->slots[slot]].key != key)
		slot = (slot + 1) % SLOTS;
	return slot;
}

unsigned
crowd_account(struct crowd *crowd, uint32_t uid)
{
	uint32_t key = fair_key(uid), slot;

	if (crowd->latest != 0 && crowd->accounts[crowd->latest].key == key)
		return crowd->latest;
	slot = slot_of(crowd, key);
	if (crowd->slots[slot] == 0 && crowd->count < CROWD_ACCOUNTS_MAX) {
		crowd->accounts[crowd->count] = (struct headcount){
			.key = key,
			.uid = uid,
			.share = CROWD_WATCHED_MAX,
		};
		crowd->slots[slot] = (uint16_t)crowd->count++;
	}
	crowd->latest = crowd->slots[slot];
	if (crowd->latest == 0)
		crowd->accounts[0].uid = uid;
	return crowd->latest;
}

void
crowd_note_watched(struct crowd *crowd, uint32_t uid)
{
	struct headcount *account = &crowd->accounts[crowd_account(crowd, uid)];

	account->open++;
	account->watched++;
}

static bool
keep(struct headcount *account)
{
	if (account->watched + account->kept >= account->share)
		return false;
	account->kept++;
	return true;
}

bool
crowd_offer(struct crowd *crowd, uint32_t uid)
{
	struct headcount *account = &crowd->accounts[crowd_account(crowd, uid)];

	account->open++;
	return keep(account);
}

bool
crowd_admit(struct crowd *crowd, uint32_t uid)
{
	return keep(&crowd->accounts[crowd_account(crowd, uid)]);
}

static int
compare_demands(const void *a, const void *b)
{
	const struct fair_demand *x = a, *y = b;

	if (x->party != y->party)
		return x->party < y->party ? -1 : 1;
	return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Divides the places among the accounts by what each has of `wanted`. Who has a place keeps it
 * before another is given one. Returns 0 or -ENOMEM. */
static int
divide(struct crowd *crowd, uint32_t (*wanted)(const struct headcount *))
{
	struct fair_demand *demands = calloc(2 * (size_t)crowd->count, sizeof(*demands));

	if (demands == NULL)
		return -ENOMEM;
	for (unsigned i = 0; i < crowd->count; i++)
		demands[i] = (struct fair_demand){
			.begin = i,
			.wants = wanted(&crowd->accounts[i]),
			.since_usec = UINT32_MAX - crowd->accounts[i].watched,
			.party = i == 0 ? UINT32_MAX : fair_party(crowd->accounts[i].key),
		};
	qsort(demands, crowd->count, sizeof(*demands), compare_demands);
	fair_divide(demands, crowd->count, CROWD_WATCHED_MAX);
	for (unsigned i = 0; i < crowd->count; i++)
		crowd->accounts[demands[i].begin].share = (uint32_t)demands[i].share;
	free(demands);
	return 0;
}

static uint32_t
open_of(const struct headcount *account)
{
	return account->open;
}

void
crowd_divide(struct crowd *crowd)
{
	bool divided = divide(crowd, open_of) == 0;

	for (unsigned i = 0; i < crowd->count; i++) {
		struct headcount *account = &crowd->accounts[i];

		account->kept = 0;
		if (!divided)
			account->share = account->watched;
		/* Who gets all that it wants may want more yet. */
		else if (account->share == account->open)
			account->share = CROWD_WATCHED_MAX;
	}
}

void
crowd_recount(struct crowd *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++)
		crowd->accounts[i].there = 0;
}

void
crowd_note_there(struct crowd *crowd, uint32_t uid)
{
	crowd->accounts[crowd_account(crowd, uid)].there++;
}

static uint32_t
there_of(const struct headcount *account)
{
	return account->there;
}

int
crowd_divide_there(struct crowd *crowd)
{
	return divide(crowd, there_of);
}

size_t
crowd_share(const struct crowd *crowd, unsigned account)
{
	return crowd->accounts[account].share;
}

bool
crowd_has_excess(const struct crowd *crowd, unsigned account)
{
	return crowd->accounts[account].there > crowd->accounts[account].share;
}

void
crowd_note_dropped(struct crowd *crowd, uint32_t uid)
{
	struct headcount *account = &crowd->accounts[crowd_account(crowd, uid)];

	if (account->watched > 0)
		account->watched--;
	else if (account->kept > 0)
		account->kept--;
}

static size_t
left_out_of(const struct headcount *account)
{
	return account->open - account->watched - account->kept;
}

bool
crowd_leaves_out(const struct crowd *crowd, uint32_t uid)
{
	return crowd != NULL &&
	    left_out_of(&crowd->accounts[crowd->slots[slot_of(crowd, fair_key(uid))]]) > 0;
}

struct crowd_left_out
crowd_left_out(const struct crowd *crowd)
{
	struct crowd_left_out all = { 0 };
	size_t most = 0;

	for (unsigned i = 0; crowd != NULL && i < crowd->count; i++) {
		const struct headcount *account = &crowd->accounts[i];

		all.count += left_out_of(account);
		if (left_out_of(account) > most) {
			most = left_out_of(account);
			all.uid = account->uid;
		}
	}
	return all;
}
