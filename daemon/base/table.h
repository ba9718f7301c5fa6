/* SPDX-License-Identifier: MIT */
/*
 * Hash tables: uthash(3), with one rule more. The program never ends for want of memory, so an
 * element that there is no memory for is not added; table_holds() says whether it was.
 *
 *	HASH_ADD(hh, entries, key, sizeof(entry->key), entry);
 *	if (!table_holds(entry))
 *		...
 *
 * Who can choose the keys can have them found slowly: a table has a bound of its own, so that
 * walking through all of it does not hurt. What is asked for each socket in each poll is no place
 * for it: a handle is 56 bytes and a pointer to follow (engine/known.c, engine/occupancy.c).
 */
#ifndef OVERSTAY_BASE_TABLE_H
#define OVERSTAY_BASE_TABLE_H

#define HASH_NONFATAL_OOM	     1
#define uthash_nonfatal_oom(element) ((void)(element))

#include <uthash.h>

/* False if there was no memory to add the element, whose handle is `hh`. */
#define table_holds(element) ((element)->hh.tbl != NULL)

#endif
