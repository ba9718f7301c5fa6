/* SPDX-License-Identifier: MIT */
/*
 * What is told of the stays that are due. See due.c.
 */
#ifndef OVERSTAY_ENGINE_DUE_H
#define OVERSTAY_ENGINE_DUE_H

#include <stdbool.h>

struct pass;

/* Those that tell_overstay() found to be due: owner by owner, or in a digest with an entry each. In
 * slices: returns true when it is over. */
bool due_tell(struct pass *pass);

/* Forgets them. */
void due_clear(struct pass *pass);

#endif
