/* SPDX-License-Identifier: MIT */
/*
 * A user can start suspects by the thousand, and new programs that overstay. So many of one user's
 * alerts stand alone in a minute; those behind them are entries at info, and one message of each
 * kind says how many there were, the gravest and most exposed first: at once for those of the poll
 * in which the bound was reached, then once a minute. One that is graver than all that stood alone
 * does so, too. Another user's alerts stand alone meanwhile.
 *
 * What it never does: keep an alert until later. What is summed up has its entry when it happens.
 *
 * Users are told apart as in fair.c. Cost: a pass over SURGE_USERS_MAX places for each alert and
 * each pass; of who has too many alerts 80 bytes for each example, and references to their owners.
 */
#include <stdlib.h>

#include "engine/fair.h"
#include "engine/pass.h"
#include "engine/stay-report.h"
#include "engine/surge.h"

/* How many owners such a message names. */
#define SURGE_NAMED_MAX 24

static uint32_t
uid_of(const struct stay *stay)
{
	return stay->is.members[stay->judged.worst].uid;
}

static bool
is_over(uint64_t since_usec, uint64_t now_usec)
{
	return since_usec == 0 || now_usec - since_usec >= SURGE_WINDOW_USEC;
}

static bool
is_free(const struct surge_user *user, uint64_t now_usec)
{
	return user->sums[SURGE_OVERSTAYS].count == 0 && user->sums[SURGE_SUSPECTS].count == 0 &&
	    is_over(user->begun_usec, now_usec) && is_over(user->summed_usec, now_usec);
}

/* The place of the user, or a free one, or that of all for whom there is none. */
static size_t
find(const struct surge *surge, uint32_t uid, uint64_t now_usec)
{
	uint32_t party = fair_party(uid);
	size_t found = 0;

	for (size_t i = SURGE_USERS_MAX - 1; i > 0; i--) {
		const struct surge_user *user = &surge->users[i];

		if (user->begun_usec != 0 && user->party == party)
			return i;
		if (is_free(user, now_usec))
			found = i;
	}
	return found;
}

static struct surge_user *
take(struct surge *surge, uint32_t uid, uint64_t now_usec)
{
	struct surge_user *user = &surge->users[find(surge, uid, now_usec)];

	if (is_free(user, now_usec))
		*user = (struct surge_user){ .party = fair_party(uid), .uid = uid };
	if (is_over(user->begun_usec, now_usec)) {
		user->begun_usec = now_usec;
		user->alone = 0;
		user->gravest = SEVERITY_OFF;
	}
	return user;
}

static int
compare_gravity(const struct stay *a, const struct stay *b)
{
	enum severity severity_a = a->judged.verdict.severity;
	enum severity severity_b = b->judged.verdict.severity;
	enum exposure exposure_a = endpoint_exposure(&a->is.endpoint);
	enum exposure exposure_b = endpoint_exposure(&b->is.endpoint);

	if (severity_a != severity_b)
		return severity_a < severity_b ? -1 : 1;
	if (exposure_a != exposure_b)
		return exposure_a > exposure_b ? -1 : 1;
	return 0;
}

static int
compare_alone(const void *one, const void *other)
{
	const struct stay *a = *(struct stay *const *)one, *b = *(struct stay *const *)other;
	int order = compare_gravity(a, b);

	return order != 0 ? order : endpoint_compare(&a->is.endpoint, &b->is.endpoint);
}

/* How many of its owner's overstay. */
static uint32_t
live_of(const struct stay *stay)
{
	return stay->told.group == NULL ? 1 : stay->told.group->live;
}

/* Of those that are as grave and as exposed, the rarest first. */
static int
compare_rarity(const void *one, const void *other)
{
	const struct stay *a = *(struct stay *const *)one, *b = *(struct stay *const *)other;
	int order = compare_gravity(a, b);

	if (order != 0)
		return order;
	if (live_of(a) != live_of(b))
		return live_of(a) < live_of(b) ? -1 : 1;
	return endpoint_compare(&a->is.endpoint, &b->is.endpoint);
}

void
surge_sort(struct sorting *sorting, struct stay **stays, size_t count)
{
	sorting_begin(sorting, stays, count, sizeof(struct stay *),
	    count > SURGE_ALERTS ? compare_rarity : compare_alone);
}

/* One that is graver than all of them is none of those that hide it. */
static bool
may_stand_alone(const struct surge_user *user, const struct stay *stay)
{
	return user->alone < SURGE_ALERTS || stay->judged.verdict.severity < user->gravest;
}

bool
surge_has_room(const struct surge *surge, const struct stay *stay, uint64_t now_usec)
{
	const struct surge_user *user = &surge->users[find(surge, uid_of(stay), now_usec)];

	return is_over(user->begun_usec, now_usec) || may_stand_alone(user, stay);
}

bool
surge_admit(struct surge *surge, const struct stay *stay, uint64_t now_usec)
{
	struct surge_user *user = take(surge, uid_of(stay), now_usec);

	if (!may_stand_alone(user, stay))
		return false;
	user->alone++;
	if (stay->judged.verdict.severity < user->gravest)
		user->gravest = (uint8_t)stay->judged.verdict.severity;
	return true;
}

