/* SPDX-License-Identifier: MIT */
/*
 * Packages that put each version into a directory of its own delete the old one at an upgrade:
 * /usr/lib/jvm/java-17.0.9/bin/java is gone, java-17.0.10 stands beside it. A program that still
 * runs from the old one was updated and not deleted.
 *
 * What it never does: search the host. Only names beside the directories of the program's own path
 * are read, and of those only ones that differ in the version. A successor in a place where
 * everybody may put files is none.
 *
 * Cost: nothing for what was not deleted; else at most DIRECTORIES_MAX directories, of each at most
 * ENTRIES_MAX names.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/file-systems.h"
#include "lookup/files.h"
#include "lookup/path.h"
#include "lookup/program-file.h"
#include "lookup/upgrade.h"

#define DIRECTORIES_MAX 4
#define ENTRIES_MAX	512

/* What is replaced, and by what it may be. */
struct upgrade {
	struct file_systems *systems;
	int root_fd;
	const char *exe;
	const struct statx *before;
	uint32_t root_uid;
	upgrade_function *is_update;
};

bool
upgrade_is_version(const char *before, const char *now)
{
	size_t stem = strcspn(before, "0123456789");

	return before[stem] != '\0' && strncmp(before, now, stem) == 0 &&
	    isdigit((unsigned char)now[stem]) && strcmp(before, now) != 0;
}

/* Is the program there with `name` in the place of the directory whose name begins at `at`? */
static bool
is_there(const struct upgrade *upgrade, size_t at, size_t length, const char *name)
{
	char path[FILES_LINK_MAX];
	struct statx now;
	struct path_rights rights = { .root_uid = upgrade->root_uid };
	int end = snprintf(path, sizeof(path), "%.*s%s%s", (int)at, upgrade->exe, name,
	    upgrade->exe + at + length);
	_close_ int fd = -1;

	if (end < 0 || (size_t)end >= sizeof(path))
		return false;
	fd = path_open_judged(upgrade->root_fd, path, &rights);
	return fd >= 0 && !rights.open && program_file_stat(fd, "", AT_EMPTY_PATH, &now) == 0 &&
	    upgrade->is_update(upgrade->before, &now, upgrade->root_uid);
}

/* Goes through what stands beside the directory of the path that begins at `at`. */
static bool
search_beside(const struct upgrade *upgrade, size_t at, size_t length)
{
	char parent[FILES_LINK_MAX], version[NAME_MAX + 1];
	unsigned left = ENTRIES_MAX;
	struct dirent *entry;
	_closedir_ DIR *directory = NULL;
	_close_ int fd = -1;
	struct statx file;

	if (length >= sizeof(version) || at >= sizeof(parent))
		return false;
	memcpy(parent, upgrade->exe, at);
	parent[at] = '\0';
	memcpy(version, upgrade->exe + at, length);
	version[length] = '\0';
	fd = path_open(upgrade->root_fd, parent);
	if (fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &file) == 0 &&
	    file_systems_allow(upgrade->systems, fd, &file, FILE_SYSTEM_READ))
		directory = files_open_directory(fd, ".");
	while (directory != NULL && left-- > 0 && (entry = readdir(directory)) != NULL)
		if (upgrade_is_version(version, entry->d_name) &&
		    is_there(upgrade, at, length, entry->d_name))
			return true;
	return false;
}

bool
upgrade_is_beside(struct file_systems *systems, int root_fd, const char *exe,
    const struct statx *before, uint32_t root_uid, upgrade_function *is_update)
{
	const struct upgrade upgrade = { systems, root_fd, exe, before, root_uid, is_update };
	unsigned left = DIRECTORIES_MAX;
	size_t end = strlen(exe);

	/* From the program up: the nearest directory with a version is the likeliest. */
	while (left > 0 && end > 0) {
		const char *slash = memrchr(exe, '/', end);
		size_t at = slash == NULL ? 0 : (size_t)(slash - exe) + 1, length = end - at;

		if (exe[end] == '/' && strcspn(exe + at, "0123456789") < length) {
			left--;
			if (search_beside(&upgrade, at, length))
				return true;
		}
		if (at <= 1)
			break;
		end = at - 1;
	}
	return false;
}
