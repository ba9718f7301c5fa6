/* SPDX-License-Identifier: MIT */
/*
 * track, the third of the five verbs: every listener's time on its endpoint. What one stay is and
 * which states it goes through is stay.c's; who comes back to a former stay is rebound.c's.
 *
 * A stay is the unbroken chain of sockets on one endpoint: an SO_REUSEPORT group is one stay with
 * several sockets, and a socket that joins while another is there carries the stay on. A socket
 * that comes after all others left begins a stay of its own, unless it is the same owner's within
 * the grace (track_rebound).
 *
 * What it never does: ask the kernel, read a clock, judge, or tell anyone. It is given snapshots
 * in which whatever is missing has been proved absent.
 *
 * Invariants: stays are sorted by endpoint; at most one stay of an endpoint is not AWAY, unless
 * the very socket of a former one came back beside a newcomer; a stay has at least one member, they
 * are sorted by cookie, and `worst` is one of them; AWAY means live == 0; more than TRACK_AWAY_MAX
 * are AWAY only until the engine ended those that were given up.
 *
 * Cost: a comparison for what persists; two binary searches for each socket that came or left; one
 * merge of the newcomers. A hundred thousand sockets of one endpoint cost no more than as many
 * endpoints.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/diff.h"
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
	for (size_t i = 0; i < track->count; i++)
		stay_free(track->stays[i]);
	free(track->stays);
	*track = (struct track){ 0 };
}

size_t
track_lower_bound(const struct track *track, const struct endpoint *endpoint)
{
	size_t low = 0, high = track->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (endpoint_compare(&track->stays[middle]->endpoint, endpoint) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The index of the first member at or behind the cookie. */
