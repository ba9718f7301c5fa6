/* SPDX-License-Identifier: MIT */
/*
 * Several owners on one endpoint. See company.c.
 */
#ifndef OVERSTAY_ENGINE_COMPANY_H
#define OVERSTAY_ENGINE_COMPANY_H

#include "engine/stay.h"

/* What a member is to whoever reads the messages about its stay. */
enum member_standing {
	STANDING_STRANGER, /* neither of the two below */
	STANDING_ALLOWED,
	STANDING_REPORTED, /* its owner was, on this stay and for what it is */
	STANDING_HIDDEN,   /* nobody will know its owner: reported beside reported ones, else a
			      stranger */
	STANDING_COUNT,
};

enum member_standing company_standing(const struct stay *stay, const struct member *member,
    const struct verdict *verdict);

/* True where nobody knows the member's owner, and another lookup will not find it either. */
bool company_is_hidden(const struct member *member);

/* True where the member that the stay's verdict is about is a stranger. */
bool company_is_stranger(const struct stay *stay);

/* True where that member was reported itself or is allowed: what is said of it now clears the stay.
 * That another owner is younger takes nothing back. */
bool company_is_settled(const struct stay *stay);

/*
 * There are strangers beside others in the poll at poll_usec. worst: the one to be reported first,
 * at that age; oldest_usec: when the first of their sockets came. Returns true where that is due.
 */
bool company_note_strangers(struct stay *stay, const struct member *worst, uint64_t threshold_usec,
    uint64_t oldest_usec, uint64_t poll_usec, uint64_t grace_usec);
/* There are none. */
void company_note_none(struct stay *stay, uint64_t poll_usec);

/* When the next stranger is due, USEC_NEVER = none is to be waited for. */
uint64_t company_due_usec(const struct stay *stay);

/* The age at which the stay is judged: a stranger's beside others is its own. */
uint64_t company_age_usec(const struct stay *stay, uint64_t poll_usec);

/* When the socket of a stranger joined those of another owner, 0 = it did not. */
uint64_t company_joined_usec(const struct stay *stay);

/* Owners that are allowed are there alone (or not): true where one that was reported is not any
 * more. That is called before they are what the stay is about. */
void company_note_left(struct stay *stay, bool alone, uint64_t poll_usec);

/* An alert about the stay is made. */
void company_note_report(struct stay *stay, bool suspect);

/* What overstays later is news. */
void company_forget(struct stay *stay);

#endif
