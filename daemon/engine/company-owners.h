/* SPDX-License-Identifier: MIT */
/*
 * The owners that were reported on one stay. See company-owners.c.
 */
#ifndef OVERSTAY_ENGINE_COMPANY_OWNERS_H
#define OVERSTAY_ENGINE_COMPANY_OWNERS_H

#include "engine/group.h"

/* True where the member's owner is the last one that was reported on this stay. */
bool company_is_last(const struct stay *stay, const struct member *member);

/* Members of owners that were reported on this stay count as reported from now on. Owners that have
 * left it leave their groups, and enter them as they come back. A suspect that was gone for longer
 * than the grace time is the same only as the same process. */
void company_recall(struct groups *groups, struct stay *stay, uint64_t poll_usec,
    uint64_t grace_usec);

/* Owners that are allowed meanwhile were not reported, while others of the stay are: nothing is
 * said of them, and they leave their groups as by group_revoke(). */
void company_revoke_allowed(struct stay *stay);

/* The reasons for which the member's owner was reported as a suspect. */
uint32_t company_reasons(const struct stay *stay, const struct member *member);

/* A stay is about to be reported, or to have an entry: its owner is the last one from now on, and
 * the one before is remembered. Returns the owner's group as groups_join() does. */
struct group *company_join(struct groups *groups, struct stay *stay);

#endif
