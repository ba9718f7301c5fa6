/* SPDX-License-Identifier: MIT */
/*
 * The owners that were reported on one stay. See company-owners.c.
 */
#ifndef OVERSTAY_ENGINE_COMPANY_OWNERS_H
#define OVERSTAY_ENGINE_COMPANY_OWNERS_H

#include "base/slice.h"
#include "engine/group.h"

/* True where the member's owner is the last one that was reported on this stay. */
bool company_is_last(const struct stay *stay, const struct member *member);

/* The stay's owners are compared with those that were reported on it, socket by socket. */
struct recall {
	uint64_t poll_usec, gone_usec;
	uint32_t attended, recalled; /* sockets, so far */
	bool kept;		     /* groups that have left are left */
	bool open;		     /* some owner is not known yet */
	uint32_t known_count;
	struct recalled_owner {
		struct owner *owner; /* borrowed, as entry is */
		struct group_key key;
		const struct company_owner *entry; /* NULL = the last one that was reported */
		bool there;			   /* it has a socket, */
		bool back;			   /* as it was reported */
	} known[COMPANY_OWNERS_MAX + 1];
};

/* Members of owners that were reported on this stay count as reported from now on. Owners that have
 * left it leave their groups, and enter them as they come back. A suspect that was gone for longer
 * than the grace time is the same only as the same process. */
void company_recall_begin(struct recall *recall, struct stay *stay, uint64_t poll_usec,
    uint64_t grace_usec);
/* Returns false where the slice is over; at least one socket was compared. */
bool company_recall_go_on(struct recall *recall, struct groups *groups, struct stay *stay,
    struct slice *slice);

/* Owners that are allowed meanwhile were not reported, while others of the stay are: nothing is
 * said of them, and they leave their groups as by group_revoke(). */
void company_revoke_allowed(struct stay *stay);

/* The reasons for which the member's owner was reported as a suspect. */
uint32_t company_reasons(const struct stay *stay, const struct member *member);

/* A stay is about to be reported, or to have an entry: its owner is the last one from now on, and
 * the one before is remembered. Returns the owner's group as groups_join() does. */
struct group *company_join(struct groups *groups, struct stay *stay);

#endif
