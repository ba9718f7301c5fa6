/* SPDX-License-Identifier: MIT */
/*
 * The way down. Under systemd the unit has gone it already; this file does the same for a daemon
 * that is run by hand, as far as a process can do it by itself.
 */
#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/local-user.h"
#include "names/privileges.h"

/* The user that systemd/ installs. */
#define NAMES_USER "overstay-names"

int
names_privileges_drop(void)
{
	capng_flags_t flags = CAPNG_DROP_SUPP_GRP;
	uid_t uid;
	gid_t gid;

	local_user_find(NAMES_USER, &uid, &gid);
	/* Services are asked by sockets of files, which are reached from any network namespace. */
	(void)unshare(CLONE_NEWNET);
	if (capng_get_caps_process() != 0)
		return -EPERM;
	/* Root without capabilities, in a sandbox: it cannot become another user. */
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETUID) == 0) {
		capng_clear(CAPNG_SELECT_CAPS);
		return capng_apply(CAPNG_SELECT_CAPS) == 0 ? 0 : -EPERM;
	}
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0)
		flags |= CAPNG_CLEAR_BOUNDING;
	capng_clear(CAPNG_SELECT_ALL);
	return capng_change_id((int)uid, (int)gid, flags) == 0 ? 0 : -EPERM;
}

int
names_privileges_lock(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	return 0;
}
