/* SPDX-License-Identifier: MIT */
/*
 * What is tested of each helper's program as a process. See helper-process.c.
 */
#ifndef OVERSTAY_TESTS_HELPER_PROCESS_H
#define OVERSTAY_TESTS_HELPER_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/* The path of that program as it was built; the next call writes over it. */
const char *helper_binary(const char *name);

/* Of a helper that root started and that has answered: an ordinary user with these capabilities
 * alone (bits), in a network of its own. */
void helper_expect_privileges(pid_t pid, uint64_t kept);

/* What its command line takes and refuses. */
void helper_expect_usage(const char *name);

#endif
