/* SPDX-License-Identifier: MIT */
/*
 * What the upper parts stand on: the lower ones, none of which knows an upper one. daemon.c makes
 * and owns them; an upper part keeps the pointer and includes what it uses of it.
 */
#ifndef OVERSTAY_LOOP_GROUND_H
#define OVERSTAY_LOOP_GROUND_H

#include "loop/conditions.h"
#include "loop/loop.h"
#include "loop/outlet.h"
#include "loop/settings.h"
#include "loop/status.h"

struct ground {
	struct loop *loop;
	struct engine *engine;
	struct settings *settings;
	struct outlet *outlet;
	struct status *status;
	struct conditions *conditions;
	int proc_fd; /* /proc */
};

#endif
