/* SPDX-License-Identifier: MIT */
/*
 * Who shares a port with other owners (SO_REUSEPORT). The stay is all of theirs, so it says little
 * about how long one of them was there: each has a tenure, from the first of its sockets that is
 * there to the last. A tenure lengthens its owner's chain of ports as a stay of its own would
 * (hopping.c). So nobody stays below the threshold by hiding among the sockets of another.
 *
 * What it never does: follow who is allowed, was reported on that stay, or is unknown.
 *
 * Invariants: a stay with tenures is `shared` and no member of a chain itself; its tenures are gone
 * before it is. At most HOPPING_TENURES_MAX, of which each user has his share.
 *
 * Cost: a bit for a stay of one owner. For one that is shared and changed a comparison of owners a
 * member; a walk over the tenures per pass, which compares in the bounds of its budget.
 */
#include "base/array.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/tell.h"
#include "engine/tenures.h"

static bool
is_process(const struct owner *owner)
{
	return owner != NULL && owner->kind == OWNER_PROCESS;
}

/* True where the member is held like the one before it: a prefork server's are. */
static bool
is_repeated(const struct stay *stay, uint32_t index)
{
	return index > 0 && stay->is.members[index].owner == stay->is.members[index - 1].owner;
}

/* A socket of that owner, one that the last poll saw if there is one; NULL = none, or the budget is
 * used up. */
static const struct member *
find_member(const struct stay *stay, const struct owner *owner, size_t *budget)
{
	const struct member *members = stay->is.members, *found = NULL;
	bool same = false;

	for (uint32_t i = 0; *budget > 0 && i < stay->is.member_count; i++) {
		if (!is_repeated(stay, i)) {
			same = members[i].owner == owner ||
			    (is_process(members[i].owner) && owner_same(members[i].owner, owner));
			(*budget)--;
		}
		if (same && !members[i].unproved)
			return &members[i];
		if (same && found == NULL)
			found = &members[i];
	}
	return found;
}

/* True where not all of its sockets are one owner's. Two that nobody knows are two. */
static bool
is_shared(const struct stay *stay)
{
	const struct owner *first = stay->is.members[0].owner;

	for (uint32_t i = 1; i < stay->is.member_count; i++) {
		const struct owner *owner = stay->is.members[i].owner;

		if (!is_repeated(stay, i) && owner != first &&
		    (!is_process(first) || !is_process(owner) || !owner_same(first, owner)))
			return true;
	}
	return false;
}

static struct tenure *
find_tenure(const struct hopping *hopping, const struct stay *stay, const struct owner *owner)
{
	for (size_t i = 0; i < hopping->tenure_count; i++) {
		struct tenure *tenure = &hopping->tenures[i];

		if (tenure->stay == stay &&
		    (owner == NULL || tenure->owner == owner || owner_same(tenure->owner, owner)))
			return tenure;
	}
	return NULL;
}

/* It does not count any more. */
static void
drop(struct hopping *hopping, struct tenure *tenure)
{
	if (tenure->chain != NULL)
		tenure->chain->live--;
	fair_release(&hopping->tenure_accounts, tenure->account);
	(void)owner_unref(tenure->owner);
	*tenure = hopping->tenures[--hopping->tenure_count];
}

static void
leave(struct pass *pass, struct tenure *tenure, uint64_t until_usec)
{
	struct hopping *hopping = &pass->engine->hopping;
	struct tenure left = *tenure;

	left.owner = owner_ref(tenure->owner);
	hopping_lengthen(hopping, tenure, until_usec, pass->engine->policy->grace_usec);
	drop(hopping, tenure);
	hopping_follow(hopping, &pass->engine->track, &left, &pass->hop_budget);
	(void)owner_unref(left.owner);
}

/* True where its chain is there. Else, without memory, it leaves in the next pass. */
static bool
is_prepared(struct pass *pass, const struct tenure *tenure)
{
	if (hopping_prepare(&pass->engine->hopping, tenure, pass->engine->policy->grace_usec) == 0)
		return true;
	agenda_repeat(&pass->engine->agenda);
	return false;
}

bool
tenures_leave(struct pass *pass)
{
	const struct hopping *hopping = &pass->engine->hopping;

	/* From behind: one that leaves is followed by none that was not visited. */
	if (pass->at == 0)
		pass->at = hopping->tenure_count;
	for (; pass->at > 0; pass->at--) {
		struct tenure *tenure = &hopping->tenures[pass->at - 1];
		const struct stay *stay = tenure->stay;
		size_t budget = pass->hop_budget;

		if (slice_is_over(pass->slice))
			return false;
		if (stay->is.state == STAY_AWAY)
			leave(pass, tenure, stay->is.last_seen_usec);
		else if (!stay->judged.valid &&
		    find_member(stay, tenure->owner, &pass->hop_budget) == NULL &&
		    is_prepared(pass, tenure))
			leave(pass, tenure,
			    tenure->present_usec != 0 ? tenure->present_usec :
							pass->engine->before_usec);
		slice_spend(pass->slice, budget - pass->hop_budget);
	}
	return true;
}

/* When the member's owner came. Before others did it had the stay to itself, whatever sockets it
 * renewed since: of those there the oldest is its own. */
static uint64_t
find_begin_usec(const struct stay *stay, const struct member *member)
{
	if (stay->is.shared)
		return member->since_usec;
	for (uint32_t i = 0; i < stay->is.member_count; i++)
		if (stay->is.members[i].since_usec < member->since_usec)
			return member->since_usec;
	return stay->is.first_seen_usec;
}

