/* SPDX-License-Identifier: MIT */
/*
 * Where a world calls the daemon's own code. See failing-calls.c.
 */
#ifndef OVERSTAY_SCENARIO_FAILING_CALLS_H
#define OVERSTAY_SCENARIO_FAILING_CALLS_H

/* Once so many polls were begun since the first failure, memory is no longer short. */
#define FAILING_POLLS_MAX 3

/* Of the making of polls and surveys, and of what the engine makes of them. */
enum calls { CALLS_POLL = 1, CALLS_ENGINE = 2 };

/* Another play begins, in which what these allocate counts: a sum of enum calls. */
void failing_calls_begin(unsigned calls);

#endif
