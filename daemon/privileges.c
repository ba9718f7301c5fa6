/* SPDX-License-Identifier: MIT */
/*
 * Drops the capabilities. Socket tables, the journal and the daemon's own files need none; looking
 * into other users' processes does, and overstay-lookup does that.
 */
#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>

#include "privileges.h"

int
privileges_drop(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	if (capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE)
		return 0;
	capng_clear(CAPNG_SELECT_BOTH);
	/* The bounding set cannot be emptied without CAP_SETPCAP, which an ordinary user lacks. */
	if (capng_apply(CAPNG_SELECT_BOTH) < 0 && capng_apply(CAPNG_SELECT_CAPS) < 0)
		return -EPERM;
	return 0;
}
