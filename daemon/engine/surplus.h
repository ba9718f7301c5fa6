/* SPDX-License-Identifier: MIT */
/*
 * More listeners than can be watched: which lose their places. See surplus.c.
 */
#ifndef OVERSTAY_ENGINE_SURPLUS_H
#define OVERSTAY_ENGINE_SURPLUS_H

#include "engine/engine.h"

/*
 * Before a poll is taken in by engine_observe(): where it has more listeners than can be watched,
 * some lose their places, and are in neither this poll nor the last one any more. Returns 0 or
 * -ENOMEM: then nothing has changed.
 */
int surplus_drop(struct engine *engine, struct snapshot *snapshot,
    const struct moment *moment) _mustcheck_;

#endif
