/* SPDX-License-Identifier: MIT */
/*
 * The queue of reports between what happened and who takes them, bounded. See outbox.c.
 */
#ifndef OVERSTAY_ENGINE_OUTBOX_H
#define OVERSTAY_ENGINE_OUTBOX_H

#include "base/moment.h"
#include "engine/hopping.h"
#include "engine/limit.h"
#include "engine/track.h"
#include "engine/turns.h"
#include "model/range.h"
#include "model/report.h"

/* So many reports that only inform wait about one user, and twice as many about all; so many wait
 * in all. Of either, a user gets at most half of what the others left. */
#define OUTBOX_INFORM_MAX 16384
#define OUTBOX_MAX	  65536

#define OUTBOX_CONSUMERS_MAX 4

/* More than a report about a stay takes, with all that it points to. */
#define OUTBOX_RESERVE_BYTES 16384

struct outbox {
	struct outbox_place {
		struct report *report;
		unsigned account; /* of whom it is about */
	} * places;		  /* a ring of `room`, a power of two */
	size_t first, count, room;
	void *reserve;	 /* memory for one more report about a stay; NULL = none at present */
	uint64_t number; /* of the last report, those held back included */
	struct limit limit;
	struct fair_accounts waiting; /* whose reports no consumer has taken yet */

	/* How many left before the first; what each consumer takes next, counted like that. */
	uint64_t begin;
	uint64_t next[OUTBOX_CONSUMERS_MAX];
	size_t consumer_count;

	uint64_t held_back;	  /* not reported yet */
	uint64_t held_since_usec; /* CLOCK_BOOTTIME: since the first of those */
	uint64_t unsent;	  /* given up and not reported yet */
	int unsent_error;
	bool sendable; /* a message got through since the last that was given up */
};

/* How a message about a stay differs from what the stay itself says. */
struct telling {
	enum event_kind kind;
	enum severity priority;
	bool in_summary;      /* a summary speaks for it */
	bool entry;	      /* its owner was reported earlier: at info alone */
	uint64_t joined_usec; /* CLOCK_BOOTTIME: it joined another owner then, 0 = it did not */
	uint64_t away_usec;   /* EVENT_REBOUND */
	const struct chain *chain;	     /* EVENT_HOPPING: whose ports are reported */
	const struct occupation *occupation; /* EVENT_TURNS: whose takers are reported */
	uint64_t span_usec;		     /* EVENT_HOPPING, EVENT_TURNS: for how long together */
	struct report_use use;
	const char *advice;	    /* EVENT_ADVICE: as in struct report_stay */
	bool unwatched;		    /* EVENT_CLEARED: as in struct report_stay */
	const struct company *left; /* EVENT_ENDED: about its `left`; NULL = about the stay's */
	/* EVENT_OVERSTAY, EVENT_SUSPECT: other stays of the owner that this message reports. */
	struct stay *const *others;
	size_t other_count;
	/* EVENT_OVERSTAY: other owners of the stay that this message reports, REPORT_BESIDE_MAX at
	 * most. */
	struct owner *const *beside;
	size_t beside_count;
};

/* Reports that are about no user. */
#define OUTBOX_NOBODY UINT32_MAX

void outbox_clear(struct outbox *outbox);

/* True if an alert about the user has room now; where not it is to be made later. */
bool outbox_has_room(const struct outbox *outbox, uint32_t uid);

/* Makes a report of the stay, as it stands now, under the number it has now. */
void outbox_tell(struct outbox *outbox, const struct stay *stay, const struct telling *telling,
    const struct ranges *ranges, const struct moment *moment);

/* Takes a report that is filled but for its time and number; NULL counts as held back. */
void outbox_put(struct outbox *outbox, struct report *report, const struct moment *moment);

/* A consumer takes every report that is put from now on. Returns 0, or -ENOBUFS. */
int outbox_add_consumer(struct outbox *outbox, unsigned *ret) _mustcheck_;

/* What the consumer takes next, borrowed until outbox_taken(); NULL = nothing. */
struct report *outbox_next(struct outbox *outbox, unsigned consumer);
void outbox_taken(struct outbox *outbox, unsigned consumer);

/* What became of the message of a report: 0, or -errno if it was given up. */
void outbox_delivered(struct outbox *outbox, const struct report *report, int error);

/*
 * Reports how many were held back or given up, by a SUPPRESSED each; those held back once a window
 * of the limit, or at_once.
 */
void outbox_suppressed(struct outbox *outbox, const struct moment *moment, bool at_once);

#endif
