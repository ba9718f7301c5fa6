/* SPDX-License-Identifier: MIT */
/*
 * What proofs may take of CPU time. See poll-budget.c.
 */
#ifndef OVERSTAY_LOOP_POLL_BUDGET_H
#define OVERSTAY_LOOP_POLL_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bucket.h"
#include "base/clock.h"

/* Proofs may take one part in so many of a core, */
#define PROOF_SHARE 200
/* and so much at once, of what was left over before. */
#define PROOF_BURST_USEC (250 * USEC_PER_MSEC)

/* All zero at first. */
struct poll_budget {
	struct bucket spent_usec;
};

/* What proofs may take now. */
uint64_t poll_budget_left_usec(const struct poll_budget *budget);

/* So much time has passed. */
void poll_budget_earn(struct poll_budget *budget, uint64_t since_usec);

/* True if proofs that took so much are to end. Never before the first one, that took something. */
bool poll_budget_is_spent(const struct poll_budget *budget, uint64_t cpu_usec);

/* Proofs took so much. */
void poll_budget_spend(struct poll_budget *budget, uint64_t cpu_usec);

#endif
