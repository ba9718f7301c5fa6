/* SPDX-License-Identifier: MIT */
/*
 * What is not watched any more. See unwatch.c.
 */
#ifndef OVERSTAY_ENGINE_UNWATCH_H
#define OVERSTAY_ENGINE_UNWATCH_H

#include "engine/pass.h"

/* A stay is forgotten: it is neither away nor ended, and if it had overstayed, that is said. */
void unwatch_stay(struct engine *engine, struct stay *stay, const struct moment *moment);

#endif
