/* SPDX-License-Identifier: MIT */
/*
 * Which file a process runs, whatever its mounts make it seem to be. In a mount
 * namespace of its own a process can put any file under any path, so the text of
 * /proc/PID/exe is compared with what PID 1 sees under that path: device and inode of the
 * file itself (the link is followed by the kernel, not by name) against those of the path
 * below /proc/1/root.
 *
 * After an upgrade the file has no name any more. It is believed only where nobody but root
 * can have arranged that: the file has no links left, is root's and not writable by others,
 * and so is the directory that PID 1 sees under the path. And the path has to mean the same
 * to the process as to PID 1: it shares PID 1's mounts; or, as most services do that systemd
 * gave mounts of their own (ProtectSystem=, PrivateTmp=, PrivateUsers=), it is in no
 * container, its root is that of its mounts, and by its mounts the path leads to the very
 * mount the file is on and to the same place inside the same file system as by PID 1's. So
 * the file was under that path for PID 1, too, and who put it there may write to root's
 * directory. What this refuses, in whatever user namespace, and by setuid programs that make
 * mounts (bwrap): an old file of root's bound over another name, since its place is another
 * one; a mount that was taken away from under the process, which makes its paths shorter,
 * since the path leads to another mount.
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
 * Cost: some fifteen system calls, about 12 us; for a deleted file in mounts of its own also
 * two tables of mounts, 100 us and more.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/mounts.h"
#include "lookup/path.h"
#include "lookup/program-file.h"

static const char deleted_suffix[] = " (deleted)";

int
program_file_stat(int fd, const char *name, int flags, struct statx *ret)
{
	/* What the kernel knows is enough: a network file system need not be asked. */
	flags |= AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
	return statx(fd, name, flags, STATX_BASIC_STATS | STATX_MNT_ID, ret) < 0 ? -errno : 0;
}

bool
program_file_is_same(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
	    a->stx_dev_minor == b->stx_dev_minor;
}

/*
 * Is the file at path below root_fd this one? 1 = yes, 0 = no or nothing there, or -errno.
 * *rights: of the directories on the way.
 */
static int
stands_at(int root_fd, const char *path, const struct statx *file, struct path_rights *rights)
{
	_close_ int fd = -1;
	struct statx there;
	int r;

	if (root_fd < 0)
		return -EBADF;
	fd = path_open_judged(root_fd, path, rights);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	r = program_file_stat(fd, "", AT_EMPTY_PATH, &there);
	if (r < 0)
		return r;
	return program_file_is_same(&there, file);
}

/* Nobody but root may change it. */
static bool
is_of_root(const struct statx *file)
{
	return file->stx_uid == 0 && (file->stx_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Is the process's root that of its mounts, so that the kernel's two texts agree? */
static bool
is_at_root(int task_fd)
{
	char root[8];

	return files_read_link(task_fd, "root", root, sizeof(root)) > 0 && strcmp(root, "/") == 0;
}

/* Does path mean the same file system and place in it, to the process as to PID 1? */
static bool
means_the_same(const struct view *view, int task_fd, const char *path, const struct statx *file)
{
	char init[2 * FILES_LINK_MAX], own[2 * FILES_LINK_MAX];
	uint64_t init_id, own_id;
	int r;

	/* Before Linux 5.8 statx(2) does not return the mount of a file. */
	if ((file->stx_mask & STATX_MNT_ID) == 0 || !is_at_root(task_fd))
		return false;
	r = mounts_locate_by(view->host->proc_fd, "1/mountinfo", path, init, sizeof(init),
	    &init_id);
	if (r == 0)
		r = mounts_locate_by(task_fd, "mountinfo", path, own, sizeof(own), &own_id);
	if (r == -ENOMEM)
		view_lacks_memory(view);
	return r == 0 && strcmp(init, own) == 0 && own_id == file->stx_mnt_id;
}

/* Judges a file without links whose path was path. */
static enum exe_trust
judge_unlinked(const struct view *view, int task_fd, bool in_container, int root_fd,
    const char *path, const struct statx *file)
{
	char directory[FILES_LINK_MAX];
	_close_ int fd = -1;
	struct statx there;
	const char *slash = strrchr(path, '/');
	size_t length = slash == path ? 1 : (size_t)(slash - path);

	/* A file in memory is born without a link (mm/memfd.c). No file is called "/". */
	if (root_fd < 0 || path[1] == '\0' || !is_of_root(file) ||
	    ((uint64_t)file->stx_dev_major << 32 | file->stx_dev_minor) ==
		view->host->memory_device ||
	    strncmp(path, "/memfd:", strlen("/memfd:")) == 0)
		return EXE_UNVERIFIED;
	memcpy(directory, path, length);
	directory[length] = '\0';
	fd = path_open(root_fd, directory);
	if (fd < 0 || program_file_stat(fd, "", AT_EMPTY_PATH, &there) < 0)
		return EXE_UNVERIFIED;
	if (!S_ISDIR(there.stx_mode) || !is_of_root(&there))
		return EXE_UNVERIFIED;
	if (view_same_namespace(task_fd, "ns/mnt", view->init_mounts))
		return EXE_REPLACED;
	return !in_container && means_the_same(view, task_fd, path, file) ? EXE_REPLACED :
									    EXE_UNVERIFIED;
}

/* Is the suffix a part of the name of this file, which has links? Where unknown, it is. */
static bool
suffix_is_name(int task_fd, const char *text, const struct statx *file, int at_init)
{
	_close_ int own_root_fd = -1;
	struct path_rights rights = { 0 };

	if (at_init < 0)
		return true;
	own_root_fd = openat(task_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return stands_at(own_root_fd, text, file, &rights) != 0;
}

void
program_file_judge(const struct view *view, int task_fd, bool in_container, char *text,
    struct program_file *ret)
{
	size_t length = strlen(text), suffix = sizeof(deleted_suffix) - 1;
	bool has_suffix = length > suffix && strcmp(text + length - suffix, deleted_suffix) == 0;
	int root_fd = view->init_root_fd, r;

	*ret = (struct program_file){ .trust = EXE_UNVERIFIED };
	ret->error = program_file_stat(task_fd, "exe", 0, &ret->file);
	if (text[0] != '/' || ret->error < 0)
		return;
	if (has_suffix && ret->file.stx_nlink == 0) {
		text[length - suffix] = '\0';
		ret->deleted = true;
		ret->trust = judge_unlinked(view, task_fd, in_container, root_fd, text, &ret->file);
		return;
	}
	r = stands_at(root_fd, text, &ret->file, &ret->rights);
	if (r > 0)
		ret->trust = EXE_SAME;
	else if (has_suffix && !suffix_is_name(task_fd, text, &ret->file, r)) {
		text[length - suffix] = '\0';
		ret->deleted = true;
	}
}
