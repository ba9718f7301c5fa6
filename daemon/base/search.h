/* SPDX-License-Identifier: MIT */
/*
 * The one binary search. Inline, so that the compiler sees the comparison: as fast as one written
 * out by hand, also where a descriptor or a socket costs one.
 */
#ifndef OVERSTAY_BASE_SEARCH_H
#define OVERSTAY_BASE_SEARCH_H

#include <stddef.h>

/* Less than, equal to or greater than 0, as the key comes before, with or behind the element. */
typedef int search_compare_function(const void *key, const void *element);

/* The index of the first of count sorted elements, size bytes each, that does not come before the
 * key: where it stands, or would. elements may be NULL if there are none. */
static inline size_t
search_bound(const void *key, const void *elements, size_t count, size_t size,
    search_compare_function *compare)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(key, (const char *)elements + middle * size) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first element that is equal to the key, NULL if there is none. */
static inline void *
search_find(const void *key, const void *elements, size_t count, size_t size,
    search_compare_function *compare)
{
	size_t index = search_bound(key, elements, count, size, compare);
	const char *found;

	if (index == count)
		return NULL;
	found = (const char *)elements + index * size;
	return compare(key, found) == 0 ? (void *)found : NULL;
}

#endif
