/* SPDX-License-Identifier: MIT */
/*
 * A growing array of process numbers. A /proc or a cgroup that never ends is cut at the most a
 * kernel can have.
 */
/*
 * A growing array of process numbers. A /proc or a cgroup that never ends is cut at the most a
 * kernel can have.
 */
#include "base/array.h"
#include "lookup/pids.h"
#include "wire/protocol.h"

int
pids_add(struct pids *pids, int32_t pid)
{
	int r = array_reserve(&pids->list, &pids->room, pids->count + 1, LOOKUP_PID_MAX);

	if (r < 0)
		return r;
	pids->list[pids->count++] = pid;
	return 0;
}

static int
compare_newest(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;

	return left > right ? -1 : left < right;
}

void
pids_sort_newest(struct pids *pids)
{
	if (pids->count > 0)
		qsort(pids->list, pids->count, sizeof(pids->list[0]), compare_newest);
}
