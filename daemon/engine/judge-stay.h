/* SPDX-License-Identifier: MIT */
/*
 * A stay under the rules. See judge-stay.c.
 */
#ifndef OVERSTAY_ENGINE_JUDGE_STAY_H
#define OVERSTAY_ENGINE_JUDGE_STAY_H

#include "engine/stay.h"

struct engine;
struct newer;
struct pass;

/* Classes and judges each socket of the stay, where anything changed; the worst verdict is the
 * stay's. */
void judge_stay(struct pass *pass, struct stay *stay);
/* The same in slices: thousands of sockets may share an endpoint. Returns true when it is judged,
 * else that one is to be gone on with before any other. */
bool judge_stay_in_slices(struct pass *pass, struct stay *stay);

/* True where it has too many sockets to be judged again already (pace.c): nothing is to be told of
 * it meanwhile. */
bool judge_stay_rests(struct pass *pass, const struct stay *stay);

/* The stay's hints by now; newer NULL: whether there is a newer process is not asked. */
uint16_t judge_stay_hints(const struct engine *engine, const struct stay *stay, uint64_t now_usec,
    struct newer *newer);

/* Asks anew for the stay's hints, which are about to be reported: no rule is asked for that. */
void judge_stay_hint(struct pass *pass, struct stay *stay);

/* A rule by `exe` matched who stays: it shall do so after an upgrade and a restart, too. Returns
 * false where the slice is over. */
bool judge_stay_keep(struct pass *pass, struct stay *stay);

/* True once each time after it was judged. */
bool judge_stay_is_anew(struct stay *stay);

/* The stay as if it were about this member alone. Returns what was judged of it, which
 * judge_stay_restore() puts back. */
struct stay_judgement judge_stay_as(struct pass *pass, struct stay *stay,
    const struct member *member);
void judge_stay_restore(struct stay *stay, const struct stay_judgement *before);

#endif
