/* SPDX-License-Identifier: MIT */
/*
 * The engine: snapshot -> diff -> track -> judge -> (outbox) as one value without a descriptor, a
 * clock or a thread, so that hours of it run in milliseconds under a fake clock.
 *
 * What it decides: when a stay persists, overstays, is cleared, is back or has ended, by age and
 * verdict; which overstays are one digest; whose owner has to be looked up. What it never does:
 * end a stay on its own guess (missing sockets were proved absent before engine_observe()), or
 * alert about a stay that the last look did not prove to be there.
 *
 * An alert waits for its owner, bounded by ENGINE_OWNER_WAIT_USEC; nothing else waits. While some
 * of the stays that reached their threshold wait, the others wait with them, so that what happened
 * at once is told at once.
 *
 * Cost: what is known costs one comparison of times a tick; engine_advance() is one pass over the
 * stays.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/diff.h"
#include "core/engine.h"

struct engine {
	const struct policy *policy;
	struct ranges ranges;
	uint32_t protocols;
	struct port_set newly_watched;	/* since the last look that was taken in */
	bool has_newly_watched;
	struct snapshot *last;
	struct track track;
	struct outbox outbox;
	struct engine_changes changes;
	bool resumed;		/* nothing overstays until the next look */
	bool wants_owners;
	uint64_t due_usec;
	uint64_t patient_usec;	/* how old a client's UDP socket gets before it is asked for */
	uint64_t summed_usec;	/* when the last summary was told or the watch began, 0 = not yet */
	uint64_t waiting_usec;	/* since when overstays wait for owners, 0 = none */
};

/* What one pass of engine_advance() carries along. */
struct pass {
	struct engine *engine;
	struct moment moment;
	uint64_t look_usec;	/* of the last look: ages are what was observed then */
	struct stay **due;	/* reached their threshold, not told yet */
	size_t due_count, due_room;
	bool waiting;		/* one of them waits for its owner */
};

struct engine *
engine_new(void (*make_id)(struct stay_id *ret, void *argument), void *argument)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL)
		return NULL;
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
	engine->policy = policy;
	engine->patient_usec = find_patience(policy);
	for (size_t i = 0; i < engine->track.count; i++) {
		engine->track.stays[i]->judged = false;
		/* The old policy's rules are about to be freed. */
		engine->track.stays[i]->verdict.rule = NULL;
	}
}

static bool
is_watched(const struct engine *engine, const struct endpoint *endpoint, uint8_t choice)
{
	if ((engine->protocols >> endpoint->protocol & 1) == 0)
		return false;
	return port_set_has(&engine->ranges.filter.ports, endpoint->port) ||
	    (choice == CHOICE_AUTO &&
		port_set_has(&engine->ranges.filter.auto_ports, endpoint->port));
}

