/* SPDX-License-Identifier: MIT */
/*
 * Who is back: a newcomer whose owner is that of a stay which left no longer than the grace before
 * goes on as that one, with its id, its age and what was told of it.
 *
 *	the same endpoint	the same owner came back to it (track_rebound)
 *	another port, both	a service was started anew and given another port; only a stay that
 *	the kernel's choice	a rule speaks of moves so, since the rule is about the service and
 *				not about the port (track_move)
 *
 * What it never does: believe an unknown owner, which is never the same as any.
 *
 * Cost: a binary search and the stays of one endpoint; for a move a comparison with each stay,
 * bounded by the caller's budget, and only where some stay is AWAY.
 */
#include <string.h>

#include "engine/track.h"

/* True where `stay` came no later than grace_usec after `former` was last seen. */
static bool
within_grace(const struct stay *former, const struct stay *stay, uint64_t grace_usec)
{
	return grace_usec > 0 && stay->first_seen_usec - former->last_seen_usec <= grace_usec;
}

/* `former` is back: it takes the newcomer's sockets over, and that one ends unseen. */
static void
take_over(struct track *track, struct stay *former, struct stay *stay)
{
	stay_clear_members(former);
	former->members = stay->members;
	former->member_count = stay->member_count;
	former->member_room = stay->member_room;
	former->worst = stay->worst;
	former->live = stay->live;
	former->judged = false;
	former->returned = true;
	/* Whoever is connected now is another's guest, and an answer still to come the former's. */
	former->peers_asked = former->peers_known = false;
	former->waiting_usec = 0;
	stay->members = NULL;
	stay->member_count = stay->member_room = stay->live = 0;
	track_come_back(track, former);
	/* Nobody was told of it: it only ever was its former self. */
	stay->last_seen_usec = stay->first_seen_usec;
	(void)stay_advance(stay, STAY_EVENT_GONE);
	(void)stay_advance(stay, STAY_EVENT_END);
}

struct stay *
track_rebound(struct track *track, struct stay *stay, uint64_t grace_usec, uint64_t *ret_away_usec)
{
	const struct owner *owner = stay->members[0].owner;

	for (size_t i = track_lower_bound(track, &stay->endpoint); i < track->count; i++) {
		struct stay *former = track->stays[i];

		if (endpoint_compare(&former->endpoint, &stay->endpoint) != 0)
			break;
		if (former->state != STAY_AWAY || former->members[0].owner == NULL ||
		    !within_grace(former, stay, grace_usec) ||
		    !owner_same(former->members[0].owner, owner))
			continue;
		*ret_away_usec = stay->first_seen_usec - former->last_seen_usec;
		former->moved_from = 0;
		take_over(track, former, stay);
		return former;
	}
	return NULL;
}

/* True where former's owner may be the one who took the newcomer's port. */
static bool
may_have_moved(const struct stay *former, const struct stay *stay, uint64_t grace_usec)
{
	const struct endpoint *from = &former->endpoint, *to = &stay->endpoint;

	return former->state == STAY_AWAY && former->verdict.rule != NULL &&
	    former->members[0].owner != NULL && former->members[0].choice == CHOICE_AUTO &&
	    from->netns == to->netns && from->protocol == to->protocol &&
	    from->family == to->family && from->interface == to->interface &&
	    memcmp(from->address, to->address, sizeof(to->address)) == 0 &&
	    within_grace(former, stay, grace_usec);
}

static size_t
index_of(const struct track *track, const struct stay *stay)
{
	size_t index = track_lower_bound(track, &stay->endpoint);

	while (track->stays[index] != stay)
		index++;
	return index;
}

struct stay *
track_move(struct track *track, struct stay *stay, uint64_t grace_usec, uint64_t *ret_away_usec,
    size_t *budget)
{
	const struct owner *owner = stay->members[0].owner;
	struct endpoint place = stay->endpoint;
	struct stay *former = NULL;
	size_t from, to;

	if (track->away == 0 || stay->members[0].choice != CHOICE_AUTO)
		return NULL;
	for (size_t i = 0; i<track->count && * budget> 0; i++, (*budget)--)
		if (may_have_moved(track->stays[i], stay, grace_usec) &&
		    owner_same(track->stays[i]->members[0].owner, owner) &&
		    (former == NULL || track->stays[i]->last_seen_usec > former->last_seen_usec))
			former = track->stays[i];
	if (former == NULL)
		return NULL;
	/* Each takes the other's place, so that the order of endpoints stands. */
	from = index_of(track, former);
	to = index_of(track, stay);
	track->stays[from] = stay;
	track->stays[to] = former;
	stay->endpoint = former->endpoint;
	former->endpoint = place;
	former->moved_from = stay->endpoint.port;
	former->advised = false;
	*ret_away_usec = stay->first_seen_usec - former->last_seen_usec;
	take_over(track, former, stay);
	return former;
}

bool
track_may_return(const struct track *track, size_t index, uint64_t grace_usec)
{
	const struct stay *former = track->stays[index];

	for (size_t i = track_lower_bound(track, &former->endpoint); i < track->count; i++) {
		const struct stay *stay = track->stays[i];

		if (endpoint_compare(&stay->endpoint, &former->endpoint) != 0)
			break;
		if (stay->state == STAY_NEW && !stay->returned &&
		    within_grace(former, stay, grace_usec))
			return true;
	}
	return false;
}
