/* SPDX-License-Identifier: MIT */
/*
 * Packets of protocol.h, written and (the request) read.
 */
#ifndef OVERSTAY_WIRE_ENCODE_H
#define OVERSTAY_WIRE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/owner.h"
#include "wire/protocol.h"

/*
 * Writes an owner packet to packet (LOOKUP_PACKET_MAX bytes). inode_count is 1 to
 * LOOKUP_INODES_MAX, the owner within the bounds of model/owner.h. Processes that do not fit
 * are first stripped of their command lines, then left out from the end; the first three
 * always fit, and the owner is unjudged then. Returns the length.
 */
size_t encode_owner(char *packet, uint32_t id, const struct owner *owner, const uint32_t *inodes,
    uint32_t inode_count);

/* Writes a done packet; flags are of enum wire_done_flags, and the answer took cpu_usec. Returns
 * its length. */
size_t encode_done(char *packet, uint32_t id, uint32_t flags, uint64_t cpu_usec);

/* The paths of a request, borrowed from its packet. */
struct wire_paths {
	const char *at;
	uint32_t count; /* left */
};

/* The next path, not terminated; NULL behind the last. */
const char *paths_next(struct wire_paths *paths, size_t *ret_length);

/* A packet of links that is being written; packet has LOOKUP_PACKET_MAX bytes. */
struct links_packet {
	char *packet;
	size_t used, left; /* left: bytes that the paths still to come need */
	uint32_t count;
};

/* Begins one with an answer for each of those paths; then one call each, in their order. */
void encode_links_begin(struct links_packet *links, char *packet, struct wire_paths paths);

/* Adds where a path leads: "" = nowhere, NULL = unknown, as is what does not fit. */
void encode_link(struct links_packet *links, const char *path, size_t length, const char *target);

/* Ends it. Returns its length. */
size_t encode_links_end(struct links_packet *links, uint32_t id);

/* A request that is read, packet by packet. Start with all zero. */
struct request {
	uint32_t id;
	struct wire_question *questions; /* owned; sorted by inode when all are there */
	size_t count, room;
	uint32_t left;		 /* that have not come yet */
	struct wire_paths paths; /* borrowed from the last packet */
};

/*
 * Takes the next packet. Returns 0 when the request is whole, 1 while packets of it are missing;
 * -EPROTO for anything that is no request, or not the next packet of this one; -ENOMEM.
 */
int request_take(struct request *request, const char *packet, size_t length) _mustcheck_;

/* Frees the questions. */
void request_clear(struct request *request);

#endif
