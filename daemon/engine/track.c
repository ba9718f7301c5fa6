/* SPDX-License-Identifier: MIT */
/*
 * track, the third of the five verbs: every listener's time on its endpoint. What one stay is and
 * which states it goes through is stay.c's; who comes back to a former stay is comeback.c's.
 *
 * A stay is the unbroken chain of sockets on one endpoint: an SO_REUSEPORT group is one stay with
 * several sockets, and a socket that joins while another is there carries the stay on. A socket
 * that comes after all others left begins a stay of its own, unless it is the same owner's within
 * the grace (comeback.c). So does one that comes where polls only fail to prove that all others
 * left: nobody may be given a dead one's age.
 *
 * What it never does: ask the kernel, read a clock, judge, or tell anyone. It is given snapshots
 * in which whatever is missing has been proved absent.
 *
 * Invariants: stays are sorted by endpoint; at most one stay of an endpoint is not AWAY, unless
 * the very socket of a former one came back beside a newcomer, or is still unproved; a stay has at
 * least one member; AWAY means live == 0; more than TRACK_AWAY_MAX are AWAY only until the engine
 * ended those that were given up.
 *
 * Cost: a comparison for what persists; two binary searches for each socket that came or left; one
 * merge of the newcomers. A hundred thousand sockets of one endpoint cost no more than as many
 * endpoints.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/search.h"
#include "engine/fair.h"
#include "engine/track.h"

void
track_init(struct track *track, void (*make_id)(struct stay_id *, void *), void *argument)
{
	*track = (struct track){
		.make_id = make_id,
		.make_id_argument = argument,
	};
}

void
track_clear(struct track *track)
{
	for (size_t i = 0; i < track->count + track->ended; i++)
		stay_free(track->stays[i]);
	free(track->stays);
	*track = (struct track){ 0 };
}

void
track_note_change(struct track *track)
{
	track->tally.changes++;
}

static int
compare_stay(const void *endpoint, const void *stay)
{
	return endpoint_compare(endpoint, &(*(struct stay *const *)stay)->is.endpoint);
}

size_t
track_lower_bound(const struct track *track, const struct endpoint *endpoint)
{
	return search_bound(endpoint, track->stays, track->count, sizeof(struct stay *),
	    compare_stay);
}

/* The stay on the endpoint that had the socket with this cookie; else (others) one that has sockets
 * there, of which the last poll saw one. NULL = neither. */
static struct stay *
find_stay(const struct track *track, const struct endpoint *endpoint, uint64_t cookie, bool others)
{
	struct stay *found = NULL;

	for (size_t i = track_lower_bound(track, endpoint); i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (endpoint_compare(&stay->is.endpoint, endpoint) != 0)
			break;
		if ((cookie != 0 || !others) && stay_find_member(stay, cookie) != NULL)
			return stay;
		if (others && stay_is_seen(stay))
			found = stay;
	}
	return found;
}

/* The stay that a socket joins, NULL = none. Of an endpoint that is new itself it may be the second
 * socket, or the ten thousandth. */
static struct stay *
find_host(const struct observation *observation, const struct listener *listener)
{
	const struct endpoint *endpoint = &listener->endpoint;
	size_t count = observation->newcomer_count;
	bool new = count > 0 &&
	    endpoint_compare(&observation->newcomers[count - 1]->is.endpoint, endpoint) == 0;
	struct stay *stay = find_stay(observation->track, endpoint, listener->cookie, !new);

	return stay == NULL && new ? observation->newcomers[count - 1] : stay;
}

static struct stay *
make_stay(const struct observation *observation, const struct listener *listener)
{
	struct track *track = observation->track;
	const struct namespace *namespace = observation->namespace;
	struct stay *stay = stay_new(&track->tally, listener, observation->diff->after->taken_usec);

	if (stay == NULL)
		return NULL;
	track->make_id(&stay->is.id, track->make_id_argument);
	stay->is.baseline = namespace_is_baseline(namespace, &listener->endpoint);
	stay->is.late = listener->late;
	if (!stay->is.baseline && !listener->late)
		stay->is.absent_usec = namespace->last_complete_usec[part_of(&listener->endpoint)];
	return stay;
}

