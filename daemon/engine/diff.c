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

void
diff_begin(struct diff *diff, const struct snapshot *before, const struct snapshot *after)
{
	*diff = (struct diff){ .before = before, .after = after, .room = DIFF_RUNS_INSIDE };
}

int
diff_go_on(struct diff *diff, struct slice *slice)
{
	const struct snapshot *before = diff->before, *after = diff->after;
	size_t b = diff->before_at, a = diff->after_at;
	size_t b_count = before == NULL ? 0 : before->count;
	struct diff_run last = diff->last;
	bool over = false;

	while (b < b_count || a < after->count) {
		enum diff_kind kind;

		over = slice_is_over(slice);
		if (over)
			break;
		kind = compare(b < b_count ? &before->listeners[b] : NULL,
		    a < after->count ? &after->listeners[a] : NULL);
		if (kind != last.kind && last.count > 0) {
			if (add_run(diff, (enum diff_kind)last.kind, last.count) < 0)
				goto no_memory;
			last.count = 0;
		}
		last.kind = kind;
		last.count++;
		b += kind != DIFF_APPEARED;
		a += kind != DIFF_MISSING;
	}
	diff->before_at = b;
	diff->after_at = a;
	diff->last = last;
	if (over)
		return -EAGAIN;
	if (last.count == 0 || add_run(diff, (enum diff_kind)last.kind, last.count) == 0)
		return 0;

no_memory:
	diff_clear(diff);
	return -ENOMEM;
}

int
diff_make(struct diff *diff, const struct snapshot *before, const struct snapshot *after)
{
	struct slice whole = SLICE_WHOLE;

	diff_begin(diff, before, after);
	return diff_go_on(diff, &whole);
}

void
diff_clear(struct diff *diff)
{
	free(diff->more);
	diff->more = NULL;
	diff->run_count = 0;
}

bool
diff_walk_on(const struct diff *diff, struct diff_walk *walk, unsigned want,
    diff_function *function, void *argument, struct slice *slice)
{
	for (; walk->run < diff->run_count; walk->run++) {
		const struct diff_run *run = &runs_of(diff)[walk->run];
		size_t old = run->kind != DIFF_APPEARED, new = run->kind != DIFF_MISSING;
		const struct listener *before = NULL, *after = NULL;

		for (; (run->kind & want) != 0 && walk->socket < run->count; walk->socket++) {
			if (slice_is_over(slice))
				return false;
			if (old != 0)
				before = &diff->before->listeners[walk->before_at + walk->socket];
			if (new != 0)
				after = &diff->after->listeners[walk->after_at + walk->socket];
			function(before, after, argument);
		}
		walk->before_at += old * run->count;
		walk->after_at += new * run->count;
		walk->socket = 0;
	}
	return true;
}

void
diff_walk(const struct diff *diff, unsigned want, diff_function *function, void *argument)
{
	struct slice whole = SLICE_WHOLE;

	(void)diff_walk_on(diff, &(struct diff_walk){ 0 }, want, function, argument, &whole);
}
