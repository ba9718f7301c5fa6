/* SPDX-License-Identifier: MIT */
/*
 * What has happened and was not told yet, in order, bounded. See outbox.c.
 */
#ifndef OVERSTAY_ENGINE_OUTBOX_H
#define OVERSTAY_ENGINE_OUTBOX_H

#include "engine/hopping.h"
#include "engine/track.h"
#include "model/range.h"
#include "model/report.h"

/* Above the first bound lines that only inform are held back, above the second everything. */
#define OUTBOX_INFORM_MAX 16384
#define OUTBOX_MAX	  65536

struct outbox_entry;

struct outbox {
	struct outbox_entry *entries; /* a ring of `room` places, a power of two */
	size_t first, count, room;
	uint64_t held_back; /* since it was last asked for */
};

/* When something happened, by both clocks. */
struct moment {
	uint64_t boottime_usec;
	uint64_t realtime_usec;
};

/* How a message about a stay differs from what the stay itself says. */
struct telling {
	enum event_kind kind;
	enum severity priority;
	bool in_summary;	   /* a summary speaks for it */
	uint64_t away_usec;	   /* EVENT_REBOUND */
	const struct chain *chain; /* EVENT_HOPPING: whose ports are told */
	uint64_t span_usec;	   /* EVENT_HOPPING: for how long together */
	const char *advice;	   /* EVENT_ADVICE: the line for sysctl.d, NULL = another advice */
};

void outbox_clear(struct outbox *outbox);

/* Notes that this is to be told of the stay, as it stands now, under the number it has now. */
void outbox_tell(struct outbox *outbox, struct stay *stay, const struct telling *telling,
    const struct ranges *ranges, const struct moment *moment);

/* Notes a finished report (taken, may be NULL). */
void outbox_put(struct outbox *outbox, struct report *report, const struct moment *moment);

/* The oldest thing to tell, to be freed by the caller; NULL where there is none (or no memory:
 * then it stays in the outbox). */
struct report *outbox_take(struct outbox *outbox);

#endif