/* The graver and more exposed first. */
static int
compare_items(const void *one, const void *other)
{
	const struct item *a = one, *b = other;
	enum exposure exposure_a = endpoint_exposure(&a->endpoint);
	enum exposure exposure_b = endpoint_exposure(&b->endpoint);

	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (exposure_a != exposure_b)
		return exposure_a > exposure_b ? -1 : 1;
	return endpoint_compare(&a->endpoint, &b->endpoint);
}

/* Counts it, and keeps it if there is room or one that is less grave. */
static void
add_item(struct items *items, const struct stay *stay, uint64_t now_usec)
{
	struct items *one = items_new(1);
	struct item *least = &items->items[0];

	stay_report_item(one, stay, now_usec);
	if (one != NULL && items->count == items->room) {
		for (uint32_t i = 1; i < items->count; i++)
			if (compare_items(&items->items[i], least) > 0)
				least = &items->items[i];
		if (compare_items(&one->items[0], least) < 0) {
			struct item kept = *least;

			*least = one->items[0];
			one->items[0] = kept;
		}
	}
	if (one != NULL)
		items_add(items, &one->items[0]);
	else
		items->all++;
	(void)items_free(one);
}

void
surge_add(struct surge *surge, const struct stay *stay, enum surge_kind kind, uint64_t now_usec)
{
	struct surge_sum *sum = &take(surge, uid_of(stay), now_usec)->sums[kind];

	if (sum->count == 0)
		*sum = (struct surge_sum){
			.gravest = SEVERITY_DEBUG,
			.items = items_new(SURGE_ITEMS_MAX),
		};
	sum->count++;
	if (stay->judged.verdict.severity < sum->gravest)
		sum->gravest = stay->judged.verdict.severity;
	if (sum->items != NULL)
		add_item(sum->items, stay, now_usec);
}

/* Whose those are, in the order of the items; each owner once. Returns how many. */
static size_t
name_owners(const struct items *items, struct fact_owner *owners)
{
	size_t count = 0;

	for (uint32_t i = 0; items != NULL && i < items->count; i++) {
		const struct item *item = &items->items[i];
		size_t same = 0;

		while (same < count && owners[same].owner != item->owner)
			same++;
		if (same < count)
			owners[same].listeners++;
		else if (count < SURGE_NAMED_MAX)
			owners[count++] = (struct fact_owner){
				.owner = item->owner,
				.uid = item->uid,
				.listeners = 1,
				.port = item->endpoint.port,
			};
	}
	return count;
}

/* Returns false without memory. */
static bool
tell_sum(struct pass *pass, const struct surge_user *user, enum surge_kind kind)
{
	const struct surge_sum *sum = &user->sums[kind];
	struct fact_owner owners[SURGE_NAMED_MAX];
	size_t named, listed = 0;
	struct report *report;

	if (sum->items != NULL)
		qsort(sum->items->items, sum->items->count, sizeof(struct item), compare_items);
	named = name_owners(sum->items, owners);
	for (size_t i = 0; i < named; i++)
		listed += owners[i].listeners;
	report =
	    report_new(kind == SURGE_SUSPECTS ? NOTICE_SUSPECTS_OF_USER : NOTICE_OVERSTAYS_OF_USER,
		sum->gravest,
		FACTS(fact_number(FACT_COUNT, sum->count), fact_number(FACT_SEVERITY, sum->gravest),
		    fact_number(FACT_SOCKET_UID, user->uid),
		    fact_owners(FACT_OWNERS, owners, named, named + sum->count - listed),
		    fact_items(sum->items)));
	if (report != NULL)
		outbox_put(&pass->engine->outbox, report, &pass->moment);
	return report != NULL;
}

static void
clear_sum(struct surge_sum *sum)
{
	sum->items = items_free(sum->items);
	sum->count = 0;
}

void
surge_tell(struct pass *pass)
{
	uint64_t now_usec = pass->moment.boottime_usec;

	for (size_t i = 0; i < SURGE_USERS_MAX; i++) {
		struct surge_user *user = &pass->engine->surge.users[i];
		bool told = false;

		for (unsigned kind = 0; kind < SURGE_KIND_COUNT; kind++) {
			if (user->sums[kind].count == 0)
				continue;
			if (!is_over(user->summed_usec, now_usec)) {
				agenda_note_rest(&pass->engine->agenda,
				    user->summed_usec + SURGE_WINDOW_USEC);
				continue;
			}
			if (!outbox_has_room(&pass->engine->outbox, OUTBOX_NOBODY) ||
			    !tell_sum(pass, user, (enum surge_kind)kind)) {
				agenda_repeat(&pass->engine->agenda);
				continue;
			}
			clear_sum(&user->sums[kind]);
			told = true;
		}
		if (told)
			user->summed_usec = now_usec;
	}
}

void
surge_clear(struct surge *surge)
{
	for (size_t i = 0; i < SURGE_USERS_MAX; i++)
		for (unsigned kind = 0; kind < SURGE_KIND_COUNT; kind++)
			clear_sum(&surge->users[i].sums[kind]);
}
