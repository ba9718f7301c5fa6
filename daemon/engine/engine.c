/* SPDX-License-Identifier: MIT */
/*
 * The engine: snapshot -> diff -> track -> judge -> (outbox) as one value without a descriptor, a
 * clock or a thread, so that hours of it run in milliseconds under a fake clock.
 *
 * What it decides: when a stay persists, overstays, is cleared, is back or has ended, by age and
 * verdict; which overstays make one summary; whose owner has to be looked up. What it never does:
 * end a stay on its own guess (missing sockets were proved absent before engine_observe()), or
 * alert about a stay that the last poll did not prove to be there.
 *
 * This file is what goes in and out. How a pass moves the stays is advance.c's, suspects are
 * suspicion.c's, advice advice.c's.
 *
 * Cost: what is known costs one comparison of times a poll; engine_advance() is one pass over the
 * stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/diff.h"
#include "engine/engine-state.h"

struct engine *
engine_new(void (*make_id)(struct stay_id *ret, void *argument), void *argument)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
	namespace_init(&engine->namespace);
	track_init(&engine->track, make_id, argument);
	engine->due_usec = USEC_NEVER;
	return engine;
}

struct engine *
engine_free(struct engine *engine)
{
	if (engine == NULL)
		return NULL;
	outbox_clear(&engine->outbox);
	hopping_clear(&engine->hopping);
	verified_clear(&engine->verified);
	track_clear(&engine->track);
	(void)snapshot_free(engine->last);
	free(engine);
	return NULL;
}

/* The age below which nothing can be told of a UDP socket whose port the kernel picked. */
static uint64_t
find_patience(const struct policy *policy)
{
	uint64_t patient_usec = policy->log_after_usec;

	if (policy->udp_auto_usec < patient_usec)
		patient_usec = policy->udp_auto_usec;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool udp = (rule->match.keys >> MATCH_PROTOCOL & 1) == 0 ||
		    (rule->match.protocols >> PROTOCOL_UDP & 1) != 0;

		if (udp && (rule->values & RULE_THRESHOLD) != 0 &&
		    rule->threshold_usec < patient_usec)
			patient_usec = rule->threshold_usec;
	}
	return patient_usec;
}

void
engine_set_policy(struct engine *engine, const struct policy *policy)
{
	engine->settled = false;
	engine->policy = policy;
	engine->patient_usec = find_patience(policy);
	for (size_t i = 0; i < engine->track.count; i++) {
		engine->track.stays[i]->judged = false;
		/* The old policy's rules are about to be freed. */
		engine->track.stays[i]->verdict.rule = NULL;
		engine->track.stays[i]->verdict.would_allow = NULL;
	}
}

static bool
is_watched(const struct engine *engine, const struct endpoint *endpoint, uint8_t choice)
{
	if ((engine->protocols >> endpoint->protocol & 1) == 0)
		return false;
	return port_set_has(&engine->namespace.ranges.filter.ports, endpoint->port) ||
	    (choice == CHOICE_AUTO &&
		port_set_has(&engine->namespace.ranges.filter.auto_ports, endpoint->port));
}

/* Drops the sockets of a stay that are not watched any more. Returns false where none is left. */
static bool
drop_unwatched(struct engine *engine, struct stay *stay)
{
	uint32_t watched = 0;

	for (uint32_t i = 0; i < stay->member_count; i++)
		watched += is_watched(engine, &stay->endpoint, stay->members[i].choice);
	if (watched == 0 || watched == stay->member_count || stay->state == STAY_AWAY)
		return watched > 0;
	for (uint32_t i = 0; i < stay->member_count; i++)
		stay->members[i].gone =
		    !is_watched(engine, &stay->endpoint, stay->members[i].choice);
	stay->live = watched;
	stay->judged = false;
	return true;
}

/* Forgets what is not watched any more, in the stays and in the last poll, so that it is neither
 * missing nor ended. before: the ranges it was watched by. */
static void
forget_unwatched(struct engine *engine, const struct ranges *before, const struct moment *moment)
{
	static const struct telling cleared = {
		.kind = EVENT_CLEARED,
		.priority = SEVERITY_NOTICE,
	};
	size_t kept = 0;

	for (size_t i = 0; i < engine->track.count; i++) {
		struct stay *stay = engine->track.stays[i];

		if (stay->state == STAY_ENDED || drop_unwatched(engine, stay))
			continue;
		if (stay->overstayed)
			outbox_tell(&engine->outbox, stay, &cleared, before, moment);
		hopping_drop(stay);
		if (stay->state == STAY_AWAY)
			engine->track.away--;
		else
			(void)stay_advance(stay, STAY_EVENT_GONE);
		(void)stay_advance(stay, STAY_EVENT_END);
	}
	track_sweep(&engine->track);
	track_settle(&engine->track);
	if (engine->last != NULL)
		snapshot_drop_known(engine->last);
	for (size_t i = 0; engine->last != NULL && i < engine->last->count; i++)
		if (is_watched(engine, &engine->last->listeners[i].endpoint,
			engine->last->listeners[i].choice))
			engine->last->listeners[kept++] = engine->last->listeners[i];
	if (engine->last != NULL)
		engine->last->count = kept;
}

