/* SPDX-License-Identifier: MIT */
/*
 * Several owners on one endpoint (SO_REUSEPORT, a socket that is passed on). Each is reported once:
 * a stranger who joins an owner that was reported, or that a rule allows, is due by its own verdict
 * and its own time. Once it is the only one there, the age of the endpoint counts again.
 *
 * The time of strangers runs without a break as that of a stay does: from one socket to the next
 * that joins, and over the grace time where the same owner comes back. So nobody stays below the
 * threshold by taking turns.
 *
 * What it never does: take an unknown owner for any other. But one that follows a reported owner is
 * no news by itself, or each lookup that fails would be; once its owner is known, it is, and where
 * nobody will ever know it, once no reported one is there. As a suspect (nobody holds the socket)
 * the unknown are reported once a stay.
 *
 * Who was reported is company-owners.c's.
 *
 * Invariant: a member keeps what was reported of it until its owner is looked up as another
 * (lookup.c).
 *
 * Cost: nothing but two bits for a stay of one owner; a comparison of owners for each member when
 * the stay is judged; some hundred bytes for a stay that had several.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/company.h"
#include "engine/group-key.h"
#include "engine/pace.h"

static const struct member *
worst_of(const struct stay *stay)
{
	return &stay->is.members[stay->judged.worst];
}

bool
company_is_hidden(const struct member *member)
{
	static const bool lasting[OWNER_REASON_COUNT] = {
		[OWNER_REASON_NO_PERMISSION] = true,
		[OWNER_REASON_NO_PROCESS] = true,
		[OWNER_REASON_KERNEL_UNPROVED] = true,
		[OWNER_REASON_IO_URING] = true,
		[OWNER_REASON_OTHER_PIDS] = true,
		[OWNER_REASON_NO_INODE] = true,
	};
	const struct owner *owner = member->owner;

	if (owner == NULL || owner->kind != OWNER_UNKNOWN || !lasting[owner->reason])
		return false;
	/* That nobody holds a socket is said for a moment of one that is passed on, too. */
	return member->nobody == 0 || member->nobody == MEMBER_NOBODYS;
}

enum member_standing
company_standing(const struct stay *stay, const struct member *member,
    const struct verdict *verdict)
{
	bool known = group_key_knows_owner(member->owner);

	if (verdict->threshold_usec == USEC_NEVER)
		return STANDING_ALLOWED;
	if (!stay->told.overstayed)
		return STANDING_STRANGER;
	if (verdict->suspect)
		return member->suspected || (!known && stay->told.of_unknown) ? STANDING_REPORTED :
										STANDING_STRANGER;
	if (!known && !member->reported && company_is_hidden(member))
		return STANDING_HIDDEN;
	return member->reported || !known ? STANDING_REPORTED : STANDING_STRANGER;
}

bool
company_is_stranger(const struct stay *stay)
{
	enum member_standing standing =
	    company_standing(stay, worst_of(stay), &stay->judged.verdict);

	return standing == STANDING_STRANGER ||
	    (standing == STANDING_HIDDEN && stay->judged.unaccompanied);
}

bool
company_is_settled(const struct stay *stay)
{
	return stay->judged.verdict.threshold_usec == USEC_NEVER || worst_of(stay)->reported;
}

/* True where the chain of strangers goes on with one whose first socket came at oldest_usec. */
static bool
goes_on(const struct company *company, const struct member *worst, uint64_t oldest_usec,
    uint64_t grace_usec)
{
	if (company->present)
		return true;
	return company->stranger != NULL && oldest_usec <= company->seen_usec + grace_usec &&
	    group_key_is_of(&company->stranger_key, company->stranger, worst);
}

bool
company_note_strangers(struct stay *stay, const struct member *worst, uint64_t threshold_usec,
    uint64_t oldest_usec, uint64_t poll_usec, uint64_t grace_usec)
{
	struct company *company = stay_make_company(stay);

	/* Without memory each socket is judged by its own time. */
	if (company == NULL)
		return poll_usec - oldest_usec >= threshold_usec;
	if (!goes_on(company, worst, oldest_usec, grace_usec) || oldest_usec < company->since_usec)
		company->since_usec = oldest_usec;
	company->present = true;
	company->seen_usec = poll_usec;
	if (company->stranger != worst->owner) {
		(void)owner_unref(company->stranger);
		company->stranger = owner_ref(worst->owner);
		company->stranger_key = group_key_of_holder(worst->owner, worst->uid);
	}
	company->due_usec = company->since_usec + threshold_usec;
	if (poll_usec < company->due_usec)
		return false;
	company->due_usec = USEC_NEVER;
	return true;
}

