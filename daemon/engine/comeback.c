/* SPDX-License-Identifier: MIT */
/*
 * Who is back: a newcomer whose owner is that of a stay which left no longer than the grace before
 * goes on as that one, with its id, its age and what was told of it.
 *
 *	the same endpoint	the same owner came back to it
 *	another port, both	a service was started anew and given another port; only a stay that
 *	the kernel's choice	a rule speaks of moves so, since the rule is about the service and
 *				not about the port
 *
 * While polls only fail to prove that another stay left the endpoint, the newcomer is one of its
 * own; where the owner is the same it joins that one, as if all of its sockets were seen.
 *
 * What it never does: believe an unknown owner, which is never the same as any; or give up a stay
 * whose absence an incomplete poll only suggests.
 *
 * Cost: a binary search and the stays of one endpoint; for a move a comparison with each stay,
 * bounded by the budget of a pass, and only where some stay is AWAY.
 */
#include <errno.h>
#include <string.h>

#include "engine/ask.h"
#include "engine/comeback.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/tell.h"
#include "engine/tenures.h"
#include "model/creator.h"

/* True while polls neither see a socket of it nor prove that it left. */
static bool
is_unproved(const struct stay *stay)
{
	return stay->is.live > 0 && !stay_is_seen(stay);
}

/* True where `stay` came no later than grace_usec after `former` was last seen. */
static bool
within_grace(const struct stay *former, const struct stay *stay, uint64_t grace_usec)
{
	uint64_t seen_usec =
	    is_unproved(former) ? stay_last_present_usec(former) : former->is.last_seen_usec;

	return grace_usec > 0 && stay->is.first_seen_usec - seen_usec <= grace_usec;
}

/* Nobody was told of it: it only ever was another one. */
static void
end_unseen(struct stay *stay)
{
	stay->is.last_seen_usec = stay->is.first_seen_usec;
	(void)stay_advance(stay, STAY_EVENT_GONE);
	(void)stay_advance(stay, STAY_EVENT_END);
}

/* `former` is back: it takes the newcomer's sockets over, and that one ends unseen. Returns for how
 * long it was away. */
static uint64_t
take_over(struct stay *former, struct stay *stay)
{
	uint64_t away_usec = stay->is.first_seen_usec - former->is.last_seen_usec;

	stay_hand_over(stay, former);
	former->is.compared = true;
	/* Whoever is connected now is another's guest, and an answer still to come the former's. */
	ask_forget(former);
	track_come_back(former);
	end_unseen(stay);
	return away_usec;
}

/* `other`, which may be there, and a newcomer of its owner are one. */
static void
join(struct pass *pass, struct stay *stay, struct stay *other)
{
	/* Without memory they are compared again in the next poll. */
	if (stay_merge(stay, other) < 0) {
		stay->is.compared = false;
		agenda_repeat(&pass->engine->agenda);
		return;
	}
	ask_forget(other);
	end_unseen(stay);
	pass->back = other;
	pass->away_usec = USEC_NEVER;
}

static bool
is_same_owner(const struct stay *former, const struct stay *stay)
{
	const struct member *left = &former->is.members[0], *there = &stay->is.members[0];

	return creator_same(left->owner, left->uid, there->owner, there->uid);
}

/* The stay that left the newcomer's endpoint, or may have, where its owner is the same; NULL =
 * none. */
static struct stay *
find_former(const struct track *track, const struct stay *stay, uint64_t grace_usec)
{
	for (size_t i = track_lower_bound(track, &stay->is.endpoint); i < track->count; i++) {
		struct stay *former = track->stays[i];

		if (endpoint_compare(&former->is.endpoint, &stay->is.endpoint) != 0)
			break;
		/* Two that are unproved: the first of them is the former. */
		if ((former->is.state == STAY_AWAY ||
			(is_unproved(former) &&
			    former->is.first_seen_usec < stay->is.first_seen_usec)) &&
		    former->is.members[0].owner != NULL && within_grace(former, stay, grace_usec) &&
		    is_same_owner(former, stay))
			return former;
	}
	return NULL;
}

