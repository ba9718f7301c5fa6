/* SPDX-License-Identifier: MIT */
/*
 * Who is connected to suspects. See peers.c.
 */
#ifndef OVERSTAY_LOOP_PEERS_H
#define OVERSTAY_LOOP_PEERS_H

#include "loop/ground.h"

struct peers;

int peers_new(const struct ground *ground, struct peers **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct peers *peers_free(struct peers *peers);

#endif
