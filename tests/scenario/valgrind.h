/* SPDX-License-Identifier: MIT */
/*
 * Valgrind takes forty times as long: what is played several times elsewhere is played once there.
 */
#ifndef OVERSTAY_TESTS_SCENARIO_VALGRIND_H
#define OVERSTAY_TESTS_SCENARIO_VALGRIND_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool
is_under_valgrind(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload != NULL && strstr(preload, "vgpreload") != NULL;
}

#endif
