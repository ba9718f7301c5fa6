/* SPDX-License-Identifier: MIT */
/*
 * Reports that speak for many stays: the digests of overstays that came at once, and the summary of
 * the day, which also shows that the host is alive. They say whose those are, the gravest and
 * rarest first, and count all.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "engine/stay-report.h"
#include "engine/summary.h"

/* How many owners are named: the entries themselves name the rest. */
#define SUMMARY_NAMED_MAX 24

/* What finding out whose a stay is costs, in steps of a slice. */
#define SHARE_STEPS 8

void
track_count(const struct track *track, struct track_counts *ret)
{
	*ret = (struct track_counts){ .away = track->tally.away };
	for (size_t i = 0; i < track->count; i++) {
		const struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY || stay->is.state == STAY_ENDED)
			continue;
		ret->stays++;
		ret->sockets += stay->is.live;
		ret->overstaying += stay->is.state == STAY_OVERSTAYING;
		ret->suspects += stay->told.suspected;
		ret->allowed += stay->judged.valid && stay->judged.verdict.allowed;
		if (stay->is.endpoint.protocol == PROTOCOL_TCP)
			ret->tcp++;
		else
			ret->udp++;
	}
}

/* One owner of those that are summed up. */
struct share {
	struct group_key key;
	const struct stay *stay; /* its first one by endpoint */
	struct owner *owner;	 /* who it is there */
	uint32_t uid;
	enum severity severity; /* the gravest of its stays */
	uint32_t listeners;
	bool known; /* its owner: one that nobody knows is no other's */
};

static int
compare_key(const void *one, const void *other)
{
	const struct share *a = one, *b = other;
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	return order != 0 ? order : endpoint_compare(&a->stay->is.endpoint, &b->stay->is.endpoint);
}

/* The gravest first, then who has the fewest. */
static int
compare_share(const void *one, const void *other)
{
	const struct share *a = one, *b = other;

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->listeners != b->listeners)
		return a->listeners < b->listeners ? -1 : 1;
	return endpoint_compare(&a->stay->is.endpoint, &b->stay->is.endpoint);
}

/* Makes one of those that follow each other by key. Returns how many are left. */
static size_t
unite(struct share *shares, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct share *last = kept == 0 ? NULL : &shares[kept - 1];

		if (last == NULL || !shares[i].known ||
		    memcmp(&last->key, &shares[i].key, sizeof(last->key)) != 0) {
			shares[kept++] = shares[i];
			continue;
		}
		last->listeners++;
		if (shares[i].severity < last->severity)
			last->severity = shares[i].severity;
	}
	return kept;
}

/* Those to be named. */
struct named_owner {
	struct fact_owner items[SUMMARY_NAMED_MAX];
	size_t count, all;
};

static void
name_owner(struct named_owner *named, struct owner *owner, uint32_t uid, uint32_t listeners,
    uint16_t port)
{
	if (named->count < SUMMARY_NAMED_MAX)
		named->items[named->count++] = (struct fact_owner){
			.owner = owner,
			.uid = uid,
			.listeners = listeners,
			.port = port,
		};
	named->all++;
}

/* True where a list would have the same words for both, but for the user. */
static bool
reads_alike(const struct owner *a, const struct owner *b)
{
	const struct process *p = a == NULL ? NULL : owner_first(a);
	const struct process *q = b == NULL ? NULL : owner_first(b);

	return p != NULL && q != NULL && p->uid != q->uid && strcmp(p->exe, q->exe) == 0 &&
	    strcmp(p->script, q->script) == 0 &&
	    strcmp(owner_place(a)->unit, owner_place(b)->unit) == 0 &&
	    strcmp(owner_place(a)->container, owner_place(b)->container) == 0;
}

static void
tell_users_apart(struct named_owner *named)
{
	for (size_t i = 0; i < named->count; i++)
		for (size_t j = 0; j < named->count && !named->items[i].by_user; j++)
			named->items[i].by_user =
			    reads_alike(named->items[i].owner, named->items[j].owner);
}

