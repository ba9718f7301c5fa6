/* SPDX-License-Identifier: MIT */
/*
 * When the next pass over the stays has something to do. See agenda.c.
 */
#ifndef OVERSTAY_ENGINE_AGENDA_H
#define OVERSTAY_ENGINE_AGENDA_H

#include <stdbool.h>
#include <stdint.h>

struct agenda {
	uint64_t seen;	       /* changes (struct stay_tally) by the time the last pass began */
	uint64_t due_usec;     /* CLOCK_BOOTTIME: a poll is to be made, */
	uint64_t rest_usec;    /* without one, */
	uint64_t verdict_usec; /* CLOCK_REALTIME: the first verdict expires */
};

/* A pass begins, which sees so many changes: it notes anew what comes after it. */
void agenda_begin(struct agenda *agenda, uint64_t changes);

/* True where a pass now would find what the last one left, and nothing to do. */
bool agenda_is_at_rest(const struct agenda *agenda, uint64_t changes, uint64_t boottime_usec,
    uint64_t realtime_usec);

/* A poll is to be made at from_usec + span_usec at the latest (USEC_NEVER: not for that). */
void agenda_plan(struct agenda *agenda, uint64_t from_usec, uint64_t span_usec);

/* A pass at that time has something to do, but nothing that a poll is made for. */
void agenda_note_rest(struct agenda *agenda, uint64_t rest_usec);
void agenda_note_verdict(struct agenda *agenda, uint64_t verdict_usec);

/* Something waits for the next poll, even if that changes nothing: no pass is left out. */
void agenda_repeat(struct agenda *agenda);

#endif
