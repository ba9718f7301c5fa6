/* SPDX-License-Identifier: MIT */
/*
 * How to keep a port, or to have another: what was advised already. See advice.c.
 */
#ifndef OVERSTAY_ENGINE_ADVICE_H
#define OVERSTAY_ENGINE_ADVICE_H

#include "base/port-set.h"
#include "engine/track.h"

/* Endpoints and programs that advice was given for; when all places are taken no more is given. */
#define ADVICE_TOLD_MAX 4096

/* Endpoints that one message names. */
#define ADVICE_NAMED_MAX 3

struct advice {
	struct port_set advised;	/* ports that were advised to be reserved */
	uint64_t told[ADVICE_TOLD_MAX]; /* hashes, 0 = a free place */
	size_t told_count;
	struct stay *asked[ADVICE_NAMED_MAX]; /* of this pass: ports that should be reserved */
	size_t asked_count;
	struct stay *chosen[ADVICE_NAMED_MAX]; /* of this pass: ports the kernel picked */
	size_t chosen_count;
};

struct pass;

/* Notes a stay that advice may be due for; told together by advice_tell(). */
void advice_note(struct pass *pass, struct stay *stay);
void advice_tell(struct pass *pass);

#endif
