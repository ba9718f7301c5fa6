/* SPDX-License-Identifier: MIT */
/*
 * One pass over the stays: as far as age and verdict move each of them, and what is told of that.
 *
 * An alert waits for its owner, bounded by ENGINE_OWNER_WAIT_USEC; nothing else waits. While some
 * of the stays that reached their threshold wait, the others wait with them, so that what happened
 * at once is told at once. Suspects (suspicion.c) wait for nobody but themselves.
 *
 * What it never does: end a stay whose absence an incomplete poll only suggests, or alert about one
 * that the last poll did not prove to be there.
 *
 * Most polls change nothing, and a pass over what was the same in the last one, and for which no
 * time came meanwhile, finds nothing to do: it is left out. Each pass notes when the next one has
 * something to do by itself (rest_usec, verdict_usec). Whatever reaches the engine but a poll that
 * only repeats (owners, peers, a policy, ranges) makes the next call a pass, and so does a pass
 * that changed anything: what it told, moved, judged or asked for may matter to one it had done.
 *
 * Cost: a comparison of times for each stay; nothing where a pass is left out.
 */
#include <stdlib.h>

#include "base/array.h"
#include "engine/engine-state.h"

/* Comparisons of one pass to find out which service moved to another port: some 2 ms. */
#define MOVE_BUDGET 65536

struct listener
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

void
pass_move(struct pass *pass, struct stay *stay, enum stay_event event)
{
	pass->open = true;
	(void)stay_advance(stay, event);
}

void
pass_tell(struct pass *pass, struct stay *stay, const struct telling *telling)
{
	pass->open = true;
	outbox_tell(&pass->engine->outbox, stay, telling, &pass->engine->namespace.ranges,
	    &pass->moment);
}

static void
tell(struct pass *pass, struct stay *stay, enum event_kind kind, enum severity priority)
{
	pass_tell(pass, stay, &(struct telling){ .kind = kind, .priority = priority });
}

/* The priority of a line that only informs, SEVERITY_OFF = no line. */
static enum severity
line_priority(const struct engine *engine, const struct stay *stay, enum severity wanted)
{
	return stay->endpoint.protocol == PROTOCOL_UDP ? engine->policy->log_udp : wanted;
}

void
pass_plan(struct pass *pass, uint64_t from_usec, uint64_t span_usec)
{
	uint64_t due_usec = span_usec == USEC_NEVER ? USEC_NEVER : from_usec + span_usec;

	if (due_usec < pass->engine->due_usec)
		pass->engine->due_usec = due_usec;
}

void
pass_rest(struct pass *pass, uint64_t from_usec, uint64_t span_usec)
{
	uint64_t due_usec = span_usec == USEC_NEVER ? USEC_NEVER : from_usec + span_usec;

	if (due_usec < pass->engine->rest_usec)
		pass->engine->rest_usec = due_usec;
}

/* It left before its owner's name came: it has appeared all the same, and is told so before it is
 * told as gone. */
static void
tell_belated(struct pass *pass, struct stay *stay)
{
	enum severity priority =
	    line_priority(pass->engine, stay, pass->engine->policy->log_appeared);

	if (priority == SEVERITY_OFF || !lookup_go_on(stay, pass->moment.boottime_usec))
		return;
	pass_judge(pass, stay);
	tell(pass, stay, EVENT_APPEARED, priority);
}

/* A stay that left lengthens the chain of ports its owner took one by one, where it is one that
 * would have been told in time. */
static void
leave_chain(struct pass *pass, struct stay *stay)
{
	const struct engine *engine = pass->engine;

	if (stay->left)
		return;
	stay->left = pass->open = true;
	if (stay->overstayed || stay->verdict.allowed ||
	    (engine->policy->hopping >> stay->endpoint.protocol & 1) == 0)
		hopping_drop(stay);
	else
		hopping_leave(&pass->engine->hopping, stay, engine->policy->grace_usec);
}

