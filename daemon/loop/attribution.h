/* SPDX-License-Identifier: MIT */
/*
 * The asking of overstay-lookup. See attribution.c.
 */
#ifndef OVERSTAY_LOOP_ATTRIBUTION_H
#define OVERSTAY_LOOP_ATTRIBUTION_H

#include "loop/ground.h"
#include "wire/owners.h"

/* Where overstay-lookup is; borrowed. */
struct attribution_options {
	const char *socket; /* NULL = start the program */
	const char *program;
};

struct attribution;

/* Takes owners, on failure too: the look-up that was started already, NULL = none was. */
int attribution_new(const struct ground *ground, const struct attribution_options *options,
    struct owners *owners, struct attribution **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct attribution *attribution_free(struct attribution *attribution);

#endif