static void
on_missing(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	struct stay *stay = find_stay(observation->track, &before->endpoint, before->cookie, false);
	struct member *member = stay == NULL ? NULL : stay_find_member(stay, before->cookie);
	uint64_t seen_usec = observation->diff->before->taken_usec;

	(void)after;
	if (member == NULL || member->gone)
		return;
	if (member->unproved)
		seen_usec = member->present_usec;
	stay_lose(stay, member, seen_usec);
}

/* What a poll tells of a socket that it had already: that it could not prove it, or did so again,
 * or who chose the port, which the poll before could not learn. */
static void
on_persisted(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	bool same = after->carried == before->carried;
	bool learnt = before->choice == CHOICE_UNKNOWN && after->choice != CHOICE_UNKNOWN;
	struct stay *stay;
	struct member *member;

	if (same && !learnt)
		return;
	stay = find_stay(observation->track, &after->endpoint, after->cookie, false);
	member = stay == NULL ? NULL : stay_find_member(stay, after->cookie);
	if (member == NULL)
		return;
	if (!same)
		stay_note_seen(stay, member, !after->carried,
		    observation->diff->before->taken_usec);
	if (learnt) {
		member->choice = after->choice;
		stay_judge_anew(stay);
	}
}

static void
on_appeared(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	struct stay *stay = find_host(observation, after);
	size_t last = observation->newcomer_count;

	(void)before;
	if (stay != NULL) {
		if (stay_join(stay, after, observation->diff->after->taken_usec) < 0)
			observation->error = -ENOMEM;
		return;
	}
	if (array_reserve(&observation->newcomers, &observation->newcomer_room, last + 1,
		ARRAY_UNBOUNDED) < 0) {
		observation->error = -ENOMEM;
		return;
	}
	stay = make_stay(observation, after);
	if (stay == NULL)
		observation->error = -ENOMEM;
	else
		observation->newcomers[observation->newcomer_count++] = stay;
}

/* Merges the newcomers in, from behind, so that each stay is moved once. */
static int
merge_newcomers(struct track *track, struct stay **newcomers, size_t count)
{
	size_t total = track->count + count, from = track->count, to = total;

	if (array_reserve(&track->stays, &track->room, total, ARRAY_UNBOUNDED) < 0)
		return -ENOMEM;
	while (count > 0) {
		if (from > 0 &&
		    endpoint_compare(&track->stays[from - 1]->is.endpoint,
			&newcomers[count - 1]->is.endpoint) > 0)
			track->stays[--to] = track->stays[--from];
		else
			track->stays[--to] = newcomers[--count];
	}
	track->count = total;
	return 0;
}

void
track_come_back(struct stay *stay)
{
	static const enum stay_event back[] = {
		[STAY_NEW] = STAY_EVENT_BACK_NEW,
		[STAY_PERSISTING] = STAY_EVENT_BACK_PERSISTING,
		[STAY_OVERSTAYING] = STAY_EVENT_BACK_OVERSTAYING,
	};

	stay->is.given_up = stay->is.left = false;
	(void)stay_advance(stay, back[stay->is.before_away]);
}

static void
settle(struct stay *stay)
{
	/* The very same socket is back (a UDP socket that was connected for a while). */
	if (stay->is.state == STAY_AWAY && stay->is.live > 0)
		track_come_back(stay);
	if (stay->is.live > 0) {
		stay_drop_lost(stay);
		return;
	}
	if (stay->is.state != STAY_AWAY)
		(void)stay_advance(stay, STAY_EVENT_GONE);
	/* An alert that waited, waits no longer: what comes back is asked for anew. */
	stay_stop_waiting(stay);
}

void
track_settle(struct track *track)
{
	for (size_t i = 0; i < track->count; i++)
		settle(track->stays[i]);
}

/* Hostile churn must not fill the memory with stays that might come back: those that left longest
 * ago are given up, of the users who have the most of them. */