/* Notes the ports that `after` watches and `before` did not. */
static void
note_newly_watched(struct engine *engine, const struct ranges *before, const struct ranges *after,
    bool more_protocols)
{
	for (size_t i = 0; i < ARRAY_SIZE(engine->newly_watched.words); i++) {
		uint64_t old = before->filter.ports.words[i], new = after->filter.ports.words[i];
		uint64_t old_auto = before->filter.auto_ports.words[i];
		uint64_t new_auto = after->filter.auto_ports.words[i];

		if (more_protocols)
			old = old_auto = 0;
		engine->newly_watched.words[i] |= (new & ~old) | (new_auto & ~(old | old_auto));
	}
	engine->has_newly_watched = true;
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

/* Forgets what is not watched any more, in the stays and in the last look, so that it is neither
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
		if (stay->state == STAY_AWAY)
			engine->track.away--;
		else
			(void)stay_advance(stay, STAY_EVENT_GONE);
		(void)stay_advance(stay, STAY_EVENT_END);
	}
	track_sweep(&engine->track);
	track_settle(&engine->track);
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
	struct ranges before = engine->ranges;
	bool more_protocols = (protocols & ~engine->protocols) != 0;

	engine->ranges = *ranges;
	engine->protocols = protocols;
	if (engine->last == NULL)
		return;
	note_newly_watched(engine, &before, ranges, more_protocols);
	forget_unwatched(engine, &before, moment);
}

const struct ranges *
engine_ranges(const struct engine *engine)
{
	return &engine->ranges;
}

const struct snapshot *
engine_last_look(const struct engine *engine)
{
	return engine->last;
}

int
engine_observe(struct engine *engine, struct snapshot *snapshot, bool resumed)
{
	struct diff_counts counts = diff_walk(engine->last, snapshot, 0, NULL, NULL);
	int r;

	r = track_observe(&engine->track, engine->last, snapshot,
	    engine->has_newly_watched ? &engine->newly_watched : NULL);
	if (r < 0)
		return r;
	engine->changes = (struct engine_changes){ counts.appeared, counts.persisted,
	    counts.missing };
	engine->resumed = resumed;
	if (counts.appeared > 0)
		engine->wants_owners = true;
	if (engine->has_newly_watched && snapshot->incomplete == 0) {
		port_set_clear(&engine->newly_watched);
		engine->has_newly_watched = false;
	}
	(void)snapshot_free(engine->last);
	engine->last = snapshot;
	return 0;
}

static struct listener
member_listener(const struct stay *stay, const struct member *member)
{
	return (struct listener){
		.endpoint = stay->endpoint,
		.cookie = member->cookie,
		.inode = member->inode,
		.uid = member->uid,
		.choice = member->choice,
		.v6only = member->v6only,
	};
}

/* Judges each socket of the stay; the worst verdict is the stay's. */
static void
judge_stay(const struct pass *pass, struct stay *stay)
{
	if (stay->judged && stay->verdict.expires_usec > pass->moment.realtime_usec)
		return;
	for (uint32_t i = 0; i < stay->member_count; i++) {
		const struct member *member = &stay->members[i], *previous = member - 1;
		struct listener listener = member_listener(stay, member);
		struct verdict verdict;

		/* A prefork server's hundred sockets are all alike. */
		if (i > 0 && member->owner == previous->owner && member->uid == previous->uid &&
		    member->choice == previous->choice)
			continue;
		judge(pass->engine->policy, &listener, member->owner, pass->moment.realtime_usec,
		    &verdict);
		if (i == 0 || verdict_is_worse(&verdict, &stay->verdict)) {
			stay->verdict = verdict;
			stay->worst = i;
		}
	}
	stay->judged = true;
}

static void
tell(struct pass *pass, struct stay *stay, enum event_kind kind, enum severity priority,
    bool digest)
{
	struct telling telling = { .kind = kind, .priority = priority, .digest = digest };

	outbox_tell(&pass->engine->outbox, stay, &telling, &pass->engine->ranges, &pass->moment);
}

/* The priority of a line that only informs, SEVERITY_OFF = no line. */
static enum severity
line_priority(const struct engine *engine, const struct stay *stay, enum severity wanted)
{
	return stay->endpoint.protocol == PROTOCOL_UDP ? engine->policy->log_udp : wanted;
}

static void
plan(struct pass *pass, uint64_t from_usec, uint64_t span_usec)
{
	uint64_t due_usec = span_usec == USEC_NEVER ? USEC_NEVER : from_usec + span_usec;

	if (due_usec < pass->engine->due_usec)
		pass->engine->due_usec = due_usec;
}

/* It left before its owner's name came: it has appeared all the same, and is told so before it is
 * told as gone. */
static void
tell_belated(struct pass *pass, struct stay *stay)
{
	enum severity priority =
	    line_priority(pass->engine, stay, pass->engine->policy->log_appeared);

	if (priority == SEVERITY_OFF || !asking_go_on(stay, pass->moment.boottime_usec))
		return;
	judge_stay(pass, stay);
	tell(pass, stay, EVENT_APPEARED, priority, false);
}

/* Ends an AWAY stay whose grace is over. It ended when it was last seen. */
static void
advance_away(struct pass *pass, size_t index)
{
	const struct policy *policy = pass->engine->policy;
	struct stay *stay = pass->engine->track.stays[index];
	uint64_t grace_usec = policy->grace_usec;
	bool loud;

	if (!stay->given_up && pass->moment.boottime_usec < stay->last_seen_usec + grace_usec) {
		plan(pass, stay->last_seen_usec, grace_usec);
		return;
	}
	/* Who came back may be what an incomplete look lacks. */
	if (!stay->given_up && (pass->engine->last->incomplete != 0 ||
	    track_may_return(&pass->engine->track, index, grace_usec)))
		return;
	loud = stay->told || stay_age_usec(stay, 0) >= policy->log_after_usec;
	if (loud && !stay->told)
		tell_belated(pass, stay);
	pass->engine->track.away--;
	(void)stay_advance(stay, STAY_EVENT_END);
	if (stay->overstayed)
		tell(pass, stay, EVENT_ENDED, SEVERITY_NOTICE, false);
	else if (loud && line_priority(pass->engine, stay, policy->log_vanished) != SEVERITY_OFF)
		tell(pass, stay, EVENT_VANISHED,
		    line_priority(pass->engine, stay, policy->log_vanished), false);
}

/* True where every socket's owner was looked for, or for too long. */
static bool
owners_resolved(struct pass *pass, struct stay *stay)
{
	struct engine *engine = pass->engine;

	return asking_resolved(stay, pass->moment.boottime_usec, engine->patient_usec,
	    ENGINE_OWNER_BOUND_USEC, &engine->due_usec, &engine->wants_owners);
}

/* Asks again for owners that were observed too long ago to be named in an alert. Returns true
 * where the alert has to wait for that. */
static bool
refresh_owners(struct pass *pass, struct stay *stay)
{
	uint64_t now_usec = pass->moment.boottime_usec;
	bool waiting = false;

	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct member *member = &stay->members[i];

		if (member->looked_usec + ENGINE_OWNER_FRESH_USEC > now_usec)
			continue;
		if (member->asked_usec == 0) {
			member->owner_wanted = true;
			pass->engine->wants_owners = true;
		}
		waiting = true;
	}
	return waiting;
}

