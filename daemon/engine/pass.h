/* SPDX-License-Identifier: MIT */
/*
 * One pass over the stays, and what the engine's own files share. Nobody outside includes it.
 */
#ifndef OVERSTAY_ENGINE_PASS_H
#define OVERSTAY_ENGINE_PASS_H

#include "base/sorting.h"
#include "engine/advice.h"
#include "engine/agenda.h"
#include "engine/asking.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/heartbeat.h"
#include "engine/hopping.h"
#include "engine/kept.h"
#include "engine/namespace.h"
#include "engine/newer.h"
#include "engine/pace.h"
#include "engine/surge.h"
#include "engine/turns.h"
#include "engine/usage.h"
#include "engine/verified.h"

struct batch;
struct engine;
struct judging;
struct summing;

/* What one pass carries along. */
struct pass {
	struct engine *engine;
	struct moment moment;
	struct slice *slice;	    /* the one that runs, */
	unsigned step;		    /* where it stands in pass.c, */
	size_t at;		    /* and there at which stay, */
	uint32_t member;	    /* and member */
	struct judging *judging;    /* judge-stay.c's: the stay that is being judged */
	const struct stay *keeping; /* its: the stay whose programs are being kept, */
	uint32_t keep_at;	    /* from this member on */
	struct stay *back;	    /* comeback.c's: one that came back, and is yet to be judged, */
	uint64_t away_usec;	    /* which was away for so long, USEC_NEVER = it was not */
	uint64_t poll_usec;	    /* of the last poll: ages are what was observed then */
	struct stay **due;	    /* reached their threshold, not told yet; due.c's, */
	size_t due_count, due_room;
	bool due_lacks;		/* one of them: there was no memory for it */
	struct batch *batch;	/* and what it makes of them */
	struct stay **suspects; /* are due, not told yet; tell.c's */
	size_t suspect_count, suspect_room;
	struct sorting sorting;	 /* of one of both, */
	bool sorts;		 /* which has begun */
	struct summing *summing; /* the report that speaks for many */
	enum {
		DAY_UNKNOWN,
		DAY_DUE,
		DAY_TOLD,
	} day;		    /* its summary */
	bool waiting;	    /* one of them waits for its owner */
	bool resting;	    /* one may be due, but is not judged yet: judge_stay_rests() */
	struct newer newer; /* for who is reported in this pass */
	size_t move_budget; /* comparisons that are left to find out who moved, */
	size_t hop_budget;  /* and who opened a port before it left one */
};

/* What is under way in slices. */
struct work {
	struct snapshot
	    *snapshot; /* a poll that is taken in, NULL = none; what it is compared by */
	struct diff diff;
	struct observation observation;
	bool resumed;
	bool compared; /* it is */
	bool advances; /* a pass is wanted at that moment, */
	bool passing;  /* and this one is under way */
	struct moment moment;
	struct pass pass;
};

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
	struct pace pace;
	struct advice advice;
	struct verified verified;
	struct kept kept;
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
	enum search_depth least_depth; /* of every question */
	uint64_t patient_usec; /* how old a client's UDP socket gets before it is asked for */
	uint64_t remind_usec;  /* the longest of all */
	uint64_t summed_usec;  /* when the last summary was told or the watch began, 0 = not yet */
	uint64_t waiting_usec; /* since when overstays wait for owners, 0 = none */
	struct work work;
};

/* A pass at that moment, unless it would find nothing to do. Returns true where it is begun. */
bool pass_begin(struct pass *pass, struct engine *engine, const struct moment *moment);

/* Returns true when it is over. */
bool pass_go_on(struct pass *pass, struct slice *slice);

/* Gives up what is under way; all zero before the first. */
void pass_clear(struct pass *pass);

#endif
