/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-names once for every name of a list. Made for an event loop: nothing waits. See
 * names-round.c.
 */
#ifndef OVERSTAY_WIRE_NAMES_ROUND_H
#define OVERSTAY_WIRE_NAMES_ROUND_H

#include "model/named.h"
#include "wire/names-client.h"

/* Start with all zero. */
struct names_round {
	struct named_list *list; /* borrowed; NULL = no round is under way */
	size_t next;		 /* the first that was not asked for yet */
	size_t changed;		 /* answers that are others than before */
	struct {
		uint32_t number; /* 0 = an empty place */
		struct named *named;
	} open[NAMES_OPEN_MAX];
};

/* Begins a round. */
void names_round_begin(struct names_round *round, struct named_list *list);

/*
 * Asks for as many as there is room for, and takes the answers that have come. Returns 1 = wait
 * until the client's descriptor is readable, 0 = the round is done, -errno: the connection is
 * unusable.
 */
int names_round_step(struct names_round *round, struct names_client *client) _mustcheck_;

/* Ends the round; client NULL = it was closed already. What was not answered stays as it was. */
void names_round_end(struct names_round *round, struct names_client *client);

#endif
