/* SPDX-License-Identifier: MIT */
/*
 * How many messages that only inform a host may write. See limit.c.
 */
#ifndef OVERSTAY_ENGINE_LIMIT_H
#define OVERSTAY_ENGINE_LIMIT_H

#include <stdint.h>

#include "base/macros.h"

/* What a daemon bounds itself to: far more than a person reads, far less than hurts a journal. */
#define LIMIT_BURST	  1000
#define LIMIT_WINDOW_USEC (30 * USEC_PER_SEC)

struct limit {
	uint64_t burst;	      /* messages that may be written in one window */
	uint64_t window_usec; /* 0 = no limit */
	uint64_t begun_usec;  /* when the window began */
	uint64_t admitted;    /* in this window */
};

/*
 * True if another message may be written now; it counts then. now_usec is CLOCK_BOOTTIME, never
 * less than at the call before.
 */
bool limit_admit(struct limit *limit, uint64_t now_usec);

#endif
