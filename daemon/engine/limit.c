/* SPDX-License-Identifier: MIT */
/*
 * Journald drops what a unit writes too fast, without a word and by priority, not by worth. So
 * messages that only inform bound themselves, in windows of fixed length.
 *
 * A value without a clock. It decides about messages, never about stays: what was held back is
 * still known to the engine. Cost: a few comparisons.
 */
#include "engine/limit.h"

bool
limit_admit(struct limit *limit, uint64_t now_usec)
{
	if (limit->window_usec == 0)
		return true;
	if (limit->admitted == 0 || now_usec - limit->begun_usec >= limit->window_usec) {
		limit->begun_usec = now_usec;
		limit->admitted = 0;
	}
	if (limit->admitted >= limit->burst)
		return false;
	limit->admitted++;
	return true;
}
