/* SPDX-License-Identifier: MIT */
/*
 * How it is proved that sockets are gone which a poll lacks: each question is about one endpoint,
 * so that whoever has hundreds of sockets on another address of the port is not in the answer.
 * Where they sit on the very endpoint (SO_REUSEADDR of UDP, SO_REUSEPORT), it is about those made
 * in the missing socket's cgroup, which leaves out all other services, sessions and containers.
 *
 * The kernel walks over all sockets of the protocol for each question, some 30 ns for each, so the
 * questions of one poll have a common budget. It is spent in turns, a question of each user, so
 * that one user's sockets do not delay the proof of another's. The same holds for the sockets that
 * stay unproved.
 *
 * What it never does: put a question, or decide what follows from an absence.
 *
 * Cost: sorts of what is missing.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/search.h"
#include "kernel/proof.h"

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_places(const struct source_place *a, const struct source_place *b)
{
	int r = endpoint_compare(&a->endpoint, &b->endpoint);

	return r != 0 ? r : compare_numbers(a->cgroup, b->cgroup);
}

static int
by_user(const void *a, const void *b)
{
	const struct proof *x = a, *y = b;

	return x->uid != y->uid ? compare_numbers(x->uid, y->uid) :
				  compare_places(&x->place, &y->place);
}

static int
by_place(const void *a, const void *b)
{
	const struct proof *x = a, *y = b;
	int r = compare_places(&x->place, &y->place);

	return r != 0 ? r : compare_numbers(x->rank, y->rank);
}

static int
by_rank(const void *a, const void *b)
{
	const struct proof *x = a, *y = b;

	return x->rank != y->rank ? compare_numbers(x->rank, y->rank) : by_user(a, b);
}

static int
by_cookie(const void *a, const void *b)
{
	return listener_compare(a, b);
}

/* How many sockets of an endpoint were seen. */
static size_t
count_beside(const struct endpoint *endpoint, const struct proof_table *seen)
{
	struct listener key = { .endpoint = *endpoint };
	size_t first = search_bound(&key, seen->listeners, seen->count, sizeof(key), by_cookie);
	size_t behind;

	key.cookie = UINT64_MAX;
	behind = search_bound(&key, seen->listeners, seen->count, sizeof(key), by_cookie);
	return behind - first;
}

int
proofs_add(struct proofs *proofs, const struct listener *missing, const struct proof_table *seen)
{
	size_t crowd = count_beside(&missing->endpoint, seen);
	struct proof proof = {
		.place.endpoint = missing->endpoint,
		.cost = PROOF_COST_BASE + seen->count,
		.uid = missing->uid,
	};

	if (crowd >= PROOF_CROWD_MIN) {
		proof.crowded = true;
		proof.place.cgroup = missing->cgroup;
		proof.cost += PROOF_COST_ANSWERED * crowd;
	}
	/* Mostly of one endpoint and one user. */
	if (proofs->count > 0 && by_user(&proofs->list[proofs->count - 1], &proof) == 0)
		return 0;
	if (array_reserve(&proofs->list, &proofs->room, proofs->count + 1, ARRAY_UNBOUNDED) < 0)
		return -ENOMEM;
	proofs->list[proofs->count++] = proof;
	return 0;
}

static void
sort(struct proofs *proofs, int compare(const void *, const void *))
{
	if (proofs->count > 1)
		qsort(proofs->list, proofs->count, sizeof(*proofs->list), compare);
}

/* Numbers the questions of each user. */
static void
rank_by_user(struct proofs *proofs)
{
	uint32_t rank = 0;

	sort(proofs, by_user);
	for (size_t i = 0; i < proofs->count; i++) {
		rank = i > 0 && proofs->list[i - 1].uid == proofs->list[i].uid ? rank + 1 : 0;
		proofs->list[i].rank = rank;
	}
}

/* Of several users' questions about one place the first is left. */
static void
drop_repeated(struct proofs *proofs)
{
	size_t kept = 0;

	sort(proofs, by_place);
	for (size_t i = 0; i < proofs->count; i++)
		if (kept == 0 ||
		    compare_places(&proofs->list[kept - 1].place, &proofs->list[i].place) != 0)
			proofs->list[kept++] = proofs->list[i];
	proofs->count = kept;
}

void
proofs_choose(struct proofs *proofs, uint64_t cost_max)
{
	uint64_t cost = 0;
	size_t kept = 0;

	rank_by_user(proofs);
	drop_repeated(proofs);
	sort(proofs, by_rank);
	while (kept < proofs->count && (kept == 0 || cost + proofs->list[kept].cost <= cost_max))
		cost += proofs->list[kept++].cost;
	proofs->count = kept;
}

void
proofs_close(struct proofs *proofs)
{
	sort(proofs, by_place);
}

static int
compare_proof(const void *place, const void *proof)
{
	return compare_places(place, &((const struct proof *)proof)->place);
}

static bool
has_succeeded(const struct proofs *proofs, const struct source_place *place)
{
	const struct proof *proof =
	    search_find(place, proofs->list, proofs->count, sizeof(*proof), compare_proof);

	return proof != NULL && proof->succeeded;
}

bool
proofs_prove(const struct proofs *proofs, const struct listener *missing)
{
	const struct source_place anywhere = { .endpoint = missing->endpoint };
	const struct source_place place = {
		.endpoint = missing->endpoint,
		.cgroup = missing->cgroup,
	};

	return has_succeeded(proofs, &anywhere) || has_succeeded(proofs, &place);
}

void
proofs_clear(struct proofs *proofs)
{
	free(proofs->list);
	*proofs = (struct proofs){ 0 };
}

static int
compare_uids(const void *a, const void *b)
{
	const struct listener *x = a, *y = b;

	return x->uid != y->uid ? compare_numbers(x->uid, y->uid) : listener_compare(x, y);
}

/* How many of the sockets from `first` on are of one user. */
static size_t
count_of_user(const struct listener *sockets, size_t first, size_t count)
{
	size_t behind = first;

	while (behind < count && sockets[behind].uid == sockets[first].uid)
		behind++;
	return behind - first;
}

/* How many are left if no user has more than `each`. */
static size_t
count_within(const struct listener *sockets, size_t count, size_t each)
{
	size_t left = 0, of_user;

	for (size_t i = 0; i < count; i += of_user) {
		of_user = count_of_user(sockets, i, count);
		left += of_user < each ? of_user : each;
	}
	return left;
}

struct proof_surplus
proof_bound(struct listener *sockets, size_t *count, size_t max)
{
	struct proof_surplus surplus = { 0 };
	size_t kept = 0, each = 0, most = 0, of_user;

	if (*count <= max)
		return surplus;
	qsort(sockets, *count, sizeof(*sockets), compare_uids);
	for (size_t step = max; step > 0; step /= 2)
		while (count_within(sockets, *count, each + step) <= max)
			each += step;
	for (size_t i = 0; i < *count; i += of_user) {
		of_user = count_of_user(sockets, i, *count);
		if (of_user > most) {
			most = of_user;
			surplus.uid = sockets[i].uid;
		}
		for (size_t j = 0; j < of_user && j < each; j++)
			sockets[kept++] = sockets[i + j];
	}
	surplus.count = *count - kept;
	*count = kept;
	return surplus;
}
