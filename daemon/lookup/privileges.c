/* SPDX-License-Identifier: MIT */
/*
 * The way down. Under systemd the unit has gone it already (User=, AmbientCapabilities=,
 * PrivateNetwork=); this file does the same for a daemon that is run by hand.
 *
 * What stays by the nature of the two capabilities: every file and the memory of every
 * process may be read (that it cannot be written is syscalls.c's doing). Hence the rest is
 * taken away: no network, no user of its own that anything else runs as, no way to get more
 * by running a program, and nobody but root can trace it and borrow what it has.
 */
#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/local-user.h"
#include "lookup/privileges.h"

/* The user that systemd/ installs. */
#define LOOKUP_USER "overstay"

static const unsigned kept_capabilities[] = { CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH };

int
privileges_drop(bool *ret_has_network)
{
	capng_flags_t flags = CAPNG_DROP_SUPP_GRP;
	bool had[ARRAY_SIZE(kept_capabilities)], has_any = false;
	uid_t uid;
	gid_t gid;

	local_user_find(LOOKUP_USER, &uid, &gid);
	*ret_has_network = unshare(CLONE_NEWNET) < 0;
	if (capng_get_caps_process() != 0)
		return -EPERM;
	for (size_t i = 0; i < ARRAY_SIZE(had); i++)
		has_any |= had[i] =
		    capng_have_capability(CAPNG_PERMITTED, kept_capabilities[i]) != 0;
	/* Root without capabilities, in a sandbox: it sees no more than anybody, and cannot become
	 * another user. */
	if (!has_any && capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) == 0) {
		*ret_has_network = false;
		capng_clear(CAPNG_SELECT_CAPS);
		return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
	}
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0)
		flags |= CAPNG_CLEAR_BOUNDING;
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < ARRAY_SIZE(had); i++)
		if (had[i] &&
		    capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
			kept_capabilities[i]) != 0)
			return -EPERM;
	return capng_change_id((int)uid, (int)gid, flags) == 0 ? 0 : -EPERM;
}

int
privileges_lock(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
