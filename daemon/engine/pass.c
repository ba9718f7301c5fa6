/* SPDX-License-Identifier: MIT */
/*
 * One pass over the stays, as a sequence:
 *
 *	leave       who left a port that others hold still (tenures.c)
 *	come back   whose newcomer is a former stay (comeback.c)
 *	ask         whose owner is not known yet: nothing is said of it before (ask.c)
 *	judge       what the rules say, where anything changed (judge-stay.c)
 *	tell        as far as age and verdict move it, and what a person hears of that (tell.c)
 *
 * and for all together what came due at once, the advice, the summary of the day and the heartbeat.
 *
 * It is made in slices, between which the daemon answers signals and its watchdog; all of it sees
 * one state, since nothing else is taken in meanwhile (engine.h).
 *
 * What it never does: decide any of that; or run where nothing can have changed (agenda.c).
 *
 * Cost: a comparison of times for each stay; nothing where a pass is left out.
 */
#include <stdlib.h>

#include "engine/ask.h"
#include "engine/comeback.h"
#include "engine/company.h"
#include "engine/due.h"
#include "engine/hint.h"
#include "engine/judge-stay.h"
#include "engine/pass.h"
#include "engine/summary.h"
#include "engine/tell.h"
#include "engine/tenures.h"

/* Returns true when it is over; so does the next one. */
static bool
visit_away(struct pass *pass, struct stay *stay)
{
	if (!comeback_leave(pass, stay))
		return false;
	if (!comeback_is_open(pass, stay))
		tell_end(pass, stay);
	return true;
}

/* Returns false where the slice is over: then nothing was told but what is told once. */
static bool
tell_present(struct pass *pass, struct stay *stay)
{
	uint64_t age_usec = stay_age_usec(stay, pass->poll_usec);

	/* It gets no older while no poll sees it: nothing becomes due. */
	if (!stay_is_seen(stay) && stay->is.state != STAY_OVERSTAYING) {
		tell_turns(pass, stay);
		agenda_repeat(&pass->engine->agenda);
		return true;
	}
	tell_persisting(pass, stay, age_usec);
	if (!judge_stay_keep(pass, stay))
		return false;
	age_usec = company_age_usec(stay, pass->poll_usec);
	if (tell_suspect(pass, stay, age_usec))
		return true;
	tell_hopping(pass, stay);
	tell_turns(pass, stay);
	advice_note(pass, stay);
	tell_overstay(pass, stay, age_usec);
	return true;
}

static bool
visit_present(struct pass *pass, struct stay *stay)
{
	if (!ask_resolved(pass, stay))
		return true;
	/* Not again where it was who shares it that took long. */
	if (pass->member == 0) {
		if (judge_stay_rests(pass, stay))
			return true;
		if (!judge_stay_in_slices(pass, stay))
			return false;
	}
	if (!tenures_note(pass, stay))
		return false;
	return tell_present(pass, stay);
}

static bool
visit(struct pass *pass, struct stay *stay)
{
	if (stay->is.state == STAY_AWAY)
		return visit_away(pass, stay);
	return stay->is.state == STAY_ENDED || visit_present(pass, stay);
}

/* A rule that asks for newer programs does so of each stay. */
static bool
find_newer(struct pass *pass)
{
	return (pass->engine->asked_hints >> HINT_NEWER & 1) == 0 ||
	    newer_make(&pass->newer, &pass->engine->track, pass->slice);
}

/* Where nobody knows yet what a stay is, nothing is told of it. */
static bool
visit_all(struct pass *pass)
{
	const struct track *track = &pass->engine->track;

	for (; pass->at < track->count; pass->at++) {
		if (slice_is_over(pass->slice) || !visit(pass, track->stays[pass->at]))
			return false;
	}
	return true;
}

static void
sweep_owners(struct pass *pass)
{
	struct engine *engine = pass->engine;
	uint64_t now_usec = pass->moment.boottime_usec;

	agenda_note_rest(&engine->agenda,
	    hopping_sweep(&engine->hopping, now_usec, engine->policy->grace_usec));
	agenda_note_rest(&engine->agenda,
	    turns_sweep(&engine->turns, now_usec, engine->policy->grace_usec));
	agenda_note_rest(&engine->agenda,
	    groups_sweep(&engine->groups, now_usec, engine->remind_usec));
	/* After a resume all that is due waits for the next poll. */
	if (engine->resumed)
		agenda_repeat(&engine->agenda);
}

static bool
forget_newer(struct pass *pass)
{
	return newer_clear(&pass->newer, pass->slice);
}

static bool
sweep_stays(struct pass *pass)
{
	return track_sweep(&pass->engine->track, pass->slice);
}

/* In this order; what is sliced is over when it returned true. */
static const struct {
	bool (*sliced)(struct pass *pass);
	void (*whole)(struct pass *pass); /* bounded by less than the number of stays */
} steps[] = {
	{ .sliced = tenures_leave },
	{ .sliced = find_newer },
	{ .sliced = comeback_all },
	{ .sliced = sweep_stays },
	{ .sliced = visit_all },
	{ .sliced = tell_suspects },
	{ .whole = tenures_tell },
	{ .sliced = due_tell },
	{ .whole = surge_tell },
	{ .whole = advice_tell },
	{ .sliced = tell_day },
	{ .whole = tell_heartbeat },
	{ .whole = sweep_owners },
	{ .sliced = forget_newer },
	{ .sliced = sweep_stays },
};

bool
pass_begin(struct pass *pass, struct engine *engine, const struct moment *moment)
{
	struct track *track = &engine->track;

	if (engine->last == NULL ||
	    agenda_is_at_rest(&engine->agenda, track->tally.changes, moment->boottime_usec,
		moment->realtime_usec))
		return false;
	*pass = (struct pass){
		.engine = engine,
		.moment = *moment,
		.poll_usec = engine->last->taken_usec,
		.move_budget = COMEBACK_MOVE_BUDGET,
		.hop_budget = HOPPING_BUDGET,
	};
	agenda_begin(&engine->agenda, track->tally.changes);
	track->tally.wants_owners = engine->wants_peers = false;
	return true;
}

bool
pass_go_on(struct pass *pass, struct slice *slice)
{
	pass->slice = slice;
	for (; pass->step < ARRAY_SIZE(steps); pass->step++) {
		if (steps[pass->step].whole != NULL)
			steps[pass->step].whole(pass);
		else if (!steps[pass->step].sliced(pass))
			return false;
		pass->at = 0;
	}
	return true;
}

void
pass_clear(struct pass *pass)
{
	struct slice whole = SLICE_WHOLE;

	sorting_clear(&pass->sorting);
	due_clear(pass);
	free(pass->suspects);
	free(pass->judging);
	pass->summing = summing_free(pass->summing);
	(void)newer_clear(&pass->newer, &whole);
	*pass = (struct pass){ 0 };
}
