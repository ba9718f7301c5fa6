/* SPDX-License-Identifier: MIT */
/*
 * Journald drops what a unit writes too fast, without a word and by priority, not by worth. So the
 * small lines bound themselves, in windows of fixed length, and how many were held back is told.
 *
 * A value without a clock. It decides about lines, never about stays: what was held back is
 * still known to the engine. Cost: a few comparisons.
 */
#include "alert/events.h"
#include "alert/limit.h"

void
limit_init(struct limit *limit, uint64_t burst, uint64_t window_usec)
{
	*limit = (struct limit){ .burst = burst, .window_usec = window_usec };
}

static bool
window_over(const struct limit *limit, uint64_t now_usec)
{
	return now_usec - limit->begun_usec >= limit->window_usec;
}

bool
limit_admit(struct limit *limit, enum event_kind kind, uint64_t now_usec)
{
	if (!event_of(kind)->bounded)
		return true;
	if (limit->admitted == 0 || window_over(limit, now_usec)) {
		limit->begun_usec = now_usec;
		limit->admitted = 0;
	}
	if (limit->admitted >= limit->burst) {
		limit->held_back++;
		return false;
	}
	limit->admitted++;
	return true;
}

uint64_t
limit_held_back(struct limit *limit, uint64_t now_usec)
{
	uint64_t count = limit->held_back;

	if (!window_over(limit, now_usec))
		return 0;
	limit->held_back = 0;
	return count;
}
