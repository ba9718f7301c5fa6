/* SPDX-License-Identifier: MIT */
/*
 * Questions about many missing sockets at once, port by port. See stretches.c.
 */
#ifndef OVERSTAY_KERNEL_STRETCHES_H
#define OVERSTAY_KERNEL_STRETCHES_H

#include <stddef.h>

#include "kernel/proof.h"

/* So many sockets that were seen, and as many that are missing, are within one question. Those that
 * were seen fit in a datagram, and some of the others beside them. */
#define STRETCH_SOCKETS_MAX PROOF_CROWD_MIN

/* The ports first to last of one table: which sockets are there? */
struct stretch {
	enum protocol protocol;
	uint8_t family; /* as of source_request */
	uint16_t first, last;
	size_t below;	/* sockets that were seen on ports below the first, */
	size_t missing; /* and endpoints that lack one, within */
	bool succeeded; /* what the answer lacked is gone */
};

/* Tables: TCP, UDP over IPv4, UDP over IPv6. */
#define STRETCH_TABLES 3

struct stretches {
	struct stretch *list;
	size_t count, room;
	size_t open[STRETCH_TABLES]; /* the last of each table; count = none */
	bool has_open[STRETCH_TABLES];
};

/* Adds a socket that `seen` lacks; they come in the order of listener_compare(). One that sits in a
 * crowd is left out. Returns 0 or -ENOMEM. */
int stretches_add(struct stretches *stretches, const struct endpoint *missing,
    const struct proof_table *seen) _mustcheck_;

/* What all of them cost, as the questions of proof.h. */
uint64_t stretches_cost(const struct stretches *stretches, size_t seen_count);

/* True where an answer proved that what it lacked at the endpoint is gone. */
bool stretches_prove(const struct stretches *stretches, const struct endpoint *missing);

void stretches_clear(struct stretches *stretches);

#endif
