/* SPDX-License-Identifier: MIT */
/*
 * Follows a path below another process's root, one component at a time. The kernel would do
 * it in one call (openat2(2), RESOLVE_IN_ROOT), but no system call filter can see what that
 * call opens a file for, so this program may not use it (syscalls.c).
 *
 * The path, the links and the directories are as hostile as their owners. What bounds them:
 * 40 links, as the kernel has it (MAXSYMLINKS), and FILES_LINK_MAX bytes of what is still to
 * be followed. Each step opens one name without following it, so the text of a link is
 * that of the very link that was opened, whatever is renamed meanwhile. `..` is taken only
 * as often as there were steps down, so it does not lead above the root. A link of /proc's
 * is refused: where it leads depends on who reads it, and its text is no path.
 *
 * Only descriptors that give no access to contents (O_PATH) are opened, and no file system is
 * mounted on the way. Of a path that a process named, no other file system than those of
 * file-systems.c is entered, and it is noted whether that process may go there. Of the path of a
 * program that runs, a lookup in a network file system can wait for its server, and one in a FUSE
 * file system for the process that serves it, where its owner lets all users in (allow_other) in
 * this user namespace; the alarm of server.c ends both.
 *
 * Cost: three system calls a component, three more a link; about 1 us a component.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/content.h"
#include "lookup/files.h"
#include "lookup/path.h"

#define LINKS_MAX 40

struct path {
	int root_fd;
	int fd;				     /* where we are; -1 = at the root */
	unsigned depth;			     /* steps below the root */
	unsigned links;			     /* followed so far */
	uint32_t root_uid;		     /* root's number beside 0 */
	const struct content_reader *reader; /* NULL = this program's own path */
	uint64_t device; /* the last that was found allowed; UINT64_MAX = none */
	struct path_trace *trace;
	bool names;	  /* the last name is wanted */
	const char *rest; /* in text: what is still to be followed */
	char text[FILES_LINK_MAX];
};

/* Goes to fd, which is the path's from now on; -1 is the root. */
static void
go(struct path *path, int fd, unsigned depth)
{
	if (path->fd >= 0)
		(void)close(path->fd);
	path->fd = fd;
	path->depth = depth;
}

/* Opens name where we are. Returns it or -errno. */
static int
open_here(const struct path *path, const char *name, int flags)
{
	int fd = openat(path->fd >= 0 ? path->fd : path->root_fd, name,
	    O_PATH | O_NOFOLLOW | O_CLOEXEC | flags);

	return fd < 0 ? -errno : fd;
}

/*
 * May others than root (of this number, or the host's) put something into the directory? Group
 * staff is Debian's, for /usr/local: who is in it may become root (Debian policy, 9.1.2).
 */
static bool
is_owned(const struct statx *directory, uint32_t root_uid)
{
	enum { STAFF = 50 };
	bool roots_group = directory->stx_gid == 0 || directory->stx_gid == root_uid ||
	    (directory->stx_gid == STAFF && (directory->stx_mode & S_ISGID) != 0);
	/* Where only their owners may rename and remove, a group adds names and changes none. */
	bool sticky = (directory->stx_mode & S_ISVTX) != 0;

	return (directory->stx_uid == 0 || directory->stx_uid == root_uid) &&
	    (directory->stx_mode & S_IWOTH) == 0 &&
	    ((directory->stx_mode & S_IWGRP) == 0 || roots_group || sticky);
}

/* Notes whether the reader may go on there. Returns 0 or -EREMOTE. */
static int
check_reader(struct path *path, int fd, const struct statx *file)
{
	const struct content_reader *reader = path->reader;
	uint64_t device = (uint64_t)file->stx_dev_major << 32 | file->stx_dev_minor;

	if (device != path->device &&
	    !file_systems_allow(reader->systems, fd, file, FILE_SYSTEM_PASS))
		return -EREMOTE;
	path->device = device;
	if (S_ISDIR(file->stx_mode) && !content_may(reader, fd, file))
		path->trace->denied = true;
	return 0;
}

/*
 * 1 = fd is a symbolic link, 0 = it is none, or -errno. Of a directory it is noted who may
 * write to it.
 */
static int
is_link(struct path *path, int fd)
{
	struct statx file;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_BTIME | STATX_CTIME,
		&file) < 0)
		return -errno;
	if (path->reader != NULL && check_reader(path, fd, &file) < 0)
		return -EREMOTE;
	if (S_ISDIR(file.stx_mode)) {
		path->trace->open |= (file.stx_mode & S_IWOTH) != 0;
		path->trace->owned &= is_owned(&file, path->root_uid);
	}
	if (S_ISLNK(file.stx_mode) && path_made_usec(&file) > path->trace->link_usec)
		path->trace->link_usec = path_made_usec(&file);
	return S_ISLNK(file.stx_mode);
}

