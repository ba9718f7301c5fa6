/* SPDX-License-Identifier: MIT */
/*
 * The owners that were reported on one stay: the last one stands in the stay with its group, those
 * before it in its company. Each is counted in its group (group.c) while it has a socket there, and
 * found again when it comes back.
 *
 * What it never does: report, or take an owner that is not known yet for another.
 *
 * Invariants: an owner is remembered once. At most COMPANY_OWNERS_MAX are beside the last one, the
 * latest.
 *
 * Cost: nothing for a stay of one owner; else two sums for each owner when the stay is judged.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/company-owners.h"
#include "engine/company.h"
#include "model/creator.h"

/* Forgets one, which leaves its group. */
static void
forget_one(struct stay *stay, struct company *company, uint32_t index)
{
	struct company_owner *known = &company->reported[index];

	if (known->group != NULL)
		group_part(known->group, stay, known->severity);
	(void)owner_unref(known->owner);
	company->count--;
	memmove(known, known + 1, (company->count - index) * sizeof(*known));
}

/* Without memory (false) it is reported once more. */
static bool
remember(struct stay *stay, const struct company_owner *known)
{
	struct company *company = stay_make_company(stay);
	struct company_owner *place;
	uint32_t index = 0;

	if (company == NULL)
		return false;
	while (index < company->count &&
	    memcmp(&company->reported[index].key, &known->key, sizeof(known->key)) != 0)
		index++;
	if (index == COMPANY_OWNERS_MAX)
		index = 0;
	if (index < company->count)
		forget_one(stay, company, index);
	place = &company->reported[company->count++];
	*place = *known;
	place->owner = owner_ref(known->owner);
	return true;
}

/* The owner that was reported last is to be one of those before it, with its place in the group. */
static void
remember_last(struct stay *stay)
{
	const struct company *company = stay->told.company;
	struct group *group = stay->told.group;
	unsigned severity = company == NULL ? stay->told.severity : company->severity;
	struct company_owner known = {
		.owner = group->owner,
		.key = group->owner_key,
		.group_key = group->key,
		.group = group,
		.reasons = stay->told.reasons,
		.severity = (uint8_t)severity,
		.grouped = true,
		.suspected = group->suspect,
	};

	if (!remember(stay, &known))
		group_part(group, stay, severity);
	stay->told.group = NULL;
	stay->told.reasons = 0;
}

/* The owner of the member as it is remembered beside the last one, NULL = it is not. */
static struct company_owner *
find_remembered(const struct stay *stay, const struct member *member)
{
	struct company *company = stay->told.company;

	for (uint32_t i = 0; company != NULL && i < company->count; i++)
		if (group_key_is_of(&company->reported[i].key, company->reported[i].owner, member))
			return &company->reported[i];
	return NULL;
}

bool
company_is_last(const struct stay *stay, const struct member *member)
{
	const struct group *group = stay->told.group;

	return group != NULL && group_key_is_of(&group->owner_key, group->owner, member);
}

/* The stay is about to be another owner's: who was reported is remembered. */
static void
make_way(struct stay *stay)
{
	const struct member *worst = &stay->is.members[stay->judged.worst];
	struct company_owner *known;

	if (stay->told.group != NULL && !company_is_last(stay, worst))
		remember_last(stay);
	known = find_remembered(stay, worst);
	if (known != NULL) {
		/* It is to be the last one again. */
		stay->told.reasons |= known->reasons;
		forget_one(stay, stay->told.company,
		    (uint32_t)(known - stay->told.company->reported));
	}
	if (!worst->suspected)
		stay->told.reasons = 0;
}

/* It was reported while nobody knew its owner, or there was no room for its group: who joins it is
 * to be compared with it. */
static void
remember_member(struct stay *stay, const struct member *member)
{
	(void)remember(stay,
	    &(struct company_owner){
		.owner = member->owner,
		.key = group_key_of_holder(member->owner, member->uid),
		.reasons = member->suspected ? stay->told.reasons : 0,
		.severity = stay->told.severity,
		.suspected = member->suspected,
	    });
}

/* True where the member is the owner as it was reported. A suspect that was gone since gone_usec is
 * its process. */
static bool
is_the_same(const struct company_owner *known, const struct member *member, uint64_t gone_usec)
{
	const struct process *before = owner_first(known->owner);
	const struct process *now = owner_first(member->owner);

	return !known->suspected || known->left_usec == 0 || known->left_usec > gone_usec ||
	    (before != NULL && now != NULL && process_same(before, now));
}

