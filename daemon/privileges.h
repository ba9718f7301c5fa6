/* SPDX-License-Identifier: MIT */
/*
 * What overstayd gives up at its start.
 */
#ifndef OVERSTAY_PRIVILEGES_H
#define OVERSTAY_PRIVILEGES_H

#include "base/macros.h"

/*
 * Empties every capability set and forbids to gain any again. Uid 0 stays: the journal believes
 * OBJECT_ fields only of root. As another user, or under systemd, which did it already, it changes
 * nothing. Returns 0 or -errno.
 */
int privileges_drop(void) _mustcheck_;

/*
 * For the daemon, after privileges_drop(), and before there is a second thread: takes from it the
 * sockets by which other services are asked. As much of it as the kernel has. Returns 0 or -errno.
 */
int privileges_confine(void) _mustcheck_;

#endif
