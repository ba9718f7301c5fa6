/* SPDX-License-Identifier: MIT */
/*
 * What the engine's own files share: engine.c (what goes in and out), advance.c (states by age and
 * verdict), suspicion.c (what is classed, and the alerts about suspects), advice.c. Nobody else
 * includes it.
 */
#ifndef OVERSTAY_ENGINE_ENGINE_STATE_H
#define OVERSTAY_ENGINE_ENGINE_STATE_H

#include "engine/advice.h"
#include "engine/engine.h"
#include "engine/hopping.h"
#include "engine/namespace.h"
#include "engine/verified.h"

struct engine {
	const struct policy *policy;
	struct namespace namespace; /* the one that is watched */
	uint32_t protocols;
	struct snapshot *last;
	struct track track;
	struct outbox outbox;
	struct hopping hopping;
	struct advice advice;
	struct verified verified;
	struct engine_changes changes;
	bool resumed; /* nothing overstays until the next poll */
	bool wants_owners;
	bool wants_peers;
	uint64_t due_usec;
	/* Until then a pass over the same stays would change nothing, see advance.c. */
	bool settled;	       /* nothing came in since the last pass, which left nothing open */
	uint64_t rest_usec;    /* CLOCK_BOOTTIME, not after due_usec */
	uint64_t verdict_usec; /* CLOCK_REALTIME: the first verdict expires */
	uint64_t patient_usec; /* how old a client's UDP socket gets before it is asked for */
	uint64_t summed_usec;  /* when the last summary was told or the watch began, 0 = not yet */
	uint64_t waiting_usec; /* since when overstays wait for owners, 0 = none */
};

/* What one pass of engine_advance() carries along. */
struct pass {
	struct engine *engine;
	struct moment moment;
	uint64_t poll_usec; /* of the last poll: ages are what was observed then */
	struct stay **due;  /* reached their threshold, not told yet */
	size_t due_count, due_room;
	bool waiting;	    /* one of them waits for its owner */
	bool open;	    /* it changed something, or left something to the next one */
	size_t move_budget; /* comparisons that are left to find out who moved */
};

/* advance.c */
struct listener member_listener(const struct stay *stay, const struct member *member);
/* As stay_advance(). */
void pass_move(struct pass *pass, struct stay *stay, enum stay_event event);
void pass_tell(struct pass *pass, struct stay *stay, const struct telling *telling);
/* engine_due_usec() is at from_usec + span_usec at the latest. */
void pass_plan(struct pass *pass, uint64_t from_usec, uint64_t span_usec);
/* A pass at from_usec + span_usec has something to do, but nothing that a poll is made for. */
void pass_rest(struct pass *pass, uint64_t from_usec, uint64_t span_usec);
/* Wants the owners of the stay that were looked up too long ago, or not that deep, when its alert
 * began to wait (0 = now). Returns true where it has to wait for that. */
bool pass_refresh_owners(struct pass *pass, struct stay *stay, enum search_depth depth,
    uint64_t waiting_usec);

/* suspicion.c */
/* Classes and judges each socket of the stay, where anything changed; the worst verdict is the
 * stay's. */
void pass_judge(struct pass *pass, struct stay *stay);
/* A stay that is there and suspect: tells it, once everything about it is known or was waited for
 * long enough. Returns true where the alert was told or waits: it needs no other. */
bool pass_suspect(struct pass *pass, struct stay *stay, uint64_t age_usec);
/* No alert about the stay waits any more: another one asks for everything anew. */
void pass_stop_waiting(struct stay *stay);

/* advice.c */
/* Notes a stay that advice may be due for; told together by pass_advise(). */
void pass_note_advice(struct pass *pass, struct stay *stay);
void pass_advise(struct pass *pass);

#endif
