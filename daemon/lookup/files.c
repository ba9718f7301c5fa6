/* SPDX-License-Identifier: MIT */
/*
 * Reading below an open directory, and the two number formats in names of /proc. Nothing is
 * believed about a file's size: what is longer than the buffer is left unread.
 *
 * Cost: one system call a link, three or more a file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"

ssize_t
files_read(int directory_fd, const char *name, char *buffer, size_t size)
{
	_close_ int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < size) {
		ssize_t length = read(fd, buffer + used, size - used);
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		used += (size_t)length;
	}
	return (ssize_t)used;
}

ssize_t
files_read_link(int directory_fd, const char *name, char *buffer, size_t size)
{
	ssize_t length = readlinkat(directory_fd, name, buffer, size);

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return length;
}

DIR *
files_open_directory(int directory_fd, const char *name)
{
	_close_ int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory;

	if (fd < 0)
		return NULL;
	directory = fdopendir(fd);
	if (directory != NULL)
		(void)take_fd(&fd);
	return directory;
}

void
files_cut_deleted(char *path)
{
	static const char suffix[] = " (deleted)";
	size_t length = strlen(path);

	if (length >= sizeof(suffix) - 1 &&
	    strcmp(path + length - (sizeof(suffix) - 1), suffix) == 0)
		path[length - (sizeof(suffix) - 1)] = '\0';
}

/*
 * Reads decimal digits up to limit. Returns the first byte that is no digit; NULL where
 * there are no digits, a needless zero in front, or the number is larger.
 */
static const char *
read_decimal(const char *text, uint64_t limit, uint64_t *ret)
{
	uint64_t value = 0;
	const char *at;

	for (at = text; *at >= '0' && *at <= '9'; at++) {
		value = value * 10 + (uint64_t)(*at - '0');
		if (value > limit)
			return NULL;
	}
	if (at == text || (text[0] == '0' && at != text + 1))
		return NULL;
	*ret = value;
	return at;
}

uint32_t
files_socket_inode(const char *link)
{
	static const char prefix[] = "socket:[";
	uint64_t inode;
	const char *end;

	if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	end = read_decimal(link + sizeof(prefix) - 1, UINT32_MAX, &inode);
	return end != NULL && strcmp(end, "]") == 0 ? (uint32_t)inode : 0;
}

int32_t
files_number(const char *name)
{
	uint64_t number;
	const char *end = read_decimal(name, INT32_MAX, &number);

	return end != NULL && *end == '\0' ? (int32_t)number : 0;
}
