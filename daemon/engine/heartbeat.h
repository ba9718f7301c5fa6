/* SPDX-License-Identifier: MIT */
/*
 * The message that says that the host is watched, also if there is nothing else to say. See
 * heartbeat.c.
 */
#ifndef OVERSTAY_ENGINE_HEARTBEAT_H
#define OVERSTAY_ENGINE_HEARTBEAT_H

#include <stdint.h>

#include "base/macros.h"

/* The hosts of a fleet speak within this time, each at its own moment. */
#define HEARTBEAT_SPREAD_USEC USEC_PER_HOUR

/* Room for the hash of the configuration and for the version, with the NUL. */
#define HEARTBEAT_TEXT_MAX 72

struct heartbeat {
	/* Of this host: what it is, and when in the spread it speaks. */
	uint64_t offset_usec;
	char version[HEARTBEAT_TEXT_MAX];
	char config[HEARTBEAT_TEXT_MAX];
	uint32_t conditions; /* bits 1 << enum condition: those that hold */
	/* CLOCK_BOOTTIME, 0 = not yet: the last one, or by which the first one is counted. */
	uint64_t last_usec;
	bool spoken;	 /* last_usec is that of a message */
	uint64_t polls;	 /* complete ones since then */
	uint64_t missed; /* incomplete ones, and those that were not made */
};

/*
 * When the next one is due with this time between two (USEC_NEVER = none is). The first call is the
 * beginning: the first one is due at the host's own moment, at most every_usec later. Pure.
 */
uint64_t heartbeat_due_usec(struct heartbeat *heartbeat, uint64_t every_usec, uint64_t now_usec);

/*
 * One is told now, that was due at due_usec. The next one keeps the host's moment, also if this one
 * is late.
 */
void heartbeat_spoken(struct heartbeat *heartbeat, uint64_t every_usec, uint64_t due_usec,
    uint64_t now_usec);

#endif
