/* SPDX-License-Identifier: MIT */
/*
 * The status line, as `systemctl status overstayd` shows it. See status.c.
 */
#ifndef OVERSTAY_LOOP_STATUS_H
#define OVERSTAY_LOOP_STATUS_H

#include "base/text.h"
#include "engine/engine.h"
#include "loop/loop.h"
#include "loop/settings.h"

/* The parts of the line that others write, in their order. */
enum status_part {
	STATUS_POLL,	   /* what the last poll cost */
	STATUS_SURVEY,	   /* and the last survey */
	STATUS_CONFIG,	   /* status.c's own */
	STATUS_CONDITIONS, /* what is wrong */
	STATUS_RELOAD,	   /* the last reload failed */
	STATUS_PART_COUNT,
};

/* Writes a part of the line; nothing where there is nothing to be said. */
typedef void status_function(struct text *text, void *argument);

struct status;

int status_new(const struct loop *loop, const struct engine *engine,
    const struct settings *settings, struct status **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct status *status_free(struct status *status);
/* From now on function writes that part. */
void status_provide(struct status *status, enum status_part part, status_function *function,
    void *argument);
/* Sends the line where it changed, once the first poll was taken in. */
void status_update(struct status *status);

#endif