void
company_note_none(struct stay *stay, uint64_t poll_usec)
{
	struct company *company = stay->told.company;

	if (company == NULL)
		return;
	if (company->present)
		company->seen_usec = poll_usec;
	company->present = false;
	company->due_usec = USEC_NEVER;
}

uint64_t
company_due_usec(const struct stay *stay)
{
	return stay->told.company == NULL ? USEC_NEVER : stay->told.company->due_usec;
}

uint64_t
company_age_usec(const struct stay *stay, uint64_t poll_usec)
{
	uint64_t since_usec = worst_of(stay)->since_usec;

	if (!stay->judged.beside)
		return stay_age_usec(stay, poll_usec);
	if (stay->told.company != NULL)
		since_usec = stay->told.company->since_usec;
	return poll_usec > since_usec ? poll_usec - since_usec : 0;
}

uint64_t
company_joined_usec(const struct stay *stay)
{
	uint64_t since_usec = worst_of(stay)->since_usec;

	if ((!stay->judged.beside && !stay->told.overstayed) || !company_is_stranger(stay))
		return 0;
	return since_usec > stay->is.first_seen_usec ? since_usec : 0;
}

static bool
has_reported(const struct stay *stay)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (stay->is.members[i].reported)
			return true;
	return false;
}

void
company_note_left(struct stay *stay, bool alone, uint64_t poll_usec)
{
	struct company *company = stay->told.company;
	bool left = alone && stay->told.overstayed && !has_reported(stay);

	if (left && company == NULL)
		company = stay_make_company(stay);
	if (company == NULL || left == (company->left_usec != 0))
		return;
	company->left_usec = left ? poll_usec : 0;
	company->left_class = stay->judged.classification;
}

static void
end_chain(struct company *company)
{
	(void)owner_unref(company->stranger);
	company->stranger = NULL;
	company->present = false;
	company->since_usec = 0;
	company->due_usec = USEC_NEVER;
}

/* Of thousands of sockets those that other processes of the owner hold are recalled when the stay
 * is judged next, in slices. */
static bool
is_same_owner(const struct stay *stay, const struct group_key *key, const struct member *worst,
    const struct member *member)
{
	if (stay->is.member_count > PACE_MEMBERS)
		return member->owner == worst->owner && group_key_knows_owner(worst->owner);
	return group_key_is_of(key, worst->owner, member);
}

void
company_note_report(struct stay *stay, bool suspect)
{
	struct member *members = stay->is.members, *worst = &members[stay->judged.worst];
	struct company *company = stay->told.company;
	struct group_key key;

	if (!group_key_knows_owner(worst->owner))
		stay->told.of_unknown = stay->told.of_unknown || suspect;
	else if (stay->is.member_count > 1)
		key = group_key_of_holder(worst->owner, worst->uid);
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		if (&members[i] != worst && !is_same_owner(stay, &key, worst, &members[i]))
			continue;
		members[i].reported = true;
		members[i].suspected = members[i].suspected || suspect;
	}
	/* The others' own time begins with their own sockets. */
	if (company != NULL) {
		company->severity = (uint8_t)stay->judged.verdict.severity;
		end_chain(company);
	}
	if (stay->is.member_count > 1 || company != NULL)
		stay_judge_anew(stay);
}

void
company_forget(struct stay *stay)
{
	struct member *members = stay->is.members;
	struct company *company = stay->told.company;

	/* Who of several the stay is about depends on what is forgotten. */
	if (stay->is.member_count > 1)
		stay_judge_anew(stay);
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		members[i].reported = members[i].suspected = members[i].named = false;
	stay->told.of_unknown = false;
	if (company == NULL)
		return;
	end_chain(company);
	company->left_usec = 0;
	(void)owner_unref(company->left);
	company->left = NULL;
	while (company->count > 0)
		(void)owner_unref(company->reported[--company->count].owner);
}
