/* SPDX-License-Identifier: MIT */
/*
 * tell, the fifth of the five verbs: how far age and verdict move a stay, and what is told of that.
 * What was told stands in the stay (`told`), since it decides what is told later.
 *
 *	appeared           older than log.after; before that nobody hears of it
 *	overstay           reached its threshold: due.c has what is told of those that are due
 *	suspect            as soon as its own threshold is reached, alone and never in a summary. By
 *	                   morning its process is gone, so it waits until every holder was searched,
 *	                   the program's checksum taken and the peers asked for; for nothing else.
 *	                   Once a process (group.c)
 *	hopping            its owner keeps below the threshold by taking one port after the other;
 *	                   one alert an owner, as for overstays (group.c)
 *	turns              its occupant's programs keep a port by handing it to each other; one
 *	                   alert an occupant
 *	cleared            a rule, a reload or other ranges took the reason away
 *	ended, vanished    its grace is over; it had overstayed, or not. Ended, too: that of its
 *	                   last reported owner is over, and allowed ones stay
 *	rebound            it is back
 *
 * What it never does: alert about a stay that the last poll did not prove to be there, or tell
 * twice what has not become graver and is the same owner's.
 *
 * Cost: a few comparisons for a stay of which there is nothing to tell; as much as TELL_STEPS stays
 * for one of which there is.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "engine/ask.h"
#include "engine/company-owners.h"
#include "engine/company.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/summary.h"
#include "engine/tell.h"

/* What a report costs, in steps of a slice. */
#define TELL_STEPS 32

/* Whose socket the verdict is about. */
static uint32_t
uid_of(const struct stay *stay)
{
	return stay->is.members[stay->judged.worst].uid;
}

/* An alert that its user has too many of is an entry, and one message speaks for all of those. */
static void
spend(struct pass *pass, struct stay *stay, struct telling *telling)
{
	struct surge *surge = &pass->engine->surge;
	uint64_t now_usec = pass->moment.boottime_usec;

	if (telling->in_summary || surge_admit(surge, stay, now_usec))
		return;
	surge_add(surge, stay, telling->kind == EVENT_SUSPECT ? SURGE_SUSPECTS : SURGE_OVERSTAYS,
	    now_usec);
	telling->priority = SEVERITY_INFO;
	telling->in_summary = true;
	stay->told.entered = true;
}

static void
tell(struct pass *pass, struct stay *stay, const struct telling *telling)
{
	struct telling with_use = *telling;

	with_use.use = usage_report(&pass->engine->usage, stay, &pass->moment);
	/* What it takes to find a newer process is for alerts alone. */
	if (telling->kind == EVENT_OVERSTAY || telling->kind == EVENT_SUSPECT ||
	    telling->kind == EVENT_HOPPING)
		judge_stay_hint(pass, stay);
	if (event_kind_alerts(telling->kind))
		spend(pass, stay, &with_use);
	stay->told.any = true;
	stay->told.sequence++;
	stay_note_change(stay);
	outbox_tell(&pass->engine->outbox, stay, &with_use, &pass->engine->namespace.ranges,
	    &pass->moment);
	slice_spend(pass->slice, TELL_STEPS);
}

static void
tell_event(struct pass *pass, struct stay *stay, enum event_kind kind, enum severity priority)
{
	tell(pass, stay, &(struct telling){ .kind = kind, .priority = priority });
}

/* The priority of a line that only informs, SEVERITY_OFF = no line. */
static enum severity
line_priority(const struct engine *engine, const struct stay *stay, enum severity wanted)
{
	return stay->is.endpoint.protocol == PROTOCOL_UDP ? engine->policy->log_udp : wanted;
}

/* The priority of what is told of one that overstayed, once that is over. */
static enum severity
overstay_priority(const struct stay *stay)
{
	return stay->told.entered ? SEVERITY_INFO : SEVERITY_NOTICE;
}

/* What was there at the first poll is known to whoever reads the messages, by its own account; and
 * what was perhaps there all the time did not appear. */
static bool
is_introduced(const struct stay *stay)
{
	return stay->told.any || stay->is.baseline || stay->is.late;
}

/* True where an alert can be made now. Else it is not told, and is when there is room. */
static bool
has_room(struct pass *pass, const struct stay *stay)
{
	bool room = outbox_has_room(&pass->engine->outbox, uid_of(stay));

	if (!room)
		agenda_repeat(&pass->engine->agenda);
	return room;
}

