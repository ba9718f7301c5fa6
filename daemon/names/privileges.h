/* SPDX-License-Identifier: MIT */
/*
 * What overstay-names gives up before it serves anybody.
 */
#ifndef OVERSTAY_NAMES_PRIVILEGES_H
#define OVERSTAY_NAMES_PRIVILEGES_H

#include "base/macros.h"

/*
 * For a process started by hand as root: becomes the user of the service, without any capability,
 * in an empty network namespace if there is one to be had. Returns 0 or -errno, and then the
 * process must not go on.
 */
int names_privileges_drop(void) _mustcheck_;

/* For every role: no new privileges by execve(2), not traceable, no core. Returns 0 or -errno. */
int names_privileges_lock(void) _mustcheck_;

#endif
