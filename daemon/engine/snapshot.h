/* SPDX-License-Identifier: MIT */
/*
 * snapshot, the first verb: the listeners of one moment as a sealed value. See snapshot.c.
 */
#ifndef OVERSTAY_ENGINE_SNAPSHOT_H
#define OVERSTAY_ENGINE_SNAPSHOT_H

#include <stdint.h>

#include "base/macros.h"
#include "engine/crowd.h"
#include "engine/known.h"
#include "model/listener.h"

/* Why a snapshot is not the whole truth. What is not complete can never end a stay. */
enum incomplete {
	INCOMPLETE_INTERRUPTED = 1 << 0, /* NLM_F_DUMP_INTR: the table changed too much */
	INCOMPLETE_KERNEL = 1 << 1,	 /* the kernel answered with an error */
	INCOMPLETE_OVERRUN = 1 << 2,	 /* ENOBUFS: answers were lost */
	INCOMPLETE_TRUNCATED = 1 << 3,	 /* a datagram or a line was cut */
	INCOMPLETE_SEQUENCE = 1 << 4,	 /* an answer to another question */
	INCOMPLETE_MALFORMED = 1 << 5,	 /* bytes that make no sense */
	INCOMPLETE_MEMORY = 1 << 6,	 /* no memory to keep it */
	INCOMPLETE_TIMEOUT = 1 << 7,	 /* the kernel did not answer in time */
};

/* What of a snapshot can be incomplete by itself: a protocol of one family. */
enum part {
	PART_TCP_IPV4,
	PART_TCP_IPV6,
	PART_UDP_IPV4,
	PART_UDP_IPV6,
	PART_COUNT,
};

enum part part_of(const struct endpoint *endpoint);

/* The first reason of a set as a clause for a person: "the kernel dropped replies (ENOBUFS)". */
const char *incomplete_text(uint32_t reasons);

struct snapshot {
	struct listener *listeners;
	size_t count, room;
	uint64_t taken_usec; /* CLOCK_BOOTTIME when it was begun */
	uint32_t incomplete; /* bits of enum incomplete, of any part; 0 = complete */
	uint32_t part_incomplete[PART_COUNT]; /* the same of each part */
	size_t unproved;		      /* how many are carried, */
	size_t surplus;	      /* and how many are not, although their absence was not proved: */
	uint32_t surplus_uid; /* these would have been too many. Most of all are this user's */
	bool sealed;
	bool repeats;	     /* no listeners of its own: those of the one before, every one */
	struct known *known; /* of a sealed one, NULL = none */
	struct crowd *crowd; /* who is not in it for want of room, NULL = there is room for all */
};

/* An empty snapshot, begun at taken_usec. Returns NULL without memory. */
struct snapshot *snapshot_new(uint64_t taken_usec);
/* Accepts NULL; returns NULL. */
struct snapshot *snapshot_free(struct snapshot *snapshot);

/* A part is not the whole truth; family AF_UNSPEC = both. */
void snapshot_note_incomplete(struct snapshot *snapshot, enum protocol protocol, uint8_t family,
    uint32_t reasons);

/* True where absence of anything on the endpoint means something. */
bool snapshot_covers(const struct snapshot *snapshot, const struct endpoint *endpoint);

/*
 * Adds a listener to an unsealed snapshot. The same socket may come twice (a dump may repeat one;
 * the choice is learnt in a second dump): sealing keeps one, with what is known of both.
 * Returns 0 or -ENOMEM, and is then marked incomplete.
 */
int snapshot_add(struct snapshot *snapshot, const struct listener *listener);

/* Sorts, removes repetitions and closes the snapshot. May be called again after more additions. */
void snapshot_seal(struct snapshot *snapshot);

/*
 * Makes up for what this poll did not ask: who chose a port is asked once in a socket's life, so
 * sockets that were in `before` already keep what was known. Both sealed.
 */
void snapshot_inherit(struct snapshot *snapshot, const struct snapshot *before);

/* What `repeats` a snapshot leaves out others, or none. */
void snapshot_take_crowd(struct snapshot *snapshot, struct snapshot *from);

/* Makes the listeners of a sealed snapshot known for the next poll, as far as memory allows. */
void snapshot_note_known(struct snapshot *snapshot, uint64_t key);
/* Before its listeners are changed. */
void snapshot_drop_known(struct snapshot *snapshot);

/* The place of a socket in a sealed snapshot, NULL if it is not there. */
const struct listener *snapshot_find(const struct snapshot *snapshot,
    const struct listener *socket);

#endif