void
tell_alert(struct pass *pass, struct stay *stay, const struct telling *telling)
{
	struct telling with_joined = *telling;

	with_joined.joined_usec = company_joined_usec(stay);
	if (stay->is.state == STAY_PERSISTING)
		(void)stay_advance(stay, STAY_EVENT_OVERSTAY);
	/* What was reported by itself does not become an entry by being one more. */
	stay->told.entered = telling->entry && (stay->told.entered || !stay->told.overstayed);
	stay->told.overstayed = true;
	/* Of several owners the gravest: less grave ones are no rise. */
	if (stay->judged.verdict.severity < stay->told.severity)
		stay->told.severity = stay->judged.verdict.severity;
	stay->told.reminded_sec = (uint32_t)(pass->moment.boottime_usec / USEC_PER_SEC);
	tell(pass, stay, &with_joined);
	company_note_report(stay, telling->kind == EVENT_SUSPECT);
}

/* Those of the same process that are due as suspects, too, for the same reasons. Each is an entry
 * as soon as all is known that its own alert waits for. Returns how many there are; others has room
 * for max of them. */
static size_t
gather_beside(struct pass *pass, const struct stay *stay, struct stay **others, size_t max)
{
	const struct process *process = stay_process(stay), *holder;
	const struct track *track = &pass->engine->track;
	struct group_key key = group_key_of_suspect(stay), other_key;
	size_t count = 0;

	for (size_t i = 0; i < track->count; i++) {
		struct stay *other = track->stays[i];

		if (other == stay || !other->judged.verdict.suspect || !company_is_stranger(other))
			continue;
		/* Thousands of suspects may come at once: a sum is for those of the process. */
		holder = stay_process(other);
		if (process == NULL || holder == NULL || !process_same(holder, process) ||
		    other->is.state == STAY_AWAY || other->is.state == STAY_ENDED ||
		    other->judged.classification.reasons != stay->judged.classification.reasons ||
		    !group_key_knows(other) || !stay_is_seen(other) ||
		    stay_age_usec(other, pass->poll_usec) < other->judged.verdict.threshold_usec)
			continue;
		other_key = group_key_of_suspect(other);
		if (memcmp(&other_key, &key, sizeof(key)) != 0)
			continue;
		if (count < max)
			others[count] = other;
		count++;
	}
	slice_spend(pass->slice, track->count);
	return count;
}

/* True where there was no memory for the owner's group: without that nobody knows whether he was
 * reported. Then it is due again in the next poll. */
static bool
lacks_group(struct pass *pass, const struct stay *stay, const struct group *group)
{
	bool lacks =
	    group == NULL && group_key_knows(stay) && groups_have_room(&pass->engine->groups, stay);

	if (lacks)
		agenda_repeat(&pass->engine->agenda);
	return lacks;
}

/* A process is told as a suspect once for the same reasons: its other listeners are entries, which
 * the next summary counts. */
static void
tell_suspected(struct pass *pass, struct stay *stay, struct group *group)
{
	uint64_t now_usec = pass->moment.boottime_usec;
	bool news = group_is_news(group, stay, now_usec);
	struct stay *others[REPORT_PORTS_MAX - 1];
	struct telling telling = {
		.kind = EVENT_SUSPECT,
		.priority = news ? stay->judged.verdict.severity : SEVERITY_INFO,
		.in_summary = !news,
		.entry = !news && group->reported_usec != now_usec,
		.others = others,
	};

	if (news && group != NULL && surge_has_room(&pass->engine->surge, stay, now_usec))
		telling.other_count = gather_beside(pass, stay, others, ARRAY_SIZE(others));
	if (news)
		group_note_report(group, stay, telling.other_count, now_usec);
	if (telling.entry)
		group_note_entry(group, stay);
	stay->told.suspected = true;
	stay->told.reasons = stay->judged.classification.reasons;
	tell_alert(pass, stay, &telling);
}

void
tell_persisting(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	const struct policy *policy = pass->engine->policy;
	uint64_t after_usec = policy->log_after_usec;
	enum severity priority;

	if (stay->is.state != STAY_NEW)
		return;
	/* Whoever overstays sooner than `after` has appeared before. */
	if (stay->judged.verdict.threshold_usec < after_usec)
		after_usec = stay->judged.verdict.threshold_usec;
	if (age_usec < after_usec) {
		agenda_plan(&pass->engine->agenda, stay->is.first_seen_usec, after_usec);
		return;
	}
	(void)stay_advance(stay, STAY_EVENT_PERSIST);
	ask_thorough(stay);
	priority = line_priority(pass->engine, stay, policy->log_appeared);
	if (!is_introduced(stay) && priority != SEVERITY_OFF)
		tell_event(pass, stay, EVENT_APPEARED, priority);
}

