/* SPDX-License-Identifier: MIT */
/*
 * Which questions may prove that a socket is gone, and how many may stay unproved. See proof.c.
 */
#ifndef OVERSTAY_KERNEL_PROOF_H
#define OVERSTAY_KERNEL_PROOF_H

#include <stddef.h>

#include "kernel/source.h"

/* What the questions of one poll may cost, in sockets that the kernel walks over: some 0.1 s. */
#define PROOF_COST_MAX (UINT64_C(4) << 20)

/* A question by itself, as sockets, */
#define PROOF_COST_BASE 1000
/* and a socket of the answer beside one that is only walked over. */
#define PROOF_COST_ANSWERED 16

/* So many sockets of one endpoint may fill a datagram (32 KiB, 116 to 140 bytes each). */
#define PROOF_CROWD_MIN 192

/* A question: which sockets are in this place? */
struct proof {
	struct source_place place;
	uint64_t cost;	/* in sockets */
	uint32_t uid;	/* whose socket is missing, */
	uint32_t rank;	/* and how many questions of that user come before it */
	bool crowded;	/* asking once more brings no shorter answer */
	bool repeated;	/* it was asked twice */
	bool succeeded; /* what the answer lacked is gone */
};

struct proofs {
	struct proof *list;
	size_t count, room;
};

/* Sockets in the order of listener_compare(). */
struct proof_table {
	const struct listener *listeners;
	size_t count;
};

/* Adds the question about a socket that `seen` lacks. Returns 0 or -ENOMEM. */
int proofs_add(struct proofs *proofs, const struct listener *missing,
    const struct proof_table *seen) _mustcheck_;

/* Leaves one question of each place, and as many as cost_max allows, fair to every user, in the
 * order in which they are to be put. None may be added after that. */
void proofs_choose(struct proofs *proofs, uint64_t cost_max);

/* No more are put. */
void proofs_close(struct proofs *proofs);

/* True where an answer proved that the socket is gone. After proofs_close(). */
bool proofs_prove(const struct proofs *proofs, const struct listener *missing);

void proofs_clear(struct proofs *proofs);

/* So many sockets that are not proved to be gone, of whom. */
struct proof_surplus {
	size_t count; /* beyond the bound */
	uint32_t uid; /* of the user with the most of them */
};

/*
 * Leaves max of *count sockets, the same number of each user who has more than that; reorders them.
 * Returns which were left out.
 */
struct proof_surplus proof_bound(struct listener *sockets, size_t *count, size_t max);

#endif
