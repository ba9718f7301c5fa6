/* SPDX-License-Identifier: MIT */
/*
 * One network namespace: the ports that are watched in it, and per part of a poll (protocol and
 * family) when it was last seen whole. There is one for now.
 *
 * What it never does: let one part answer for another. A failed dump of UDP says nothing about TCP.
 *
 * Invariant: newly_watched is empty where newly_watched_parts is 0.
 */
#include "engine/namespace.h"

#define ALL_PARTS ((1u << PART_COUNT) - 1)

void
namespace_init(struct namespace *namespace)
{
	*namespace = (struct namespace){ 0 };
	for (unsigned part = 0; part < PART_COUNT; part++) {
		namespace->last_complete_usec[part] = USEC_NEVER;
	}
}

void
namespace_watch(struct namespace *namespace, const struct ranges *ranges, bool more_protocols)
{
	const struct port_filter *before = &namespace->ranges.filter, *after = &ranges->filter;

	for (size_t i = 0; i < ARRAY_SIZE(namespace->newly_watched.words); i++) {
		uint64_t old = before->ports.words[i], old_auto = before->auto_ports.words[i];
		uint64_t new = after->ports.words[i], new_auto = after->auto_ports.words[i];

		if (more_protocols)
			old = old_auto = 0;
		namespace->newly_watched.words[i] |= (new & ~old) | (new_auto & ~(old | old_auto));
	}
	namespace->newly_watched_parts = ALL_PARTS;
	namespace->ranges = *ranges;
}

void
namespace_note_poll(struct namespace *namespace, const struct snapshot *snapshot)
{
	for (unsigned part = 0; part < PART_COUNT; part++) {
		namespace->incomplete[part] = snapshot->part_incomplete[part];
		if (snapshot->part_incomplete[part] != 0)
			continue;
		namespace->last_complete_usec[part] = snapshot->taken_usec;
		if (namespace->newly_watched_parts == 1u << part)
			port_set_clear(&namespace->newly_watched);
		namespace->newly_watched_parts &= ~(1u << part);
	}
}

bool
namespace_is_baseline(const struct namespace *namespace, const struct endpoint *endpoint)
{
	enum part part = part_of(endpoint);

	return namespace->last_complete_usec[part] == USEC_NEVER ||
	    ((namespace->newly_watched_parts >> part & 1) != 0 &&
		port_set_has(&namespace->newly_watched, endpoint->port));
}

bool
namespace_was_seen(const struct namespace *namespace, const struct endpoint *endpoint)
{
	return namespace->incomplete[part_of(endpoint)] == 0;
}
