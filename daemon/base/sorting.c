/* SPDX-License-Identifier: MIT */
/*
 * A sort that can be interrupted: qsort(3) over what thousands of listeners are compared by takes
 * tens of milliseconds. Runs of one, two, four... elements are merged from the caller's array into
 * a second one and back.
 *
 * Invariant: between two calls `from` has all elements.
 *
 * Cost: n log n comparisons, memory for as many elements meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sorting.h"

static size_t
at_most(size_t wanted, size_t count)
{
	return wanted < count ? wanted : count;
}

/* The next two runs to be merged. */
static void
take_runs(struct sorting *sorting, size_t begin)
{
	sorting->begin = sorting->left = sorting->merged = begin;
	sorting->right = at_most(begin + sorting->width, sorting->count);
}

void
sorting_begin(struct sorting *sorting, void *items, size_t count, size_t size,
    int (*compare)(const void *a, const void *b))
{
	*sorting = (struct sorting){
		.items = items,
		.from = items,
		.count = count,
		.size = size,
		.width = 1,
		.compare = compare,
	};
	if (count < 2)
		return;
	sorting->room = calloc(count, size);
	if (sorting->room == NULL)
		qsort(items, count, size, compare);
	else
		take_runs(sorting, 0);
}

/* Merges two runs. Returns false where the slice is over. */
static bool
merge(struct sorting *sorting, struct slice *slice)
{
	char *to = sorting->from == sorting->items ? sorting->room : sorting->items;
	size_t middle = at_most(sorting->begin + sorting->width, sorting->count),
	       size = sorting->size;
	size_t end = at_most(sorting->begin + 2 * sorting->width, sorting->count);

	while (sorting->merged < end) {
		const char *left = sorting->from + sorting->left * size;
		const char *right = sorting->from + sorting->right * size;
		bool is_left;

		if (slice_is_over(slice))
			return false;
		is_left = sorting->left < middle &&
		    (sorting->right >= end || sorting->compare(left, right) <= 0);
		memcpy(to + sorting->merged * size, is_left ? left : right, size);
		sorting->merged++;
		sorting->left += is_left;
		sorting->right += !is_left;
	}
	take_runs(sorting, end);
	return true;
}

bool
sorting_go_on(struct sorting *sorting, struct slice *slice)
{
	while (sorting->room != NULL && sorting->width < sorting->count) {
		while (sorting->begin < sorting->count)
			if (!merge(sorting, slice))
				return false;
		sorting->from = sorting->from == sorting->items ? sorting->room : sorting->items;
		sorting->width *= 2;
		take_runs(sorting, 0);
	}
	sorting_clear(sorting);
	return true;
}

void
sorting_clear(struct sorting *sorting)
{
	if (sorting->room != NULL && sorting->from != sorting->items)
		memcpy(sorting->items, sorting->from, sorting->count * sorting->size);
	free(sorting->room);
	*sorting = (struct sorting){ 0 };
}