static void
recall_member(struct stay *stay, struct member *member, uint64_t gone_usec)
{
	const struct company_owner *known;

	if (!group_key_knows_owner(member->owner))
		return;
	if (company_is_last(stay, member)) {
		member->reported = true;
		member->suspected = member->suspected || stay->told.group->suspect;
		return;
	}
	known = find_remembered(stay, member);
	if (known != NULL) {
		member->reported = true;
		member->suspected = member->suspected ||
		    (known->suspected && is_the_same(known, member, gone_usec));
	} else if (member->reported)
		remember_member(stay, member);
}

/* Whether an owner has sockets on the stay. Of one that is not known yet nobody can
 * tell. */
enum attendance {
	ATTENDANCE_OPEN,
	ATTENDANCE_THERE,
	ATTENDANCE_LEFT,
};

/* Those whose attendance is asked for. */
static void
begin_attendance(struct recall *recall, const struct stay *stay)
{
	const struct group *last = stay->told.group;
	const struct company *company = stay->told.company;

	if (last != NULL)
		recall->known[recall->known_count++] = (struct recalled_owner){
			.owner = last->owner,
			.key = last->owner_key,
		};
	for (uint32_t i = 0; company != NULL && i < company->count; i++)
		recall->known[recall->known_count++] = (struct recalled_owner){
			.owner = company->reported[i].owner,
			.key = company->reported[i].key,
			.entry = &company->reported[i],
		};
}

/* A socket, or the first of several that are held alike. */
static void
attend(struct recall *recall, const struct member *member)
{
	struct group_key key;
	bool summed = false;

	if (!group_key_knows_owner(member->owner)) {
		recall->open = recall->open || !company_is_hidden(member);
		return;
	}
	for (uint32_t i = 0; i < recall->known_count; i++) {
		struct recalled_owner *known = &recall->known[i];

		if ((known->there && known->back) || !group_key_knows_owner(known->owner))
			continue;
		if (creator_is_absent(member->owner, member->uid) ||
		    (known->owner != member->owner && !owner_same(known->owner, member->owner))) {
			if (!summed)
				key = group_key_of_holder(member->owner, member->uid);
			summed = true;
			if (memcmp(&key, &known->key, sizeof(key)) != 0)
				continue;
		}
		known->there = true;
		known->back = known->entry == NULL ||
		    is_the_same(known->entry, member, recall->gone_usec) || known->back;
	}
}

static const struct recalled_owner *
find_recalled(const struct recall *recall, const struct group_key *key)
{
	for (uint32_t i = 0; i < recall->known_count; i++)
		if (memcmp(&recall->known[i].key, key, sizeof(*key)) == 0)
			return &recall->known[i];
	return NULL;
}

static enum attendance
find_attendance(const struct recall *recall, const struct group_key *key)
{
	const struct recalled_owner *known = find_recalled(recall, key);

	if (known != NULL && known->there)
		return ATTENDANCE_THERE;
	return recall->open ? ATTENDANCE_OPEN : ATTENDANCE_LEFT;
}

/* Groups count the stay while their owners are there. */
static void
keep_groups(struct recall *recall, struct groups *groups, struct stay *stay)
{
	const struct group *last = stay->told.group;
	struct company *company;

	if (last != NULL && find_attendance(recall, &last->owner_key) == ATTENDANCE_LEFT)
		remember_last(stay);
	company = stay->told.company;
	if (company != NULL && company->left_usec == 0) {
		(void)owner_unref(company->left);
		company->left = NULL;
	}
	for (uint32_t i = 0; company != NULL && i < company->count; i++) {
		struct company_owner *known = &company->reported[i];
		enum attendance attendance = find_attendance(recall, &known->key);

		if (known->group != NULL && attendance == ATTENDANCE_LEFT) {
			group_part(known->group, stay, known->severity);
			known->group = NULL;
			known->left_usec = recall->poll_usec;
			(void)owner_unref(company->left);
			company->left = owner_ref(known->owner);
		} else if (known->group == NULL && known->grouped &&
		    attendance == ATTENDANCE_THERE && find_recalled(recall, &known->key)->back) {
			known->group = groups_enter(groups, stay, known);
			known->left_usec = 0;
		}
	}
}

