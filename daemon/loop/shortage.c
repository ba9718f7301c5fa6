/* SPDX-License-Identifier: MIT */
/*
 * The host is degraded while some user has more listeners than can be handled: sockets of which
 * nobody was asked in time who holds them, stays that were not kept until their grace was over,
 * suspects that were reported without their peers, owners that were too many to keep, to remember
 * or to follow from port to port. The engine shares what there is among the users and counts what
 * each lacks (engine/fair.c); here it is said, each of these when it begins, with the user who
 * lacks most of it: in the same condition, and at most once an hour. And it is degraded while some
 * user has more descriptors open than are searched (lookup/budget.c): who that is, is said once.
 *
 * What it never does: decide who gets what. It is over when none was counted for a minute and every
 * owner is kept, or when no answer told so for two of the pauses after which such sockets are asked
 * for again. Cost: a comparison of six numbers; while an owner is not kept, a sweep a second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/shortage.h"

#define SHORTAGE_OVER_USEC USEC_PER_MIN

/* One that began is not said again before. */
#define SHORTAGE_AGAIN_USEC USEC_PER_HOUR

/* They are asked for every five minutes (engine/lookup.c). */
#define UNSEARCHED_OVER_USEC (10 * USEC_PER_MIN)

struct shortage {
	const struct ground *ground;
	uint64_t before[SHORT_OF_COUNT];    /* the counts when it was last over, */
	uint64_t last[SHORT_OF_COUNT];	    /* and as they were last seen, */
	uint64_t grown_usec;		    /* when they had grown (CLOCK_BOOTTIME) */
	uint64_t said_usec[SHORT_OF_COUNT]; /* when the user was, 0 = never; */
	bool said[SHORT_OF_COUNT];	    /* since it began */
	uint64_t unsearched;		    /* the same of those that could not be searched */
	uint64_t unsearched_usec;
};

static const enum fact_name keys[SHORT_OF_COUNT] = {
	[SHORT_OF_QUESTIONS] = FACT_UNASKED,
	[SHORT_OF_AWAY] = FACT_GIVEN_UP,
	[SHORT_OF_PEERS] = FACT_UNASKED_PEERS,
	[SHORT_OF_OWNERS] = FACT_UNKEPT_OWNERS,
	[SHORT_OF_REPORTED] = FACT_UNREMEMBERED_OWNERS,
	[SHORT_OF_FOLLOWED] = FACT_UNFOLLOWED_OWNERS,
};

static void
check_unsearched(struct shortage *shortage, uint64_t now_usec)
{
	struct conditions *conditions = shortage->ground->conditions;
	uint32_t uid;
	uint64_t count = engine_unsearched(shortage->ground->engine, &uid);

	if (count != shortage->unsearched) {
		shortage->unsearched = count;
		shortage->unsearched_usec = now_usec;
		conditions_begin(conditions, CONDITION_DESCRIPTORS, NOTICE_UNSEARCHED,
		    FACTS(fact_number(FACT_UID, uid)));
	} else if (conditions_hold(conditions, CONDITION_DESCRIPTORS) &&
	    now_usec - shortage->unsearched_usec >= UNSEARCHED_OVER_USEC)
		conditions_end(conditions, CONDITION_DESCRIPTORS);
}

static void
say_begun(struct shortage *shortage, enum short_of kind, uint64_t count, uint64_t now_usec)
{
	struct conditions *conditions = shortage->ground->conditions;
	uint64_t said_usec = shortage->said_usec[kind];
	bool first = !conditions_hold(conditions, CONDITION_CROWDED);

	if (!first &&
	    (shortage->said[kind] ||
		(said_usec != 0 && now_usec - said_usec < SHORTAGE_AGAIN_USEC)))
		return;
	shortage->said[kind] = true;
	shortage->said_usec[kind] = now_usec;
	conditions_begin_more(conditions, CONDITION_CROWDED, NOTICE_CROWDED,
	    FACTS(fact_number(FACT_SOCKET_UID, engine_short_user(shortage->ground->engine, kind)),
		fact_number(keys[kind], count)));
}

static void
say_over(struct shortage *shortage, const uint64_t counts[SHORT_OF_COUNT])
{
	uint64_t lacked, most = 0;
	uint32_t uid = 0;
	struct fact facts[SHORT_OF_COUNT + 1];
	size_t count = 0;

	for (unsigned kind = 0; kind < SHORT_OF_COUNT; kind++) {
		lacked = counts[kind] - shortage->before[kind];
		if (lacked == 0)
			continue;
		facts[count++] = fact_number(keys[kind], lacked);
		if (lacked > most) {
			uid = engine_short_user(shortage->ground->engine, (enum short_of)kind);
			most = lacked;
		}
	}
	facts[count++] = fact_number(FACT_SOCKET_UID, uid);
	conditions_end_with(shortage->ground->conditions, CONDITION_CROWDED, facts, count);
	memcpy(shortage->before, counts, sizeof(shortage->before));
	memset(shortage->said, 0, sizeof(shortage->said));
	engine_forget_short_users(shortage->ground->engine);
}

static void
on_passed(void *argument)
{
	struct shortage *shortage = argument;
	const uint64_t *counts = engine_short_of(shortage->ground->engine);
	uint64_t now_usec = clock_boottime_usec();
	bool lacks_owners = engine_lacks_owners(shortage->ground->engine, now_usec);

	if (memcmp(counts, shortage->last, sizeof(shortage->last)) != 0) {
		for (unsigned kind = 0; kind < SHORT_OF_COUNT; kind++)
			if (counts[kind] != shortage->last[kind])
				say_begun(shortage, (enum short_of)kind,
				    counts[kind] - shortage->before[kind], now_usec);
		memcpy(shortage->last, counts, sizeof(shortage->last));
		shortage->grown_usec = now_usec;
	} else if (conditions_hold(shortage->ground->conditions, CONDITION_CROWDED) &&
	    !lacks_owners && now_usec - shortage->grown_usec >= SHORTAGE_OVER_USEC)
		say_over(shortage, counts);
	check_unsearched(shortage, now_usec);
}

int
shortage_new(const struct ground *ground, struct shortage **ret)
{
	struct shortage *shortage = calloc(1, sizeof(*shortage));
	int r;

	if (shortage == NULL)
		return -ENOMEM;
	shortage->ground = ground;
	r = loop_subscribe(ground->loop, LOOP_PASSED, on_passed, shortage);
	if (r < 0)
		(void)shortage_free(shortage);
	else
		*ret = shortage;
	return r;
}

struct shortage *
shortage_free(struct shortage *shortage)
{
	free(shortage);
	return NULL;
}
