/* SPDX-License-Identifier: MIT */
/*
 * The host is degraded while some user has more listeners than can be handled: sockets of which
 * nobody was asked in time who holds them, stays that were not kept until their grace was over,
 * suspects that were reported without their peers, owners that were too many to keep. The engine
 * shares what there is among the users and counts what each lacks (engine/fair.c); here it is said.
 * And it is degraded while some user has more descriptors open than are searched (lookup/budget.c):
 * who that is, is said once.
 *
 * What it never does: decide who gets what. It is over when none was counted for a minute and every
 * owner is kept, or when no answer told so for two of the pauses after which such sockets are asked
 * for again. Cost: a comparison of four numbers; while an owner is not kept, a sweep a second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/shortage.h"

#define SHORTAGE_OVER_USEC USEC_PER_MIN

/* They are asked for every five minutes (engine/lookup.c). */
#define UNSEARCHED_OVER_USEC (10 * USEC_PER_MIN)

struct shortage {
	const struct ground *ground;
	uint64_t before[SHORT_OF_COUNT]; /* the counts when it was last over, */
	uint64_t last[SHORT_OF_COUNT];	 /* and as they were last seen, */
	uint64_t grown_usec;		 /* when they had grown (CLOCK_BOOTTIME) */
	uint64_t unsearched;		 /* the same of those that could not be searched */
	uint64_t unsearched_usec;
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
on_passed(void *argument)
{
	struct shortage *shortage = argument;
	struct conditions *conditions = shortage->ground->conditions;
	const uint64_t *counts = engine_short_of(shortage->ground->engine);
	uint64_t now_usec = clock_boottime_usec();
	uint64_t unkept = counts[SHORT_OF_OWNERS] - shortage->before[SHORT_OF_OWNERS];
	uint32_t uid;
	bool lacks_owners = engine_lacks_owners(shortage->ground->engine, now_usec, &uid);
	const struct fact facts[] = {
		fact_number(FACT_UNASKED,
		    counts[SHORT_OF_QUESTIONS] - shortage->before[SHORT_OF_QUESTIONS]),
		fact_number(FACT_GIVEN_UP, counts[SHORT_OF_AWAY] - shortage->before[SHORT_OF_AWAY]),
		fact_number(FACT_UNASKED_PEERS,
		    counts[SHORT_OF_PEERS] - shortage->before[SHORT_OF_PEERS]),
		fact_number(FACT_UNKEPT_OWNERS, unkept),
		fact_number(FACT_SOCKET_UID, uid),
	};
	/* The last two are about owners. */
	size_t count = ARRAY_SIZE(facts) - (unkept == 0 ? 2 : 0);

	if (memcmp(counts, shortage->last, sizeof(shortage->last)) != 0) {
		memcpy(shortage->last, counts, sizeof(shortage->last));
		shortage->grown_usec = now_usec;
		conditions_begin(conditions, CONDITION_CROWDED, NOTICE_CROWDED, facts, count);
	} else if (conditions_hold(conditions, CONDITION_CROWDED) && !lacks_owners &&
	    now_usec - shortage->grown_usec >= SHORTAGE_OVER_USEC) {
		memcpy(shortage->before, counts, sizeof(shortage->before));
		conditions_end_with(conditions, CONDITION_CROWDED, facts, count);
	}
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
