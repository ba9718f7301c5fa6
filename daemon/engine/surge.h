/* SPDX-License-Identifier: MIT */
/*
 * Alerts of users who cause too many of them. See surge.c.
 */
#ifndef OVERSTAY_ENGINE_SURGE_H
#define OVERSTAY_ENGINE_SURGE_H

#include "base/sorting.h"
#include "engine/stay.h"

/* So many alerts of one user stand alone in one window; all others in it are one message of each
 * kind. */
#define SURGE_ALERTS	  10
#define SURGE_WINDOW_USEC USEC_PER_MIN

/* Users that are told apart; of the rest all alerts are counted together. */
#define SURGE_USERS_MAX 64

/* So many of those that are summed up are kept as examples, the gravest and most exposed. */
#define SURGE_ITEMS_MAX 64

struct pass;

enum surge_kind {
	SURGE_OVERSTAYS, /* those that hop, too */
	SURGE_SUSPECTS,
	SURGE_KIND_COUNT,
};

/* What one message is yet to be made of. */
struct surge_sum {
	uint32_t count;
	enum severity gravest;
	struct items *items; /* NULL without memory */
};

struct surge_user {
	uint32_t party;
	uint32_t uid;	     /* that came first */
	uint8_t gravest;     /* enum severity: of those that stand alone in the window */
	uint32_t alone;	     /* alerts in the window, */
	uint64_t begun_usec; /* and when that began, 0 = the place is free */
	uint64_t summed_usec;
	struct surge_sum sums[SURGE_KIND_COUNT];
};

struct surge {
	struct surge_user users[SURGE_USERS_MAX];
};

void surge_clear(struct surge *surge);

/* The order in which alerts are made: the gravest and most exposed first; where not all may stand
 * alone, the rarest of those, so that nobody hides one behind many of his on lower ports. */
void surge_sort(struct sorting *sorting, struct stay **stays, size_t count);

/* True where an alert about the stay would stand alone now: its user has less of them, or none as
 * grave. surge_admit() counts it then. */
bool surge_has_room(const struct surge *surge, const struct stay *stay, uint64_t now_usec);
bool surge_admit(struct surge *surge, const struct stay *stay, uint64_t now_usec);

/* One that does not: for the user's next message. */
void surge_add(struct surge *surge, const struct stay *stay, enum surge_kind kind,
    uint64_t now_usec);

/* Reports what was summed up, where it is time for that. */
void surge_tell(struct pass *pass);

#endif
