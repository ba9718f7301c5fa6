/* SPDX-License-Identifier: MIT */
/*
 * The service locks a file in its runtime directory, and writes into it which network namespace it
 * watches. One started by hand asks whether there is such a lock: both would log every alert.
 *
 * What it never does: refuse a start, or take the lock to find out about it. The file is root's
 * alone, so no other user can hold the lock and pretend to be the service.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "service-lock.h"

/* Device and inode of the network namespace, as text. Returns 0 or -errno. */
static int
describe_namespace(char *buffer, size_t size)
{
	struct stat status;

	if (stat("/proc/self/ns/net", &status) < 0)
		return -errno;
	(void)snprintf(buffer, size, "%ju:%ju\n", (uintmax_t)status.st_dev,
	    (uintmax_t)status.st_ino);
	return 0;
}

/* Returns a descriptor or -errno. */
static int
open_lock(const char *directory, int flags)
{
	_close_ int directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = directory_fd < 0 ?
	    -1 :
	    openat(directory_fd, SERVICE_LOCK, flags | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

int
service_lock_take(const char *directory)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_close_ int fd = open_lock(directory, O_RDWR | O_CREAT);
	char namespace[64];
	int r;

	if (fd < 0)
		return fd;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return -errno;
	r = describe_namespace(namespace, sizeof(namespace));
	if (r < 0)
		return r;
	if (ftruncate(fd, 0) < 0 ||
	    pwrite(fd, namespace, strlen(namespace), 0) != (ssize_t)strlen(namespace))
		return -EIO;
	return take_fd(&fd);
}

void
service_lock_release(const char *directory, int fd)
{
	_close_ int directory_fd = -1;

	if (fd < 0)
		return;
	directory_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory_fd >= 0)
		(void)unlinkat(directory_fd, SERVICE_LOCK, 0);
	(void)close(fd);
}

bool
service_lock_is_taken(const char *directory)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	_close_ int fd = open_lock(directory, O_RDONLY | O_NONBLOCK);
	char own[64], theirs[64] = "";

	if (fd < 0 || fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return false;
	return pread(fd, theirs, sizeof(theirs) - 1, 0) > 0 &&
	    describe_namespace(own, sizeof(own)) == 0 && strcmp(own, theirs) == 0;
}
