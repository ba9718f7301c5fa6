/* SPDX-License-Identifier: MIT */
/*
 * Who moves over ports that others hold, too. See tenures.c.
 */
#ifndef OVERSTAY_ENGINE_TENURES_H
#define OVERSTAY_ENGINE_TENURES_H

#include "engine/hopping.h"

struct pass;

/* Those that left since the last pass lengthen the chains of their owners. In slices: returns true
 * when it is over. */
bool tenures_leave(struct pass *pass);

/* A stay that was judged: who shares it with others from now on. In slices: returns true when it is
 * over, else that one is to be gone on with before any other. */
bool tenures_note(struct pass *pass, struct stay *stay);

/* HOPPING about who is there still, where that is due. */
void tenures_tell(struct pass *pass);

/* The stay is AWAY. Returns true where several owners shared it. */
bool tenures_end(struct stay *stay);

/* The stay is not watched any more. */
void tenures_forget(struct hopping *hopping, struct stay *stay);

#endif
