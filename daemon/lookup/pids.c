/* SPDX-License-Identifier: MIT */
/*
 * A growing array of process numbers. It doubles, so that 10,000 of them take a dozen
 * allocations; a /proc or a cgroup that never ends is cut at the most a kernel can have.
 */
#include <errno.h>

#include "lookup/pids.h"
#include "wire/protocol.h"

int
pids_add(struct pids *pids, int32_t pid)
{
	if (pids->count >= LOOKUP_PID_MAX)
		return -E2BIG;
	if (pids->count == pids->room) {
		size_t room = pids->room == 0 ? 256 : 2 * pids->room;
		int32_t *list = reallocarray(pids->list, room, sizeof(list[0]));

		if (list == NULL)
			return -ENOMEM;
		pids->list = list;
		pids->room = room;
	}
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
