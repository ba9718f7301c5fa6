/* SPDX-License-Identifier: MIT */
/*
 * Who left and may come back, and who is back. See comeback.c.
 */
#ifndef OVERSTAY_ENGINE_COMEBACK_H
#define OVERSTAY_ENGINE_COMEBACK_H

#include "engine/track.h"

struct pass;

/* Comparisons of one pass to find out which service moved to another port: some 2 ms. */
#define COMEBACK_MOVE_BUDGET 65536

/* The newcomers whose owner is known now: where one is a former stay, that one goes on. In slices:
 * returns true when it is over. */
bool comeback_all(struct pass *pass);

/* An AWAY stay lengthens the chain of ports its owner took one by one, where it is one that would
 * have been told in time. In slices: returns true when it is over, else that one is to be gone on
 * with before any other. */
bool comeback_leave(struct pass *pass, struct stay *stay);

/* True while an AWAY stay may still come back. */
bool comeback_is_open(struct pass *pass, const struct stay *stay);

#endif
