/* SPDX-License-Identifier: MIT */
/* Whose a user number is by its range: the system's, or a person's. */
#ifndef OVERSTAY_MODEL_ACCOUNT_H
#define OVERSTAY_MODEL_ACCOUNT_H

#include <stdint.h>

#include "base/macros.h"

/* Systemd's SYSTEM_UID_MAX, nobody, and the range of DynamicUser=. */
#define ACCOUNT_SYSTEM_MAX  999
#define ACCOUNT_NOBODY	    65534
#define ACCOUNT_DYNAMIC_MIN 61184
#define ACCOUNT_DYNAMIC_MAX 65519

/* An account of the system's that is not root. */
static inline bool
account_is_service(uint32_t uid)
{
	return uid != 0 &&
	    (uid <= ACCOUNT_SYSTEM_MAX || uid == ACCOUNT_NOBODY ||
		(uid >= ACCOUNT_DYNAMIC_MIN && uid <= ACCOUNT_DYNAMIC_MAX));
}

static inline bool
account_is_person(uint32_t uid)
{
	return uid > ACCOUNT_SYSTEM_MAX && uid != UINT32_MAX && !account_is_service(uid);
}

#endif