bool
tell_suspect(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	const struct verdict *verdict = &stay->judged.verdict;

	if (stay->is.state == STAY_NEW)
		return false;
	if (!verdict->suspect) {
		stay_stop_waiting(stay);
		return false;
	}
	if (age_usec < verdict->threshold_usec) {
		agenda_plan(&pass->engine->agenda, pass->poll_usec - age_usec,
		    verdict->threshold_usec);
		return false;
	}
	if (!stay_is_seen(stay) ||
	    (!company_is_stranger(stay) && verdict->severity >= stay->told.severity) ||
	    pass->engine->resumed || ask_suspect(pass, stay) || !has_room(pass, stay))
		return true;
	/* Without memory it is due again in the next poll. */
	if (array_reserve(&pass->suspects, &pass->suspect_room, pass->suspect_count + 1,
		ARRAY_UNBOUNDED) < 0)
		agenda_repeat(&pass->engine->agenda);
	else
		pass->suspects[pass->suspect_count++] = stay;
	return true;
}

bool
tell_suspects(struct pass *pass)
{
	struct group *group;
	struct stay *stay;

	if (pass->suspect_count == 0)
		return true;
	if (!newer_make(&pass->newer, &pass->engine->track, pass->slice))
		return false;
	if (!pass->sorts) {
		surge_sort(&pass->sorting, pass->suspects, pass->suspect_count);
		pass->sorts = true;
	}
	if (!sorting_go_on(&pass->sorting, pass->slice))
		return false;
	for (; pass->at < pass->suspect_count; pass->at++) {
		if (slice_is_over(pass->slice))
			return false;
		stay = pass->suspects[pass->at];
		group = company_join(&pass->engine->groups, stay);
		if (lacks_group(pass, stay, group))
			continue;
		tell_suspected(pass, stay, group);
		stay_stop_waiting(stay);
	}
	free(pass->suspects);
	pass->suspects = NULL;
	pass->suspect_count = pass->suspect_room = 0;
	pass->sorts = false;
	return true;
}

/* Its owner is reported once, whatever it is reported for: what it does after that is an entry, or
 * a number in the next summary while the chain goes on. The stay joins the owner's group for the
 * moment: it does not overstay. */
static void
tell_hopped(struct pass *pass, struct stay *stay, struct chain *chain, uint64_t span_usec)
{
	struct group_rank rank = group_rank_of(stay);
	uint64_t now_usec = pass->moment.boottime_usec;
	struct group *group, *own = stay->told.group;
	bool news, again = chain->told;

	/* Who shares it may be reported: it is that one's still. */
	stay->told.group = NULL;
	group = groups_join_hopping(&pass->engine->groups, stay);
	if (lacks_group(pass, stay, group)) {
		stay->told.group = own;
		return;
	}
	rank.exposure = chain->exposure;
	rank.severity = chain->severity;
	news = group == NULL ? !again : group_rank_is_news(group, &rank, now_usec);
	if (news)
		group_rank_note_report(group, &rank, now_usec);
	else
		group_rank_note_entries(group, &rank, again ? chain->hops - chain->told_hops : 1);
	chain->told = true;
	chain->told_hops = chain->hops;
	stay_note_change(stay);
	if (news || !again)
		tell(pass, stay,
		    &(struct telling){
			.kind = EVENT_HOPPING,
			.priority = news ? (enum severity)chain->severity : SEVERITY_INFO,
			.in_summary = !news,
			.entry = !news,
			.chain = chain,
			.span_usec = span_usec,
		    });
	group_leave(stay);
	stay->told.group = own;
}

void
tell_chain(struct pass *pass, struct stay *stay, struct chain *chain, uint64_t from_usec)
{
	uint64_t span_usec, threshold_usec = stay->judged.verdict.threshold_usec;

	if (chain->hops < HOPPING_HOPS_MIN || threshold_usec == USEC_NEVER ||
	    (chain->told && chain->hops == chain->told_hops))
		return;
	span_usec = hopping_span_usec(chain, from_usec, pass->poll_usec);
	if (span_usec < threshold_usec)
		agenda_plan(&pass->engine->agenda, pass->poll_usec, threshold_usec - span_usec);
	else if (!pass->engine->resumed && stay_is_seen(stay) && has_room(pass, stay))
		tell_hopped(pass, stay, chain, span_usec);
}

