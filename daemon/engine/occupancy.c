/* SPDX-License-Identifier: MIT */
/*
 * Port occupancy: how connections are followed without a record for each. For every protocol a
 * table over the 65,536 ports in pages of 256, made on first use; a port has the count of its
 * sockets, the sum of a keyed mix of their cookies, and how many are no listeners.
 *
 * What it never does: feed an alert. It is statistics: two sets of sockets with the same count
 * and the same sum are taken for the same set, wrong once in 2^64. A sum, not an XOR, and mixed
 * with a secret key, because cookies are nearly sequential: an XOR of them collides in one of ten
 * neighbouring pairs.
 *
 * Invariant: memory is bounded by the ports, 2 protocols x 65,536 x 16 bytes = 2 MiB, whatever
 * the number of connections. Cost: occupancy_add() is a page lookup, a multiply-mix and two
 * additions; a comparison is one pass over the pages that exist.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/port-set.h"
#include "engine/occupancy.h"

#define PAGE_PORTS 256
#define PAGE_COUNT (PORT_COUNT / PAGE_PORTS)

struct occupied_port {
	uint64_t mix_sum;
	uint32_t sockets;
	uint32_t connections; /* of those, the ones that do not listen; and those in TIME_WAIT */
};

struct page {
	struct occupied_port ports[PAGE_PORTS];
};

struct occupancy {
	uint64_t key;
	struct page *pages[PROTOCOL_COUNT][PAGE_COUNT];
	uint64_t sockets[PROTOCOL_COUNT];
	uint64_t time_wait[PROTOCOL_COUNT];
};

struct occupancy *
occupancy_new(uint64_t key)
{
	struct occupancy *occupancy = calloc(1, sizeof(*occupancy));

	if (occupancy != NULL)
		occupancy->key = key;
	return occupancy;
}

struct occupancy *
occupancy_free(struct occupancy *occupancy)
{
	if (occupancy == NULL)
		return NULL;
	for (unsigned protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		for (unsigned page = 0; page < PAGE_COUNT; page++)
			free(occupancy->pages[protocol][page]);
	free(occupancy);
	return NULL;
}

/* Returns NULL without memory. */
static struct occupied_port *
port_of(struct occupancy *occupancy, enum protocol protocol, uint16_t port)
{
	struct page **page = &occupancy->pages[protocol][port / PAGE_PORTS];

	if (*page == NULL)
		*page = calloc(1, sizeof(**page));
	return *page == NULL ? NULL : &(*page)->ports[port % PAGE_PORTS];
}

int
occupancy_add(struct occupancy *occupancy, enum protocol protocol, uint16_t port, uint64_t cookie,
    bool listening)
{
	struct occupied_port *occupied = port_of(occupancy, protocol, port);

	if (occupied == NULL)
		return -ENOMEM;
	occupied->sockets++;
	occupied->connections += !listening;
	occupied->mix_sum += hash_mix(cookie ^ occupancy->key);
	occupancy->sockets[protocol]++;
	return 0;
}

int
occupancy_add_time_wait(struct occupancy *occupancy, enum protocol protocol, uint16_t port)
{
	struct occupied_port *occupied = port_of(occupancy, protocol, port);

	if (occupied == NULL)
		return -ENOMEM;
	occupied->connections++;
	occupancy->time_wait[protocol]++;
	return 0;
}

bool
occupancy_is_connected(const struct occupancy *occupancy, enum protocol protocol, uint16_t port)
{
	const struct page *page = occupancy->pages[protocol][port / PAGE_PORTS];

	return page != NULL && page->ports[port % PAGE_PORTS].connections > 0;
}

static void
compare_port(const struct occupied_port *before, const struct occupied_port *after,
    struct occupancy_counts *counts)
{
	if (after->sockets > 0)
		counts->ports++;
	if (before->sockets == 0 && after->sockets > 0)
		counts->appeared++;
	else if (before->sockets > 0 && after->sockets == 0)
		counts->vanished++;
	else if (before->sockets != after->sockets || before->mix_sum != after->mix_sum)
		counts->changed++;
	else if (after->sockets > 0)
		counts->persisted++;
}

void
occupancy_compare(const struct occupancy *before, const struct occupancy *after,
    struct occupancy_counts ret[PROTOCOL_COUNT])
{
	static const struct page nothing;

	for (unsigned protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		struct occupancy_counts *counts = &ret[protocol];

		*counts = (struct occupancy_counts){
			.sockets = after->sockets[protocol],
			.time_wait = after->time_wait[protocol],
		};
		for (unsigned i = 0; i < PAGE_COUNT; i++) {
			const struct page *old = before == NULL ? NULL : before->pages[protocol][i];
			const struct page *new = after->pages[protocol][i];

			if (old == NULL && new == NULL)
				continue;
			old = old == NULL ? &nothing : old;
			new = new == NULL ? &nothing : new;
			for (unsigned port = 0; port < PAGE_PORTS; port++)
				compare_port(&old->ports[port], &new->ports[port], counts);
		}
	}
}
