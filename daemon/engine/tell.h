/* SPDX-License-Identifier: MIT */
/*
 * tell, the fifth verb: what a person hears of a stay. See tell.c.
 */
#ifndef OVERSTAY_ENGINE_TELL_H
#define OVERSTAY_ENGINE_TELL_H

#include "engine/outbox.h"

struct chain;
struct engine;
struct pass;

/* A stay that is there, in this order; age_usec is what the last poll observed, for the alerts that
 * of company.c. What
 * tell_overstay() finds to be due is told by due_tell(). */
void tell_persisting(struct pass *pass, struct stay *stay, uint64_t age_usec);
/* Returns true where an alert of its own was told or waits: it needs no other. */
bool tell_suspect(struct pass *pass, struct stay *stay, uint64_t age_usec);
/* Those suspects that are due. In slices: returns true when it is over. */
bool tell_suspects(struct pass *pass);
void tell_hopping(struct pass *pass, struct stay *stay);
void tell_turns(struct pass *pass, struct stay *stay);
void tell_overstay(struct pass *pass, struct stay *stay, uint64_t age_usec);

/* The same for a chain whose last one came to the stay at from_usec, judged as that one's. */
void tell_chain(struct pass *pass, struct stay *stay, struct chain *chain, uint64_t from_usec);

/* An AWAY stay whose grace is over. It ended when it was last seen. */
void tell_end(struct pass *pass, struct stay *stay);

/* A former stay that goes on, after away_usec; judged. */
void tell_rebound(struct pass *pass, struct stay *stay, uint64_t away_usec);

/* One whose port is not watched any more. */
void tell_unwatched(struct engine *engine, struct stay *stay, const struct moment *moment);

/* An alert about a stay that overstays from now on. */
void tell_alert(struct pass *pass, struct stay *stay, const struct telling *telling);

/* The summary of the day, where it is due. In slices: returns true when it is over. */
bool tell_day(struct pass *pass);

/* The heartbeat, where it is due. */
void tell_heartbeat(struct pass *pass);

/* Advice about one stay: the line for sysctl.d. */
void tell_advice(struct pass *pass, struct stay *stay, const char *line);

/* Its advice was given. */
void tell_note_advised(struct stay *stay);

#endif
