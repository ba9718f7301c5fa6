/* SPDX-License-Identifier: MIT */
/*
 * Which owners were reported. The first listener of an owner that overstays is; those that follow
 * within `remind` are entries and counted in the next summary, unless one is graver or more exposed
 * than any that was reported, is judged otherwise, or there are ten times as many as when it was
 * reported: a summary is no report of more. What was graver and has not been there for `remind` is
 * news again; what had an entry and comes every day is not, whatever the minute. A suspect follows
 * the very process that was reported for the same reasons, and nothing else.
 *
 * What it never does: report. That is due.c's and tell.c's.
 *
 * Invariants: a stay that points to a group is counted in `live`; it points to one of each owner
 * that was reported on it and has a socket there, of all but the last in company-owners.c. A group
 * with live stays is never dropped, nor one that has entries to be counted while there is another.
 * Nor is one of another user's than who wants room: whoever has ever new programs reported has his
 * own forgotten.
 * Memory: GROUPS_MAX groups of 216 bytes and what is known of their owners. Cost: three sums for a
 * stay that becomes due; a pass over the groups for a sweep, and for a user's next one beyond his
 * share.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/group.h"

static void
drop(struct groups *groups, struct group *group)
{
	HASH_DEL(groups->table, group);
	fair_release(&groups->accounts, group->account);
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

/* True where it is the better one to forget. */
static bool
is_older(const struct group *a, const struct group *b)
{
	if ((a->followed == 0) != (b->followed == 0))
		return a->followed == 0;
	return a->reported_usec < b->reported_usec;
}

static uint32_t
user_of(const struct stay *stay)
{
	return stay->is.members[stay->judged.worst].uid;
}

static bool
has_room(const struct groups *groups, unsigned account)
{
	return fair_has_share(&groups->accounts, account, 1, GROUPS_OWN_MAX, GROUPS_MAX);
}

/* Room for one more of the account: of its groups nothing stays of, those with entries to be
 * counted last, the one that was reported longest ago makes it. */
static bool
make_room(struct groups *groups, unsigned account, uint32_t uid)
{
	struct group *group, *next, *oldest = NULL;

	if (has_room(groups, account))
		return true;
	shortages_note(groups->shortages, SHORT_OF_REPORTED, uid, 1);
	HASH_ITER (hh, groups->table, group, next)
		if (group->account == account && group->live == 0 &&
		    (oldest == NULL || is_older(group, oldest)))
			oldest = group;
	if (oldest == NULL)
		return false;
	drop(groups, oldest);
	return true;
}

bool
groups_have_room(const struct groups *groups, const struct stay *stay)
{
	return has_room(groups, fair_account(&groups->accounts, user_of(stay)));
}

static struct group *
find_or_add(struct groups *groups, uint32_t uid, const struct group_key *key)
{
	unsigned account = fair_account(&groups->accounts, uid);
	struct group *group;

	HASH_FIND(hh, groups->table, key, sizeof(*key), group);
	if (group != NULL || !make_room(groups, account, uid))
		return group;
	group = calloc(1, sizeof(*group));
	if (group == NULL)
		return NULL;
	group->key = *key;
	group->account = (uint8_t)account;
	HASH_ADD(hh, groups->table, key, sizeof(group->key), group);
	if (table_holds(group)) {
		fair_charge(&groups->accounts, account, uid);
		return group;
	}
	free(group);
	return NULL;
}

/* One of that rank was there. */
static void
note_seen(struct group *group, enum exposure exposure, unsigned severity, uint64_t seen_usec)
{
	uint32_t seen_sec = (uint32_t)(seen_usec / USEC_PER_SEC);

	if (severity >= SEVERITY_OFF)
		return;
	if (group->seen_sec[exposure][severity] < seen_sec)
		group->seen_sec[exposure][severity] = seen_sec;
}

/* How grave a stay is for who heard of its last reported owner: what was reported and holds still.
 */
static unsigned
known_severity(const struct stay *stay)
{
	const struct company *company = stay->told.company;
	unsigned told = company == NULL ? stay->told.severity : company->severity;
	unsigned judged = stay->judged.verdict.severity;

	return told > judged ? told : judged;
}

