/* SPDX-License-Identifier: MIT */
/*
 * What overstay-lookup gives up before it reads what other processes wrote.
 */
#ifndef OVERSTAY_LOOKUP_PRIVILEGES_H
#define OVERSTAY_LOOKUP_PRIVILEGES_H

#include "base/macros.h"

/*
 * For a process started by hand as root: becomes the user LOOKUP_USER with CAP_SYS_PTRACE
 * and CAP_DAC_READ_SEARCH alone (as far as it has them), in an empty network namespace. Root that
 * has neither, nor the right to become another user, stays what it is.
 * Returns 0 or -errno, and then the process must not go on; *ret_has_network is true if
 * there is no such namespace.
 */
int privileges_drop(bool *ret_has_network) _mustcheck_;

/*
 * For every role: no new privileges by execve(2), not traceable, no core. Returns 0 or
 * -errno.
 */
int privileges_lock(void) _mustcheck_;

#endif
