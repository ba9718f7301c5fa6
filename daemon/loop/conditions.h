/* SPDX-License-Identifier: MIT */
/*
 * What can be wrong while the daemon runs on. See conditions.c.
 */
#ifndef OVERSTAY_LOOP_CONDITIONS_H
#define OVERSTAY_LOOP_CONDITIONS_H

#include "loop/outlet.h"
#include "loop/status.h"

enum condition {
	CONDITION_LOOKUP,      /* owners cannot be looked up */
	CONDITION_SOURCE,      /* no sock_diag: /proc/net instead */
	CONDITION_POLLS,       /* polls are incomplete again and again */
	CONDITION_RANGE,       /* the kernel's range cannot be read */
	CONDITION_CONFIG,      /* runs on the last good copy */
	CONDITION_STATE,       /* nothing can be kept in the state directory */
	CONDITION_EXECUTABLES, /* verified programs cannot be kept */
	CONDITION_COUNT,
};

struct conditions;

int conditions_new(struct outlet *outlet, struct status *status,
    struct conditions **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct conditions *conditions_free(struct conditions *conditions);
/* Tells DEGRADED or RECOVERED where the condition changed; the text says what is wrong (or how it
 * was mended). */
void conditions_set(struct conditions *conditions, enum condition condition, bool wrong,
    const char *format, ...) _printf_(4, 5);
bool conditions_hold(const struct conditions *conditions, enum condition condition);

#endif
