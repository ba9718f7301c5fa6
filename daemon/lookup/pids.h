/* SPDX-License-Identifier: MIT */
/*
 * A list of process numbers, as long as it needs to be and no longer than there can be.
 */
#ifndef OVERSTAY_LOOKUP_PIDS_H
#define OVERSTAY_LOOKUP_PIDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/macros.h"

struct pids {
	int32_t *list; /* owned */
	size_t count, room;
};

/* Appends one. Returns 0, -ENOMEM, or -E2BIG with LOOKUP_PID_MAX in it. */
int pids_add(struct pids *pids, int32_t pid) _mustcheck_;

/* The largest number first: where numbers do not wrap around, the youngest process. */
void pids_sort_newest(struct pids *pids);

static inline void
cleanup_pids(struct pids *pids)
{
	free(pids->list);
}

#define _pids_ _cleanup_(cleanup_pids)

#endif
