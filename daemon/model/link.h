/* SPDX-License-Identifier: MIT */
/*
 * Paths of rules, and where symbolic links on their way lead on the host. See link.c.
 */
#ifndef OVERSTAY_MODEL_LINK_H
#define OVERSTAY_MODEL_LINK_H

#include <stddef.h>

#include "base/macros.h"

/* Bounds of what one configuration may ask for; what is more keeps its text alone. */
#define LINKS_MAX	512
#define LINKS_BYTES_MAX 16384 /* of all paths together */
#define LINK_PATH_MAX	4096  /* of one, with its NUL; of what it leads to, too */

struct link {
	char *path;   /* absolute, without wildcards */
	char *target; /* the same without links; "" = nothing there; NULL = unknown */
	bool asked;   /* what is unknown could not be found out */
};

struct link_table {
	struct link *links; /* sorted by path, each once */
	size_t count;
	size_t bytes; /* of the paths */
};

/*
 * How much of a glob of paths is followed: all of it where it is a plain path, else its directories
 * before the first wildcard. 0 = nothing.
 */
size_t link_length(const char *glob);

/* Puts a path in its place. Returns 0 (also where it is there), -E2BIG past the bounds, -ENOMEM. */
int link_table_add(struct link_table *table, const char *path, size_t length) _mustcheck_;

/* The row of a path; NULL where there is none. */
struct link *link_table_find(const struct link_table *table, const char *path, size_t length);

/*
 * Notes where a path leads, NULL where nobody can say. Returns 1 where that is news (it was not
 * known, or is another place now), 0, or -ENOMEM.
 */
int link_set_target(struct link *link, const char *target, size_t length) _mustcheck_;

/* Takes what from knows of the paths of table. Returns 1 where that is news, 0 or -ENOMEM. */
int link_table_take(struct link_table *table, const struct link_table *from) _mustcheck_;

/* Is there a path that nobody asked for yet? */
bool link_table_is_open(const struct link_table *table);

/* Frees what it holds and makes it empty. */
void link_table_clear(struct link_table *table);

#endif
