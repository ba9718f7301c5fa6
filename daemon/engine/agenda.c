/* SPDX-License-Identifier: MIT */
/*
 * When the next pass has something to do. Most polls change nothing, and a pass over what was the
 * same in the last one, and for which no time came meanwhile, finds nothing to do: it is left out.
 *
 * Nobody says that a pass is needed. Whatever changes in a stay is counted (stay_note_change(),
 * called by the functions that change it), and a pass is left out only when nothing was counted
 * since the last one began: what came in (owners, peers, a policy, ranges) makes the next call a
 * pass, and so does what that pass itself told, moved, judged or asked for, since it may matter to
 * a stay that it had visited before.
 *
 * What it never does: know what is to be done. Cost: a few comparisons.
 */
#include "base/macros.h"
#include "engine/agenda.h"

void
agenda_begin(struct agenda *agenda, uint64_t changes)
{
	*agenda = (struct agenda){
		.seen = changes,
		.due_usec = USEC_NEVER,
		.rest_usec = USEC_NEVER,
		.verdict_usec = USEC_NEVER,
	};
}

bool
agenda_is_at_rest(const struct agenda *agenda, uint64_t changes, uint64_t boottime_usec,
    uint64_t realtime_usec)
{
	return agenda->seen == changes && boottime_usec < agenda->due_usec &&
	    boottime_usec < agenda->rest_usec && realtime_usec < agenda->verdict_usec;
}

static void
lower(uint64_t *time_usec, uint64_t new_usec)
{
	if (new_usec < *time_usec)
		*time_usec = new_usec;
}

void
agenda_plan(struct agenda *agenda, uint64_t from_usec, uint64_t span_usec)
{
	lower(&agenda->due_usec, span_usec == USEC_NEVER ? USEC_NEVER : from_usec + span_usec);
}

void
agenda_note_rest(struct agenda *agenda, uint64_t rest_usec)
{
	lower(&agenda->rest_usec, rest_usec);
}

void
agenda_note_verdict(struct agenda *agenda, uint64_t verdict_usec)
{
	lower(&agenda->verdict_usec, verdict_usec);
}

void
agenda_repeat(struct agenda *agenda)
{
	agenda->rest_usec = 0;
}
