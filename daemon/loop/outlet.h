/* SPDX-License-Identifier: MIT */
/*
 * Whatever is told goes out here. See outlet.c.
 */
#ifndef OVERSTAY_LOOP_OUTLET_H
#define OVERSTAY_LOOP_OUTLET_H

#include "alert/sender.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/settings.h"

struct outlet;

/* Starts the sender. Returns 0 or -errno. */
int outlet_new(struct loop *loop, struct engine *engine, const struct settings *settings,
    enum sender_target target, struct outlet **ret) _mustcheck_;
/*
 * Sends what still can be sent until until_usec (CLOCK_MONOTONIC) and stops the sender. Accepts
 * NULL; returns NULL.
 */
struct outlet *outlet_free(struct outlet *outlet, uint64_t until_usec);
/* Takes a report about no stay (may be NULL) and tells it behind what is waiting. */
void outlet_put(struct outlet *outlet, struct report *report);

#endif
