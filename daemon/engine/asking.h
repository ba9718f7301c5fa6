/* SPDX-License-Identifier: MIT */
/*
 * How much CPU time overstay-lookup may take to answer, and for whom. See asking.c.
 */
#ifndef OVERSTAY_ENGINE_ASKING_H
#define OVERSTAY_ENGINE_ASKING_H

#include <stddef.h>

#include "base/bucket.h"
#include "base/clock.h"
#include "engine/fair.h"

/* One part in so many of a core for all users, and so much at once, */
#define ASKING_SHARE	  125
#define ASKING_BURST_USEC (8 * USEC_PER_SEC)
/* and beside that for each user. */
#define ASKING_USER_SHARE      400
#define ASKING_USER_BURST_USEC USEC_PER_SEC

/* Whatever was spent, so long after a request there is a round for all: some seconds, or so many
 * times what the request took. */
#define ASKING_ROUND_USEC  (5 * USEC_PER_SEC)
#define ASKING_ROUND_SHARE ASKING_SHARE

/* So many questions are in a request while no more may be spent: to describe the processes takes
 * 200 us each. */
#define ASKING_OVERDRAWN_MAX 128

/* What was spent and is not made up for yet. */
struct asking_account {
	struct bucket cpu_usec; /* by CLOCK_BOOTTIME */
	uint32_t party;		/* fair_party(); valid where something was spent */
	uint32_t questions;	/* of those that are being charged */
};

/* All zero at first. */
struct asking {
	uint64_t round_usec; /* CLOCK_BOOTTIME: when there is a round for all */
	struct asking_account all;
	struct asking_account users[FAIR_ACCOUNTS_MAX]; /* the first one is of all who lack one */
};

/* How many questions may be in one request now, of at most max. */
size_t asking_room(const struct asking *asking, size_t max, uint64_t now_usec);

/* True where a question for a socket of this user may be put now. */
bool asking_may(const struct asking *asking, uint32_t uid, uint64_t now_usec);

/* A question for a socket of this user was put, */
void asking_note(struct asking *asking, uint32_t uid, uint64_t now_usec);
/* and all that were noted together took so much. */
void asking_charge(struct asking *asking, uint64_t cpu_usec, uint64_t now_usec);

#endif
