/* SPDX-License-Identifier: MIT */
/*
 * What is watched in one network namespace, and how much of it the last polls saw. See namespace.c.
 */
#ifndef OVERSTAY_ENGINE_NAMESPACE_H
#define OVERSTAY_ENGINE_NAMESPACE_H

#include "engine/snapshot.h"
#include "model/range.h"

struct namespace
{
	struct ranges ranges;
	struct port_set reserved;	 /* ip_local_reserved_ports */
	struct port_range kernel_range;	 /* ip_local_port_range; 0-0 = not known */
	struct port_set newly_watched;	 /* ports that no complete poll saw yet, in these parts: */
	uint32_t newly_watched_parts;	 /* bits 1 << enum part */
	uint32_t incomplete[PART_COUNT]; /* of the last poll: bits of enum incomplete */
	uint64_t last_complete_usec[PART_COUNT]; /* USEC_NEVER = none yet */
};

void namespace_init(struct namespace *namespace);

/* New ranges (copied); more_protocols: some protocol was not watched at all before. */
void namespace_watch(struct namespace *namespace, const struct ranges *ranges, bool more_protocols);

/* A poll was taken in. */
void namespace_note_poll(struct namespace *namespace, const struct snapshot *snapshot);

/* True where what appears on the endpoint may be old: nobody could have seen it before. */
bool namespace_is_baseline(const struct namespace *namespace, const struct endpoint *endpoint);

/* True where the last poll would have seen whatever is on the endpoint. */
bool namespace_was_seen(const struct namespace *namespace, const struct endpoint *endpoint);

#endif
