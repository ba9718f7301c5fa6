/* SPDX-License-Identifier: MIT */
/*
 * What loses its place. At most CROWD_WATCHED_MAX listeners are watched; where a poll has more, a
 * user who had fewer than its share (crowd.c) opened some, and those who have more than theirs give
 * places up: the newest first, suspects last of all.
 *
 * What it never does: report that anything closed. What lost its place was seen by the poll, so it
 * is taken out of the last one as well, and is missing in neither.
 *
 * Cost: nothing where there is room; else a walk over the stays and the listeners, and a sort of
 * the listeners of the users who have too many.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "engine/pass.h"
#include "engine/surplus.h"
#include "engine/unwatch.h"

/* A place, and whose it is. */
struct seat {
	uint64_t since_usec; /* the poll that saw the socket first */
	uint32_t index;	     /* in the poll */
	uint16_t account;
	bool suspect;
};

struct surplus {
	struct engine *engine;
	struct snapshot *snapshot;
	struct seat *seats; /* of all listeners, in their order; then of those who have too many */
	size_t count;
	bool *dropped; /* by the index in the poll */
};

/* The member of the stay that a listener of the poll is, NULL = none. */
static struct member *
find_member(struct stay *stay, const struct listener *listener)
{
	struct member *member = stay_find_member(stay, listener->cookie);

	return member == NULL || member->gone ? NULL : member;
}

/* The range of the listeners on the endpoint of a stay: it begins at or behind `from`. */
static size_t
find_range(const struct snapshot *snapshot, const struct stay *stay, size_t from, size_t *ret_end)
{
	const struct endpoint *endpoint = &stay->is.endpoint;
	size_t begin = from, end;

	while (begin < snapshot->count &&
	    endpoint_compare(&snapshot->listeners[begin].endpoint, endpoint) < 0)
		begin++;
	for (end = begin; end < snapshot->count; end++)
		if (endpoint_compare(&snapshot->listeners[end].endpoint, endpoint) != 0)
			break;
	*ret_end = end;
	return begin;
}

static bool
is_suspect(const struct stay *stay)
{
	return stay->told.suspected ||
	    (stay->judged.valid && stay->judged.classification.class == CLASS_SUSPECT);
}

/* What the stays say of the listeners: who is none's member is new. */
static void
find_ages(struct surplus *surplus)
{
	const struct track *track = &surplus->engine->track;
	size_t begin = 0, end;

	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY)
			continue;
		begin = find_range(surplus->snapshot, stay, begin, &end);
		for (size_t k = begin; k < end; k++) {
			const struct member *member =
			    find_member(stay, &surplus->snapshot->listeners[k]);

			if (member == NULL)
				continue;
			surplus->seats[k].since_usec = member->since_usec;
			surplus->seats[k].suspect = is_suspect(stay);
		}
	}
}

