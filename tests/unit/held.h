/* SPDX-License-Identifier: MIT */
/*
 * A kernel that does not answer until it is let, for the tests of what the loop leaves to threads.
 * See held.c.
 */
#ifndef OVERSTAY_TESTS_HELD_H
#define OVERSTAY_TESTS_HELD_H

#include <stdbool.h>

/* Whoever comes from now on waits, or nobody does. */
void held_set(bool hold);

/* In the kernel's place, by any thread: returns once nobody is to wait. */
void held_wait(void);

#endif
