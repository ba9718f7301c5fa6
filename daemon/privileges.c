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
	capng_select_t select = CAPNG_SELECT_CAPS;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_get_caps_process() < 0)
		return -EIO;
	if (capng_have_capabilities(CAPNG_SELECT_BOTH) == CAPNG_NONE)
		return 0;
	/* Without CAP_SETPCAP the bounding set cannot be emptied, and libcap-ng logs an error. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0)
		select = CAPNG_SELECT_BOTH;
	capng_clear(select);
	return capng_apply(select) < 0 ? -EPERM : 0;
}