/* True where the last look really saw the stay, not only failed to disprove it. */
static bool
is_proved(const struct engine *engine, const struct stay *stay)
{
	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct listener listener = member_listener(stay, &stay->members[i]);
		const struct listener *found = snapshot_find(engine->last, &listener);

		if (found != NULL && !found->unproven)
			return true;
	}
	return false;
}

static void
note_due(struct pass *pass, struct stay *stay)
{
	if (pass->engine->resumed || !is_proved(pass->engine, stay))
		return;
	if (refresh_owners(pass, stay))
		pass->waiting = true;
	if (pass->due_count == pass->due_room) {
		size_t room = pass->due_room == 0 ? 16 : pass->due_room * 2;
		struct stay **due = reallocarray(pass->due, room, sizeof(struct stay *));

		/* Without memory it is due again in the next tick. */
		if (due == NULL)
			return;
		pass->due = due;
		pass->due_room = room;
	}
	pass->due[pass->due_count++] = stay;
}

/* A newcomer whose owner is known now: where that is the same as before, within the grace, its
 * former stay goes on. */
static void
advance_newcomer(struct pass *pass, struct stay *stay)
{
	struct engine *engine = pass->engine;
	struct telling telling = { .kind = EVENT_REBOUND };
	struct stay *former;

	if (stay->state != STAY_NEW || stay->returned || !owners_resolved(pass, stay))
		return;
	stay->returned = true;
	former = track_rebound(&engine->track, stay, engine->policy->grace_usec,
	    &telling.away_usec);
	if (former == NULL)
		return;
	judge_stay(pass, former);
	telling.priority = line_priority(engine, former, engine->policy->log_appeared);
	if (former->overstayed)
		telling.priority = SEVERITY_NOTICE;
	if (former->told && telling.priority != SEVERITY_OFF)
		outbox_tell(&engine->outbox, former, &telling, &engine->ranges, &pass->moment);
}

