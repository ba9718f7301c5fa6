/* SPDX-License-Identifier: MIT */
/*
 * How many of the small lines (APPEARED, VANISHED, REBOUND, CLEARED, ADVICE) a host may write. See
 * limit.c.
 */
#ifndef OVERSTAY_ALERT_LIMIT_H
#define OVERSTAY_ALERT_LIMIT_H

#include <stdint.h>

#include "base/macros.h"
#include "model/report.h"

/* The defaults of limit_init(): far more than a person reads, far less than hurts a journal. */
#define LIMIT_BURST	  1000
#define LIMIT_WINDOW_USEC (30 * USEC_PER_SEC)

struct limit {
	uint64_t burst; /* lines that may be written in one window */
	uint64_t window_usec;
	uint64_t begun_usec; /* when the window began */
	uint64_t admitted;   /* in this window */
	uint64_t held_back;  /* since limit_held_back() last told */
};

void limit_init(struct limit *limit, uint64_t burst, uint64_t window_usec);

/*
 * True where a message of this kind may be sent now. Kinds that must never be lost (overstay,
 * suspect, hopping, ended, degraded and all others but the five above) are always admitted and
 * count for nothing.
 * now_usec is CLOCK_BOOTTIME, never less than at the call before.
 */
bool limit_admit(struct limit *limit, enum event_kind kind, uint64_t now_usec);

/*
 * How many lines were held back, once the window they fell into is over; then the count starts
 * anew. 0 = nothing to tell (yet). To be asked at every poll: not 0 is one SUPPRESSED report.
 */
uint64_t limit_held_back(struct limit *limit, uint64_t now_usec);

#endif
