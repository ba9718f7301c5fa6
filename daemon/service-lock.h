/* SPDX-License-Identifier: MIT */
/*
 * Whether overstayd.service runs beside an overstayd that was started by hand. See service-lock.c.
 */
#ifndef OVERSTAY_SERVICE_LOCK_H
#define OVERSTAY_SERVICE_LOCK_H

#include <stdbool.h>

#include "base/macros.h"

/* RuntimeDirectory= of the service, and the name of the lock in it. */
#define SERVICE_DIRECTORY "/run/overstay"
#define SERVICE_LOCK	  "lock"

/* Takes the lock in that directory. Returns a descriptor that holds it until it is closed, or
 * -errno. */
int service_lock_take(const char *directory) _mustcheck_;

/* Removes the file and gives the lock back; accepts an fd below 0. */
void service_lock_release(const char *directory, int fd);

/*
 * True if another process has taken the lock in that directory, and watches the network namespace
 * of this process. False also if that cannot be seen.
 */
bool service_lock_is_taken(const char *directory);

#endif
