/* SPDX-License-Identifier: MIT */
/*
 * Keeps one file so that it is never half written: a temporary file beside it is written,
 * synced and renamed over it, then the directory is synced. Reading checks nothing but kind
 * and size: what is inside passes through the configuration's reader like any other file.
 *
 * The state directory is the daemon's own (mode 0700), so nobody else can put a file there;
 * the descriptors are opened without following links all the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/lastgood.h"

#define TEMPORARY_NAME LASTGOOD_NAME ".new"

/* A configuration that is larger is refused when it is read, so no copy of ours is. */
#define LASTGOOD_SIZE_MAX (1024 * 1024)

static int
write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		size -= (size_t)written;
	}
	return 0;
}

/* Writes the temporary file and puts it in place. */
static int
replace(int state_fd, const char *text, size_t size)
{
	_close_ int fd = openat(state_fd, TEMPORARY_NAME,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, text, size);
	if (r < 0)
		return r;
	if (fchmod(fd, 0600) < 0 || fsync(fd) < 0)
		return -errno;
	if (renameat(state_fd, TEMPORARY_NAME, state_fd, LASTGOOD_NAME) < 0)
		return -errno;
	return fsync(state_fd) < 0 ? -errno : 0;
}

int
lastgood_save(int state_fd, const char *text, size_t size)
{
	_free_ char *old = NULL;
	size_t old_size;
	int r;

	if (size > LASTGOOD_SIZE_MAX)
		return -EFBIG;
	if (lastgood_read(state_fd, &old, &old_size) == 0 && old_size == size &&
	    memcmp(old, text, size) == 0)
		return 0;
	r = replace(state_fd, text, size);
	if (r < 0)
		(void)unlinkat(state_fd, TEMPORARY_NAME, 0);
	return r;
}

int
lastgood_read(int state_fd, char **ret_text, size_t *ret_size)
{
	_close_ int fd =
	    openat(state_fd, LASTGOOD_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	_free_ char *text = NULL;
	struct stat status;
	size_t used = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > LASTGOOD_SIZE_MAX)
		return -EFBIG;
	text = malloc((size_t)status.st_size + 1);
	if (text == NULL)
		return -ENOMEM;
	while (used < (size_t)status.st_size) {
		ssize_t got = read(fd, text + used, (size_t)status.st_size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	text[used] = '\0';
	*ret_text = take_ptr(text);
	*ret_size = used;
	return 0;
}