static void
advance_persisting(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	const struct policy *policy = pass->engine->policy;
	uint64_t after_usec = policy->log_after_usec;
	enum severity priority;

	if (stay->state != STAY_NEW)
		return;
	/* Whoever overstays sooner than `after` has appeared before. */
	if (stay->verdict.threshold_usec < after_usec)
		after_usec = stay->verdict.threshold_usec;
	if (age_usec < after_usec) {
		plan(pass, stay->first_seen_usec, after_usec);
		return;
	}
	(void)stay_advance(stay, STAY_EVENT_PERSIST);
	priority = line_priority(pass->engine, stay, policy->log_appeared);
	if (!stay->told && priority != SEVERITY_OFF)
		tell(pass, stay, EVENT_APPEARED, priority, false);
}

/* A stay that is there: as far as age and verdict move it. */
static void
advance_live(struct pass *pass, struct stay *stay)
{
	uint64_t age_usec;

	if (!owners_resolved(pass, stay))
		return;
	judge_stay(pass, stay);
	age_usec = stay_age_usec(stay, pass->look_usec);
	advance_persisting(pass, stay, age_usec);
	if (stay->state == STAY_OVERSTAYING) {
		if (age_usec < stay->verdict.threshold_usec) {
			(void)stay_advance(stay, STAY_EVENT_CLEAR);
			tell(pass, stay, EVENT_CLEARED, SEVERITY_NOTICE, false);
			stay->overstayed = false;
			stay->told_severity = SEVERITY_OFF;
		} else if (stay->verdict.severity < stay->told_severity)
			note_due(pass, stay);
	}
	if (stay->state != STAY_PERSISTING)
		return;
	if (age_usec >= stay->verdict.threshold_usec)
		note_due(pass, stay);
	else
		plan(pass, stay->first_seen_usec, stay->verdict.threshold_usec);
}

static void
overstay(struct pass *pass, struct stay *stay, bool digest)
{
	if (stay->state == STAY_PERSISTING)
		(void)stay_advance(stay, STAY_EVENT_OVERSTAY);
	stay->overstayed = true;
	stay->told_severity = stay->verdict.severity;
	stay->reminded_usec = pass->moment.boottime_usec;
	tell(pass, stay, EVENT_OVERSTAY, digest ? SEVERITY_INFO : stay->verdict.severity, digest);
}

/* Tells what reached its threshold: one by one, or as a digest with an entry each. */
static void
settle_due(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec;
	size_t baseline = 0;
	bool digest[2];

	if (pass->due_count == 0) {
		engine->waiting_usec = 0;
		return;
	}
	if (pass->waiting) {
		if (engine->waiting_usec == 0)
			engine->waiting_usec = now_usec;
		if (now_usec < engine->waiting_usec + ENGINE_OWNER_WAIT_USEC) {
			plan(pass, engine->waiting_usec, ENGINE_OWNER_WAIT_USEC);
			return;
		}
	}
	engine->waiting_usec = 0;
	for (size_t i = 0; i < pass->due_count; i++)
		baseline += pass->due[i]->baseline;
	digest[true] = baseline > 1;
	digest[false] = pass->due_count - baseline > ENGINE_DIGEST_MIN;
	for (unsigned i = 0; i < ARRAY_SIZE(digest); i++)
		if (digest[i])
			outbox_put(&engine->outbox,
			    digest_overstays(pass->due, pass->due_count, i != 0), &pass->moment);
	for (size_t i = 0; i < pass->due_count; i++)
		overstay(pass, pass->due[i], digest[pass->due[i]->baseline]);
}

