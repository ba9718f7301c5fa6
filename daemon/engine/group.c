/* SPDX-License-Identifier: MIT */
/*
 * Which owners were reported. The first listener of an owner that overstays is; those that follow
 * within `remind` are entries and counted in the next summary, unless one is graver or more exposed
 * than any that was reported, is judged otherwise, or there are ten times as many. What was graver
 * and has not been there for `remind` is news again. A suspect follows the very process that was
 * reported for the same reasons, and nothing else.
 *
 * What it never does: report. That is due.c's and tell.c's.
 *
 * Invariants: a stay that points to a group is counted in `live`, and a group with live stays is
 * never dropped. Memory: GROUPS_MAX groups of 176 bytes and what is known of their owners. Cost:
 * three sums for a stay that becomes due; a pass over the groups for a sweep.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/company.h"
#include "engine/group.h"

static void
drop(struct groups *groups, struct group *group)
{
	HASH_DEL(groups->table, group);
	(void)owner_unref(group->owner);
	free(group);
}

void
groups_clear(struct groups *groups)
{
	struct group *group, *next;

	HASH_ITER (hh, groups->table, group, next)
		drop(groups, group);
}

/* Room for one more: the group nothing stays of that was reported longest ago makes it. */
static bool
make_room(struct groups *groups)
{
	struct group *group, *next, *oldest = NULL;

	if (HASH_COUNT(groups->table) < GROUPS_MAX)
		return true;
	HASH_ITER (hh, groups->table, group, next)
		if (group->live == 0 &&
		    (oldest == NULL || group->reported_usec < oldest->reported_usec))
			oldest = group;
	if (oldest == NULL)
		return false;
	drop(groups, oldest);
	return true;
}

static struct group *
find_or_add(struct groups *groups, const struct group_key *key)
{
	struct group *group;

	HASH_FIND(hh, groups->table, key, sizeof(*key), group);
	if (group != NULL || !make_room(groups))
		return group;
	group = calloc(1, sizeof(*group));
	if (group == NULL)
		return NULL;
	group->key = *key;
	HASH_ADD(hh, groups->table, key, sizeof(group->key), group);
	if (table_holds(group))
		return group;
	free(group);
	return NULL;
}

struct group *
groups_join(struct groups *groups, struct stay *stay)
{
	struct group_key key;
	struct group *group;

	company_remember(stay);
	group_leave(stay);
	if (!group_key_knows(stay))
		return NULL;
	key = stay->judged.verdict.suspect ? group_key_of_suspect(stay) : group_key_of_judged(stay);
	group = find_or_add(groups, &key);
	if (group == NULL)
		return NULL;
	(void)owner_unref(group->owner);
	group->owner = owner_ref(stay->is.members[stay->judged.worst].owner);
	group->owner_key = group_key_of_owner(stay);
	group->endpoint = stay->is.endpoint;
	group->suspect = stay->judged.verdict.suspect;
	group->live++;
	stay->told.group = group;
	return group;
}

void
group_leave(struct stay *stay)
{
	struct group *group = stay->told.group;

	if (group == NULL)
		return;
	stay->told.group = NULL;
	group->live--;
}

void
group_revoke(struct stay *stay)
{
	struct group *group = stay->told.group;

	group_leave(stay);
	if (group != NULL && group->live == 0)
		group->reported_usec = 0;
}

static bool
is_over(const struct group *group, uint64_t now_usec)
{
	return group->reported_usec == 0 || now_usec - group->reported_usec >= group->remind_usec;
}

bool
group_is_news(const struct group *group, const struct stay *stay, uint64_t now_usec)
{
	if (group == NULL || is_over(group, now_usec) ||
	    group->live >= GROUP_GROWTH * (uint64_t)group->reported_live)
		return true;
	for (size_t i = endpoint_exposure(&stay->is.endpoint); i < ARRAY_SIZE(group->severities);
	     i++)
		if (group->severities[i] <= stay->judged.verdict.severity)
			return false;
	return true;
}

static void
note_severity(uint8_t severities[3], const struct stay *stay, enum severity severity)
{
	uint8_t *gravest = &severities[endpoint_exposure(&stay->is.endpoint)];

	if (severity < *gravest)
		*gravest = (uint8_t)severity;
}

/* What is seen from now on. */
static void
begin_seen(struct group *group, uint64_t now_usec)
{
	group->since_usec = now_usec;
	memset(group->seen_severities, SEVERITY_OFF, sizeof(group->seen_severities));
}

void
group_note_report(struct group *group, const struct stay *stay, size_t to_come, uint64_t now_usec)
{
	const struct verdict *verdict = &stay->judged.verdict;

	if (group == NULL)
		return;
	if (is_over(group, now_usec)) {
		memset(group->severities, SEVERITY_OFF, sizeof(group->severities));
		begin_seen(group, now_usec);
	}
	note_severity(group->severities, stay, verdict->severity);
	note_severity(group->seen_severities, stay, verdict->severity);
	group->reported_usec = now_usec;
	group->reported_live = group->live + (uint32_t)to_come;
	group->remind_usec =
	    verdict->remind_usec == USEC_NEVER ? GROUP_REMIND_USEC : verdict->remind_usec;
}

void
group_note_entry(struct group *group, const struct stay *stay)
{
	if (group == NULL)
		return;
	group->followed++;
	note_severity(group->seen_severities, stay, stay->judged.verdict.severity);
}

void
groups_note_summary(struct groups *groups, struct stay *const *stays, size_t count,
    uint64_t now_usec)
{
	struct group *group, *next;

	HASH_ITER (hh, groups->table, group, next) {
		if (group->live > group->reported_live)
			group->reported_live = group->live;
		if (group->live == 0 && group->followed == 0)
			continue;
		/* What rules took back is news if it comes again: no summary reports it. */
		if (group->reported_usec != 0)
			group->reported_usec = now_usec;
		group->followed = 0;
		if (now_usec - group->since_usec < group->remind_usec)
			continue;
		memcpy(group->severities, group->seen_severities, sizeof(group->severities));
		begin_seen(group, now_usec);
	}
	for (size_t i = 0; i < count; i++) {
		group = stays[i]->told.group;
		if (group != NULL && group->since_usec == now_usec)
			note_severity(group->severities, stays[i], stays[i]->told.severity);
	}
}

uint64_t
groups_sweep(struct groups *groups, uint64_t now_usec)
{
	uint64_t next_usec = USEC_NEVER;
	struct group *group, *next;

	HASH_ITER (hh, groups->table, group, next) {
		if (group->live > 0)
			continue;
		if (is_over(group, now_usec))
			drop(groups, group);
		else if (group->reported_usec + group->remind_usec < next_usec)
			next_usec = group->reported_usec + group->remind_usec;
	}
	return next_usec;
}
