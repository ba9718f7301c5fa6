/* SPDX-License-Identifier: MIT */
/*
 * What is told of the stays that are due. See due.c.
 */
#ifndef OVERSTAY_ENGINE_DUE_H
#define OVERSTAY_ENGINE_DUE_H

struct pass;

/* Those that tell_overstay() found to be due: owner by owner, or in a digest with an entry each. */
void due_tell(struct pass *pass);

#endif
