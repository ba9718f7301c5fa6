/* SPDX-License-Identifier: MIT */
/*
 * A stay under the rules. See judge-stay.c.
 */
#ifndef OVERSTAY_ENGINE_JUDGE_STAY_H
#define OVERSTAY_ENGINE_JUDGE_STAY_H

#include "engine/stay.h"

struct pass;

/* Classes and judges each socket of the stay, where anything changed; the worst verdict is the
 * stay's. */
void judge_stay(struct pass *pass, struct stay *stay);

/* A rule by `exe` matched who stays: it shall do so after an upgrade and a restart, too. */
void judge_stay_keep(struct pass *pass, struct stay *stay);

#endif