static bool
has_room(const struct hopping *hopping, uint32_t uid)
{
	return fair_has_share(&hopping->tenure_accounts,
	    fair_account(&hopping->tenure_accounts, uid), 1, HOPPING_TENURES_OWN_MAX,
	    HOPPING_TENURES_MAX);
}

/* Returns NULL without memory. */
static struct tenure *
begin(struct pass *pass, struct stay *stay, const struct member *member)
{
	struct hopping *hopping = &pass->engine->hopping;
	struct chain *chain = stay->is.chain;
	struct tenure *tenure;

	if (array_reserve(&hopping->tenures, &hopping->tenure_room, hopping->tenure_count + 1,
		HOPPING_TENURES_MAX) < 0)
		return NULL;
	tenure = &hopping->tenures[hopping->tenure_count++];
	*tenure = (struct tenure){
		.stay = stay,
		.owner = owner_ref(member->owner),
		.from_usec = find_begin_usec(stay, member),
		.uid = member->uid,
		.account = (uint8_t)fair_account(&hopping->tenure_accounts, member->uid),
	};
	fair_charge(&hopping->tenure_accounts, tenure->account, tenure->uid);
	/* It was there by itself until now. */
	if (chain != NULL && owner_same(chain->owner, member->owner)) {
		tenure->chain = chain;
		tenure->from_usec = stay->is.first_seen_usec;
		stay->is.chain = NULL;
	} else
		hopping_join_tenure(hopping, tenure, pass->engine->policy->grace_usec);
	return tenure;
}

/* One socket of the stay, or the first of several that are held alike. */
static void
note_member(struct pass *pass, struct stay *stay, const struct member *member, bool shared)
{
	struct hopping *hopping = &pass->engine->hopping;
	struct tenure *tenure = find_tenure(hopping, stay, member->owner);
	struct stay_judgement judged;
	struct verdict verdict;

	if (tenure == NULL && !shared)
		return;
	if (tenure == NULL && !has_room(hopping, member->uid)) {
		shortages_note(hopping->shortages, SHORT_OF_FOLLOWED, member->uid, 1);
		return;
	}
	judged = judge_stay_as(pass, stay, member);
	verdict = stay->judged.verdict;
	judge_stay_restore(stay, &judged);
	if (member->reported || verdict.allowed || verdict.threshold_usec == USEC_NEVER) {
		if (tenure != NULL)
			drop(hopping, tenure);
		return;
	}
	if (tenure == NULL)
		tenure = begin(pass, stay, member);
	if (tenure == NULL) {
		/* It begins in the next pass. */
		stay_judge_anew(stay);
		return;
	}
	if (member->since_usec < tenure->from_usec)
		tenure->from_usec = member->since_usec;
	member = find_member(stay, tenure->owner, &pass->hop_budget);
	tenure->present_usec = member != NULL && member->unproved ? member->present_usec : 0;
	tenure->severity = (uint8_t)verdict.severity;
	if (tenure->chain != NULL)
		hopping_note_rank(tenure);
}

static bool
is_followed(const struct pass *pass, const struct stay *stay)
{
	return (pass->engine->policy->hopping >> stay->is.endpoint.protocol & 1) != 0;
}

/* Who shares the stay. Returns false where the slice is over; at least one was noted. */
static bool
note_members(struct pass *pass, struct stay *stay, bool shared)
{
	uint32_t first = pass->member;

	for (; pass->member < stay->is.member_count; pass->member++) {
		size_t budget = pass->hop_budget;

		if (pass->member > first && slice_is_over(pass->slice))
			return false;
		if (is_process(stay->is.members[pass->member].owner) &&
		    !is_repeated(stay, pass->member))
			note_member(pass, stay, &stay->is.members[pass->member], shared);
		slice_spend(pass->slice, budget - pass->hop_budget);
	}
	pass->member = 0;
	return true;
}

bool
tenures_note(struct pass *pass, struct stay *stay)
{
	struct hopping *hopping = &pass->engine->hopping;
	bool shared;

	if (pass->member == 0 &&
	    (!stay->is.compared || !judge_stay_is_anew(stay) ||
		(stay->is.member_count == 1 && !stay->is.shared)))
		return true;
	shared = is_shared(stay);
	if (!shared && !stay->is.shared)
		return true;
	if (!is_followed(pass, stay)) {
		tenures_forget(hopping, stay);
		return true;
	}
	if (!note_members(pass, stay, shared))
		return false;
	hopping_drop(stay);
	stay->is.shared = shared || find_tenure(hopping, stay, NULL) != NULL;
	return true;
}

void
tenures_tell(struct pass *pass)
{
	const struct hopping *hopping = &pass->engine->hopping;

	for (size_t i = 0; i < hopping->tenure_count; i++) {
		const struct tenure *tenure = &hopping->tenures[i];
		struct stay_judgement judged;
		const struct member *member;

		if (tenure->chain == NULL || tenure->chain->hops < HOPPING_HOPS_MIN)
			continue;
		member = find_member(tenure->stay, tenure->owner, &pass->hop_budget);
		/* A report of this pass may have been about it. */
		if (member == NULL || member->unproved || member->reported)
			continue;
		judged = judge_stay_as(pass, tenure->stay, member);
		tell_chain(pass, tenure->stay, tenure->chain, tenure->from_usec);
		judge_stay_restore(tenure->stay, &judged);
	}
}

bool
tenures_end(struct stay *stay)
{
	bool shared = stay->is.shared;

	stay->is.shared = false;
	return shared;
}

void
tenures_forget(struct hopping *hopping, struct stay *stay)
{
	for (size_t i = hopping->tenure_count; i-- > 0;)
		if (hopping->tenures[i].stay == stay)
			drop(hopping, &hopping->tenures[i]);
	stay->is.shared = false;
}