void
group_part(struct group *group, const struct stay *stay, unsigned severity)
{
	/* While it was there it was known; once it is gone that holds for `remind`. */
	note_seen(group, endpoint_exposure(&stay->is.endpoint), severity, stay->is.last_seen_usec);
	group->live--;
}

/* Leaves the group of the owner that was reported last, and returns it. */
static struct group *
leave_last(struct stay *stay)
{
	struct group *group = stay->told.group;

	if (group != NULL)
		group_part(group, stay, known_severity(stay));
	stay->told.group = NULL;
	return group;
}

static struct group *
leave_remembered(struct stay *stay, struct company_owner *known)
{
	struct group *group = known->group;

	if (group != NULL)
		group_part(group, stay, known->severity);
	known->group = NULL;
	return group;
}

struct group *
groups_enter(struct groups *groups, const struct stay *stay, const struct company_owner *known)
{
	struct group *group = find_or_add(groups, user_of(stay), &known->group_key);

	if (group == NULL)
		return NULL;
	if (group->owner == NULL) {
		group->owner = owner_ref(known->owner);
		group->owner_key = known->key;
		group->suspect = known->suspected;
	}
	group->live++;
	return group;
}

static struct group *
join(struct groups *groups, struct stay *stay, const struct group_key *key, bool suspect)
{
	struct group *group;

	(void)leave_last(stay);
	if (!group_key_knows(stay))
		return NULL;
	group = find_or_add(groups, user_of(stay), key);
	if (group == NULL)
		return NULL;
	(void)owner_unref(group->owner);
	group->owner = owner_ref(stay->is.members[stay->judged.worst].owner);
	group->owner_key = group_key_of_owner(stay);
	group->suspect = suspect;
	group->live++;
	stay->told.group = group;
	return group;
}

struct group *
groups_join(struct groups *groups, struct stay *stay)
{
	bool suspect = stay->judged.verdict.suspect;
	struct group_key key;

	if (group_key_knows(stay))
		key = suspect ? group_key_of_suspect(stay) : group_key_of_judged(stay);
	return join(groups, stay, &key, suspect);
}

struct group *
groups_join_hopping(struct groups *groups, struct stay *stay)
{
	struct group_key key;

	if (group_key_knows(stay))
		key = group_key_of_judged(stay);
	return join(groups, stay, &key, false);
}

struct group *
groups_join_as(struct groups *groups, struct stay *stay, const struct group_key *key)
{
	return join(groups, stay, key, false);
}

void
group_leave(struct stay *stay)
{
	struct company *company = stay->told.company;

	(void)leave_last(stay);
	for (uint32_t i = 0; company != NULL && i < company->count; i++)
		(void)leave_remembered(stay, &company->reported[i]);
}

static void
revoke(struct group *group)
{
	if (group == NULL || group->live > 0)
		return;
	group->reported_usec = 0;
	group->followed_ranks = 0;
	memset(group->seen_sec, 0, sizeof(group->seen_sec));
}

void
group_revoke_part(struct group *group, const struct stay *stay, unsigned severity)
{
	group_part(group, stay, severity);
	revoke(group);
}

void
group_revoke(struct stay *stay)
{
	struct company *company = stay->told.company;

	revoke(leave_last(stay));
	for (uint32_t i = 0; company != NULL && i < company->count; i++)
		revoke(leave_remembered(stay, &company->reported[i]));
}

struct group_rank
group_rank_of(const struct stay *stay)
{
	const struct verdict *verdict = &stay->judged.verdict;

	return (struct group_rank){
		.exposure = endpoint_exposure(&stay->is.endpoint),
		.severity = verdict->severity,
		.remind_usec =
		    verdict->remind_usec == USEC_NEVER ? GROUP_REMIND_USEC : verdict->remind_usec,
	};
}

/* True where somebody was told at most `remind` ago of one that is as grave and as exposed. */
static bool
is_covered(const struct group *group, const struct group_rank *rank, uint64_t now_usec)
{
	for (unsigned exposure = rank->exposure; exposure <= EXPOSURE_ANY; exposure++)
		for (unsigned severity = 0; severity < SEVERITY_OFF; severity++) {
			uint64_t seen_usec = group->seen_sec[exposure][severity] * USEC_PER_SEC;

			if (severity <= rank->severity && seen_usec != 0 &&
			    now_usec - seen_usec < rank->remind_usec)
				return true;
		}
	return false;
}

