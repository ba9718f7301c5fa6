/* SPDX-License-Identifier: MIT */
/*
 * When a heartbeat is due, and what it counts. A host that logs nothing has nothing to report, or
 * is not watched: whoever collects the messages of many hosts tells one from the other by this.
 *
 *	first	between (every - HEARTBEAT_SPREAD_USEC) and every after the start, by the host's
 *		offset: five hundred hosts that were started together do not speak together, and
 *		none is silent for longer than `every`
 *	next	every after that. What was late (the host slept) is told once, and does not move
 *		those that follow
 *
 * A reload does not begin the time anew; another `every` counts from the last message.
 *
 * What it never does: read a clock, or choose the offset. Cost: a comparison a pass.
 */
#include "engine/heartbeat.h"

uint64_t
heartbeat_due_usec(struct heartbeat *heartbeat, uint64_t every_usec, uint64_t now_usec)
{
	uint64_t spread_usec =
	    every_usec < HEARTBEAT_SPREAD_USEC ? every_usec : HEARTBEAT_SPREAD_USEC;
	uint64_t early_usec;

	if (heartbeat->last_usec == 0)
		heartbeat->last_usec = now_usec;
	if (every_usec == USEC_NEVER)
		return USEC_NEVER;
	early_usec =
	    heartbeat->spoken || spread_usec == 0 ? 0 : heartbeat->offset_usec % spread_usec;
	return heartbeat->last_usec + every_usec - early_usec;
}

void
heartbeat_spoken(struct heartbeat *heartbeat, uint64_t every_usec, uint64_t due_usec,
    uint64_t now_usec)
{
	uint64_t late_usec = now_usec > due_usec ? now_usec - due_usec : 0;

	heartbeat->last_usec = every_usec == 0 ? now_usec : now_usec - late_usec % every_usec;
	heartbeat->spoken = true;
	heartbeat->polls = heartbeat->missed = 0;
}
