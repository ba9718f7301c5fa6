/* SPDX-License-Identifier: MIT */
/*
 * The one way an array grows. See array.c.
 *
 *	struct row *rows = NULL;
 *	size_t count = 0, room = 0;
 *
 *	r = array_reserve(&rows, &room, count + 1, ROWS_MAX);
 *	if (r < 0)
 *		return r;
 *	rows[count++] = row;
 */
#ifndef OVERSTAY_BASE_ARRAY_H
#define OVERSTAY_BASE_ARRAY_H

#include <stddef.h>

#include "base/macros.h"

/* For what something else bounds already. */
#define ARRAY_UNBOUNDED ((size_t)-1)

/*
 * array_reserve(items, room, wanted, max): makes room for `wanted` elements, max at most, and for
 * half as many again as there was room for, so that appending stays cheap. Returns 0, -E2BIG for
 * more than max, -ENOMEM.
 *
 * array_fit(items, count): makes room for count elements and no more; for arrays that are short, or
 * that there are many of. Returns 0 or -ENOMEM.
 *
 * items is the address of the pointer. On failure nothing has changed.
 */
#define array_reserve(items, room, wanted, max) \
	array_reserve_sized((items), (room), (wanted), (max), sizeof(**(items)))
#define array_fit(items, count) array_fit_sized((items), (count), sizeof(**(items)))

int array_reserve_sized(void *items, size_t *room, size_t wanted, size_t max,
    size_t size) _mustcheck_;
int array_fit_sized(void *items, size_t count, size_t size) _mustcheck_;

#endif
