/* SPDX-License-Identifier: MIT */
/*
 * Says when some user has more listeners than can be handled. See shortage.c.
 */
#ifndef OVERSTAY_LOOP_SHORTAGE_H
#define OVERSTAY_LOOP_SHORTAGE_H

#include "loop/ground.h"

struct shortage;

int shortage_new(const struct ground *ground, struct shortage **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct shortage *shortage_free(struct shortage *shortage);

#endif
