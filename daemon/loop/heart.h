/* SPDX-License-Identifier: MIT */
/*
 * That the daemon lives: to systemd and in the journal. See heart.c.
 */
#ifndef OVERSTAY_LOOP_HEART_H
#define OVERSTAY_LOOP_HEART_H

#include "loop/ground.h"
#include "loop/storage.h"

struct heart;

/* storage is borrowed; NULL = nothing is kept. */
int heart_new(const struct ground *ground, const struct storage *storage,
    struct heart **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct heart *heart_free(struct heart *heart);
/* Tells that the daemon stops: after the loop has ended, before its parts go. */
void heart_stopping(struct heart *heart);

#endif
