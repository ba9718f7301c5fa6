/* SPDX-License-Identifier: MIT */
/*
 * What the thread that keeps verified executables and the database they are in have in common:
 * names, bounds, and the list that is read from one and handed over by the other.
 */
#ifndef OVERSTAY_STORE_EXECUTABLE_LIST_H
#define OVERSTAY_STORE_EXECUTABLE_LIST_H

#include <stddef.h>

#include "engine/verified.h"

/* The name inside the state directory, and the ends of the names of what was put aside. */
#define EXECUTABLES_NAME	 "executables.db"
#define EXECUTABLES_NAME_DAMAGED EXECUTABLES_NAME ".corrupt"
#define EXECUTABLES_NAME_OTHER	 EXECUTABLES_NAME ".other-version"

/* So many are kept; then the oldest go. */
#define EXECUTABLES_MAX	    8192
#define EXECUTABLE_PATH_MAX 4096

struct executable_list {
	struct executable *items;
	size_t count;
};

/* Why a database that was found was put aside and a new one begun. */
enum executables_aside {
	EXECUTABLES_ASIDE_NONE,
	EXECUTABLES_ASIDE_DAMAGED, /* now EXECUTABLES_NAME_DAMAGED */
	EXECUTABLES_ASIDE_OTHER,   /* of another version: now EXECUTABLES_NAME_OTHER */
};

/* Frees the items; the list is empty then. */
void executable_list_clear(struct executable_list *list);

#endif