/* Hidden suspects are reported once, until there was none for the grace time. */
static void
recall_hidden(struct stay *stay, uint64_t poll_usec, uint64_t gone_usec)
{
	struct company *company = stay->told.company;
	bool hidden = false;

	if (!stay->told.of_unknown)
		return;
	for (uint32_t i = 0; i < stay->is.member_count && !hidden; i++)
		hidden = company_is_hidden(&stay->is.members[i]);
	if (company != NULL && company->hidden_left_usec != 0 &&
	    company->hidden_left_usec <= gone_usec) {
		stay->told.of_unknown = false;
		company->hidden_left_usec = 0;
		return;
	}
	if (!hidden && company == NULL)
		company = stay_make_company(stay);
	if (company == NULL)
		return;
	if (hidden)
		company->hidden_left_usec = 0;
	else if (company->hidden_left_usec == 0)
		company->hidden_left_usec = poll_usec;
}

void
company_recall_begin(struct recall *recall, struct stay *stay, uint64_t poll_usec,
    uint64_t grace_usec)
{
	const struct member *first = &stay->is.members[0];
	uint32_t count = stay->is.member_count;

	*recall = (struct recall){
		.poll_usec = poll_usec,
		.gone_usec = poll_usec > grace_usec ? poll_usec - grace_usec : 0,
		.attended = count,
		.recalled = count,
		.kept = true,
	};
	if (!stay->told.overstayed)
		return;
	recall_hidden(stay, recall->poll_usec, recall->gone_usec);
	/* Of one socket whose owner is the same still nothing has to be recalled. */
	if (count > 1 || !first->reported || stay->told.company != NULL) {
		recall->attended = 0;
		recall->kept = false;
		begin_attendance(recall, stay);
	}
	if (count > 1 || !first->reported)
		recall->recalled = 0;
}

/* As the one before it, whose owner was recalled. */
static bool
is_recalled(const struct member *members, uint32_t index)
{
	return index > 0 && members[index].owner == members[index - 1].owner &&
	    members[index - 1].reported && group_key_knows_owner(members[index].owner);
}

bool
company_recall_go_on(struct recall *recall, struct groups *groups, struct stay *stay,
    struct slice *slice)
{
	struct member *members = stay->is.members;
	uint32_t count = stay->is.member_count, first = recall->attended;

	for (; recall->attended < count; recall->attended++) {
		uint32_t i = recall->attended;

		if (i > first && slice_is_over(slice))
			return false;
		if (i == 0 || members[i].owner != members[i - 1].owner ||
		    members[i].uid != members[i - 1].uid)
			attend(recall, &members[i]);
	}
	if (!recall->kept)
		keep_groups(recall, groups, stay);
	recall->kept = true;
	first = recall->recalled;
	for (; recall->recalled < count; recall->recalled++) {
		uint32_t i = recall->recalled;

		if (i > first && slice_is_over(slice))
			return false;
		if (is_recalled(members, i)) {
			members[i].reported = true;
			members[i].suspected = members[i].suspected || members[i - 1].suspected;
		} else
			recall_member(stay, &members[i], recall->gone_usec);
	}
	return true;
}

void
company_revoke_allowed(struct stay *stay)
{
	struct company *company = stay->told.company;

	for (uint32_t i = 0; company != NULL && i < stay->is.member_count; i++) {
		struct member *member = &stay->is.members[i];
		struct company_owner *known;

		if (!member->allowed || !member->reported)
			continue;
		known = find_remembered(stay, member);
		if (company_is_last(stay, member)) {
			remember_last(stay);
			known = find_remembered(stay, member);
		}
		member->reported = member->suspected = false;
		if (known == NULL)
			continue;
		if (known->group != NULL)
			group_revoke_part(known->group, stay, known->severity);
		known->group = NULL;
		forget_one(stay, company, (uint32_t)(known - company->reported));
	}
}

uint32_t
company_reasons(const struct stay *stay, const struct member *member)
{
	const struct company_owner *known;

	if (!member->suspected)
		return 0;
	if (stay->told.company == NULL || company_is_last(stay, member))
		return stay->told.reasons;
	known = find_remembered(stay, member);
	return known != NULL ? known->reasons : 0;
}

struct group *
company_join(struct groups *groups, struct stay *stay)
{
	make_way(stay);
	return groups_join(groups, stay);
}
