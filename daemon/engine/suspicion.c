/* SPDX-License-Identifier: MIT */
/*
 * What a stay is, and the alert about one that does not belong there.
 *
 * A suspect is told as soon as its limit is reached (at once, by default), alone and never in a
 * summary. By morning its process is gone, so the alert waits, bounded by ENGINE_OWNER_WAIT_USEC,
 * until every holder was searched, the program's checksum taken and the peers asked for. Nothing
 * else waits for it.
 *
 * What it never does: take a suspicion back by itself. Reasons that were told stay reasons of that
 * stay, so a name that is changed again neither clears it nor tells it twice; a rule or a reload
 * can clear it. That nobody holds a socket is a reason only when two answers in a row said so and a
 * poll in between saw it: a socket that is passed on is nobody's for a moment.
 *
 * Cost: a stay is classed when an owner was looked up or the policy changed, and not per poll.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/classify.h"
#include "engine/engine-state.h"

/* True where a poll after the last answer saw the socket of which both said that it is nobody's. */
static bool
seen_since(const struct engine *engine, const struct member *member)
{
	return member->nobody == MEMBER_NOBODYS ||
	    (member->nobody == 2 && !member->gone &&
		engine->last->taken_usec > member->owner->observed_usec &&
		engine->last->taken_usec > member->answered_usec);
}

/* Classes and judges one socket of the stay. */
static void
judge_member(struct pass *pass, const struct stay *stay, const struct member *member,
    struct classification *ret_classification, struct verdict *ret_verdict)
{
	struct listener listener = member_listener(stay, member);
	struct circumstances circumstances = {
		.listener = &listener,
		.owner = member->owner,
		.program_changed = stay->program_changed,
		.seen_since = seen_since(pass->engine, member),
	};

	classify(&circumstances, ret_classification);
	if (stay->told_reasons != 0)
		classify_reasons(ret_classification->reasons | stay->told_reasons,
		    ret_classification->otherwise, ret_classification->main_program,
		    ret_classification);
	judge(pass->engine->policy, &listener, member->owner, ret_classification,
	    pass->moment.realtime_usec, ret_verdict);
}

/* Nobody holds the socket: asks once more after the next poll. Returns true while that is open. */
static bool
is_nobodys(struct pass *pass, struct member *member)
{
	if (member->nobody == 0 || member->gone)
		return false;
	if (seen_since(pass->engine, member)) {
		member->nobody = MEMBER_NOBODYS;
		return false;
	}
	if (member->nobody == 1 && pass->engine->last->taken_usec > member->answered_usec &&
	    !member->owner_wanted) {
		lookup_want(member, DEPTH_THOROUGH);
		pass->engine->wants_owners = true;
	}
	return true;
}

void
pass_judge(struct pass *pass, struct stay *stay)
{
	uint64_t expires_usec = USEC_NEVER;
	bool open = false;

	if (stay->judged && stay->verdict.expires_usec > pass->moment.realtime_usec)
		return;
	pass->open = true;
	for (uint32_t i = 0; i < stay->member_count; i++) {
		struct member *member = &stay->members[i], *previous = member - 1;
		struct classification classification;
		struct verdict verdict;

		open = is_nobodys(pass, member) || open;
		/* A prefork server's hundred sockets are all alike. */
		if (i > 0 && member->owner == previous->owner && member->uid == previous->uid &&
		    member->choice == previous->choice && member->nobody == previous->nobody)
			continue;
		judge_member(pass, stay, member, &classification, &verdict);
		if (verdict.expires_usec < expires_usec)
			expires_usec = verdict.expires_usec;
		if (i == 0 || verdict_is_worse(&verdict, &stay->verdict)) {
			stay->verdict = verdict;
			stay->classification = classification;
			stay->worst = i;
		}
	}
	/* Another socket's may be the worst when its rule is over. */
	stay->verdict.expires_usec = expires_usec;
	stay->judged = !open;
	stay->kept = false;
}

/* Wants the peers of a suspect. Returns true while they are not known. */
static bool
waits_for_peers(struct pass *pass, struct stay *stay)
{
	/* A UDP listener is connected to nobody. */
	if (stay->endpoint.protocol != PROTOCOL_TCP || stay->peers_known)
		return false;
	pass->engine->wants_peers = true;
	return true;
}

static bool
is_waiting(struct pass *pass, struct stay *stay)
{
	uint64_t now_usec = pass->moment.boottime_usec;
	bool waiting = pass_refresh_owners(pass, stay, DEPTH_CHECKSUM, stay->waiting_usec);

	waiting = waits_for_peers(pass, stay) || waiting;
	if (!waiting)
		return false;
	if (stay->waiting_usec == 0) {
		stay->waiting_usec = now_usec;
		pass->open = true;
	}
	if (now_usec >= stay->waiting_usec + ENGINE_OWNER_WAIT_USEC)
		return false;
	pass_plan(pass, stay->waiting_usec, ENGINE_OWNER_WAIT_USEC);
	return true;
}

bool
pass_suspect(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	if (!stay->verdict.suspect || age_usec < stay->verdict.threshold_usec)
		return false;
	if (stay->suspected && stay->verdict.severity >= stay->told_severity)
		return true;
	if (pass->engine->resumed || is_waiting(pass, stay))
		return true;
	if (stay->state == STAY_PERSISTING)
		pass_move(pass, stay, STAY_EVENT_OVERSTAY);
	stay->overstayed = stay->suspected = true;
	stay->told_reasons |= stay->classification.reasons;
	stay->told_severity = stay->verdict.severity;
	stay->reminded_usec = pass->moment.boottime_usec;
	pass_tell(pass, stay,
	    &(struct telling){
		.kind = EVENT_SUSPECT,
		.priority = stay->verdict.severity,
	    });
	pass_stop_waiting(stay);
	return true;
}

void
pass_stop_waiting(struct stay *stay)
{
	stay->waiting_usec = 0;
	free(stay->peers);
	stay->peers = NULL;
	stay->peers_known = false;
}

size_t
engine_peer_questions(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	size_t count = 0;

	if (!engine->wants_peers)
		return 0;
	for (size_t i = 0; i < engine->track.count && count < max; i++) {
		struct stay *stay = engine->track.stays[i];

		if (stay->waiting_usec == 0 || stay->peers_known || stay->peers_asked ||
		    stay->state == STAY_AWAY || stay->endpoint.protocol != PROTOCOL_TCP)
			continue;
		stay->peers_asked = true;
		endpoints[count++] = stay->endpoint;
	}
	return count;
}

void
engine_peer_answers(struct engine *engine, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	engine->settled = false;
	for (size_t i = track_lower_bound(&engine->track, endpoint); i < engine->track.count; i++) {
		struct stay *stay = engine->track.stays[i];

		if (endpoint_compare(&stay->endpoint, endpoint) != 0)
			break;
		if (!stay->peers_asked)
			continue;
		stay->peers_asked = false;
		/* The alert did not wait for so long, or there is none any more. */
		if (stay->waiting_usec == 0)
			continue;
		stay->peers_known = true;
		if (peers != NULL && stay->peers == NULL)
			stay->peers = malloc(sizeof(*stay->peers));
		if (peers != NULL && stay->peers != NULL)
			*stay->peers = *peers;
	}
}
