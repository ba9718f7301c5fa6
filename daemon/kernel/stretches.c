/* SPDX-License-Identifier: MIT */
/*
 * How it is proved in few questions that many sockets are gone. For each question the kernel walks
 * over all sockets of the protocol, so a thousand that came and went cost a thousand walks if each
 * is asked for by itself. An answer of one datagram skips nothing, whatever was asked: so the ports
 * are cut into stretches with no more sockets than fit, and each stretch is one question.
 *
 * Others' sockets may fill the datagram (more came, or connected ones of UDP): then the stretch has
 * proved nothing, and its sockets are asked for singly, as proof.c does it.
 *
 * What it never does: put a question, or decide what follows from an absence.
 *
 * Cost: a binary search for each that is missing.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/search.h"
#include "kernel/stretches.h"

static int
compare_port(const void *key, const void *element)
{
	uint32_t port = *(const uint32_t *)key;
	const struct listener *listener = element;

	return (port > listener->endpoint.port) - (port < listener->endpoint.port);
}

/* How many sockets were seen below a port. */
static size_t
count_below(uint32_t port, const struct proof_table *seen)
{
	return search_bound(&port, seen->listeners, seen->count, sizeof(*seen->listeners),
	    compare_port);
}

static unsigned
table_of(const struct endpoint *endpoint)
{
	if (endpoint->protocol == PROTOCOL_TCP)
		return 0;
	return endpoint->family == AF_INET ? 1 : 2;
}

int
stretches_add(struct stretches *stretches, const struct endpoint *missing,
    const struct proof_table *seen)
{
	unsigned table = table_of(missing);
	size_t end = count_below(missing->port + 1u, seen);
	struct stretch stretch = {
		.protocol = (enum protocol)missing->protocol,
		.family = table == 0 ? AF_UNSPEC : missing->family,
		.first = missing->port,
		.last = missing->port,
		.below = count_below(missing->port, seen),
		.missing = 1,
	};

	if (stretches->has_open[table]) {
		struct stretch *open = &stretches->list[stretches->open[table]];

		if (end - open->below <= STRETCH_SOCKETS_MAX &&
		    open->missing < STRETCH_SOCKETS_MAX) {
			open->last = missing->port;
			open->missing++;
			return 0;
		}
		/* A port of both is asked for in one of them: by itself. */
		if (open->last == missing->port)
			return 0;
	}
	if (end - stretch.below > STRETCH_SOCKETS_MAX)
		return 0;
	if (array_reserve(&stretches->list, &stretches->room, stretches->count + 1,
		ARRAY_UNBOUNDED) < 0)
		return -ENOMEM;
	stretches->open[table] = stretches->count;
	stretches->has_open[table] = true;
	stretches->list[stretches->count++] = stretch;
	return 0;
}

uint64_t
stretches_cost(const struct stretches *stretches, size_t seen_count)
{
	return stretches->count * (uint64_t)(PROOF_COST_BASE + seen_count) +
	    PROOF_COST_ANSWERED * (uint64_t)seen_count;
}

static int
compare_first(const void *key, const void *element)
{
	uint32_t port = *(const uint32_t *)key;
	const struct stretch *stretch = element;

	return (port > stretch->first) - (port < stretch->first);
}

/* Those of one table do not overlap, and all stand in the order of their first ports. */
bool
stretches_prove(const struct stretches *stretches, const struct endpoint *missing)
{
	unsigned table = table_of(missing);
	uint32_t behind = missing->port + 1u;
	size_t i = search_bound(&behind, stretches->list, stretches->count,
	    sizeof(*stretches->list), compare_first);

	while (i-- > 0) {
		const struct stretch *stretch = &stretches->list[i];

		if (stretch->protocol == missing->protocol &&
		    (table == 0 || stretch->family == missing->family))
			return stretch->succeeded && missing->port <= stretch->last;
	}
	return false;
}

void
stretches_clear(struct stretches *stretches)
{
	free(stretches->list);
	*stretches = (struct stretches){ 0 };
}
