/* SPDX-License-Identifier: MIT */
/*
 * What the engine does on the paper host, in one go or in slices of a single stay.
 */
#include "world-work.h"

static bool
is_one_go(void *argument)
{
	const struct world *world = argument;

	return !world->sliced;
}

void
world_finish_work(struct world *world)
{
	struct slice slice;

	do {
		slice = slice_of(1, is_one_go, world);
		world->slices++;
	} while (!engine_go_on(world->engine, &slice));
}
