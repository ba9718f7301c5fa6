/* SPDX-License-Identifier: MIT */
/*
 * One pass over the stays, as a sequence:
 *
 *	come back   whose newcomer is a former stay (comeback.c)
 *	ask         whose owner is not known yet: nothing is said of it before (ask.c)
 *	judge       what the rules say, where anything changed (judge-stay.c)
 *	tell        as far as age and verdict move it, and what a person hears of that (tell.c)
 *
 * and for all together what came due at once, the advice, the summary of the day and the heartbeat.
 *
 * What it never does: decide any of that; or run where nothing can have changed (agenda.c).
 *
 * Cost: a comparison of times for each stay; nothing where a pass is left out.
 */
#include "engine/ask.h"
#include "engine/comeback.h"
#include "engine/company.h"
#include "engine/due.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/tell.h"

static void
visit_away(struct pass *pass, struct stay *stay)
{
	comeback_leave(pass, stay);
	if (!comeback_is_open(pass, stay))
		tell_end(pass, stay);
}

static void
visit_present(struct pass *pass, struct stay *stay)
{
	uint64_t age_usec = stay_age_usec(stay, pass->poll_usec);

	if (!ask_resolved(pass, stay))
		return;
	judge_stay(pass, stay);
	/* It gets no older while no poll sees it: nothing becomes due. */
	if (!stay_is_seen(stay) && stay->is.state != STAY_OVERSTAYING) {
		tell_turns(pass, stay);
		agenda_repeat(&pass->engine->agenda);
		return;
	}
	tell_persisting(pass, stay, age_usec);
	judge_stay_keep(pass, stay);
	age_usec = company_age_usec(stay, pass->poll_usec);
	if (tell_suspect(pass, stay, age_usec))
		return;
	tell_hopping(pass, stay);
	tell_turns(pass, stay);
	advice_note(pass, stay);
	tell_overstay(pass, stay, age_usec);
}

void
pass_run(struct engine *engine, const struct moment *moment)
{
	struct track *track = &engine->track;
	struct pass pass = {
		.engine = engine,
		.moment = *moment,
		.move_budget = COMEBACK_MOVE_BUDGET,
		.hop_budget = HOPPING_BUDGET,
	};

	if (engine->last == NULL ||
	    agenda_is_at_rest(&engine->agenda, track->tally.changes, moment->boottime_usec,
		moment->realtime_usec))
		return;
	pass.poll_usec = engine->last->taken_usec;
	agenda_begin(&engine->agenda, track->tally.changes);
	track->tally.wants_owners = engine->wants_peers = false;
	comeback_all(&pass);
	for (size_t i = 0; i < track->count; i++) {
		struct stay *stay = track->stays[i];

		if (stay->is.state == STAY_AWAY)
			visit_away(&pass, stay);
		else if (stay->is.state != STAY_ENDED)
			visit_present(&pass, stay);
	}
	tell_suspects(&pass);
	due_tell(&pass);
	surge_tell(&pass);
	advice_tell(&pass);
	tell_day(&pass);
	tell_heartbeat(&pass);
	agenda_note_rest(&engine->agenda,
	    hopping_sweep(&engine->hopping, moment->boottime_usec, engine->policy->grace_usec));
	agenda_note_rest(&engine->agenda,
	    turns_sweep(&engine->turns, moment->boottime_usec, engine->policy->grace_usec));
	agenda_note_rest(&engine->agenda,
	    groups_sweep(&engine->groups, moment->boottime_usec, engine->remind_usec));
	newer_clear(&pass.newer);
	track_sweep(track);
	/* After a resume all that is due waits for the next poll. */
	if (engine->resumed)
		agenda_repeat(&engine->agenda);
}