void
engine_set_watched(struct engine *engine, const struct ranges *ranges, uint32_t protocols,
    const struct moment *moment)
{
	struct ranges before = engine->namespace.ranges;
	bool more_protocols = (protocols & ~engine->protocols) != 0;

	engine->settled = false;
	engine->protocols = protocols;
	namespace_watch(&engine->namespace, ranges, more_protocols);
	if (engine->last != NULL)
		forget_unwatched(engine, &before, moment);
}

const struct ranges *
engine_ranges(const struct engine *engine)
{
	return &engine->namespace.ranges;
}

const struct snapshot *
engine_last_poll(const struct engine *engine)
{
	return engine->last;
}

/* All that the last poll had is there, and nothing else. */
static void
take_in_repetition(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	engine->last->taken_usec = snapshot->taken_usec;
	namespace_note_poll(&engine->namespace, engine->last);
	engine->changes = (struct engine_changes){ .persisted = engine->last->count };
	engine->resumed = resumed;
	(void)snapshot_free(snapshot);
}

int
engine_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	struct diff_counts counts;
	int r;

	if (snapshot->repeats) {
		take_in_repetition(engine, snapshot, resumed);
		return 0;
	}
	engine->settled = false;
	counts = diff_walk(engine->last, snapshot, 0, NULL, NULL);
	r = track_observe(&engine->track, &engine->namespace, engine->last, snapshot);
	if (r < 0)
		return r;
	engine->changes =
	    (struct engine_changes){ counts.appeared, counts.persisted, counts.missing };
	engine->resumed = resumed;
	if (counts.appeared > 0)
		engine->wants_owners = true;
	namespace_note_poll(&engine->namespace, snapshot);
	(void)snapshot_free(engine->last);
	engine->last = snapshot;
	return 0;
}

size_t
engine_lookup_questions(struct engine *engine, struct lookup_question *questions, size_t max,
    uint64_t now_usec)
{
	size_t count;
	bool changed = false;

	if (!engine->wants_owners)
		return 0;
	count = lookup_questions(&engine->track, questions, max, now_usec, engine->patient_usec,
	    &changed);
	if (changed)
		engine->settled = false;
	return count;
}

void
engine_lookup_answers(struct engine *engine, const struct lookup_answer *answers, size_t count,
    uint64_t now_usec)
{
	engine->settled = false;
	/* Those that one process holds share it: the second time changes nothing. */
	for (size_t i = 0; i < count; i++)
		verified_apply(&engine->verified, answers[i].owner);
	lookup_answers(&engine->track, answers, count, now_usec);
}

void
engine_lookup_failed(struct engine *engine, enum owner_reason reason, uint64_t now_usec)
{
	if (lookup_failed(&engine->track, reason, now_usec))
		engine->settled = false;
}

void
engine_lookup_retry(struct engine *engine)
{
	lookup_retry(&engine->track);
	engine->wants_owners = true;
	engine->settled = false;
}

void
engine_set_reserved(struct engine *engine, const struct port_set *reserved,
    const struct port_range *kernel_range)
{
	engine->settled = false;
	engine->namespace.reserved = *reserved;
	engine->namespace.kernel_range = *kernel_range;
}

void
engine_set_verified(struct engine *engine,
    void (*added)(const struct executable *executable, void *argument), void *argument)
{
	engine->verified.added = added;
	engine->verified.argument = argument;
}

void
engine_tell_verified(struct engine *engine)
{
	verified_tell(&engine->verified);
}

int
engine_add_verified(struct engine *engine, const struct executable *executable)
{
	return verified_add(&engine->verified, executable);
}

uint64_t
engine_due_usec(const struct engine *engine)
{
	return engine->due_usec;
}

void
engine_put(struct engine *engine, struct report *report, const struct moment *moment)
{
	outbox_put(&engine->outbox, report, moment);
}

void
engine_set_limit(struct engine *engine, uint64_t burst, uint64_t window_usec)
{
	engine->outbox.limit = (struct limit){ .burst = burst, .window_usec = window_usec };
}

int
engine_add_consumer(struct engine *engine, unsigned *ret)
{
	return outbox_add_consumer(&engine->outbox, ret);
}

struct report *
engine_next(struct engine *engine, unsigned consumer)
{
	return outbox_next(&engine->outbox, consumer);
}

void
engine_taken(struct engine *engine, unsigned consumer)
{
	outbox_taken(&engine->outbox, consumer);
}

void
engine_delivered(struct engine *engine, const struct report *report, int error)
{
	outbox_delivered(&engine->outbox, report, error);
}

void
engine_suppressed(struct engine *engine, const struct moment *moment, bool at_once)
{
	outbox_suppressed(&engine->outbox, moment, at_once);
}

void
engine_counts(const struct engine *engine, struct track_counts *ret)
{
	track_count(&engine->track, ret);
}

struct engine_changes
engine_changes(const struct engine *engine)
{
	return engine->changes;
}
