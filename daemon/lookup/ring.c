/* SPDX-License-Identifier: MIT */
/*
 * A process may register a socket with an io_uring and close the descriptor: then only the ring
 * holds it, and the ring's fdinfo names it, as "socket:[123]" below "UserFiles:"
 * (io_uring/fdinfo.c). Kernels before 6.3 name the protocol alone, "TCP": such a socket may be any.
 *
 * What it never does: believe a file's name. The kernel writes a path with a leading "/", and
 * escapes blanks and line ends in it.
 *
 * A ring whose lock is held just then shows nothing, or no files: it is asked again a few times. A
 * ring that has no descriptor itself (IORING_REGISTER_RING_FDS) shows nowhere.
 *
 * Cost: 8 us a ring and up to 1 us a registered file. Requests that wait in the ring are in the
 * same text, up to some megabytes, so RING_BYTES_MAX bounds what one user's processes can have us
 * read; a process that has rings behind that was not searched to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/ring.h"
#include "wire/protocol.h"

/* How often a ring is asked that shows no file, how long it is let be between, and what of
 * RING_BYTES_MAX that counts for, so that the pauses have an end, too. */
#define TRIES	    4
#define PAUSE_NSEC  500000
#define PAUSE_BYTES (32U << 10)

/* What an old kernel calls a socket: the name of its protocol (struct proto in the kernel). */
static const struct {
	const char *name;
	uint32_t protocol;
} protocols[] = {
	{ "TCP", LOOKUP_TCP },
	{ "TCPv6", LOOKUP_TCP },
	{ "MPTCP", LOOKUP_TCP },
	{ "MPTCPv6", LOOKUP_TCP },
	{ "UDP", LOOKUP_UDP },
	{ "UDPv6", LOOKUP_UDP },
};

static uint32_t
find_hidden(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(name, protocols[i].name) == 0)
			return 1U << protocols[i].protocol;
	return 0;
}

/* A whole line. Returns false once function did. */
static bool
take_line(struct ring_text *text, ring_function *function, void *argument)
{
	static const char heading[] = "UserFiles:";
	const char *at = text->line + strspn(text->line, " ");
	size_t digits = strspn(at, "0123456789");
	uint32_t inode;

	if (strncmp(text->line, heading, sizeof(heading) - 1) == 0) {
		text->in_files = true;
		text->no_files = strcmp(text->line + sizeof(heading) - 1, "\t0") == 0;
		return true;
	}
	if (!text->in_files)
		return true;
	if (digits == 0 || at[digits] != ':' || at[digits + 1] != ' ') {
		text->in_files = false;
		return true;
	}
	at += digits + 2;
	text->has_files = true;
	text->hidden |= find_hidden(at);
	inode = files_socket_inode(at);
	return inode == 0 || function(inode, argument);
}

bool
ring_take(struct ring_text *text, const char *bytes, size_t length, ring_function *function,
    void *argument)
{
	for (size_t i = 0; i < length; i++) {
		/* A line of the kernel's has no NUL; one would end it here. */
		if (bytes[i] != '\n') {
			if (text->length < sizeof(text->line) - 1)
				text->line[text->length++] = bytes[i];
			continue;
		}
		text->line[text->length] = '\0';
		text->length = 0;
		if (!take_line(text, function, argument))
			return false;
	}
	return true;
}

/* Reads the text once. Returns 0 or -errno. */
static int
read_once(int task_fd, int fd, size_t *left_bytes, ring_function *function, void *argument,
    struct ring_text *text)
{
	char name[32], bytes[4096];
	_close_ int file_fd = -1;

	(void)snprintf(name, sizeof(name), "fdinfo/%d", fd);
	file_fd = openat(task_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file_fd < 0)
		return -errno;
	*text = (struct ring_text){ 0 };
	while (*left_bytes > 0) {
		size_t most = *left_bytes < sizeof(bytes) ? *left_bytes : sizeof(bytes);
		ssize_t length = read(file_fd, bytes, most);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		if (length == 0)
			break;
		*left_bytes -= (size_t)length;
		if (!ring_take(text, bytes, (size_t)length, function, argument))
			return 0;
	}
	return *left_bytes > 0 ? 0 : -EFBIG;
}

int
ring_read(int task_fd, int fd, size_t *left_bytes, ring_function *function, void *argument,
    uint32_t *ret_hidden)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	struct ring_text text;
	int r = 0;

	*ret_hidden = 0;
	for (int i = 0; i < TRIES; i++) {
		r = read_once(task_fd, fd, left_bytes, function, argument, &text);
		if (r < 0)
			return r;
		*ret_hidden = text.hidden;
		if (text.has_files || text.no_files)
			break;
		if (*left_bytes < PAUSE_BYTES)
			return -EFBIG;
		*left_bytes -= PAUSE_BYTES;
		(void)nanosleep(&pause, NULL);
	}
	return r;
}

struct ring_search {
	uint32_t inode;
	bool found;
};

static bool
is_wanted(uint32_t inode, void *argument)
{
	struct ring_search *search = argument;

	search->found |= inode == search->inode;
	return !search->found;
}

bool
ring_has(int task_fd, int fd, uint32_t inode)
{
	size_t left_bytes = RING_BYTES_MAX;
	struct ring_search search = { .inode = inode };
	uint32_t hidden;

	return ring_read(task_fd, fd, &left_bytes, is_wanted, &search, &hidden) == 0 &&
	    search.found;
}