/* Ends an AWAY stay whose grace is over. It ended when it was last seen. */
static void
advance_away(struct pass *pass, size_t index)
{
	const struct policy *policy = pass->engine->policy;
	struct stay *stay = pass->engine->track.stays[index];
	uint64_t grace_usec = policy->grace_usec;
	bool loud;

	leave_chain(pass, stay);
	if (!stay->given_up && pass->moment.boottime_usec < stay->last_seen_usec + grace_usec) {
		pass_plan(pass, stay->last_seen_usec, grace_usec);
		return;
	}
	/* Who came back may be what an incomplete poll lacks. */
	if (!stay->given_up &&
	    (!namespace_was_seen(&pass->engine->namespace, &stay->endpoint) ||
		track_may_return(&pass->engine->track, index, grace_usec))) {
		pass->open = true;
		return;
	}
	loud = stay->told || stay_age_usec(stay, 0) >= policy->log_after_usec;
	if (loud && !stay->told)
		tell_belated(pass, stay);
	pass->engine->track.away--;
	pass_move(pass, stay, STAY_EVENT_END);
	if (stay->overstayed)
		tell(pass, stay, EVENT_ENDED, SEVERITY_NOTICE);
	else if (loud && line_priority(pass->engine, stay, policy->log_vanished) != SEVERITY_OFF)
		tell(pass, stay, EVENT_VANISHED,
		    line_priority(pass->engine, stay, policy->log_vanished));
}

/* True where every socket's owner was looked for, or for too long. */
static bool
owners_resolved(struct pass *pass, struct stay *stay)
{
	struct engine *engine = pass->engine;

	return lookup_resolved(stay, pass->moment.boottime_usec, engine->patient_usec,
	    ENGINE_OWNER_BOUND_USEC, &engine->due_usec, &engine->wants_owners);
}

bool
pass_refresh_owners(struct pass *pass, struct stay *stay, enum search_depth depth,
    uint64_t waiting_usec)
{
	uint64_t since_usec = waiting_usec != 0 ? waiting_usec : pass->moment.boottime_usec;
	bool waiting = false;

	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct member *member = &stay->members[i];
		enum search_depth enough = depth;

		/* Without a process there is no program to have a checksum. */
		if (member->owner->kind != OWNER_PROCESS && depth == DEPTH_CHECKSUM)
			enough = DEPTH_THOROUGH;
		if (member->answered_usec + ENGINE_OWNER_FRESH_USEC > since_usec &&
		    member->answered_depth >= (uint8_t)enough)
			continue;
		if (member->asked_usec == 0 || member->asked_depth < (uint8_t)enough) {
			lookup_want(member, enough);
			pass->open = true;
			pass->engine->wants_owners = true;
		}
		waiting = true;
	}
	return waiting;
}

/* True where the last poll really saw the stay, not only failed to disprove it. */
static bool
is_present(const struct engine *engine, const struct stay *stay)
{
	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct listener listener = member_listener(stay, &stay->members[i]);
		const struct listener *found = snapshot_find(engine->last, &listener);

		if (found != NULL && !found->carried)
			return true;
	}
	return false;
}

static void
note_due(struct pass *pass, struct stay *stay)
{
	if (pass->engine->resumed || !is_present(pass->engine, stay))
		return;
	if (pass_refresh_owners(pass, stay, DEPTH_THOROUGH, pass->engine->waiting_usec))
		pass->waiting = true;
	/* Without memory it is due again in the next poll. */
	if (array_reserve(&pass->due, &pass->due_room, pass->due_count + 1, ARRAY_UNBOUNDED) < 0) {
		pass->open = true;
		return;
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
	stay->returned = pass->open = true;
	former =
	    track_rebound(&engine->track, stay, engine->policy->grace_usec, &telling.away_usec);
	if (former == NULL)
		former = track_move(&engine->track, stay, engine->policy->grace_usec,
		    &telling.away_usec, &pass->move_budget);
	if (former == NULL) {
		if ((engine->policy->hopping >> stay->endpoint.protocol & 1) != 0)
			hopping_join(&engine->hopping, stay, engine->policy->grace_usec);
		return;
	}
	pass_judge(pass, former);
	telling.priority = line_priority(engine, former, engine->policy->log_appeared);
	if (former->overstayed)
		telling.priority = SEVERITY_NOTICE;
	/* A service that may have any port has another one each time: that is no news. */
	if (former->moved_from != 0 && former->verdict.allowed)
		return;
	if (former->told && telling.priority != SEVERITY_OFF)
		pass_tell(pass, former, &telling);
}

/* What is going to stay is searched once by every process's descriptors: whoever else holds it is
 * a part of what rules judge. Nothing waits for that but an alert. */
static void
want_thorough(struct pass *pass, struct stay *stay)
{
	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct member *member = &stay->members[i];

		if (member->answered_depth >= DEPTH_THOROUGH || member->owner == NULL ||
		    member->owner->thorough || member->owner->kind == OWNER_KERNEL)
			continue;
		lookup_want(member, DEPTH_THOROUGH);
		pass->open = true;
		pass->engine->wants_owners = true;
	}
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
		pass_plan(pass, stay->first_seen_usec, after_usec);
		return;
	}
	pass_move(pass, stay, STAY_EVENT_PERSIST);
	want_thorough(pass, stay);
	priority = line_priority(pass->engine, stay, policy->log_appeared);
	if (!stay->told && priority != SEVERITY_OFF)
		tell(pass, stay, EVENT_APPEARED, priority);
}

