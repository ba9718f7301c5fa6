/* SPDX-License-Identifier: MIT */
/*
 * Journald drops what a unit writes too fast, without a word and by priority, not by worth. So
 * messages that only inform bound themselves, in windows of fixed length: each user's to a burst,
 * and all together to LIMIT_USERS bursts, of which nobody gets more than half of what the others
 * left (fair.c).
 *
 * A value without a clock. It decides about messages, never about stays: what was held back is
 * still known to the engine. Cost: a few comparisons.
 */
#include "engine/limit.h"

bool
limit_admit(struct limit *limit, uint32_t uid, uint64_t now_usec)
{
	unsigned account;

	if (limit->window_usec == 0)
		return true;
	if (limit->admitted.total == 0 || now_usec - limit->begun_usec >= limit->window_usec) {
		limit->begun_usec = now_usec;
		limit->admitted = (struct fair_accounts){ 0 };
	}
	account = fair_account(&limit->admitted, uid);
	if (!fair_may_have(&limit->admitted, account, limit->burst, LIMIT_USERS * limit->burst))
		return false;
	fair_charge(&limit->admitted, account, uid);
	return true;
}
