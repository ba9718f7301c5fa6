/* SPDX-License-Identifier: MIT */
/*
 * How many sockets hold each watched port, listening or connected, without a record for any of
 * them. See occupancy.c.
 */
#ifndef OVERSTAY_ENGINE_OCCUPANCY_H
#define OVERSTAY_ENGINE_OCCUPANCY_H

#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"

struct occupancy;

/* Counts of one survey against the one before it, for one protocol. */
struct occupancy_counts {
	uint32_t ports;	    /* occupied now */
	uint32_t appeared;  /* occupied now, not before */
	uint32_t persisted; /* by the same sockets */
	uint32_t changed;   /* by other sockets */
	uint32_t vanished;  /* occupied before, not now */
	uint64_t sockets;   /* all sockets now, TIME_WAIT left out */
	uint64_t time_wait;
};

/* An empty table. key is secret and random, the same in all tables that are compared. */
struct occupancy *occupancy_new(uint64_t key);
/* Accepts NULL; returns NULL. */
struct occupancy *occupancy_free(struct occupancy *occupancy);

/* Folds a socket in. The hot path of a survey: a few nanoseconds. Returns 0 or -ENOMEM. */
int occupancy_add(struct occupancy *occupancy, enum protocol protocol, uint16_t port,
    uint64_t cookie, bool listening);
/* A TIME_WAIT socket: counted, and holds no port for this purpose. Returns 0 or -ENOMEM. */
int occupancy_add_time_wait(struct occupancy *occupancy, enum protocol protocol, uint16_t port);

/* True where the port had more sockets than listeners: somebody is connected, or was a moment
 * ago (TIME_WAIT). Which of its listeners took that in is not known. */
bool occupancy_is_connected(const struct occupancy *occupancy, enum protocol protocol,
    uint16_t port);

/* Compares; before may be NULL = empty. A pass over a fixed table. */
void occupancy_compare(const struct occupancy *before, const struct occupancy *after,
    struct occupancy_counts ret[PROTOCOL_COUNT]);

#endif
