/* SPDX-License-Identifier: MIT */
/*
 * Which other overstayd watches the same network namespace. See instance-lock.c.
 */
#ifndef OVERSTAY_INSTANCE_LOCK_H
#define OVERSTAY_INSTANCE_LOCK_H

#include <stdint.h>

#include "base/macros.h"

/* RuntimeDirectory= of the service, and the name of the lock in it. */
#define INSTANCE_DIRECTORY "/run/overstay"
#define INSTANCE_LOCK	   "lock"

enum instance_kind {
	INSTANCE_NONE,
	INSTANCE_SERVICE,
	INSTANCE_BY_HAND,
};

struct instance {
	enum instance_kind kind;
	int32_t pid; /* 0 = not visible from here */
};

/*
 * Marks this process in the lock of that directory, which is made if it is not there, and finds
 * another one. Returns a descriptor, whose end is the mark's end, or -errno; *ret_other is kind
 * INSTANCE_NONE where there is no other, or that cannot be seen.
 */
int instance_lock_take(const char *directory, enum instance_kind self,
    struct instance *ret_other) _mustcheck_;

#endif
