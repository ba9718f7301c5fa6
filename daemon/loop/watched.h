/* SPDX-License-Identifier: MIT */
/*
 * Which ports are watched, as the kernel's range moves. See watched.c.
 */
#ifndef OVERSTAY_LOOP_WATCHED_H
#define OVERSTAY_LOOP_WATCHED_H

#include "loop/ground.h"

struct watched;

int watched_new(const struct ground *ground, struct watched **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct watched *watched_free(struct watched *watched);
/*
 * Reads what the kernel says now and hands it to the engine where it changed; always: even where
 * not, since the configuration did. Never while a poll is under way, which borrows the ranges.
 */
void watched_read(struct watched *watched, bool always);

#endif