/* True where former's owner may be the one who took the newcomer's port. */
static bool
may_have_moved(const struct stay *former, const struct stay *stay, uint64_t grace_usec)
{
	const struct endpoint *from = &former->is.endpoint, *to = &stay->is.endpoint;

	return former->is.state == STAY_AWAY && former->judged.verdict.rule != NULL &&
	    former->is.members[0].owner != NULL && former->is.members[0].choice == CHOICE_AUTO &&
	    from->netns == to->netns && from->protocol == to->protocol &&
	    from->family == to->family && from->interface == to->interface &&
	    memcmp(from->address, to->address, sizeof(to->address)) == 0 &&
	    within_grace(former, stay, grace_usec);
}

static size_t
index_of(const struct track *track, const struct stay *stay)
{
	size_t index = track_lower_bound(track, &stay->is.endpoint);

	while (track->stays[index] != stay)
		index++;
	return index;
}

/* The stay that left another port for the newcomer's, the last one; NULL = none. */
static struct stay *
find_moved(struct pass *pass, const struct stay *stay)
{
	const struct track *track = &pass->engine->track;
	uint64_t grace_usec = pass->engine->policy->grace_usec;
	struct stay *found = NULL;

	if (track->tally.away == 0 || stay->is.members[0].choice != CHOICE_AUTO)
		return NULL;
	for (size_t i = 0; i < track->count && pass->move_budget > 0; i++, pass->move_budget--) {
		struct stay *former = track->stays[i];

		if (may_have_moved(former, stay, grace_usec) && is_same_owner(former, stay) &&
		    (found == NULL || former->is.last_seen_usec > found->is.last_seen_usec))
			found = former;
	}
	return found;
}

/* Each takes the other's place, so that the order of endpoints stands. */
static void
swap_places(struct track *track, struct stay *former, struct stay *stay)
{
	size_t from = index_of(track, former), to = index_of(track, stay);
	struct endpoint place = stay->is.endpoint;

	track->stays[from] = stay;
	track->stays[to] = former;
	stay->is.endpoint = former->is.endpoint;
	former->is.endpoint = place;
}

/* True where a stay on the endpoint may have left, and no poll proved that yet. */
static bool
has_unproved(const struct track *track, const struct stay *stay)
{
	if (track->tally.unproved == 0)
		return false;
	for (size_t i = track_lower_bound(track, &stay->is.endpoint); i < track->count; i++) {
		if (endpoint_compare(&track->stays[i]->is.endpoint, &stay->is.endpoint) != 0)
			break;
		if (track->stays[i] != stay && is_unproved(track->stays[i]))
			return true;
	}
	return false;
}

/* A newcomer whose owner is known now. */
static void
come_back(struct pass *pass, struct stay *stay)
{
	struct engine *engine = pass->engine;
	uint64_t grace_usec = engine->policy->grace_usec;
	bool hops = (engine->policy->hopping >> stay->is.endpoint.protocol & 1) != 0;
	struct stay *former = find_former(&engine->track, stay, grace_usec);

	if (former == NULL && has_unproved(&engine->track, stay))
		return;
	stay->is.compared = true;
	stay_note_change(stay);
	if (former != NULL && former->is.state != STAY_AWAY) {
		join(pass, stay, former);
		return;
	}
	if (former != NULL)
		former->is.moved_from = 0;
	else {
		former = find_moved(pass, stay);
		if (former == NULL) {
			if (hops)
				hopping_join(&engine->hopping, stay, grace_usec);
			return;
		}
		swap_places(&engine->track, former, stay);
		former->is.moved_from = stay->is.endpoint.port;
	}
	pass->away_usec = take_over(former, stay);
	pass->back = former;
}

/* Judges and tells the one that is back. Returns false where the slice is over. */
static bool
finish(struct pass *pass)
{
	struct engine *engine = pass->engine;
	struct stay *former = pass->back;

	if (former == NULL)
		return true;
	if (!judge_stay_in_slices(pass, former))
		return false;
	pass->back = NULL;
	/* Two that are one were never away. */
	if (pass->away_usec == USEC_NEVER)
		return true;
	tell_rebound(pass, former, pass->away_usec);
	/* Whoever returns to the port it left before it takes the next one goes on with its
	 * chain. */
	if ((engine->policy->hopping >> former->is.endpoint.protocol & 1) != 0 &&
	    former->is.moved_from == 0 && !former->told.overstayed)
		hopping_join(&engine->hopping, former, engine->policy->grace_usec);
	return true;
}

