/* SPDX-License-Identifier: MIT */
/*
 * diff, the second of the five verbs: what differs between two sealed snapshots, socket by socket.
 *
 * What it never does: decide what a difference means. A socket that is missing from `after` may
 * only have been missed by the dump (track.c asks for proof before it ends anything).
 *
 * Cost: one merge of two sorted arrays; no allocation.
 */
#include "engine/diff.h"

struct diff_counts
diff_walk(const struct snapshot *before, const struct snapshot *after, unsigned want,
    diff_function *function, void *argument)
{
	struct diff_counts counts = { 0 };
	size_t b = 0, a = 0, b_count = before == NULL ? 0 : before->count;

	while (b < b_count || a < after->count) {
		const struct listener *old = b < b_count ? &before->listeners[b] : NULL;
		const struct listener *new = a < after->count ? &after->listeners[a] : NULL;
		int order = old == NULL ? 1 : new == NULL ? -1 : listener_compare(old, new);

		if (order < 0) {
			counts.missing++;
			if ((want & DIFF_MISSING) != 0)
				function(old, NULL, argument);
			b++;
		} else if (order > 0) {
			counts.appeared++;
			if ((want & DIFF_APPEARED) != 0)
				function(NULL, new, argument);
			a++;
		} else {
			counts.persisted++;
			if ((want & DIFF_PERSISTED) != 0)
				function(old, new, argument);
			a++;
			b++;
		}
	}
	return counts;
}
