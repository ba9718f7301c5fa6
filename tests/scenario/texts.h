/* SPDX-License-Identifier: MIT */
/*
 * The texts of a scenario's messages, printed for tests/golden. See texts.c.
 */
#ifndef OVERSTAY_SCENARIO_TEXTS_H
#define OVERSTAY_SCENARIO_TEXTS_H

#include <stddef.h>

#include "base/macros.h"

/* The shapes that were printed. */
struct texts {
	char **shapes;
	size_t count, room;
};

/* Prints text as a line, unless one of the same shape was. */
void texts_print(struct texts *texts, const char *text);

void texts_clear(struct texts *texts);

#endif
