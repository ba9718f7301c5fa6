/* SPDX-License-Identifier: MIT */
/*
 * One line for many stays. See summary.c.
 */
#ifndef OVERSTAY_ENGINE_SUMMARY_H
#define OVERSTAY_ENGINE_SUMMARY_H

#include "base/sorting.h"
#include "engine/group.h"
#include "engine/heartbeat.h"
#include "engine/track.h"

/* What the track has, for the status line and the summary. */
struct track_counts {
	size_t stays; /* listeners there now, an SO_REUSEPORT group counted once */
	size_t sockets;
	size_t overstaying;
	size_t suspects; /* of them, reported as such */
	size_t allowed;	 /* by a rule */
	size_t away;
	size_t tcp, udp; /* of stays */
};

void track_count(const struct track *track, struct track_counts *ret);

/* What a report that speaks for many stays is made of: whose they are takes a sum and two sorts of
 * all, so it is found out in slices. */
struct summing;

/* Those of a digest (borrowed), or all that overstay. Return NULL without memory. */
struct summing *summing_of_overstays(struct stay *const *stays, size_t count);
struct summing *summing_of_day(const struct track *track);
/* Returns true when all is known. */
bool summing_go_on(struct summing *summing, struct slice *slice);
/* Accepts NULL; returns NULL. */
struct summing *summing_free(struct summing *summing);

/*
 * The OVERSTAY line that speaks for these stays: how many, of how many programs, the gravest
 * severity, who; as items all of them, the gravest first. Returns NULL without memory.
 */
struct report *summary_of_overstays(enum notice notice, const struct summing *summing,
    uint64_t now_usec);

/* The HEARTBEAT: that the host is watched, and how well. Returns NULL without memory. */
struct report *summary_of_watch(const struct track *track, const struct heartbeat *heartbeat,
    const struct policy *policy);

/*
 * The daily SUMMARY: who overstays still, whose listeners were not reported but as entries since
 * the last one, the oldest. Returns NULL without memory.
 */
struct report *summary_of_day(const struct summing *summing, const struct track *track,
    const struct groups *groups, uint64_t now_usec);

#endif
