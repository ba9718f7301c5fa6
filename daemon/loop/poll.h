/* SPDX-License-Identifier: MIT */
/*
 * The polls of the listeners. See poll.c.
 */
#ifndef OVERSTAY_LOOP_POLL_H
#define OVERSTAY_LOOP_POLL_H

#include "loop/ground.h"
#include "loop/watched.h"

struct poll;

int poll_new(const struct ground *ground, struct watched *watched, struct poll **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct poll *poll_free(struct poll *poll);

#endif
