/* SPDX-License-Identifier: MIT */
/*
 * diff, the second of the five verbs: what differs between two sealed snapshots, socket by socket.
 * They are compared once; whoever wants to know more walks over the value.
 *
 * What it never does: decide what a difference means. A socket that is missing from `after` may
 * only have been missed by the dump (kernel/poll-steps.c asks for proof before the engine sees it).
 *
 * Invariants: neighbouring runs are of different kinds; the runs that are not DIFF_APPEARED cover
 * `before`, those that are not DIFF_MISSING cover `after`.
 *
 * Cost: one merge of two sorted arrays, 8 bytes a run; no allocation while nothing, or nearly
 * nothing, changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "engine/diff.h"

static const struct diff_run *
runs_of(const struct diff *diff)
{
	return diff->more != NULL ? diff->more : diff->inside;
}

/* Room for one more run. */
static int
grow(struct diff *diff)
{
	bool is_inside = diff->more == NULL;
	int r = array_reserve(&diff->more, &diff->room, diff->run_count + 1, ARRAY_UNBOUNDED);

	if (r == 0 && is_inside && diff->more != NULL)
		memcpy(diff->more, diff->inside, sizeof(diff->inside));
	return r;
}

static int
add_run(struct diff *diff, enum diff_kind kind, size_t count)
{
	struct diff_run *runs;

	if (grow(diff) < 0)
		return -ENOMEM;
	runs = diff->more != NULL ? diff->more : diff->inside;
	runs[diff->run_count++] = (struct diff_run){ kind, (uint32_t)count };
	if (kind == DIFF_APPEARED)
		diff->counts.appeared += count;
	else if (kind == DIFF_PERSISTED)
		diff->counts.persisted += count;
	else
		diff->counts.missing += count;
	return 0;
}

/* The kind of what comes first of the two; NULL = there is none. */
static enum diff_kind
compare(const struct listener *before, const struct listener *after)
{
	int order = before == NULL ? 1 : after == NULL ? -1 : listener_compare(before, after);

	return order < 0 ? DIFF_MISSING : order > 0 ? DIFF_APPEARED : DIFF_PERSISTED;
}

int
diff_make(struct diff *diff, const struct snapshot *before, const struct snapshot *after)
{
	size_t b = 0, a = 0, b_count = before == NULL ? 0 : before->count, run = 0;
	enum diff_kind last = DIFF_PERSISTED;

	*diff = (struct diff){ .before = before, .after = after, .room = DIFF_RUNS_INSIDE };
	while (b < b_count || a < after->count) {
		enum diff_kind kind = compare(b < b_count ? &before->listeners[b] : NULL,
		    a < after->count ? &after->listeners[a] : NULL);

		if (kind != last && run > 0) {
			if (add_run(diff, last, run) < 0)
				goto no_memory;
			run = 0;
		}
		last = kind;
		run++;
		b += kind != DIFF_APPEARED;
		a += kind != DIFF_MISSING;
	}
	if (run > 0 && add_run(diff, last, run) < 0)
		goto no_memory;
	return 0;

no_memory:
	diff_clear(diff);
	return -ENOMEM;
}

void
diff_clear(struct diff *diff)
{
	free(diff->more);
	diff->more = NULL;
	diff->run_count = 0;
}

void
diff_walk(const struct diff *diff, unsigned want, diff_function *function, void *argument)
{
	const struct diff_run *runs = runs_of(diff);
	size_t b = 0, a = 0;

	for (size_t i = 0; i < diff->run_count; i++) {
		size_t old = runs[i].kind != DIFF_APPEARED, new = runs[i].kind != DIFF_MISSING;

		for (size_t k = 0; (runs[i].kind & want) != 0 && k < runs[i].count; k++)
			function(old != 0 ? &diff->before->listeners[b + k] : NULL,
			    new != 0 ? &diff->after->listeners[a + k] : NULL, argument);
		b += old * runs[i].count;
		a += new *runs[i].count;
	}
}
