/* SPDX-License-Identifier: MIT */
/*
 * How often there was too little of what all users share, and whose doing it was. See shortages.c.
 */
#ifndef OVERSTAY_ENGINE_SHORTAGES_H
#define OVERSTAY_ENGINE_SHORTAGES_H

#include <stdint.h>

/* What there is too little of for all who want it. */
enum short_of {
	SHORT_OF_QUESTIONS, /* sockets: nobody was asked for in time */
	SHORT_OF_AWAY,	    /* stays: not kept until their grace was over */
	SHORT_OF_PEERS,	    /* suspects reported without the question who is connected */
	SHORT_OF_OWNERS,    /* sockets: whose owner was not kept */
	SHORT_OF_REPORTED,  /* owners that were reported: forgotten, or not remembered at all */
	SHORT_OF_FOLLOWED,  /* owners who take ports one by one or in turns: the same */
	SHORT_OF_COUNT,
};

/* Users of one shortage that are told apart. */
#define SHORTAGE_USERS_MAX 8

struct shortages {
	uint64_t counts[SHORT_OF_COUNT]; /* since the start */
	struct shortage_user {
		uint64_t count; /* at most: what others had before it took the place is in it */
		uint32_t uid;
	} users[SHORT_OF_COUNT][SHORTAGE_USERS_MAX];
};

/* Some more of this user's. Accepts NULL. */
void shortages_note(struct shortages *shortages, enum short_of kind, uint32_t uid, uint64_t many);

/* Who had the most of them since the last call of the second; 0 for none. */
uint32_t shortages_user(const struct shortages *shortages, enum short_of kind);
void shortages_forget_users(struct shortages *shortages);

#endif
