/* SPDX-License-Identifier: MIT */
/*
 * For tests, which have nothing to do without memory.
 */
#ifndef OVERSTAY_TESTS_OR_DIE_H
#define OVERSTAY_TESTS_OR_DIE_H

#include <stdio.h>
#include <stdlib.h>

/* The pointer; ends the program if it is NULL. */
static inline void *
or_die(void *pointer)
{
	if (pointer == NULL) {
		(void)fprintf(stderr, "no memory\n");
		abort();
	}
	return pointer;
}

#endif
