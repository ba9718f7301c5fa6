/* SPDX-License-Identifier: MIT */
/*
 * A sort that can be interrupted. See sorting.c.
 */
#ifndef OVERSTAY_BASE_SORTING_H
#define OVERSTAY_BASE_SORTING_H

#include <stddef.h>

#include "base/slice.h"

/* All zero = nothing is to be sorted. */
struct sorting {
	char *items; /* the caller's, */
	char *room;  /* and as much room; NULL = the sort is over */
	char *from;  /* which of the two has the sorted runs, */
	size_t count, size;
	size_t width;			   /* of such elements each */
	size_t begin, left, right, merged; /* the two that are merged now, and how far */
	int (*compare)(const void *a, const void *b);
};

/* Items are sorted once sorting_go_on() returned true; until then they belong to the sort. Those
 * that compare equal stay in their order. Without memory they are sorted at once. */
void sorting_begin(struct sorting *sorting, void *items, size_t count, size_t size,
    int (*compare)(const void *a, const void *b));
bool sorting_go_on(struct sorting *sorting, struct slice *slice);

/* Gives up: the items are all there, in some order. */
void sorting_clear(struct sorting *sorting);

#endif
