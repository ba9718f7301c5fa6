/* SPDX-License-Identifier: MIT */
/*
 * Arrays that grow. By a half each time: appending n elements copies 3n at most, and a third of the
 * memory at most is spare.
 *
 * What it never does: overflow. Room that size_t cannot count is -ENOMEM like room that there is
 * not. Nothing is cleared: what is behind the elements in use is undefined.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Room for the first element brings room for so many bytes: less is no allocation saved. */
#define FIRST_BYTES 256

/* How much room there is to be, at least wanted; room and wanted are at most max. */
static size_t
grown_room(size_t room, size_t wanted, size_t max, size_t size)
{
	size_t more = room == 0 ? FIRST_BYTES / size : room / 2 + 1;
	size_t grown = more > max - room ? max : room + more;

	return grown < wanted ? wanted : grown;
}

int
array_fit_sized(void *items, size_t count, size_t size)
{
	void *grown;

	/* It is a pointer to any type of object: read and written by its bytes. */
	memcpy(&grown, items, sizeof(grown));
	grown = reallocarray(grown, count, size);
	if (grown == NULL)
		return -ENOMEM;
	memcpy(items, &grown, sizeof(grown));
	return 0;
}

int
array_reserve_sized(void *items, size_t *room, size_t wanted, size_t max, size_t size)
{
	size_t grown;

	if (wanted <= *room)
		return 0;
	if (wanted > max)
		return -E2BIG;
	grown = grown_room(*room, wanted, max, size);
	if (array_fit_sized(items, grown, size) < 0)
		return -ENOMEM;
	*room = grown;
	return 0;
}
