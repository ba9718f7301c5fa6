/* SPDX-License-Identifier: MIT */
/*
 * What is wrong while the daemon runs on. See conditions.c.
 */
#ifndef OVERSTAY_LOOP_CONDITIONS_H
#define OVERSTAY_LOOP_CONDITIONS_H

#include "loop/outlet.h"
#include "loop/status.h"
#include "model/condition.h"

struct conditions;

int conditions_new(struct engine *engine, struct outlet *outlet, struct status *status,
    struct conditions **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct conditions *conditions_free(struct conditions *conditions);
/* Reports DEGRADED by this notice with these facts (that of the condition is added), unless the
 * condition holds already. */
void conditions_begin(struct conditions *conditions, enum condition condition, enum notice notice,
    const struct fact *facts, size_t count);
/* The same, though it may hold: there is more to it than was reported. */
void conditions_begin_more(struct conditions *conditions, enum condition condition,
    enum notice notice, const struct fact *facts, size_t count);
/* Reports RECOVERED, if it holds; with these facts, or with none but the condition. */
void conditions_end_with(struct conditions *conditions, enum condition condition,
    const struct fact *facts, size_t count);
void conditions_end(struct conditions *conditions, enum condition condition);
bool conditions_hold(const struct conditions *conditions, enum condition condition);

#endif
