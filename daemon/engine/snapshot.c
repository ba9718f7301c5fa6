/* SPDX-License-Identifier: MIT */
/*
 * snapshot, the first of the five verbs: collects the listeners that a source tells of and seals
 * them into a value that nobody changes any more.
 *
 * What it never does: ask the kernel, or decide what a missing listener means.
 *
 * Invariants of a sealed snapshot: sorted by listener_compare(), no socket twice, `incomplete`
 * says whether absence in it means anything.
 *
 * Cost: an append a listener, one sort of what is not in order already. A dump comes nearly in
 * the order of the last one, but not sorted: n log n comparisons of two ports mostly.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/search.h"
#include "engine/snapshot.h"

static const struct {
	enum incomplete reason;
	const char *text;
} incomplete_texts[] = {
	{ INCOMPLETE_KERNEL, "the kernel returned an error" },
	{ INCOMPLETE_OVERRUN, "the kernel dropped replies (ENOBUFS)" },
	{ INCOMPLETE_TRUNCATED, "a reply was truncated" },
	{ INCOMPLETE_MALFORMED, "a reply was malformed" },
	{ INCOMPLETE_SEQUENCE, "a reply belonged to another request" },
	{ INCOMPLETE_INTERRUPTED, "the table changed during the dump (NLM_F_DUMP_INTR)" },
	{ INCOMPLETE_MEMORY, "out of memory" },
	{ INCOMPLETE_TIMEOUT, "the kernel did not reply in time" },
};

const char *
incomplete_text(uint32_t reasons)
{
	for (size_t i = 0; i < ARRAY_SIZE(incomplete_texts); i++)
		if ((reasons & incomplete_texts[i].reason) != 0)
			return incomplete_texts[i].text;
	return "complete";
}

enum part
part_of(const struct endpoint *endpoint)
{
	unsigned first = endpoint->protocol == PROTOCOL_TCP ? PART_TCP_IPV4 : PART_UDP_IPV4;

	return (enum part)(first + (endpoint->family == AF_INET6));
}

void
snapshot_note_incomplete(struct snapshot *snapshot, enum protocol protocol, uint8_t family,
    uint32_t reasons)
{
	unsigned first = protocol == PROTOCOL_TCP ? PART_TCP_IPV4 : PART_UDP_IPV4;

	snapshot->incomplete |= reasons;
	if (family != AF_INET6)
		snapshot->part_incomplete[first] |= reasons;
	if (family != AF_INET)
		snapshot->part_incomplete[first + 1] |= reasons;
}

bool
snapshot_covers(const struct snapshot *snapshot, const struct endpoint *endpoint)
{
	return snapshot->part_incomplete[part_of(endpoint)] == 0;
}

struct snapshot *
snapshot_new(uint64_t taken_usec)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (snapshot != NULL)
		snapshot->taken_usec = taken_usec;
	return snapshot;
}

struct snapshot *
snapshot_free(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return NULL;
	snapshot_drop_known(snapshot);
	(void)crowd_free(snapshot->crowd);
	free(snapshot->listeners);
	free(snapshot);
	return NULL;
}

int
snapshot_add(struct snapshot *snapshot, const struct listener *listener)
{
	if (array_reserve(&snapshot->listeners, &snapshot->room, snapshot->count + 1,
		ARRAY_UNBOUNDED) < 0) {
		snapshot_note_incomplete(snapshot, (enum protocol)listener->endpoint.protocol,
		    listener->endpoint.family, INCOMPLETE_MEMORY);
		return -ENOMEM;
	}
	snapshot->listeners[snapshot->count++] = *listener;
	snapshot->sealed = false;
	return 0;
}

/* The same socket, told of twice: what one of the two does not know, the other may. */
static void
merge_repetition(struct listener *kept, const struct listener *other)
{
	if (kept->choice == CHOICE_UNKNOWN)
		kept->choice = other->choice;
	if (kept->v6only == V6ONLY_UNKNOWN)
		kept->v6only = other->v6only;
	if (!other->carried) {
		kept->carried = false;
		kept->lacking = 0;
	}
}

static int
compare(const void *a, const void *b)
{
	return listener_compare(a, b);
}

void
snapshot_seal(struct snapshot *snapshot)
{
	struct listener *listeners = snapshot->listeners;
	size_t kept = 0;

	if (snapshot->count > 1)
		qsort(listeners, snapshot->count, sizeof(*listeners), compare);
	for (size_t i = 0; i < snapshot->count; i++) {
		if (kept > 0 && listener_compare(&listeners[kept - 1], &listeners[i]) == 0)
			merge_repetition(&listeners[kept - 1], &listeners[i]);
		else
			listeners[kept++] = listeners[i];
	}
	snapshot->count = kept;
	snapshot->sealed = true;
}

void
snapshot_inherit(struct snapshot *snapshot, const struct snapshot *before)
{
	size_t b = 0;

	for (size_t i = 0; i < snapshot->count; i++) {
		struct listener *listener = &snapshot->listeners[i];

		while (b < before->count && listener_compare(&before->listeners[b], listener) < 0)
			b++;
		if (b < before->count && listener_compare(&before->listeners[b], listener) == 0 &&
		    listener->choice == CHOICE_UNKNOWN)
			listener->choice = before->listeners[b].choice;
	}
}

void
snapshot_take_crowd(struct snapshot *snapshot, struct snapshot *from)
{
	(void)crowd_free(snapshot->crowd);
	snapshot->crowd = from->crowd;
	from->crowd = NULL;
}

void
snapshot_note_known(struct snapshot *snapshot, uint64_t key)
{
	snapshot_drop_known(snapshot);
	snapshot->known = known_new(snapshot->listeners, snapshot->count, key);
}

void
snapshot_drop_known(struct snapshot *snapshot)
{
	snapshot->known = known_free(snapshot->known);
}

const struct listener *
snapshot_find(const struct snapshot *snapshot, const struct listener *socket)
{
	return search_find(socket, snapshot->listeners, snapshot->count, sizeof(*socket), compare);
}
