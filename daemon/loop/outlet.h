/* SPDX-License-Identifier: MIT */
/*
 * Whatever is reported goes out here. See outlet.c.
 */
#ifndef OVERSTAY_LOOP_OUTLET_H
#define OVERSTAY_LOOP_OUTLET_H

#include "alert/sender.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/settings.h"

struct outlet;

/* Starts the sender, which takes names (its argument), on failure too. Returns 0 or -errno. */
int outlet_new(struct loop *loop, struct engine *engine, const struct settings *settings,
    enum sender_target target, const struct host_names *names, struct outlet **ret) _mustcheck_;
/*
 * Sends what still can be sent until until_usec (CLOCK_MONOTONIC) and stops the sender. Accepts
 * NULL; returns NULL.
 */
struct outlet *outlet_free(struct outlet *outlet, uint64_t until_usec);
/* Takes a report about no stay (may be NULL) and puts it behind those that wait. */
void outlet_put(struct outlet *outlet, struct report *report);

/*
 * Takes a reference of its own to a report that nobody changes any more. Returns 0, or -EAGAIN if
 * it has no room now: then it gets that report again.
 */
typedef int outlet_consumer(struct report *report, void *argument);

/*
 * A consumer of reports beside the sender: function is called for each from now on, in order. One
 * that has no room is called again after the next report or outlet_resume(); what it has not taken
 * waits for it alone. Returns 0 or -ENOBUFS.
 */
int outlet_add_consumer(struct outlet *outlet, outlet_consumer *function,
    void *argument) _mustcheck_;
void outlet_resume(struct outlet *outlet);

#endif