/* Tells the owner that keeps below its limit by taking one port after the other. */
static void
advance_hopping(struct pass *pass, struct stay *stay)
{
	struct chain *chain = stay->chain;
	uint64_t span_usec, threshold_usec = stay->verdict.threshold_usec;

	if (chain == NULL)
		return;
	if (stay->verdict.allowed || stay->overstayed) {
		pass->open = true;
		hopping_drop(stay);
		return;
	}
	if (chain->told || chain->hops < HOPPING_HOPS_MIN || threshold_usec == USEC_NEVER)
		return;
	span_usec = hopping_span_usec(stay, pass->poll_usec);
	if (span_usec < threshold_usec) {
		pass_plan(pass, pass->poll_usec, threshold_usec - span_usec);
		return;
	}
	if (pass->engine->resumed || !is_present(pass->engine, stay))
		return;
	chain->told = true;
	pass_tell(pass, stay,
	    &(struct telling){
		.kind = EVENT_HOPPING,
		.priority = stay->verdict.severity,
		.chain = chain,
		.span_usec = span_usec,
	    });
}

/* A rule by `exe` matched who stays: it shall do so after an upgrade and a restart, too. */
static void
keep_verified(struct pass *pass, struct stay *stay)
{
	const struct rule *rule = stay->verdict.rule;

	if (stay->kept || stay->state == STAY_NEW)
		return;
	stay->kept = pass->open = true;
	if (rule == NULL || (rule->match.keys >> MATCH_EXE & 1) == 0)
		return;
	for (uint32_t i = 0; i < stay->member_count; i++)
		if (stay->members[i].owner != NULL)
			verified_keep(&pass->engine->verified, stay->members[i].owner);
}

/* A suspect that the last poll saw: its alert is of its own. */
static bool
is_present_suspect(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	if (!stay->verdict.suspect) {
		pass->open = pass->open || stay->waiting_usec != 0;
		if (stay->waiting_usec != 0)
			pass_stop_waiting(stay);
		return false;
	}
	if (age_usec < stay->verdict.threshold_usec) {
		pass_plan(pass, stay->first_seen_usec, stay->verdict.threshold_usec);
		return false;
	}
	return !is_present(pass->engine, stay) || pass_suspect(pass, stay, age_usec);
}

/* A stay that is there: as far as age and verdict move it. */
static void
advance_live(struct pass *pass, struct stay *stay)
{
	uint64_t age_usec;

	if (!owners_resolved(pass, stay))
		return;
	pass_judge(pass, stay);
	if (stay->verdict.expires_usec < pass->engine->verdict_usec)
		pass->engine->verdict_usec = stay->verdict.expires_usec;
	age_usec = stay_age_usec(stay, pass->poll_usec);
	advance_persisting(pass, stay, age_usec);
	keep_verified(pass, stay);
	if (stay->state != STAY_NEW && is_present_suspect(pass, stay, age_usec))
		return;
	advance_hopping(pass, stay);
	pass_note_advice(pass, stay);
	if (stay->state == STAY_OVERSTAYING) {
		if (age_usec < stay->verdict.threshold_usec) {
			pass_move(pass, stay, STAY_EVENT_CLEAR);
			tell(pass, stay, EVENT_CLEARED, SEVERITY_NOTICE);
			stay->overstayed = stay->suspected = false;
			stay->told_reasons = 0;
			stay->told_severity = SEVERITY_OFF;
		} else if (stay->verdict.severity < stay->told_severity)
			note_due(pass, stay);
	}
	if (stay->state != STAY_PERSISTING)
		return;
	if (age_usec >= stay->verdict.threshold_usec)
		note_due(pass, stay);
	else
		pass_plan(pass, stay->first_seen_usec, stay->verdict.threshold_usec);
}

