/* SPDX-License-Identifier: MIT */
/*
 * How to keep a port: what was advised already. See advice.c.
 */
#ifndef OVERSTAY_ENGINE_ADVICE_H
#define OVERSTAY_ENGINE_ADVICE_H

#include "base/port-set.h"
#include "engine/track.h"

/* Endpoints that advice is given for, and programs; beyond it no more is given. */
#define ADVICE_GIVEN_MAX 4096

/* Endpoints of one program that advice is given for. */
#define ADVICE_PROGRAM_MAX 8

/* Listeners that one message names. */
#define ADVICE_NAMED_MAX 32

struct given_advice;

struct advice {
	struct port_set advised;	      /* ports that were advised to be reserved */
	struct given_advice *given;	      /* a hash table (base/table.h) */
	struct stay *stays[ADVICE_NAMED_MAX]; /* of this pass: whose ports should be reserved */
	size_t count;
};

void advice_clear(struct advice *advice);

struct pass;

/* Notes a stay that advice may be due for; told together by advice_tell(). */
void advice_note(struct pass *pass, struct stay *stay);
void advice_tell(struct pass *pass);

#endif