/* In the order in which those of one user keep their places. */
static int
compare_seats(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	if (x->suspect != y->suspect)
		return x->suspect ? -1 : 1;
	if (x->since_usec != y->since_usec)
		return x->since_usec < y->since_usec ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* Of each user who has more than its share, the last ones. */
static void
choose(struct surplus *surplus)
{
	struct snapshot *snapshot = surplus->snapshot;
	size_t left = 0, of_user = 0;

	for (size_t i = 0; i < surplus->count; i++)
		if (crowd_has_excess(snapshot->crowd, surplus->seats[i].account))
			surplus->seats[left++] = surplus->seats[i];
	surplus->count = left;
	if (left > 1)
		qsort(surplus->seats, left, sizeof(*surplus->seats), compare_seats);
	for (size_t i = 0; i < left; i++) {
		const struct seat *seat = &surplus->seats[i];

		of_user = i > 0 && seat->account == seat[-1].account ? of_user + 1 : 0;
		if (of_user < crowd_share(snapshot->crowd, seat->account))
			continue;
		surplus->dropped[seat->index] = true;
		crowd_note_dropped(snapshot->crowd, snapshot->listeners[seat->index].uid);
	}
}

/* Takes the sockets of a stay that lost their places, from..to in the poll; all of them, and it is
 * forgotten. */
static void
drop_members(const struct surplus *surplus, struct stay *stay, size_t begin, size_t end,
    const struct moment *moment)
{
	const struct listener *listeners = surplus->snapshot->listeners;
	uint32_t lost = 0;

	for (size_t i = begin; i < end; i++)
		lost += surplus->dropped[i] && find_member(stay, &listeners[i]) != NULL;
	if (lost > 0 && lost == stay->is.live) {
		unwatch_stay(surplus->engine, stay, moment);
		return;
	}
	for (size_t i = begin; i < end && lost > 0; i++) {
		struct member *member =
		    surplus->dropped[i] ? find_member(stay, &listeners[i]) : NULL;

		if (member != NULL)
			stay_lose(stay, member, 0);
	}
}

static void
drop_from_stays(const struct surplus *surplus, const struct moment *moment)
{
	struct track *track = &surplus->engine->track;
	struct slice whole = SLICE_WHOLE;
	size_t begin = 0, end;

	for (size_t i = 0; i < track->count; i++) {
		if (track->stays[i]->is.state == STAY_AWAY)
			continue;
		begin = find_range(surplus->snapshot, track->stays[i], begin, &end);
		drop_members(surplus, track->stays[i], begin, end, moment);
	}
	(void)track_sweep(track, &whole);
	track_settle(track);
}

/* They are in neither poll any more. */
static void
drop_from_polls(const struct surplus *surplus)
{
	struct snapshot *snapshot = surplus->snapshot, *last = surplus->engine->last;
	size_t kept = 0, at = 0;

	snapshot_drop_known(last);
	for (size_t i = 0; i < last->count; i++) {
		while (at < snapshot->count &&
		    listener_compare(&snapshot->listeners[at], &last->listeners[i]) < 0)
			at++;
		if (at == snapshot->count || !surplus->dropped[at] ||
		    listener_compare(&snapshot->listeners[at], &last->listeners[i]) != 0)
			last->listeners[kept++] = last->listeners[i];
	}
	last->count = kept;
	kept = 0;
	for (size_t i = 0; i < snapshot->count; i++)
		if (!surplus->dropped[i])
			snapshot->listeners[kept++] = snapshot->listeners[i];
	snapshot->count = kept;
}

/* Who has how many. Returns 0 or -ENOMEM. */
static int
count_users(struct surplus *surplus)
{
	struct snapshot *snapshot = surplus->snapshot;

	crowd_recount(snapshot->crowd);
	for (size_t i = 0; i < snapshot->count; i++) {
		uint32_t uid = snapshot->listeners[i].uid;

		crowd_note_there(snapshot->crowd, uid);
		surplus->seats[i] = (struct seat){
			.since_usec = snapshot->taken_usec,
			.index = (uint32_t)i,
			.account = (uint16_t)crowd_account(snapshot->crowd, uid),
		};
	}
	surplus->count = snapshot->count;
	return crowd_divide_there(snapshot->crowd);
}

int
surplus_drop(struct engine *engine, struct snapshot *snapshot, const struct moment *moment)
{
	_free_ struct seat *seats = NULL;
	_free_ bool *dropped = NULL;
	struct surplus surplus = { .engine = engine, .snapshot = snapshot };
	struct slice whole = SLICE_WHOLE;

	/* A poll that is the first has no more, and one that knows of no crowd has not. */
	if (snapshot->count <= CROWD_WATCHED_MAX || snapshot->crowd == NULL || engine->last == NULL)
		return 0;
	/* A pass that is under way sees one state. */
	(void)engine_go_on(engine, &whole);
	surplus.seats = seats = calloc(snapshot->count, sizeof(*seats));
	surplus.dropped = dropped = calloc(snapshot->count, sizeof(*dropped));
	if (seats == NULL || dropped == NULL || count_users(&surplus) < 0)
		return -ENOMEM;
	find_ages(&surplus);
	choose(&surplus);
	track_note_change(&engine->track);
	drop_from_stays(&surplus, moment);
	drop_from_polls(&surplus);
	return 0;
}
