/* SPDX-License-Identifier: MIT */
/*
 * Few places and many who want one: each user gets the same share. See fair.c.
 */
#ifndef OVERSTAY_ENGINE_FAIR_H
#define OVERSTAY_ENGINE_FAIR_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Users below this number are people, services and root; those from here on may be the subordinate
 * ones of a single person, in blocks of as many. */
#define FAIR_BLOCK 65536

/* Who shares with whom: a user, or a block of them. */
uint32_t fair_party(uint32_t uid);

/* By which users are told apart: theirs; above that number 256 keys for each block. */
uint32_t fair_key(uint32_t uid);

/* How many places a user, or a block of them, wants, and how many of them it gets. */
struct fair_demand {
	size_t begin; /* the caller's */
	size_t wants, share;
	uint64_t since_usec; /* places that are left over after all got the same go by this */
	uint32_t party;
};

/*
 * Shares `places` among the parties, and what each gets among its users. Users come party by party;
 * demands has room for twice as many. Where all want more than there are, all are given away.
 */
void fair_divide(struct fair_demand *demands, size_t user_count, size_t places);

/* What wants a place. */
struct fair_item {
	uint64_t since_usec;
	void *what;
	uint32_t key; /* fair.c's: of the user */
	uint32_t index;
};

struct fair {
	size_t places;
	struct fair_item *items; /* with fair_choose(): those that have one */
	size_t count, room;
	size_t offered;
	/* What would not be kept anyhow: this user's, since then or later. */
	uint32_t full_key;
	uint64_t full_usec;
};

/* At least one place. */
void fair_init(struct fair *fair, size_t places);
void fair_clear(struct fair *fair);

/* One more that wants a place: a user's oldest get it first. Without memory it is left out. */
void fair_offer(struct fair *fair, uint32_t uid, uint64_t since_usec, void *what, uint32_t index);

/* Leaves those in `items` that have a place, user by user, the oldest first. Returns how many. */
size_t fair_choose(struct fair *fair);

/* Users whose numbers are counted at once; all others are counted as one. */
#define FAIR_ACCOUNTS_MAX 64

/* Who has how many of something; all zero at first. */
struct fair_accounts {
	struct fair_account {
		uint32_t party;
		uint32_t count; /* 0 = free */
	} accounts[FAIR_ACCOUNTS_MAX];
	uint32_t total;
};

/* The number of the user's account, for the calls below. */
unsigned fair_account(const struct fair_accounts *accounts, uint32_t uid);
void fair_charge(struct fair_accounts *accounts, unsigned number, uint32_t uid);
void fair_release(struct fair_accounts *accounts, unsigned number);
/* The same of many at once: bytes, for instance. */
void fair_charge_many(struct fair_accounts *accounts, unsigned number, uint32_t uid, uint32_t many);
void fair_release_many(struct fair_accounts *accounts, unsigned number, uint32_t many);

/*
 * True where the account may have so many more. Nobody has more than half of what is left of
 * `most`, but each account has `own` of it that nobody else can take (`most` is more than all of
 * those together): so a new account always has room, and nothing of others has to go for it.
 */
bool fair_has_share(const struct fair_accounts *accounts, unsigned number, uint32_t many,
    uint32_t own, uint32_t most);

/* True where the account may have one more: it has less than most, and less than what is left of
 * all. So nobody alone gets more than half of all, and for whoever comes then something is left. */
bool fair_may_have(const struct fair_accounts *accounts, unsigned number, size_t most, size_t all);

#endif