static uint32_t
member_bound(const struct stay *stay, uint64_t cookie)
{
	uint32_t low = 0, high = stay->member_count;

	/* Newcomers come in the order of their cookies. */
	if (high > 0 && stay->members[high - 1].cookie < cookie)
		return high;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (stay->members[middle].cookie < cookie)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct member *
find_member(const struct stay *stay, uint64_t cookie)
{
	uint32_t index = member_bound(stay, cookie);

	return index < stay->member_count && stay->members[index].cookie == cookie ?
	    &stay->members[index] :
	    NULL;
}

/* The stay on the endpoint that has sockets there, or that had the socket with this cookie. */
static struct stay *
find_stay(const struct track *track, const struct endpoint *endpoint, uint64_t cookie)
{
	struct stay *found = NULL;

	for (size_t i = track_lower_bound(track, endpoint); i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (endpoint_compare(&stay->endpoint, endpoint) != 0)
			break;
		if (stay->live > 0)
			found = stay;
		if (cookie != 0 && find_member(stay, cookie) != NULL)
			return stay;
	}
	return found;
}

static void
fill_member(struct member *member, const struct listener *listener, uint64_t taken_usec)
{
	*member = (struct member){
		.cookie = listener->cookie,
		.cgroup = listener->cgroup,
		.inode = listener->inode,
		.uid = listener->uid,
		.choice = listener->choice,
		.v6only = listener->v6only,
		.owner_wanted = true,
		.since_usec = taken_usec,
		.present_usec = taken_usec,
	};
}

/* A socket joins a stay that has others there, or comes back itself. */
static int
join(struct stay *stay, const struct listener *listener, uint64_t taken_usec)
{
	uint32_t index = member_bound(stay, listener->cookie), behind = stay->member_count - index;
	struct member *members = stay->members;

	if (behind > 0 && members[index].cookie == listener->cookie) {
		stay->live += members[index].gone;
		members[index].gone = false;
		return 0;
	}
	if (stay->member_count == stay->member_room) {
		uint32_t room = stay->member_room * 2;

		members = reallocarray(members, room, sizeof(*members));
		if (members == NULL)
			return -ENOMEM;
		stay->members = members;
		stay->member_room = room;
	}
	memmove(&members[index + 1], &members[index], behind * sizeof(*members));
	fill_member(&members[index], listener, taken_usec);
	stay->member_count++;
	stay->worst += index <= stay->worst;
	stay->live++;
	stay->judged = false;
	return 0;
}

/* What one poll changes, collected before anything is changed for good. */
struct observation {
	struct track *track;
	const struct namespace *namespace;
	const struct snapshot *before, *after;
	struct stay **newcomers; /* in the order of their endpoints */
	size_t newcomer_count, newcomer_room;
	int error;
};

static struct stay *
make_stay(const struct observation *observation, const struct listener *listener)
{
	const struct track *track = observation->track;
	struct stay *stay = calloc(1, sizeof(*stay));
	const struct namespace *namespace = observation->namespace;
	bool baseline = namespace_is_baseline(namespace, &listener->endpoint);

	if (stay == NULL)
		return NULL;
	stay->members = calloc(1, sizeof(*stay->members));
	if (stay->members == NULL) {
		free(stay);
		return NULL;
	}
	track->make_id(&stay->id, track->make_id_argument);
	stay->endpoint = listener->endpoint;
	stay->state = STAY_NEW;
	stay->baseline = baseline;
	stay->told = baseline;
	stay->told_severity = SEVERITY_OFF;
	stay->first_seen_usec = observation->after->taken_usec;
	stay->absent_usec =
	    baseline ? USEC_NEVER : namespace->last_complete_usec[part_of(&listener->endpoint)];
	fill_member(&stay->members[0], listener, observation->after->taken_usec);
	stay->member_count = stay->member_room = stay->live = 1;
	return stay;
}

static void
on_missing(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	struct track *track = observation->track;
	struct stay *stay = find_stay(track, &before->endpoint, before->cookie);
	struct member *member = stay == NULL ? NULL : find_member(stay, before->cookie);
	uint64_t seen_usec = observation->before->taken_usec;

	(void)after;
	if (member == NULL || member->gone)
		return;
	if (before->carried)
		seen_usec = member->present_usec;
	member->gone = true;
	stay->live--;
	stay->judged = false;
	/* The last of a group that was seen for certain says when the stay was. */
	if (stay->last_seen_usec < seen_usec)
		stay->last_seen_usec = seen_usec;
}

/* What a poll tells of a socket that it had already: that it could not prove it, or who chose the
 * port, which the poll before could not learn. */
static void
on_persisted(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	bool lost = after->carried && !before->carried;
	bool learnt = before->choice == CHOICE_UNKNOWN && after->choice != CHOICE_UNKNOWN;
	struct stay *stay;
	struct member *member;

	if (!lost && !learnt)
		return;
	stay = find_stay(observation->track, &after->endpoint, after->cookie);
	member = stay == NULL ? NULL : find_member(stay, after->cookie);
	if (member == NULL)
		return;
	if (lost)
		member->present_usec = observation->before->taken_usec;
	if (learnt) {
		member->choice = after->choice;
		stay->judged = false;
	}
}

static void
on_appeared(const struct listener *before, const struct listener *after, void *argument)
{
	struct observation *observation = argument;
	struct stay *stay = find_stay(observation->track, &after->endpoint, after->cookie);
	size_t last = observation->newcomer_count;

	(void)before;
	/* A second socket of an endpoint that is new itself. */
	if (stay == NULL && last > 0 &&
	    endpoint_compare(&observation->newcomers[last - 1]->endpoint, &after->endpoint) == 0)
		stay = observation->newcomers[last - 1];
	if (stay != NULL) {
		if (join(stay, after, observation->after->taken_usec) < 0)
			observation->error = -ENOMEM;
		return;
	}
	if (last == observation->newcomer_room) {
		size_t room = last == 0 ? 16 : last * 2;
		struct stay **newcomers =
		    reallocarray(observation->newcomers, room, sizeof(struct stay *));

		if (newcomers == NULL) {
			observation->error = -ENOMEM;
			return;
		}
		observation->newcomers = newcomers;
		observation->newcomer_room = room;
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

	if (total > track->room) {
		size_t room = total + total / 4;
		struct stay **stays = reallocarray(track->stays, room, sizeof(struct stay *));

		if (stays == NULL)
			return -ENOMEM;
		track->stays = stays;
		track->room = room;
	}
	while (count > 0) {
		if (from > 0 &&
		    endpoint_compare(&track->stays[from - 1]->endpoint,
			&newcomers[count - 1]->endpoint) > 0)
			track->stays[--to] = track->stays[--from];
		else
			track->stays[--to] = newcomers[--count];
	}
	track->count = total;
	return 0;
}

void
track_come_back(struct track *track, struct stay *stay)
{
	static const enum stay_event back[] = {
		[STAY_NEW] = STAY_EVENT_BACK_NEW,
		[STAY_PERSISTING] = STAY_EVENT_BACK_PERSISTING,
		[STAY_OVERSTAYING] = STAY_EVENT_BACK_OVERSTAYING,
	};

	track->away--;
	stay->given_up = stay->left = false;
	(void)stay_advance(stay, back[stay->before_away]);
}

/* Drops the sockets that left a stay others still hold; sends a stay AWAY that lost its last. */
static void
settle(struct track *track, struct stay *stay)
{
	uint32_t kept = 0, worst = 0;

	/* The very same socket is back (a UDP socket that was connected for a while). */
	if (stay->state == STAY_AWAY && stay->live > 0)
		track_come_back(track, stay);
	if (stay->live == 0) {
		if (stay->state != STAY_AWAY && stay_advance(stay, STAY_EVENT_GONE))
			track->away++;
		/* An alert that waited, waits no longer: what comes back is looked at anew. */
		stay->waiting_usec = 0;
		return;
	}
	for (uint32_t i = 0; i < stay->member_count; i++) {
		if (stay->members[i].gone) {
			(void)owner_unref(stay->members[i].owner);
			continue;
		}
		if (i == stay->worst)
			worst = kept;
		stay->members[kept++] = stay->members[i];
	}
	stay->member_count = kept;
	stay->worst = worst;
}

void
track_settle(struct track *track)
{
	for (size_t i = 0; i < track->count; i++)
		settle(track, track->stays[i]);
}

static int
compare_times(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Hostile churn must not fill the memory with stays that might come back: those that left longest
 * ago are given up. Without memory to sort them, the first that are found. */
static void
bound_away(struct track *track)
{
	size_t excess = track->away > TRACK_AWAY_MAX ? track->away - TRACK_AWAY_MAX : 0, count = 0;
	uint64_t *times, latest_usec = USEC_NEVER;

	if (excess == 0)
		return;
	times = calloc(track->away, sizeof(*times));
	for (size_t i = 0; times != NULL && i < track->count; i++)
		if (track->stays[i]->state == STAY_AWAY && count < track->away)
			times[count++] = track->stays[i]->last_seen_usec;
	if (count >= excess) {
		qsort(times, count, sizeof(*times), compare_times);
		latest_usec = times[excess - 1];
	}
	free(times);
	for (size_t i = 0; i < track->count && excess > 0; i++) {
		struct stay *stay = track->stays[i];
		if (stay->state == STAY_AWAY && stay->last_seen_usec <= latest_usec) {
			stay->given_up = true;
			excess--;
		}
	}
}

int
track_observe(struct track *track, const struct namespace *namespace, const struct snapshot *before,
    const struct snapshot *after)
{
	struct observation observation = {
		.track = track,
		.before = before,
		.after = after,
		.namespace = namespace,
	};
	struct diff_counts counts;

	(void)diff_walk(before, after, DIFF_PERSISTED, on_persisted, &observation);
	counts = diff_walk(before, after, DIFF_MISSING, on_missing, &observation);
	if (counts.appeared > 0)
		(void)diff_walk(before, after, DIFF_APPEARED, on_appeared, &observation);
	if (counts.missing > 0 || counts.appeared > 0)
		track_settle(track);
	if (observation.newcomer_count > 0 &&
	    merge_newcomers(track, observation.newcomers, observation.newcomer_count) < 0) {
		for (size_t i = 0; i < observation.newcomer_count; i++)
			stay_free(observation.newcomers[i]);
		observation.error = -ENOMEM;
	}
	free(observation.newcomers);
	bound_away(track);
	return observation.error;
}

void
track_sweep(struct track *track)
{
	size_t kept = 0;

	for (size_t i = 0; i < track->count; i++) {
		if (track->stays[i]->state == STAY_ENDED)
			stay_free(track->stays[i]);
		else
			track->stays[kept++] = track->stays[i];
	}
	track->count = kept;
}
