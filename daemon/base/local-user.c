/* SPDX-License-Identifier: MIT */
/*
 * Reads /etc/passwd itself, where systemd-sysusers puts the users of services.
 *
 * What it never does: ask the name services, whose modules are no part of a process that is still
 * root.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/local-user.h"

#define NOBODY 65534

/* The reading ends at an entry beyond this. */
#define ENTRY_MAX 4096

void
local_user_find(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	_fclose_ FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found = NULL;
	char buffer[ENTRY_MAX];

	*ret_uid = *ret_gid = NOBODY;
	if (file == NULL)
		return;
	while (fgetpwent_r(file, &entry, buffer, sizeof(buffer), &found) == 0)
		if (strcmp(entry.pw_name, name) == 0) {
			*ret_uid = entry.pw_uid != 0 ? entry.pw_uid : NOBODY;
			*ret_gid = entry.pw_gid != 0 ? entry.pw_gid : NOBODY;
			return;
		}
}