/* The owner that the stay is about. */
static struct share
share_of_worst(const struct stay *stay)
{
	const struct member *member = &stay->is.members[stay->judged.worst];

	return (struct share){
		.key = group_key_of_program(stay),
		.stay = stay,
		.owner = member->owner,
		.uid = member->uid,
		.severity = stay->judged.verdict.severity,
		.listeners = 1,
		.known = group_key_knows(stay),
	};
}

/* Those that were reported on it, too, and are there. Returns how many. */
static size_t
share_with_others(const struct stay *stay, struct share *ret)
{
	const struct member *worst = &stay->is.members[stay->judged.worst];
	const struct company *company = stay->told.company;
	const struct group *last = stay->told.group;
	struct share share = { .stay = stay, .uid = UINT32_MAX, .listeners = 1, .known = true };
	size_t count = 0;

	if (company == NULL)
		return 0;
	if (last != NULL && !group_key_is_of(&last->owner_key, last->owner, worst)) {
		share.owner = last->owner;
		share.severity = (enum severity)company->severity;
		ret[count++] = share;
	}
	for (uint32_t i = 0; i < company->count; i++) {
		const struct company_owner *known = &company->reported[i];

		if (known->group == NULL || group_key_is_of(&known->key, known->owner, worst))
			continue;
		share.owner = known->owner;
		share.severity = (enum severity)known->severity;
		ret[count++] = share;
	}
	for (size_t i = 0; i < count; i++)
		ret[i].key = group_key_of_program_holder(ret[i].owner, ret[i].uid);
	return count;
}

struct summing {
	struct stay *const *stays;
	size_t count, at;
	const struct track *track; /* of a summary of the day, else NULL, */
	struct stay **overstaying; /* and what it gathers there */
	bool all;		   /* with all their owners */
	enum {
		SUMMING_GATHER,
		SUMMING_SHARES,
		SUMMING_BY_KEY,
		SUMMING_BY_RANK,
		SUMMING_DONE,
	} step;
	struct share *shares; /* one of each owner in the end; without memory nobody is named */
	size_t used, room;
	struct sorting sorting;
	const struct stay *oldest;
	size_t severities[SEVERITY_OFF + 1]; /* how many are as grave */
};

static struct summing *
summing_new(struct stay *const *stays, size_t count, const struct track *track)
{
	struct summing *summing = calloc(1, sizeof(*summing));

	if (summing == NULL)
		return NULL;
	*summing = (struct summing){
		.stays = stays,
		.count = count,
		.track = track,
		.all = track != NULL,
		.step = track != NULL ? SUMMING_GATHER : SUMMING_SHARES,
	};
	return summing;
}

struct summing *
summing_of_overstays(struct stay *const *stays, size_t count)
{
	return summing_new(stays, count, NULL);
}

struct summing *
summing_of_day(const struct track *track)
{
	struct summing *summing = summing_new(NULL, 0, track);

	if (summing == NULL)
		return NULL;
	summing->stays = summing->overstaying = calloc(track->count + 1, sizeof(struct stay *));
	return summing->overstaying == NULL ? summing_free(summing) : summing;
}

struct summing *
summing_free(struct summing *summing)
{
	if (summing == NULL)
		return NULL;
	sorting_clear(&summing->sorting);
	free(summing->shares);
	free(summing->overstaying);
	free(summing);
	return NULL;
}

/* Those that overstay. */
static bool
gather_overstaying(struct summing *summing, struct slice *slice)
{
	for (; summing->at < summing->track->count; summing->at++) {
		struct stay *stay = summing->track->stays[summing->at];

		if (slice_is_over(slice))
			return false;
		if (stay->is.state == STAY_OVERSTAYING)
			summing->overstaying[summing->count++] = stay;
	}
	return true;
}

