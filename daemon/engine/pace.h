/* SPDX-License-Identifier: MIT */
/*
 * How often a stay of thousands of sockets is judged. See pace.c.
 */
#ifndef OVERSTAY_ENGINE_PACE_H
#define OVERSTAY_ENGINE_PACE_H

#include "engine/crowd.h"
#include "engine/stay.h"

/* A stay of no more sockets is judged whenever anything changed. */
#define PACE_MEMBERS 1024

/* So many can have more at once. */
#define PACE_STAYS (CROWD_WATCHED_MAX / PACE_MEMBERS)

/* A stay of more rests for so long per socket before it is judged anew. */
#define PACE_MEMBER_USEC 100

struct pace {
	struct paced {
		struct stay_id id;
		uint64_t again_usec; /* CLOCK_BOOTTIME */
	} stays[PACE_STAYS];
};

/* When the stay may be judged anew, 0 = at any time. */
uint64_t pace_again_usec(const struct pace *pace, const struct stay *stay);

/* It was judged. */
void pace_note(struct pace *pace, const struct stay *stay, uint64_t now_usec);

#endif
