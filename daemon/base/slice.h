/* SPDX-License-Identifier: MIT */
/*
 * Long work that is done in slices, so that whoever does it serves others in between. The one who
 * asks for the work says how long a slice is; the work counts what it does and asks now and then.
 *
 *	for (; job->at < job->count; job->at++) {
 *		if (slice_is_over(slice))
 *			return false;
 *		do_one(&job->items[job->at]);
 *	}
 *	return true;
 *
 * At least `every` steps are done in a slice, so work always gets done.
 */
#ifndef OVERSTAY_BASE_SLICE_H
#define OVERSTAY_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	bool (*go_on)(void *argument); /* whether the slice goes on, NULL = it does */
	void *argument;
	uint32_t every; /* steps between two such questions, at least 1 */
	uint32_t left;	/* of them, until the next one */
};

/* Never over. */
#define SLICE_WHOLE ((struct slice){ .every = 1U << 30 })

static inline struct slice
slice_of(uint32_t every, bool (*go_on)(void *argument), void *argument)
{
	return (struct slice){ go_on, argument, every, every };
}

/* To be asked before each step. */
static inline bool
slice_is_over(struct slice *slice)
{
	if (slice->left == 0) {
		if (slice->go_on != NULL && !slice->go_on(slice->argument))
			return true;
		slice->left = slice->every;
	}
	slice->left--;
	return false;
}

/* The step that is done is worth so many more. */
static inline void
slice_spend(struct slice *slice, uint64_t steps)
{
	slice->left = slice->left > steps ? slice->left - (uint32_t)steps : 0;
}

#endif
