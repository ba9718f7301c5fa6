/* SPDX-License-Identifier: MIT */
/*
 * Users and groups of a tree that is going to be the root of a host: by its own etc/passwd and
 * etc/group, and by nothing of the host that reads it. What its name services will know is not
 * known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "config/files.h"
#include "config/staged.h"

/* A line of etc/group with so many members fits. */
#define ENTRY_SIZE (64 * 1024)

/* The next entry. Returns 0 with its name and id, -ENOENT behind the last, -errno. */
static int
next_entry(FILE *file, bool group, char *buffer, const char **ret_name, uint32_t *ret_id)
{
	struct passwd passwd, *user = NULL;
	struct group entry, *found = NULL;
	int error = group ? fgetgrent_r(file, &entry, buffer, ENTRY_SIZE, &found) :
			    fgetpwent_r(file, &passwd, buffer, ENTRY_SIZE, &user);

	if (error != 0)
		return -error;
	*ret_name = group ? found->gr_name : user->pw_name;
	*ret_id = group ? found->gr_gid : user->pw_uid;
	return 0;
}

static int
find_entry(FILE *file, bool group, const char *name, uint32_t *ret_id)
{
	_free_ char *buffer = malloc(ENTRY_SIZE);
	const char *found = "";
	uint32_t id;
	int r = buffer == NULL ? -ENOMEM : 0;

	while (r == 0) {
		r = next_entry(file, group, buffer, &found, &id);
		if (r == 0 && strcmp(found, name) == 0) {
			*ret_id = id;
			return 0;
		}
	}
	return r;
}

FILE *
staged_open(const char *root, bool group)
{
	const struct config_context context = { .root = root };
	char path[PATH_MAX];
	FILE *file;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/etc/%s", root, group ? "group" : "passwd");
	fd = file_open(&context, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	file = fdopen(fd, "r");
	if (file == NULL) {
		(void)close(fd);
		errno = ENOMEM;
	}
	return file;
}

int
staged_resolve(const struct config_context *context, const char *name, bool group, uint32_t *ret_id)
{
	_fclose_ FILE *file = staged_open(context->root, group);

	return file == NULL ? -errno : find_entry(file, group, name, ret_id);
}
