/* SPDX-License-Identifier: MIT */
/*
 * The list of verified executables that is read from the database and handed over to the loop.
 */
#ifndef OVERSTAY_STORE_EXECUTABLE_LIST_H
#define OVERSTAY_STORE_EXECUTABLE_LIST_H

#include <stddef.h>

#include "engine/verified.h"

/* So many are kept; then the oldest go. */
#define EXECUTABLES_MAX	    8192
#define EXECUTABLE_PATH_MAX 4096

struct executable_list {
	struct executable *items;
	size_t count;
};

/* Frees the items; the list is empty then. */
void executable_list_clear(struct executable_list *list);

#endif
