/* SPDX-License-Identifier: MIT */
/*
 * Who gets one of few places that many want: the next questions to overstay-lookup, the stays that
 * are kept while AWAY, the room in the queue of reports. Each user gets as many as every other, who
 * wants less leaves the rest to the others, and of one user's the oldest come first. So whatever
 * one user does, it costs that user.
 *
 * A user is the uid of a socket as the kernel reports it, seen from the host. A person who has
 * subordinate users (subuid(5)) has 65,536 of them, and must not get as many shares: users from
 * 65536 on share by blocks of as many, so all of a person's are two shares at most; and within a
 * block by 256 classes, so that people of a directory service who share one do not starve each
 * other.
 *
 * What it never does: remember a user when nothing of his is there; or keep more than twice as many
 * items as there are places, however many are offered.
 *
 * Cost: of n items and p places n log p comparisons; while it is decided 48 bytes a place, and 80 a
 * user.
 */
#include <stdlib.h>

#include "base/array.h"
#include "engine/fair.h"

uint32_t
fair_party(uint32_t uid)
{
	return uid < FAIR_BLOCK ? uid : FAIR_BLOCK + uid / FAIR_BLOCK;
}

/* Keys are in the order of parties. */
uint32_t
fair_key(uint32_t uid)
{
	return uid < FAIR_BLOCK ? uid : uid & 0xffff00ff;
}

void
fair_init(struct fair *fair, size_t places)
{
	*fair = (struct fair){ .places = places, .full_usec = USEC_NEVER };
}

void
fair_clear(struct fair *fair)
{
	free(fair->items);
	*fair = (struct fair){ 0 };
}

static int
compare_items(const void *a, const void *b)
{
	const struct fair_item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->since_usec > y->since_usec) - (x->since_usec < y->since_usec);
}

static size_t
sum_up_to(const struct fair_demand *demands, size_t count, size_t level)
{
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += demands[i].wants < level ? demands[i].wants : level;
	return sum;
}

/* How many of those that want more than `level` are not younger than since_usec. */
static size_t
count_older(const struct fair_demand *demands, size_t count, size_t level, uint64_t since_usec)
{
	size_t older = 0;

	for (size_t i = 0; i < count; i++)
		older += demands[i].wants > level && demands[i].since_usec <= since_usec;
	return older;
}

/* One more for those whose oldest have waited longest, as long as there are any left. */
static void
share_rest(struct fair_demand *demands, size_t count, size_t level, size_t rest)
{
	uint64_t low_usec = 0, high_usec = USEC_NEVER;

	/* The first time by which as many came as there are places, or all. */
	while (low_usec < high_usec) {
		uint64_t middle_usec = low_usec + (high_usec - low_usec) / 2;

		if (count_older(demands, count, level, middle_usec) < rest)
			low_usec = middle_usec + 1;
		else
			high_usec = middle_usec;
	}
	for (unsigned same_age = 0; same_age < 2; same_age++)
		for (size_t i = 0; i < count && rest > 0; i++) {
			if (demands[i].wants <= level || demands[i].share > level ||
			    demands[i].since_usec + !same_age > low_usec)
				continue;
			demands[i].share++;
			rest--;
		}
}

/* The same for all, up to what each wants. */
static void
divide(struct fair_demand *demands, size_t count, size_t places)
{
	size_t low = 0, high = places;

	/* The greatest level that all can have. */
	while (low < high) {
		size_t middle = low + (high - low + 1) / 2;

		if (sum_up_to(demands, count, middle) <= places)
			low = middle;
		else
			high = middle - 1;
	}
	for (size_t i = 0; i < count; i++)
		demands[i].share = demands[i].wants < low ? demands[i].wants : low;
	share_rest(demands, count, low, places - sum_up_to(demands, count, low));
}

static size_t
count_users(const struct fair *fair)
{
	size_t count = 0;

	for (size_t i = 0; i < fair->count; i++)
		count += i == 0 || fair->items[i].key != fair->items[i - 1].key;
	return count;
}

/* Of each user one demand, in the order of the items. Returns how many. */
static size_t
demands_of_users(const struct fair *fair, struct fair_demand *demands)
{
	size_t count = 0;

	for (size_t i = 0; i < fair->count; i++) {
		const struct fair_item *item = &fair->items[i];

		if (i == 0 || item->key != fair->items[i - 1].key)
			demands[count++] = (struct fair_demand){
				.begin = i,
				.since_usec = item->since_usec,
				.party = fair_party(item->key),
			};
		demands[count - 1].wants++;
	}
	return count;
}

