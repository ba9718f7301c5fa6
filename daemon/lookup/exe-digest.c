/* SPDX-License-Identifier: MIT */
/*
 * Digests a program file through /proc/PID/exe, so that a deleted one or one in memory is
 * read as well, and no path is followed. Only regular files, and no waiting for a lease
 * (O_NONBLOCK). A file that grows while it is read is cut at the size that was agreed to, and
 * then has no digest.
 *
 * Bounds: FILE_BYTES_MAX a file, and view->digest_left_bytes in one request, since all of it
 * has to be done before the alarm of server.c. Cost: 1 to 3 ms a MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/exe-digest.h"

#define FILE_BYTES_MAX (64ULL << 20)

/* Reads size bytes and no more. Returns whether there were just so many. */
static bool
digest_file(int fd, uint64_t size, uint8_t digest[OWNER_DIGEST_BYTES])
{
	struct sha256_ctx context;
	uint8_t buffer[65536];
	uint64_t left = size;
	ssize_t length;

	_Static_assert(SHA256_DIGEST_SIZE == OWNER_DIGEST_BYTES, "the owner's digest is SHA-256");
	sha256_init(&context);
	while ((length = read(fd, buffer, sizeof(buffer))) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 || (uint64_t)length > left)
			return false;
		sha256_update(&context, (size_t)length, buffer);
		left -= (uint64_t)length;
	}
	sha256_digest(&context, OWNER_DIGEST_BYTES, digest);
	return left == 0;
}

void
exe_digest_read(struct view *view, int task_fd, const struct program_file *program,
    struct process *process)
{
	_close_ int fd = -1;
	struct statx file;

	if (program->error < 0 || !S_ISREG(program->file.stx_mode) ||
	    program->file.stx_size > FILE_BYTES_MAX ||
	    program->file.stx_size > view->digest_left_bytes)
		return;
	fd = openat(task_fd, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	/* Another program may have been started, with another size. */
	if (fd < 0 || program_file_stat(fd, "", AT_EMPTY_PATH, &file) < 0 ||
	    !program_file_is_same(&file, &program->file) ||
	    file.stx_size != program->file.stx_size)
		return;
	view->digest_left_bytes -= file.stx_size;
	process->has_digest = digest_file(fd, file.stx_size, process->digest);
	if (!process->has_digest)
		memset(process->digest, 0, sizeof(process->digest));
}
