/* SPDX-License-Identifier: MIT */
/*
 * What the engine does on the paper host. See world-work.c.
 */
#ifndef OVERSTAY_SCENARIO_WORLD_WORK_H
#define OVERSTAY_SCENARIO_WORLD_WORK_H

#include "world.h"

/* Until nothing is under way. */
void world_finish_work(struct world *world);

#endif
