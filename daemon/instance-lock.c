/* SPDX-License-Identifier: MIT */
/*
 * Each overstayd that reports to the journal has a lock on a byte of one file, the byte of its
 * network namespace: one that the service has, or one that those started by hand have. Who starts
 * beside another one finds that lock, and says so: both log every alert.
 *
 * What it never does: refuse a start, or keep another one from locking: all locks are shared, and
 * end with their process. The file stays when nobody runs, since who removes it may hide one that
 * has just opened it. It is root's alone, so no other user can pretend to be there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "instance-lock.h"

/* Returns a descriptor or -errno. */
static int
open_lock(const char *directory)
{
	_close_ int directory_fd = -1;
	int fd;

	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return -errno;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd < 0)
		return -errno;
	fd = openat(directory_fd, INSTANCE_LOCK,
	    O_RDWR | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

/* The byte of this kind; namespaces that exist at the same time have different inodes. */
static struct flock
lock_of(const struct stat *namespace, enum instance_kind kind, short type)
{
	off_t inode = (off_t)(namespace->st_ino & UINT32_MAX);

	return (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = 2 * inode + (kind == INSTANCE_SERVICE ? 0 : 1),
		.l_len = 1,
	};
}

int
instance_lock_take(const char *directory, enum instance_kind self, struct instance *ret_other)
{
	static const enum instance_kind kinds[] = { INSTANCE_SERVICE, INSTANCE_BY_HAND };
	_close_ int fd = open_lock(directory);
	struct stat namespace;
	struct flock lock;

	*ret_other = (struct instance){ 0 };
	if (fd < 0)
		return fd;
	if (stat("/proc/self/ns/net", &namespace) < 0)
		return -errno;
	/* Not F_OFD_SETLK: that one does not say whose lock it is. */
	lock = lock_of(&namespace, self, F_RDLCK);
	if (fcntl(fd, F_SETLK, &lock) < 0)
		return -errno;
	/* After the own one: of two that start at once, at least one sees the other. */
	for (size_t i = 0; i < ARRAY_SIZE(kinds) && ret_other->kind == INSTANCE_NONE; i++) {
		lock = lock_of(&namespace, kinds[i], F_WRLCK);
		if (fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
			*ret_other = (struct instance){
				.kind = kinds[i],
				.pid = lock.l_pid > 0 ? lock.l_pid : 0,
			};
	}
	return take_fd(&fd);
}