void
tell_hopping(struct pass *pass, struct stay *stay)
{
	struct tenure tenure = hopping_tenure_of(stay);

	if (tenure.chain == NULL)
		return;
	if (stay->judged.verdict.allowed || stay->told.overstayed ||
	    (pass->engine->policy->hopping >> stay->is.endpoint.protocol & 1) == 0) {
		hopping_drop(stay);
		return;
	}
	hopping_note_rank(&tenure);
	tell_chain(pass, stay, tenure.chain, tenure.from_usec);
}

/* An occupant is reported once, whichever of its ports it is; what follows are entries, and turns
 * that the next summary counts. A program that took turns and overstays by itself was reported by
 * this. */
static void
tell_occupied(struct pass *pass, struct stay *stay, struct occupation *occupation)
{
	struct groups *groups = &pass->engine->groups;
	struct group_rank rank = group_rank_of(stay);
	struct group_key key = turns_group_key(occupation);
	uint64_t now_usec = pass->moment.boottime_usec;
	struct group *group = groups_join_as(groups, stay, &key);
	bool news, again = occupation->told;

	if (lacks_group(pass, stay, group))
		return;
	rank.exposure = (enum exposure)occupation->exposure;
	rank.severity = turns_severity(occupation);
	news = group == NULL ? !again : group_rank_is_news(group, &rank, now_usec);
	if (news) {
		group_rank_note_report(group, &rank, now_usec);
		for (uint8_t i = 0; i < occupation->taker_count; i++)
			if (occupation->takers[i].has_owner)
				groups_note_reported(groups, stay, &occupation->takers[i].owner,
				    &rank, now_usec);
	} else
		group_rank_note_entries(group, &rank,
		    again ? occupation->turns - occupation->told_turns : 1);
	occupation->told = true;
	occupation->told_turns = occupation->turns;
	stay_note_change(stay);
	if (news || !again)
		tell(pass, stay,
		    &(struct telling){
			.kind = EVENT_TURNS,
			.priority = news ? rank.severity : SEVERITY_INFO,
			.in_summary = !news,
			.entry = !news,
			.occupation = occupation,
			.span_usec = occupation->covered_usec,
		    });
	group_leave(stay);
}

void
tell_turns(struct pass *pass, struct stay *stay)
{
	const struct policy *policy = pass->engine->policy;
	struct occupation *occupation;
	uint64_t threshold_usec = stay->judged.verdict.threshold_usec;

	if ((policy->hopping >> stay->is.endpoint.protocol & 1) == 0 || turns_is_apart(stay))
		return;
	occupation = turns_find(&pass->engine->turns, stay, policy->grace_usec);
	if (occupation == NULL)
		return;
	turns_keep(occupation, pass->moment.boottime_usec);
	/* Whose the time is must not depend on which passes were left out. */
	agenda_repeat(&pass->engine->agenda);
	if (!stay_is_seen(stay))
		return;
	if (turns_note(occupation, stay, pass->poll_usec) < 0 || !turns_is_certain(stay) ||
	    occupation->stays < TURNS_MIN ||
	    (occupation->told && occupation->turns == occupation->told_turns))
		return;
	if (occupation->spent_usec < threshold_usec)
		agenda_plan(&pass->engine->agenda, pass->poll_usec,
		    threshold_usec - occupation->spent_usec);
	else if (!pass->engine->resumed && has_room(pass, stay))
		tell_occupied(pass, stay, occupation);
}

/* It reached its threshold, became graver, or is another owner's: to be told by due_tell(). */
static void
note_due(struct pass *pass, struct stay *stay)
{
	if (pass->engine->resumed || !stay_is_seen(stay) || !has_room(pass, stay))
		return;
	if (ask_owners(pass, stay, DEPTH_THOROUGH, pass->engine->waiting_usec))
		pass->waiting = true;
	/* Without memory all are due again in the next poll: one owner's are reported together. */
	if (array_reserve(&pass->due, &pass->due_room, pass->due_count + 1, ARRAY_UNBOUNDED) < 0) {
		agenda_repeat(&pass->engine->agenda);
		pass->due_lacks = true;
		return;
	}
	pass->due[pass->due_count++] = stay;
}

/* The end of what overstayed: the stay's, or of the reported owner that left allowed ones. */
static void
tell_ended(struct pass *pass, struct stay *stay)
{
	const struct company *company = stay->told.company;

	group_leave(stay);
	tell(pass, stay,
	    &(struct telling){
		.kind = EVENT_ENDED,
		.priority = overstay_priority(stay),
		.left = company != NULL && company->left_usec != 0 ? company : NULL,
	    });
}