/* Whose it is. */
static void
add_shares(struct summing *summing, const struct stay *stay)
{
	const struct company *company = stay->told.company;
	size_t most = 1 + (company == NULL ? 0 : company->count + 1);

	if (summing->room > 0 &&
	    array_reserve(&summing->shares, &summing->room, summing->used + most, ARRAY_UNBOUNDED) <
		0) {
		free(summing->shares);
		summing->shares = NULL;
		summing->used = summing->room = 0;
	}
	if (summing->shares == NULL)
		return;
	summing->shares[summing->used++] = share_of_worst(stay);
	if (summing->all)
		summing->used += share_with_others(stay, &summing->shares[summing->used]);
}

static bool
find_shares(struct summing *summing, struct slice *slice)
{
	if (summing->at == 0 && summing->shares == NULL) {
		summing->shares = calloc(summing->count + 1, sizeof(*summing->shares));
		summing->room = summing->shares == NULL ? 0 : summing->count + 1;
	}
	for (; summing->at < summing->count; summing->at++) {
		const struct stay *stay = summing->stays[summing->at];
		enum severity severity = stay->judged.verdict.severity;

		if (slice_is_over(slice))
			return false;
		add_shares(summing, stay);
		summing->severities[severity]++;
		if (summing->oldest == NULL ||
		    stay->is.first_seen_usec < summing->oldest->is.first_seen_usec)
			summing->oldest = stay;
		slice_spend(slice, SHARE_STEPS);
	}
	return true;
}

/* Ends a step and prepares the next one. */
static void
next_step(struct summing *summing)
{
	summing->at = 0;
	summing->step++;
	if (summing->step == SUMMING_BY_RANK)
		summing->used = unite(summing->shares, summing->used);
	if (summing->step == SUMMING_BY_KEY || summing->step == SUMMING_BY_RANK)
		sorting_begin(&summing->sorting, summing->shares, summing->used,
		    sizeof(*summing->shares),
		    summing->step == SUMMING_BY_KEY ? compare_key : compare_share);
}

bool
summing_go_on(struct summing *summing, struct slice *slice)
{
	while (summing->step != SUMMING_DONE) {
		if (!(summing->step == SUMMING_GATHER ? gather_overstaying(summing, slice) :
			    summing->step == SUMMING_SHARES ?
							find_shares(summing, slice) :
							sorting_go_on(&summing->sorting, slice)))
			return false;
		next_step(summing);
	}
	return true;
}

static void
name_owners(struct named_owner *ret, const struct summing *summing)
{
	*ret = (struct named_owner){ 0 };
	for (size_t i = 0; i < summing->used; i++) {
		const struct share *share = &summing->shares[i];

		name_owner(ret, share->owner, share->uid, share->listeners,
		    share->stay->is.endpoint.port);
	}
	tell_users_apart(ret);
}

/* Those as items, the gravest first: what does not fit is the least. NULL without memory. */
static struct items *
make_items(const struct summing *summing, uint64_t now_usec)
{
	struct items *items = items_new(summing->count);
	size_t all = 0;

	for (unsigned severity = SEVERITY_EMERG; severity <= SEVERITY_DEBUG; severity++) {
		size_t left = summing->severities[severity];

		all += left;
		for (size_t i = 0; items != NULL && left > 0 && items->count < items->room; i++) {
			if (summing->stays[i]->judged.verdict.severity != severity)
				continue;
			stay_report_item(items, summing->stays[i], now_usec);
			left--;
		}
	}
	if (items != NULL)
		items->all = (uint32_t)all;
	return items;
}

static enum severity
find_gravest(const struct summing *summing)
{
	unsigned severity = SEVERITY_EMERG;

	while (severity < SEVERITY_DEBUG && summing->severities[severity] == 0)
		severity++;
	return (enum severity)severity;
}

struct report *
summary_of_overstays(enum notice notice, const struct summing *summing, uint64_t now_usec)
{
	enum severity gravest;
	struct report *report;
	struct named_owner named;
	struct items *items;

	if (summing == NULL)
		return NULL;
	items = make_items(summing, now_usec);
	gravest = find_gravest(summing);
	name_owners(&named, summing);
	report = report_new(notice, gravest,
	    FACTS(fact_number(FACT_COUNT, summing->count), fact_number(FACT_SEVERITY, gravest),
		fact_number(FACT_PROGRAMS, named.all),
		fact_owners(FACT_OWNERS, named.items, named.count, named.all), fact_items(items)));
	(void)items_free(items);
	return report;
}

