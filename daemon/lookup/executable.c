/* SPDX-License-Identifier: MIT */
/*
 * Which file a process runs, told apart from what its mounts make it look like. In a mount
 * namespace of its own a process can put any file under any path, so the text of
 * /proc/PID/exe is compared with what PID 1 sees under that path: device and inode of the
 * file itself (the link is followed by the kernel, not by name) against those of the path
 * below /proc/1/root.
 *
 * After an upgrade the file has no name any more. It is believed only where nobody but root
 * can have arranged that: the process shares PID 1's mounts, the file has no links left, is
 * root's and not writable by others, and so is the directory the path names.
 *
 * " (deleted)" behind the path is the kernel's (d_path()) or part of the file's name. A
 * file without links is unlinked; one with links is asked for under the whole text, first
 * in PID 1's tree, then in the process's own; only when it stands at neither place the
 * kernel meant it.
 *
 * Absolute links inside /proc/1/root would lead out of it, so paths are followed by
 * path.c. A hostile path can lead into a slow or hanging file system; what hangs for ever
 * is ended by the alarm of server.c.
 *
 * Cost: some twenty system calls, about 15 us.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/executable.h"
#include "lookup/files.h"
#include "lookup/path.h"

static const char deleted_suffix[] = " (deleted)";

static int
stat_quick(int fd, const char *name, int flags, struct statx *ret)
{
	/* What the kernel knows is enough: a network file system need not be asked. */
	flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	return statx(fd, name, flags, STATX_BASIC_STATS, ret) < 0 ? -errno : 0;
}

/*
 * Is the file at path below root_fd this one? 1 = yes, 0 = no or nothing there, or -errno.
 */
static int
stands_at(int root_fd, const char *path, const struct statx *file)
{
	_close_ int fd = -1;
	struct statx there;
	int r;

	if (root_fd < 0)
		return -EBADF;
	fd = path_open(root_fd, path);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	r = stat_quick(fd, "", AT_EMPTY_PATH, &there);
	if (r < 0)
		return r;
	return there.stx_ino == file->stx_ino &&
	    there.stx_dev_major == file->stx_dev_major &&
	    there.stx_dev_minor == file->stx_dev_minor;
}

/* Nobody but root may change it. */
static bool
is_of_root(const struct statx *file)
{
	return file->stx_uid == 0 && (file->stx_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool
shares_mounts_with_init(int proc_fd, int task_fd)
{
	char init[64], own[64];

	return files_read_link(proc_fd, "1/ns/mnt", init, sizeof(init)) > 0 &&
	    files_read_link(task_fd, "ns/mnt", own, sizeof(own)) > 0 &&
	    strcmp(init, own) == 0;
}

/* Judges a file without links whose path was path. */
static enum exe_trust
judge_unlinked(int proc_fd, int task_fd, int root_fd, const char *path,
    const struct statx *file)
{
	/* memfd_create(2) files are born without a link (mm/memfd.c). */
	static const char memory_prefix[] = "/memfd:";
	char directory[FILES_LINK_MAX];
	_close_ int fd = -1;
	struct statx there;
	const char *slash = strrchr(path, '/');
	size_t length = slash == path ? 1 : (size_t)(slash - path);

	if (root_fd < 0 || strncmp(path, memory_prefix, sizeof(memory_prefix) - 1) == 0 ||
	    !is_of_root(file) || !shares_mounts_with_init(proc_fd, task_fd))
		return EXE_UNVERIFIED;
	memcpy(directory, path, length);
	directory[length] = '\0';
	fd = path_open(root_fd, directory);
	if (fd < 0 || stat_quick(fd, "", AT_EMPTY_PATH, &there) < 0)
		return EXE_UNVERIFIED;
	if (!S_ISDIR(there.stx_mode) || !is_of_root(&there))
		return EXE_UNVERIFIED;
	return EXE_REPLACED;
}

/* Is the suffix a part of the name of this file, which has links? Where unknown, it is. */
static bool
suffix_is_name(int task_fd, const char *text, const struct statx *file, int at_init)
{
	_close_ int own_root_fd = -1;

	if (at_init < 0)
		return true;
	own_root_fd = openat(task_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return stands_at(own_root_fd, text, file) != 0;
}

enum exe_trust
executable_judge(int proc_fd, int task_fd, char *text, bool *ret_deleted)
{
	size_t length = strlen(text), suffix = sizeof(deleted_suffix) - 1;
	bool has_suffix = length > suffix &&
	    strcmp(text + length - suffix, deleted_suffix) == 0;
	_close_ int root_fd = -1;
	struct statx file;
	int r;

	*ret_deleted = false;
	if (text[0] != '/' || stat_quick(task_fd, "exe", 0, &file) < 0)
		return EXE_UNVERIFIED;
	root_fd = openat(proc_fd, "1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (has_suffix && file.stx_nlink == 0) {
		text[length - suffix] = '\0';
		*ret_deleted = true;
		return judge_unlinked(proc_fd, task_fd, root_fd, text, &file);
	}
	r = stands_at(root_fd, text, &file);
	if (r > 0)
		return EXE_SAME;
	if (has_suffix && !suffix_is_name(task_fd, text, &file, r)) {
		text[length - suffix] = '\0';
		*ret_deleted = true;
	}
	return EXE_UNVERIFIED;
}