static void
forget_alerts(struct stay *stay)
{
	stay->told.overstayed = stay->told.suspected = false;
	stay->told.reasons = 0;
	stay->told.severity = SEVERITY_OFF;
	company_forget(stay);
}

static void
tell_cleared(struct pass *pass, struct stay *stay)
{
	const struct company *company = stay->told.company;
	uint64_t grace_usec = pass->engine->policy->grace_usec;
	bool left = company != NULL && company->left_usec != 0;

	/* It may come back, and what goes on is no end. */
	if (left && pass->poll_usec < company->left_usec + grace_usec) {
		agenda_plan(&pass->engine->agenda, company->left_usec, grace_usec);
		return;
	}
	(void)stay_advance(stay, STAY_EVENT_CLEAR);
	if (left)
		tell_ended(pass, stay);
	else {
		group_revoke(stay);
		tell_event(pass, stay, EVENT_CLEARED, overstay_priority(stay));
	}
	forget_alerts(stay);
}

void
tell_overstay(struct pass *pass, struct stay *stay, uint64_t age_usec)
{
	const struct verdict *verdict = &stay->judged.verdict;
	bool stranger = company_is_stranger(stay);

	if (stay->is.state == STAY_OVERSTAYING && !stranger) {
		if (age_usec >= verdict->threshold_usec) {
			if (verdict->severity < stay->told.severity)
				note_due(pass, stay);
		} else if (company_is_settled(stay))
			tell_cleared(pass, stay);
	}
	if (stay->is.state != STAY_PERSISTING && (stay->is.state != STAY_OVERSTAYING || !stranger))
		return;
	if (age_usec >= verdict->threshold_usec)
		note_due(pass, stay);
	else
		agenda_plan(&pass->engine->agenda, pass->poll_usec - age_usec,
		    verdict->threshold_usec);
}

/* It left before its owner's name came: it has appeared all the same, and is told so before it is
 * told as gone. Returns false without memory. */
static bool
tell_belated(struct pass *pass, struct stay *stay)
{
	enum severity priority =
	    line_priority(pass->engine, stay, pass->engine->policy->log_appeared);

	if (priority == SEVERITY_OFF)
		return true;
	if (!lookup_go_on(stay, pass->moment.boottime_usec))
		return false;
	judge_stay(pass, stay);
	tell_event(pass, stay, EVENT_APPEARED, priority);
	return true;
}

void
tell_end(struct pass *pass, struct stay *stay)
{
	const struct policy *policy = pass->engine->policy;
	enum severity priority = line_priority(pass->engine, stay, policy->log_vanished);
	bool loud = stay->told.any || stay_age_usec(stay, 0) >= policy->log_after_usec;

	if (loud && !is_introduced(stay) && !tell_belated(pass, stay)) {
		agenda_repeat(&pass->engine->agenda);
		return;
	}
	(void)stay_advance(stay, STAY_EVENT_END);
	if (stay->told.overstayed)
		tell_ended(pass, stay);
	else if (loud && priority != SEVERITY_OFF)
		tell_event(pass, stay, EVENT_VANISHED, priority);
}

void
tell_rebound(struct pass *pass, struct stay *stay, uint64_t away_usec)
{
	struct telling telling = {
		.kind = EVENT_REBOUND,
		.priority = line_priority(pass->engine, stay, pass->engine->policy->log_appeared),
		.away_usec = away_usec,
	};

	if (stay->told.overstayed)
		telling.priority = overstay_priority(stay);
	/* A service that may have any port has another one each time: that is no news. */
	if (stay->is.moved_from != 0 && stay->judged.verdict.allowed)
		return;
	if (is_introduced(stay) && telling.priority != SEVERITY_OFF)
		tell(pass, stay, &telling);
}

void
tell_unwatched(struct engine *engine, struct stay *stay, const struct moment *moment)
{
	struct slice whole = SLICE_WHOLE;
	struct pass pass = { .engine = engine, .moment = *moment, .slice = &whole };

	group_revoke(stay);
	if (stay->told.overstayed)
		tell(&pass, stay,
		    &(struct telling){
			.kind = EVENT_CLEARED,
			.priority = overstay_priority(stay),
			.unwatched = true,
		    });
}
void
tell_advice(struct pass *pass, struct stay *stay, const char *line)
{
	tell(pass, stay,
	    &(struct telling){
		.kind = EVENT_ADVICE,
		.priority = SEVERITY_NOTICE,
		.advice = line,
	    });
}

void
tell_note_advised(struct stay *stay)
{
	stay->told.advised = true;
	stay_note_change(stay);
}
