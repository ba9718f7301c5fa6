/* SPDX-License-Identifier: MIT */
/*
 * Recognizes the listeners of the last poll in the records of the next one, in whatever order they
 * come: most polls bring what was there before, and nothing is to be sorted or compared for that.
 *
 * What it never does: take one socket for another. A hash of the cookie only says where to look; a
 * record is recognized when all it says is equal. So no choice of sockets makes a difference go
 * unseen, and the key only keeps a hostile user from choosing sockets that are found slowly.
 *
 * The kernel tells of sockets in the order of its own hash tables, the same in each dump while
 * nothing changes, but anything but sorted: each poll at a listener would wait for the memory. So
 * the order is learnt, and what is expected next is fetched ahead. It is a guess: what comes out of
 * order is found by the hash.
 *
 * Not base/table.h, because each record of each poll may be searched here: 4 bytes a slot and no
 * pointer to follow, where a handle of uthash has 56 bytes.
 *
 * Invariant: open addressing, at most half of the slots are taken. Cost: a comparison of 56 bytes
 * for a record; out of order a multiply-mix and a slot. Memory: 12 to 20 bytes a listener.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/known.h"

/* How far ahead a listener is fetched: a record takes some 20 ns, the memory up to 100. */
#define AHEAD 8

/* What a record says comes first, what is learnt otherwise or concluded behind it. */
#define RECORD_SIZE offsetof(struct listener, choice)

_Static_assert(RECORD_SIZE == sizeof(struct endpoint) + 2 * sizeof(uint64_t) + 2 * sizeof(uint32_t),
    "no padding in what is compared");

struct known {
	const struct listener *listeners;
	uint64_t key;
	uint32_t *order; /* indexes, as the last poll found them; at first 0 */
	uint32_t count;
	uint32_t mask;	  /* of slots */
	bool carried;	  /* one of them is */
	bool unlearnt;	  /* of one of them nobody knows who chose its port */
	uint32_t slots[]; /* index + 1, 0 = free */
};

static uint32_t
slot_of(const struct known *known, const struct listener *listener)
{
	return (uint32_t)hash_mix(listener->cookie ^ known->key) & known->mask;
}

struct known *
known_new(const struct listener *listeners, size_t count, uint64_t key)
{
	size_t slots = 16;
	struct known *known;

	if (count == 0 || count >= UINT32_MAX / 4)
		return NULL;
	while (slots < 2 * count)
		slots *= 2;
	known = calloc(1, sizeof(*known) + (slots + count + AHEAD) * sizeof(known->slots[0]));
	if (known == NULL)
		return NULL;
	known->listeners = listeners;
	known->key = key;
	known->mask = (uint32_t)(slots - 1);
	known->order = known->slots + slots;
	known->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		uint32_t slot = slot_of(known, &listeners[i]);

		while (known->slots[slot] != 0)
			slot = (slot + 1) & known->mask;
		known->slots[slot] = (uint32_t)(i + 1);
		known->carried = known->carried || listeners[i].carried;
		known->unlearnt = known->unlearnt || listeners[i].choice == CHOICE_UNKNOWN;
	}
	return known;
}

struct known *
known_free(struct known *known)
{
	free(known);
	return NULL;
}

static bool
is_same(const struct listener *known, const struct listener *listener)
{
	return known->cookie == listener->cookie && known->v6only == listener->v6only &&
	    memcmp(known, listener, RECORD_SIZE) == 0;
}

/* The index of the listener by its hash. */
static size_t
search(const struct known *known, const struct listener *listener)
{
	uint32_t slot = slot_of(known, listener);

	for (; known->slots[slot] != 0; slot = (slot + 1) & known->mask)
		if (is_same(&known->listeners[known->slots[slot] - 1], listener))
			return known->slots[slot] - 1;
	return KNOWN_NONE;
}

static void
fetch_ahead(const struct known *known, size_t cursor)
{
	const struct listener *ahead = &known->listeners[known->order[cursor + AHEAD]];

	/* It may lie across two lines of the cache. */
	__builtin_prefetch(ahead);
	__builtin_prefetch(&ahead->choice);
}

size_t
known_find(struct known *known, const struct listener *listener, size_t *cursor)
{
	size_t index;

	if (*cursor >= known->count)
		return search(known, listener);
	fetch_ahead(known, *cursor);
	index = known->order[*cursor];
	if (!is_same(&known->listeners[index], listener)) {
		index = search(known, listener);
		if (index == KNOWN_NONE)
			return index;
		known->order[*cursor] = (uint32_t)index;
	}
	++*cursor;
	return index;
}

bool
known_has(const struct known *known, const struct listener *listener)
{
	uint32_t slot = slot_of(known, listener);

	for (; known->slots[slot] != 0; slot = (slot + 1) & known->mask) {
		const struct listener *other = &known->listeners[known->slots[slot] - 1];

		if (other->cookie == listener->cookie && listener_compare(other, listener) == 0)
			return true;
	}
	return false;
}

bool
known_is_settled(const struct known *known, bool with_choice)
{
	return !known->carried && (!with_choice || !known->unlearnt);
}
