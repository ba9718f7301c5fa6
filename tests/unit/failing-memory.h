/* SPDX-License-Identifier: MIT */
/*
 * Makes allocations of the process fail, wherever they are made. See failing-memory.c.
 */
#ifndef OVERSTAY_TESTS_FAILING_MEMORY_H
#define OVERSTAY_TESTS_FAILING_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Counts from now on, and lets the allocation of that number fail (1 = the next, 0 = none). */
void memory_arm(size_t failing);

/* The same, and those behind it fail, too: so many in all. */
void memory_arm_row(size_t failing, size_t count);

/* What is done between the two is the test's own: it neither counts nor fails. They nest. */
void memory_spare(void);
void memory_spare_end(void);

/* True once one has failed. */
bool memory_has_failed(void);

/* Ends that. Returns how many there were. */
size_t memory_disarm(void);

#endif