/* Of each party one, in the same order; `begin` is the first of its users. Returns how many. */
static size_t
demands_of_parties(const struct fair_demand *users, size_t user_count, struct fair_demand *demands)
{
	size_t count = 0;

	for (size_t i = 0; i < user_count; i++) {
		if (i == 0 || users[i].party != users[i - 1].party)
			demands[count++] = (struct fair_demand){
				.begin = i,
				.since_usec = USEC_NEVER,
			};
		demands[count - 1].wants += users[i].wants;
		if (users[i].since_usec < demands[count - 1].since_usec)
			demands[count - 1].since_usec = users[i].since_usec;
	}
	return count;
}

void
fair_divide(struct fair_demand *demands, size_t user_count, size_t places)
{
	struct fair_demand *parties = demands + user_count;
	size_t party_count = demands_of_parties(demands, user_count, parties);

	divide(parties, party_count, places);
	for (size_t i = 0; i < party_count; i++) {
		size_t end = i + 1 < party_count ? parties[i + 1].begin : user_count;

		divide(demands + parties[i].begin, end - parties[i].begin, parties[i].share);
	}
}

/* Keeps of each user as many as his share. */
static void
keep_shares(struct fair *fair, const struct fair_demand *users, size_t user_count)
{
	size_t kept = 0, most = 0;

	for (size_t i = 0; i < user_count; i++) {
		for (size_t item = 0; item < users[i].share; item++)
			fair->items[kept++] = fair->items[users[i].begin + item];
		if (users[i].share < users[i].wants && users[i].share > most) {
			most = users[i].share;
			fair->full_key = fair->items[kept - 1].key;
			fair->full_usec = fair->items[kept - 1].since_usec;
		}
	}
	fair->count = kept;
}

/* Leaves no more than there are places. */
static void
prune(struct fair *fair)
{
	struct fair_demand *demands;
	size_t user_count;

	if (fair->count > 0)
		qsort(fair->items, fair->count, sizeof(*fair->items), compare_items);
	if (fair->count <= fair->places)
		return;
	/* One of each user, and one of each party at most. */
	demands = calloc(2 * count_users(fair), sizeof(*demands));
	if (demands == NULL) {
		fair->count = fair->places;
		return;
	}
	user_count = demands_of_users(fair, demands);
	fair_divide(demands, user_count, fair->places);
	keep_shares(fair, demands, user_count);
	free(demands);
}

void
fair_offer(struct fair *fair, uint32_t uid, uint64_t since_usec, void *what, uint32_t index)
{
	uint32_t key = fair_key(uid);

	fair->offered++;
	if (key == fair->full_key && since_usec >= fair->full_usec)
		return;
	if (fair->count == 2 * fair->places)
		prune(fair);
	if (array_reserve(&fair->items, &fair->room, fair->count + 1, 2 * fair->places) < 0)
		return;
	fair->items[fair->count++] = (struct fair_item){ since_usec, what, key, index };
}

size_t
fair_choose(struct fair *fair)
{
	prune(fair);
	return fair->count;
}

unsigned
fair_account(const struct fair_accounts *accounts, uint32_t uid)
{
	uint32_t party = fair_party(uid);
	unsigned free_number = 0;

	/* The first one is everybody's for whom there is none of his own. */
	for (unsigned i = FAIR_ACCOUNTS_MAX - 1; i > 0; i--) {
		if (accounts->accounts[i].count == 0)
			free_number = i;
		else if (accounts->accounts[i].party == party)
			return i;
	}
	return free_number;
}

void
fair_charge_many(struct fair_accounts *accounts, unsigned number, uint32_t uid, uint32_t many)
{
	accounts->accounts[number].party = fair_party(uid);
	accounts->accounts[number].count += many;
	accounts->total += many;
}

void
fair_charge(struct fair_accounts *accounts, unsigned number, uint32_t uid)
{
	fair_charge_many(accounts, number, uid, 1);
}

void
fair_release_many(struct fair_accounts *accounts, unsigned number, uint32_t many)
{
	accounts->accounts[number].count -= many;
	accounts->total -= many;
}

void
fair_release(struct fair_accounts *accounts, unsigned number)
{
	fair_release_many(accounts, number, 1);
}

bool
fair_has_share(const struct fair_accounts *accounts, unsigned number, uint32_t many, uint32_t own,
    uint32_t most)
{
	uint32_t shared = most - FAIR_ACCOUNTS_MAX * own;
	uint32_t has = accounts->accounts[number].count + many;
	uint32_t all = accounts->total + many;

	return (all <= shared && has <= shared - accounts->total) || (has <= own && all <= most);
}

bool
fair_may_have(const struct fair_accounts *accounts, unsigned number, size_t most, size_t all)
{
	uint32_t count = accounts->accounts[number].count;

	return count < most && accounts->total < all && count < all - accounts->total;
}