bool
group_rank_is_news(const struct group *group, const struct group_rank *rank, uint64_t now_usec)
{
	return group == NULL || group->reported_usec == 0 ||
	    now_usec - group->reported_usec >= rank->remind_usec ||
	    group->live >= GROUP_GROWTH * (uint64_t)group->reported_live ||
	    !is_covered(group, rank, now_usec);
}

bool
group_is_news(const struct group *group, const struct stay *stay, uint64_t now_usec)
{
	struct group_rank rank = group_rank_of(stay);

	return group_rank_is_news(group, &rank, now_usec);
}

void
group_rank_note_report(struct group *group, const struct group_rank *rank, uint64_t now_usec)
{
	if (group == NULL)
		return;
	note_seen(group, rank->exposure, rank->severity, now_usec);
	group->reported_usec = now_usec;
	group->reported_live = group->live > 0 ? group->live : 1;
}

void
groups_note_reported(struct groups *groups, const struct stay *stay, const struct group_key *key,
    const struct group_rank *rank, uint64_t now_usec)
{
	group_rank_note_report(find_or_add(groups, user_of(stay), key), rank, now_usec);
}

void
group_note_report(struct group *group, const struct stay *stay, size_t to_come, uint64_t now_usec)
{
	struct group_rank rank = group_rank_of(stay);

	group_rank_note_report(group, &rank, now_usec);
	if (group != NULL)
		group->reported_live += (uint32_t)to_come;
}

void
group_rank_note_entries(struct group *group, const struct group_rank *rank, uint32_t count)
{
	if (group == NULL)
		return;
	group->followed =
	    count > UINT32_MAX - group->followed ? UINT32_MAX : group->followed + count;
	if (rank->severity < SEVERITY_OFF)
		group->followed_ranks |= 1U << (rank->exposure * 8 + rank->severity);
}

void
group_note_entry(struct group *group, const struct stay *stay)
{
	struct group_rank rank = group_rank_of(stay);

	group_rank_note_entries(group, &rank, 1);
}

/* Those with an entry count as seen by it: the summary is a reminder of them, too. */
static void
note_followed(struct group *group, uint64_t now_usec)
{
	for (unsigned exposure = 0; exposure <= EXPOSURE_ANY; exposure++)
		for (unsigned severity = 0; severity < SEVERITY_OFF; severity++)
			if ((group->followed_ranks >> (exposure * 8 + severity) & 1) != 0)
				note_seen(group, (enum exposure)exposure, severity, now_usec);
	group->followed = group->followed_ranks = 0;
}

void
groups_note_summary(struct groups *groups, uint64_t now_usec)
{
	struct group *group, *next;

	HASH_ITER (hh, groups->table, group, next) {
		if (group->live == 0 && group->followed == 0)
			continue;
		/* What rules took back is news if it comes again: no summary reports it. */
		if (group->reported_usec != 0)
			group->reported_usec = now_usec;
		note_followed(group, now_usec);
	}
}

void
group_note_named(const struct stay *stay, uint64_t now_usec)
{
	enum exposure exposure = endpoint_exposure(&stay->is.endpoint);
	const struct company *company = stay->told.company;

	if (stay->told.group != NULL)
		note_seen(stay->told.group, exposure, known_severity(stay), now_usec);
	for (uint32_t i = 0; company != NULL && i < company->count; i++)
		if (company->reported[i].group != NULL)
			note_seen(company->reported[i].group, exposure,
			    company->reported[i].severity, now_usec);
}

uint64_t
groups_sweep(struct groups *groups, uint64_t now_usec, uint64_t kept_usec)
{
	uint64_t next_usec = USEC_NEVER;
	struct group *group, *next;

	HASH_ITER (hh, groups->table, group, next) {
		if (group->live > 0 || group->followed > 0)
			continue;
		if (group->reported_usec == 0 || now_usec - group->reported_usec >= kept_usec)
			drop(groups, group);
		else if (group->reported_usec + kept_usec < next_usec)
			next_usec = group->reported_usec + kept_usec;
	}
	return next_usec;
}
