/* SPDX-License-Identifier: MIT */
/*
 * That the daemon lives: to systemd and in the journal. See heart.c.
 */
#ifndef OVERSTAY_LOOP_HEART_H
#define OVERSTAY_LOOP_HEART_H

#include "loop/ground.h"

struct heart;

int heart_new(const struct ground *ground, struct heart **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct heart *heart_free(struct heart *heart);
/* Tells that the daemon stops: after the loop has ended, before its parts go. */
void heart_stopping(struct heart *heart);

#endif