/* Once a `remind`; sooner where a rule wants to be reminded of a stay sooner. */
static uint64_t
find_summary_due(const struct engine *engine)
{
	uint64_t remind_usec = engine->policy->remind_usec;
	uint64_t due_usec =
	    remind_usec == USEC_NEVER ? USEC_NEVER : engine->summed_usec + remind_usec;

	for (size_t i = 0; i < engine->track.count; i++) {
		const struct stay *stay = engine->track.stays[i];
		uint64_t span_usec = stay->verdict.remind_usec;

		if (stay->state == STAY_OVERSTAYING && span_usec != USEC_NEVER &&
		    stay->reminded_usec + span_usec < due_usec)
			due_usec = stay->reminded_usec + span_usec;
	}
	return due_usec;
}

static void
advance_summary(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec, due_usec;

	/* A reload does not begin the day anew, or a host that reloads often would never tell. */
	if (engine->summed_usec == 0)
		engine->summed_usec = now_usec;
	due_usec = find_summary_due(engine);
	if (now_usec >= due_usec) {
		outbox_put(&engine->outbox, digest_summary(&engine->track, pass->look_usec),
		    &pass->moment);
		for (size_t i = 0; i < engine->track.count; i++)
			engine->track.stays[i]->reminded_usec = now_usec;
		engine->summed_usec = now_usec;
		due_usec = find_summary_due(engine);
	}
	plan(pass, 0, due_usec);
}

void
engine_advance(struct engine *engine, const struct moment *moment)
{
	struct pass pass = { .engine = engine, .moment = *moment };

	if (engine->last == NULL)
		return;
	pass.look_usec = engine->last->taken_usec;
	engine->due_usec = USEC_NEVER;
	engine->wants_owners = false;
	for (size_t i = 0; i < engine->track.count; i++)
		advance_newcomer(&pass, engine->track.stays[i]);
	track_sweep(&engine->track);
	for (size_t i = 0; i < engine->track.count; i++) {
		struct stay *stay = engine->track.stays[i];

		if (stay->state == STAY_AWAY)
			advance_away(&pass, i);
		else if (stay->state != STAY_ENDED)
			advance_live(&pass, stay);
	}
	settle_due(&pass);
	advance_summary(&pass);
	free(pass.due);
	track_sweep(&engine->track);
}

size_t
engine_owner_questions(struct engine *engine, struct owner_question *questions, size_t max,
    uint64_t now_usec)
{
	if (!engine->wants_owners)
		return 0;
	return asking_questions(&engine->track, questions, max, now_usec, engine->patient_usec);
}

void
engine_owner_answers(struct engine *engine, const struct owner_answer *answers, size_t count,
    uint64_t now_usec)
{
	asking_answers(&engine->track, answers, count, now_usec);
}

void
engine_owner_failed(struct engine *engine, enum owner_reason reason, uint64_t now_usec)
{
	asking_failed(&engine->track, reason, now_usec);
}

void
engine_owner_retry(struct engine *engine)
{
	asking_retry(&engine->track);
	engine->wants_owners = true;
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

struct report *
engine_take(struct engine *engine)
{
	return outbox_take(&engine->outbox);
}

uint64_t
engine_held_back(struct engine *engine)
{
	uint64_t held_back = engine->outbox.held_back;

	engine->outbox.held_back = 0;
	return held_back;
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

size_t
engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	(void)engine;
	(void)endpoints;
	(void)max;
	return 0;
}

void
engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	(void)engine;
	(void)endpoint;
	(void)peers;
}

void
engine_set_reserved(struct engine *engine, const struct port_set *reserved,
    const struct port_range *kernel_range)
{
	(void)engine;
	(void)reserved;
	(void)kernel_range;
}