struct report *
summary_of_watch(const struct track *track, const struct heartbeat *heartbeat,
    const struct policy *policy)
{
	struct track_counts counts;

	track_count(track, &counts);
	struct fact facts[] = {
		fact_text(FACT_VERSION, heartbeat->version),
		fact_text(FACT_HASH, heartbeat->config),
		fact_number(FACT_LISTENERS, counts.stays),
		fact_number(FACT_OVERSTAYING, counts.overstaying),
		fact_number(FACT_SUSPECTS, counts.suspects),
		fact_number(FACT_POLLS_DONE, heartbeat->polls),
		fact_number(FACT_POLLS_MISSED, heartbeat->missed),
		fact_number(FACT_EVERY_USEC, policy->heartbeat_usec),
		fact_number(FACT_CONDITIONS, heartbeat->conditions),
	};

	/* The last one is no fact where nothing is wrong. */
	return report_new(NOTICE_HEARTBEAT, policy->heartbeat_severity, facts,
	    heartbeat->conditions == 0 ? ARRAY_SIZE(facts) - 1 : ARRAY_SIZE(facts));
}

/* Whose listeners were not reported but as entries since the last summary, the most first. */
static void
name_followers(struct named_owner *ret, const struct groups *groups)
{
	uint32_t below = UINT32_MAX, next;
	const struct group *group;

	*ret = (struct named_owner){ 0 };
	do {
		next = 0;
		for (group = groups->table; group != NULL; group = group->hh.next)
			if (group->followed == below)
				name_owner(ret, group->owner, UINT32_MAX, group->followed, 0);
			else if (group->followed < below && group->followed > next)
				next = group->followed;
		below = next;
	} while (below > 0 && ret->count < SUMMARY_NAMED_MAX);
	/* Those that are not named are counted. */
	for (group = groups->table; below > 0 && group != NULL; group = group->hh.next)
		ret->all += group->followed > 0 && group->followed <= below;
	tell_users_apart(ret);
}

struct report *
summary_of_day(const struct summing *summing, const struct track *track,
    const struct groups *groups, uint64_t now_usec)
{
	struct named_owner named, followed;
	const struct stay *oldest;
	struct report *report;
	struct items *items;
	struct track_counts counts;

	if (summing == NULL)
		return NULL;
	oldest = summing->oldest;
	name_owners(&named, summing);
	items = summing->count == 0 ? NULL : make_items(summing, now_usec);
	name_followers(&followed, groups);
	track_count(track, &counts);
	struct fact facts[] = {
		fact_number(FACT_LISTENERS, counts.stays),
		fact_number(FACT_OVERSTAYING, counts.overstaying),
		fact_number(FACT_SUSPECTS, counts.suspects),
		fact_number(FACT_ALLOWED, counts.allowed),
		fact_owners(FACT_OWNERS, named.items, named.count, named.all),
		fact_owners(FACT_FOLLOWED, followed.items, followed.count, followed.all),
		fact_items(items),
		fact_endpoints(FACT_OLDEST, oldest == NULL ? NULL : &oldest->is.endpoint, 1, 1),
		fact_number(FACT_OLDEST_AGE, oldest == NULL ? 0 : stay_age_usec(oldest, now_usec)),
	};

	/* A reminder is no news: what it names was reported at its severity, or had an entry at
	 * info. The last two facts are about the oldest. */
	report = report_new(NOTICE_SUMMARY,
	    summing->count == 0 && followed.all == 0 ? SEVERITY_INFO : SEVERITY_NOTICE, facts,
	    ARRAY_SIZE(facts) - (oldest == NULL ? 2 : 0));
	(void)items_free(items);
	return report;
}