static void
overstay(struct pass *pass, struct stay *stay, bool in_summary)
{
	if (stay->state == STAY_PERSISTING)
		pass_move(pass, stay, STAY_EVENT_OVERSTAY);
	stay->overstayed = true;
	stay->told_severity = stay->verdict.severity;
	stay->reminded_usec = pass->moment.boottime_usec;
	pass_tell(pass, stay,
	    &(struct telling){
		.kind = EVENT_OVERSTAY,
		.priority = in_summary ? SEVERITY_INFO : stay->verdict.severity,
		.in_summary = in_summary,
	    });
}

/* Tells what reached its threshold: one by one, or in a summary with an entry each. */
static void
settle_due(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec;
	size_t baseline = 0;
	bool summarized[2];

	if (pass->due_count == 0) {
		engine->waiting_usec = 0;
		return;
	}
	if (pass->waiting) {
		if (engine->waiting_usec == 0)
			engine->waiting_usec = now_usec;
		if (now_usec < engine->waiting_usec + ENGINE_OWNER_WAIT_USEC) {
			pass_plan(pass, engine->waiting_usec, ENGINE_OWNER_WAIT_USEC);
			return;
		}
	}
	engine->waiting_usec = 0;
	pass->open = true;
	for (size_t i = 0; i < pass->due_count; i++)
		baseline += pass->due[i]->baseline;
	summarized[true] = baseline > 1;
	summarized[false] = pass->due_count - baseline > ENGINE_SUMMARY_MIN;
	for (unsigned i = 0; i < ARRAY_SIZE(summarized); i++)
		if (summarized[i])
			outbox_put(&engine->outbox,
			    summary_of_overstays(pass->due, pass->due_count, i != 0),
			    &pass->moment);
	for (size_t i = 0; i < pass->due_count; i++)
		overstay(pass, pass->due[i], summarized[pass->due[i]->baseline]);
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
		outbox_put(&engine->outbox, summary_of_day(&engine->track, pass->poll_usec),
		    &pass->moment);
		for (size_t i = 0; i < engine->track.count; i++)
			engine->track.stays[i]->reminded_usec = now_usec;
		pass->open = true;
		engine->summed_usec = now_usec;
		due_usec = find_summary_due(engine);
	}
	pass_plan(pass, 0, due_usec);
}

/* True where a pass now would find what the last one left, and nothing to do. */
static bool
is_at_rest(const struct engine *engine, const struct moment *moment)
{
	return engine->settled && moment->boottime_usec < engine->due_usec &&
	    moment->boottime_usec < engine->rest_usec &&
	    moment->realtime_usec < engine->verdict_usec;
}

void
engine_advance(struct engine *engine, const struct moment *moment)
{
	struct pass pass = { .engine = engine, .moment = *moment, .move_budget = MOVE_BUDGET };

	if (engine->last == NULL || is_at_rest(engine, moment))
		return;
	pass.poll_usec = engine->last->taken_usec;
	engine->due_usec = engine->rest_usec = engine->verdict_usec = USEC_NEVER;
	engine->wants_owners = engine->wants_peers = false;
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
	pass_advise(&pass);
	advance_summary(&pass);
	pass_rest(&pass, 0,
	    hopping_sweep(&engine->hopping, moment->boottime_usec, engine->policy->grace_usec));
	free(pass.due);
	track_sweep(&engine->track);
	/* After a resume all that is due waits for the next poll. */
	engine->settled = !pass.open && !engine->resumed;
}
