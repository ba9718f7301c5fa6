/* SPDX-License-Identifier: MIT */
/*
 * One pass over the stays, and what the engine's own files share. Nobody outside includes it.
 */
#ifndef OVERSTAY_ENGINE_PASS_H
#define OVERSTAY_ENGINE_PASS_H

#include "engine/advice.h"
#include "engine/agenda.h"
#include "engine/asking.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/heartbeat.h"
#include "engine/hopping.h"
#include "engine/namespace.h"
#include "engine/newer.h"
#include "engine/surge.h"
#include "engine/turns.h"
#include "engine/usage.h"
#include "engine/verified.h"

struct engine {
	const struct policy *policy;
	struct namespace namespace; /* the one that is watched */
	uint32_t protocols;
	struct snapshot *last;
	uint64_t before_usec; /* when the poll before it was taken, 0 = there was none */
	struct track track;
	struct asking asking;
	struct agenda agenda;
	struct outbox outbox;
	struct hopping hopping;
	struct occupations turns;
	struct groups groups;
	struct surge surge;
	struct advice advice;
	struct verified verified;
	struct usage usage;
	struct heartbeat heartbeat;
	uint32_t asked_hints; /* bits 1 << enum hint: those that rules ask for */
	bool asks_interface;  /* a rule matches interfaces */
	const char *(*interface_name)(uint32_t index, void *argument);
	void *interface_argument;
	struct diff_counts changes;
	bool resumed;	/* nothing overstays until the next poll */
	bool overslept; /* what is due became so while the host slept */
	bool wants_peers;
	uint64_t patient_usec; /* how old a client's UDP socket gets before it is asked for */
	uint64_t remind_usec;  /* the longest of all */
	uint64_t summed_usec;  /* when the last summary was told or the watch began, 0 = not yet */
	uint64_t waiting_usec; /* since when overstays wait for owners, 0 = none */
};

/* What one pass carries along. */
struct pass {
	struct engine *engine;
	struct moment moment;
	uint64_t poll_usec; /* of the last poll: ages are what was observed then */
	struct stay **due;  /* reached their threshold, not told yet; due.c's */
	size_t due_count, due_room;
	struct stay **suspects; /* are due, not told yet; tell.c's */
	size_t suspect_count, suspect_room;
	bool waiting;	    /* one of them waits for its owner */
	struct newer newer; /* for who is reported in this pass */
	size_t move_budget; /* comparisons that are left to find out who moved, */
	size_t hop_budget;  /* and who opened a port before it left one */
};

/* As engine_advance(). */
void pass_run(struct engine *engine, const struct moment *moment);

#endif