static bool
bound_away(struct observation *observation, struct slice *slice)
{
	struct track *track = observation->track;
	struct fair *fair = &observation->fair;
	size_t kept;

	if (track->tally.away <= TRACK_AWAY_MAX)
		return true;
	if (observation->at == 0)
		fair_init(fair, TRACK_AWAY_MAX);
	for (; observation->at < track->count; observation->at++) {
		struct stay *stay = track->stays[observation->at];

		if (slice_is_over(slice))
			return false;
		if (stay->is.state != STAY_AWAY)
			continue;
		stay->is.given_up = true;
		fair_offer(fair, stay->is.members[0].uid, ~stay->is.last_seen_usec, stay, 0);
	}
	kept = fair_choose(fair);
	for (size_t i = 0; i < kept; i++)
		((struct stay *)fair->items[i].what)->is.given_up = false;
	fair_clear(fair);
	/* Without memory nobody can say which: the next poll does. */
	for (size_t i = 0; i < track->count && kept < TRACK_AWAY_MAX; i++)
		track->stays[i]->is.given_up = false;
	for (size_t i = 0; i < track->count && kept == TRACK_AWAY_MAX; i++)
		shortages_note(&track->tally.shortages, SHORT_OF_AWAY,
		    track->stays[i]->is.members[0].uid, track->stays[i]->is.given_up);
	return true;
}

static bool
walk(struct observation *observation, enum diff_kind kind, diff_function *function,
    struct slice *slice)
{
	return diff_walk_on(observation->diff, &observation->walk, kind, function, observation,
	    slice);
}

static bool
note_persisted(struct observation *observation, struct slice *slice)
{
	return walk(observation, DIFF_PERSISTED, on_persisted, slice);
}

static bool
note_missing(struct observation *observation, struct slice *slice)
{
	return walk(observation, DIFF_MISSING, on_missing, slice);
}

static bool
note_appeared(struct observation *observation, struct slice *slice)
{
	return walk(observation, DIFF_APPEARED, on_appeared, slice);
}

static bool
settle_all(struct observation *observation, struct slice *slice)
{
	const struct track *track = observation->track;
	const struct diff_counts *counts = &observation->diff->counts;

	if (counts->missing == 0 && counts->appeared == 0)
		return true;
	for (; observation->at < track->count; observation->at++) {
		if (slice_is_over(slice))
			return false;
		settle(track->stays[observation->at]);
	}
	return true;
}

static void
free_newcomers(struct observation *observation)
{
	for (size_t i = 0; i < observation->newcomer_count; i++)
		stay_free(observation->newcomers[i]);
	observation->newcomer_count = 0;
}

static bool
take_newcomers(struct observation *observation, struct slice *slice)
{
	(void)slice;
	if (observation->newcomer_count > 0 &&
	    merge_newcomers(observation->track, observation->newcomers,
		observation->newcomer_count) < 0) {
		free_newcomers(observation);
		observation->error = -ENOMEM;
	}
	observation->newcomer_count = 0;
	return true;
}

/* Each is over when it returned true. */
static bool (*const steps[])(struct observation *observation, struct slice *slice) = {
	note_persisted,
	note_missing,
	note_appeared,
	settle_all,
	take_newcomers,
	bound_away,
};

void
observation_begin(struct observation *observation, struct track *track,
    const struct namespace *namespace, const struct diff *diff)
{
	*observation = (struct observation){
		.track = track,
		.namespace = namespace,
		.diff = diff,
	};
	/* Not only what comes and goes: a poll that proves less, or more, than the one before. */
	track_note_change(track);
}

int
track_observe(struct observation *observation, struct slice *slice)
{
	int r;

	for (; observation->step < ARRAY_SIZE(steps); observation->step++) {
		if (!steps[observation->step](observation, slice))
			return -EAGAIN;
		observation->at = 0;
		observation->walk = (struct diff_walk){ 0 };
	}
	r = observation->error;
	observation_clear(observation);
	return r;
}

void
observation_clear(struct observation *observation)
{
	free_newcomers(observation);
	free(observation->newcomers);
	fair_clear(&observation->fair);
	*observation = (struct observation){ 0 };
}

bool
track_knows(const struct track *track, const struct listener *listener)
{
	return find_stay(track, &listener->endpoint, listener->cookie, false) != NULL;
}

bool
track_sweep(struct track *track, struct slice *slice)
{
	size_t kept = 0;

	/* Not again while some are left from the last call. */
	for (size_t i = 0; track->ended == 0 && i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_ENDED)
			continue;
		track->stays[i] = track->stays[kept];
		track->stays[kept++] = stay;
	}
	if (track->ended == 0) {
		track->ended = track->count - kept;
		track->count = kept;
	}
	for (; track->ended > 0; track->ended--) {
		if (slice_is_over(slice))
			return false;
		stay_free(track->stays[track->count + track->ended - 1]);
	}
	return true;
}
