/* SPDX-License-Identifier: MIT */
/*
 * A stay that is not watched any more: since its port is not (engine.c), or since there is no room
 * for it (surplus.c). Nobody knows whether it is there.
 *
 * What it never does: report that anything closed.
 */
#include "engine/hopping.h"
#include "engine/tell.h"
#include "engine/tenures.h"
#include "engine/unwatch.h"

void
unwatch_stay(struct engine *engine, struct stay *stay, const struct moment *moment)
{
	tell_unwatched(engine, stay, moment);
	tenures_forget(&engine->hopping, stay);
	hopping_drop(stay);
	if (stay->is.state != STAY_AWAY)
		(void)stay_advance(stay, STAY_EVENT_GONE);
	(void)stay_advance(stay, STAY_EVENT_END);
}
