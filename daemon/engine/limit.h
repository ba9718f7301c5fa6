/* SPDX-License-Identifier: MIT */
/*
 * How many messages that only inform a host may write. See limit.c.
 */
#ifndef OVERSTAY_ENGINE_LIMIT_H
#define OVERSTAY_ENGINE_LIMIT_H

#include "engine/fair.h"

/* What a daemon bounds itself to: far more than a person reads, far less than hurts a journal. */
#define LIMIT_BURST 1000
/* So many times as many for all users together. */
#define LIMIT_USERS	  4
#define LIMIT_WINDOW_USEC (30 * USEC_PER_SEC)

struct limit {
	uint64_t burst;		       /* messages that one user may cause in one window */
	uint64_t window_usec;	       /* 0 = no limit */
	uint64_t begun_usec;	       /* when the window began */
	struct fair_accounts admitted; /* in this window, by user */
};

/*
 * True if another message about this user may be written now; it counts then. now_usec is
 * CLOCK_BOOTTIME, never less than at the call before.
 */
bool limit_admit(struct limit *limit, uint32_t uid, uint64_t now_usec);

#endif
