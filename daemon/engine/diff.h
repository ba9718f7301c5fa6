/* SPDX-License-Identifier: MIT */
/*
 * diff, the second verb: two sealed snapshots against each other. See diff.c.
 */
#ifndef OVERSTAY_ENGINE_DIFF_H
#define OVERSTAY_ENGINE_DIFF_H

#include "engine/snapshot.h"

/* Called for each difference in the order of the endpoints; arguments are never both NULL:
 * before NULL = appeared, after NULL = missing, both = persisted. */
typedef void diff_function(const struct listener *before, const struct listener *after,
    void *argument);

enum diff_want {
	DIFF_APPEARED = 1 << 0,
	DIFF_PERSISTED = 1 << 1,
	DIFF_MISSING = 1 << 2,
};

struct diff_counts {
	size_t appeared, persisted, missing;
};

/*
 * Merges before and after (sealed; before may be NULL = empty) and calls function for the kinds in
 * want (bits of enum diff_want; function may be NULL where want is 0). Returns the counts.
 */
struct diff_counts diff_walk(const struct snapshot *before, const struct snapshot *after,
    unsigned want, diff_function *function, void *argument);

#endif
