/* SPDX-License-Identifier: MIT */
/*
 * The messages that come by the clock: the summary of the day, and the heartbeat. Each is made
 * whole or, without memory, in the next poll.
 */
#include "engine/pass.h"
#include "engine/summary.h"
#include "engine/tell.h"

/* Once a `remind`; sooner where a rule wants to be reminded of a stay sooner. */
static uint64_t
find_day_due(const struct engine *engine)
{
	uint64_t remind_usec = engine->policy->remind_usec;
	uint64_t due_usec =
	    remind_usec == USEC_NEVER ? USEC_NEVER : engine->summed_usec + remind_usec;

	for (size_t i = 0; i < engine->track.count; i++) {
		const struct stay *stay = engine->track.stays[i];
		uint64_t span_usec = stay->judged.verdict.remind_usec;

		if (stay->is.state == STAY_OVERSTAYING && span_usec != USEC_NEVER &&
		    stay->told.reminded_sec * USEC_PER_SEC + span_usec < due_usec)
			due_usec = stay->told.reminded_sec * USEC_PER_SEC + span_usec;
	}
	return due_usec;
}

/* Reports it. Returns false where the slice is over. */
static bool
tell_summary(struct pass *pass)
{
	struct engine *engine = pass->engine;
	struct report *report;

	if (pass->summing == NULL)
		pass->summing = summing_of_day(&engine->track);
	if (pass->summing != NULL && !summing_go_on(pass->summing, pass->slice))
		return false;
	report = summary_of_day(pass->summing, &engine->track, &engine->groups,
	    pass->moment.boottime_usec);
	pass->summing = summing_free(pass->summing);
	/* Without memory it is due again in the next poll. */
	if (report == NULL) {
		agenda_repeat(&engine->agenda);
		pass->day = DAY_UNKNOWN;
		return true;
	}
	outbox_put(&engine->outbox, report, &pass->moment);
	pass->day = DAY_TOLD;
	groups_note_summary(&engine->groups, pass->moment.boottime_usec);
	return true;
}

/* The summary was told, and spoke of all. Returns false where the slice is over. */
static bool
note_summary(struct pass *pass)
{
	const struct track *track = &pass->engine->track;
	uint64_t now_usec = pass->moment.boottime_usec;

	for (; pass->at < track->count; pass->at++) {
		struct stay *stay = track->stays[pass->at];

		if (slice_is_over(pass->slice))
			return false;
		group_note_named(stay, now_usec);
		stay->told.reminded_sec = (uint32_t)(now_usec / USEC_PER_SEC);
		stay_note_change(stay);
	}
	pass->engine->summed_usec = now_usec;
	return true;
}

bool
tell_day(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec, due_usec;

	/* A reload does not begin the day anew, or a host that reloads often would never tell. */
	if (engine->summed_usec == 0)
		engine->summed_usec = now_usec;
	if (pass->day == DAY_UNKNOWN) {
		due_usec = find_day_due(engine);
		if (now_usec < due_usec) {
			agenda_plan(&engine->agenda, 0, due_usec);
			return true;
		}
		pass->day = DAY_DUE;
	}
	if (pass->day == DAY_DUE) {
		if (!tell_summary(pass))
			return false;
		if (pass->day != DAY_TOLD)
			return true;
	}
	if (!note_summary(pass))
		return false;
	agenda_plan(&engine->agenda, 0, find_day_due(engine));
	return true;
}

void
tell_heartbeat(struct pass *pass)
{
	struct engine *engine = pass->engine;
	const struct policy *policy = engine->policy;
	uint64_t every_usec = policy->heartbeat_usec, now_usec = pass->moment.boottime_usec;
	uint64_t due_usec = heartbeat_due_usec(&engine->heartbeat, every_usec, now_usec);

	if (now_usec >= due_usec) {
		struct report *report =
		    summary_of_watch(&engine->track, &engine->heartbeat, policy);

		/* Without memory it is due again in the next poll. */
		if (report == NULL) {
			agenda_repeat(&engine->agenda);
			return;
		}
		outbox_put(&engine->outbox, report, &pass->moment);
		heartbeat_spoken(&engine->heartbeat, every_usec, due_usec, now_usec);
		due_usec = heartbeat_due_usec(&engine->heartbeat, every_usec, now_usec);
	}
	agenda_plan(&engine->agenda, 0, due_usec);
}
