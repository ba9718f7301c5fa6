/* SPDX-License-Identifier: MIT */
/*
 * The system calls that overstay-lookup leaves itself.
 */
#ifndef OVERSTAY_LOOKUP_SYSCALLS_H
#define OVERSTAY_LOOKUP_SYSCALLS_H

#include "base/macros.h"

/*
 * From here on every system call fails with EPERM but those that read and that answer on
 * what is open already; one of a foreign ABI ends the process by SIGSYS. There is no way
 * back. Needs no_new_privs (privileges_lock()), and is for a process of one thread. Returns
 * 0 or -errno, and then the process must not go on.
 */
int syscalls_restrict(void) _mustcheck_;

#endif
