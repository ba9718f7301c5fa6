/* SPDX-License-Identifier: MIT */
/*
 * Makes one allocation of the process fail, wherever it is made. See failing-memory.c.
 */
#ifndef OVERSTAY_TESTS_FAILING_MEMORY_H
#define OVERSTAY_TESTS_FAILING_MEMORY_H

#include <stddef.h>

/* Counts from now on, and lets the allocation of that number fail (1 = the next, 0 = none). */
void memory_arm(size_t failing);

/* Ends that. Returns how many there were. */
size_t memory_disarm(void);

#endif