bool
comeback_all(struct pass *pass)
{
	const struct track *track = &pass->engine->track;

	for (; pass->at < track->count; pass->at++) {
		struct stay *stay = track->stays[pass->at];
		size_t budget = pass->move_budget;

		if (!finish(pass) || slice_is_over(pass->slice))
			return false;
		if (stay->is.state == STAY_NEW && !stay->is.compared && ask_resolved(pass, stay))
			come_back(pass, stay);
		slice_spend(pass->slice, budget - pass->move_budget);
	}
	return finish(pass);
}

/* A port that its occupant's programs take in turns: the time of this stay counts among theirs; and
 * a chain that it may lengthen. Returns 0; -EAGAIN where the slice is over; -ENOMEM. */
static int
leave_both(struct pass *pass, struct stay *stay, const struct tenure *left)
{
	struct engine *engine = pass->engine;
	uint64_t grace_usec = engine->policy->grace_usec;

	if ((engine->policy->hopping >> stay->is.endpoint.protocol & 1) == 0)
		return 0;
	/* Its owner's name came with the poll that it was gone from. */
	if ((pass->judging != NULL || stay->judged.verdict.threshold_usec == 0) &&
	    turns_is_certain(stay) && !judge_stay_in_slices(pass, stay))
		return -EAGAIN;
	if (left->owner != NULL && !stay->is.shared && !stay->told.overstayed &&
	    !stay->judged.verdict.allowed &&
	    hopping_prepare(&engine->hopping, left, grace_usec) < 0)
		return -ENOMEM;
	return turns_leave(&engine->turns, stay, grace_usec);
}

bool
comeback_leave(struct pass *pass, struct stay *stay)
{
	const struct policy *policy = pass->engine->policy;
	struct tenure left = hopping_tenure_of(stay);
	int r;

	if (stay->is.left)
		return true;
	r = leave_both(pass, stay, &left);
	if (r == -EAGAIN)
		return false;
	/* Without memory it does so in the next pass. */
	if (r < 0) {
		agenda_repeat(&pass->engine->agenda);
		return true;
	}
	stay->is.left = true;
	stay_note_change(stay);
	/* Of a stay that several owners shared the tenures have lengthened their chains. */
	if (tenures_end(stay) || stay->told.overstayed || stay->judged.verdict.allowed ||
	    (policy->hopping >> stay->is.endpoint.protocol & 1) == 0)
		hopping_drop(stay);
	else {
		hopping_leave(&pass->engine->hopping, stay, policy->grace_usec);
		hopping_follow(&pass->engine->hopping, &pass->engine->track, &left,
		    &pass->hop_budget);
	}
	return true;
}

/* True where a newcomer on the endpoint of a stay that is AWAY may turn out to be its owner's once
 * that was looked up. */
static bool
has_heir(const struct track *track, const struct stay *former, uint64_t grace_usec)
{
	for (size_t i = track_lower_bound(track, &former->is.endpoint); i < track->count; i++) {
		const struct stay *stay = track->stays[i];

		if (endpoint_compare(&stay->is.endpoint, &former->is.endpoint) != 0)
			break;
		if (stay->is.state == STAY_NEW && !stay->is.compared &&
		    within_grace(former, stay, grace_usec))
			return true;
	}
	return false;
}

bool
comeback_is_open(struct pass *pass, const struct stay *stay)
{
	struct engine *engine = pass->engine;
	uint64_t grace_usec = engine->policy->grace_usec;

	if (stay->is.given_up)
		return false;
	if (pass->moment.boottime_usec < stay->is.last_seen_usec + grace_usec) {
		agenda_plan(&engine->agenda, stay->is.last_seen_usec, grace_usec);
		return true;
	}
	/* Who came back may be what an incomplete poll lacks. */
	if (namespace_was_seen(&engine->namespace, &stay->is.endpoint) &&
	    !has_heir(&engine->track, stay, grace_usec))
		return false;
	agenda_repeat(&engine->agenda);
	return true;
}