/* Puts the text of a link before what is still to be followed. Returns 0 or -errno. */
static int
take_link(struct path *path, int link_fd)
{
	char text[FILES_LINK_MAX];
	struct statfs system;
	size_t rest = strlen(path->rest);
	ssize_t length;

	if (++path->links > LINKS_MAX)
		return -ELOOP;
	if (fstatfs(link_fd, &system) < 0)
		return -errno;
	if (system.f_type == PROC_SUPER_MAGIC)
		return -EXDEV;
	length = files_read_link(link_fd, "", text, sizeof(text));
	if (length <= 0)
		return length < 0 ? (int)length : -ENOENT;
	if ((size_t)length + rest >= sizeof(path->text))
		return -ENAMETOOLONG;
	memmove(path->text + length, path->rest, rest + 1);
	memcpy(path->text, text, (size_t)length);
	path->rest = path->text;
	if (text[0] == '/')
		go(path, -1, 0);
	return 0;
}

/* Notes the name of what is opened last, and the directory that has it. */
static int
note_name(struct path *path, const char *name)
{
	struct path_trace *trace = path->trace;
	struct statx here;

	if (strlen(name) >= sizeof(trace->name))
		return -ENAMETOOLONG;
	if (statx(path->fd >= 0 ? path->fd : path->root_fd, "",
		AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &here) < 0)
		return -errno;
	memcpy(trace->name, name, strlen(name) + 1);
	trace->directory_device = (uint64_t)here.stx_dev_major << 32 | here.stx_dev_minor;
	trace->directory_inode = here.stx_ino;
	return 0;
}

/* One step down, to a name that is neither `.` nor `..`. Returns 0 or -errno. */
static int
step_down(struct path *path, const char *name)
{
	_close_ int fd = open_here(path, name, 0);
	int r;

	if (fd < 0)
		return fd;
	r = is_link(path, fd);
	if (r > 0)
		return take_link(path, fd);
	if (r == 0 && path->rest[0] == '\0' && path->names)
		r = note_name(path, name);
	if (r == 0)
		go(path, take_fd(&fd), path->depth + 1);
	return r;
}

/* One component. Returns 0 or -errno. */
static int
step(struct path *path)
{
	char name[FILES_LINK_MAX];
	size_t length = strcspn(path->rest, "/");
	bool up;
	int fd;

	memcpy(name, path->rest, length);
	name[length] = '\0';
	path->rest += length;
	up = strcmp(name, "..") == 0;
	/* Nothing stands behind the last slash: it says that this is a directory. */
	if (length > 0 && strcmp(name, ".") != 0 && !up)
		return step_down(path, name);
	fd = open_here(path, up && path->depth > 0 ? ".." : ".", O_DIRECTORY);
	if (fd < 0)
		return fd;
	go(path, fd, up && path->depth > 0 ? path->depth - 1 : path->depth);
	return 0;
}

uint64_t
path_made_usec(const struct statx *file)
{
	const struct statx_timestamp *made =
	    (file->stx_mask & STATX_BTIME) != 0 ? &file->stx_btime : &file->stx_ctime;

	return made->tv_sec < 0 ? 0 : (uint64_t)made->tv_sec * 1000000 + made->tv_nsec / 1000;
}

static int
follow(const struct content_reader *reader, int root_fd, const char *text, uint32_t root_uid,
    struct path_trace *trace)
{
	struct path path = {
		.root_fd = root_fd,
		.root_uid = root_uid,
		.fd = -1,
		.reader = reader,
		.device = UINT64_MAX,
		.trace = trace,
		.names = reader != NULL,
		.rest = path.text,
	};
	size_t length = strlen(text);
	int r;

	*trace = (struct path_trace){ .open = false };
	if (length == 0)
		return -ENOENT;
	if (length >= sizeof(path.text))
		return -ENAMETOOLONG;
	memcpy(path.text, text, length + 1);
	trace->owned = true;
	r = is_link(&path, root_fd);
	if (r == -EREMOTE)
		return r;
	do {
		path.rest += strspn(path.rest, "/");
		r = step(&path);
	} while (r == 0 && path.rest[0] != '\0');
	if (r < 0)
		go(&path, -1, 0);
	return r < 0 ? r : path.fd;
}

int
path_open_for(const struct content_reader *reader, int root_fd, const char *text,
    struct path_trace *ret)
{
	return follow(reader, root_fd, text, 0, ret);
}

int
path_open_judged(int root_fd, const char *text, struct path_rights *rights)
{
	struct path_trace trace;
	int fd = follow(NULL, root_fd, text, rights->root_uid, &trace);

	rights->open = trace.open;
	rights->owned = trace.owned;
	return fd;
}

int
path_open(int root_fd, const char *text)
{
	struct path_trace trace;

	return follow(NULL, root_fd, text, 0, &trace);
}
