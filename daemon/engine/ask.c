/* SPDX-License-Identifier: MIT */
/*
 * What has to be known of a stay before it is told: who holds it, as lookup.c asks for that, and
 * for a suspect also the checksum of its program and who is connected to it.
 *
 * Each user's suspects have the same part in a question about peers, those that wait longest first.
 *
 * What it never does: wait for ever. A new socket is without an owner for ENGINE_OWNER_BOUND_USEC
 * at most, an alert waits for ENGINE_OWNER_WAIT_USEC at most; what is not known then is not told.
 *
 * Cost: a comparison for each socket of a stay; a pass over the stays for the peers' questions, but
 * only while some are wanted.
 */
#include <stdlib.h>

#include "engine/ask.h"
#include "engine/fair.h"
#include "engine/pass.h"

bool
ask_resolved(struct pass *pass, struct stay *stay)
{
	struct engine *engine = pass->engine;

	return lookup_resolved(stay, pass->moment.boottime_usec, engine->patient_usec,
	    ENGINE_OWNER_BOUND_USEC, &engine->agenda.due_usec);
}

void
ask_thorough(struct stay *stay)
{
	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		struct member *member = &stay->is.members[i];

		if (member->answered_depth >= DEPTH_THOROUGH || member->owner == NULL ||
		    member->owner->thorough || member->owner->kind == OWNER_KERNEL)
			continue;
		lookup_want(stay, member, DEPTH_THOROUGH);
	}
}

bool
ask_owners(struct pass *pass, struct stay *stay, enum search_depth depth, uint64_t waiting_usec)
{
	uint64_t since_usec = waiting_usec != 0 ? waiting_usec : pass->moment.boottime_usec;
	bool waiting = false;

	for (uint32_t i = 0; i < stay->is.member_count; i++) {
		struct member *member = &stay->is.members[i];
		enum search_depth enough = depth;

		/* Without a process there is no program to have a checksum. */
		if (member->owner->kind != OWNER_PROCESS && depth == DEPTH_CHECKSUM)
			enough = DEPTH_THOROUGH;
		if (member->answered_usec + ENGINE_OWNER_FRESH_USEC > since_usec &&
		    member->answered_depth >= (uint8_t)enough)
			continue;
		if (member->asked_usec == 0 || member->asked_depth < (uint8_t)enough)
			lookup_want(stay, member, enough);
		waiting = true;
	}
	return waiting;
}

/* Wants the peers of a suspect. Returns true while they are not known. */
static bool
want_peers(struct engine *engine, const struct stay *stay)
{
	/* A UDP listener is connected to nobody. */
	if (stay->is.endpoint.protocol != PROTOCOL_TCP || stay->waits.peers_known)
		return false;
	engine->wants_peers = true;
	return true;
}

/* Its alert waits no longer. */
static void
note_unasked_peers(const struct stay *stay)
{
	bool unasked = stay->is.endpoint.protocol == PROTOCOL_TCP && !stay->waits.peers_known &&
	    !stay->waits.peers_asked;

	shortages_note(&stay->tally->shortages, SHORT_OF_PEERS,
	    stay->is.members[stay->judged.worst].uid, unasked);
}

bool
ask_suspect(struct pass *pass, struct stay *stay)
{
	uint64_t now_usec = pass->moment.boottime_usec;
	bool waiting = ask_owners(pass, stay, DEPTH_CHECKSUM, stay->waits.since_usec);

	waiting = want_peers(pass->engine, stay) || waiting;
	if (!waiting)
		return false;
	if (stay->waits.since_usec == 0) {
		stay->waits.since_usec = now_usec;
		stay_note_change(stay);
	}
	if (now_usec >= stay->waits.since_usec + ENGINE_OWNER_WAIT_USEC) {
		note_unasked_peers(stay);
		return false;
	}
	agenda_plan(&pass->engine->agenda, stay->waits.since_usec, ENGINE_OWNER_WAIT_USEC);
	return true;
}

void
ask_forget(struct stay *stay)
{
	stay_stop_waiting(stay);
	stay->waits.peers_asked = false;
}

size_t
ask_peers(struct engine *engine, struct endpoint *endpoints, size_t max)
{
	struct fair fair;
	size_t count;

	if (!engine->wants_peers || max == 0)
		return 0;
	fair_init(&fair, max);
	for (size_t i = 0; i < engine->track.count; i++) {
		struct stay *stay = engine->track.stays[i];

		if (stay->waits.since_usec != 0 && !stay->waits.peers_known &&
		    !stay->waits.peers_asked && stay->is.state != STAY_AWAY &&
		    stay->is.endpoint.protocol == PROTOCOL_TCP)
			fair_offer(&fair, stay->is.members[stay->judged.worst].uid,
			    stay->waits.since_usec, stay, 0);
	}
	count = fair_choose(&fair);
	for (size_t i = 0; i < count; i++) {
		struct stay *stay = fair.items[i].what;

		stay->waits.peers_asked = true;
		endpoints[i] = stay->is.endpoint;
	}
	fair_clear(&fair);
	return count;
}

static void
take_peers(struct stay *stay, const struct report_peers *peers)
{
	struct stay_errand *waits = &stay->waits;

	if (!waits->peers_asked)
		return;
	waits->peers_asked = false;
	/* Without memory they are asked for again. */
	if (waits->since_usec != 0 && peers != NULL && waits->peers == NULL) {
		waits->peers = malloc(sizeof(*waits->peers));
		if (waits->peers == NULL)
			return;
	}
	/* The alert did not wait for so long, or there is none any more. */
	if (waits->since_usec == 0)
		return;
	waits->peers_known = true;
	if (peers != NULL)
		*waits->peers = *peers;
	stay_note_change(stay);
}

void
ask_take_peers(struct track *track, const struct endpoint *endpoint,
    const struct report_peers *peers)
{
	for (size_t i = track_lower_bound(track, endpoint); i < track->count; i++) {
		if (endpoint_compare(&track->stays[i]->is.endpoint, endpoint) != 0)
			break;
		take_peers(track->stays[i], peers);
	}
}
