/* SPDX-License-Identifier: MIT */
/*
 * A user of this host's own /etc/passwd. See local-user.c.
 */
#ifndef OVERSTAY_BASE_LOCAL_USER_H
#define OVERSTAY_BASE_LOCAL_USER_H

#include <sys/types.h>

/*
 * The user and group that a helper becomes when it was started by hand as root: those of name; the
 * kernel's overflow id (nobody) if /etc/passwd has no such user, or it is root.
 */
void local_user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid);

#endif
