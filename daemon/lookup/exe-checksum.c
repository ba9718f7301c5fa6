/* SPDX-License-Identifier: MIT */
/*
 * Takes the checksum of a program file through /proc/PID/exe, so that a deleted one or one in
 * memory is read as well, and no path is followed. It is opened by content.c. A file that grows
 * while it is read is cut at the size that was agreed to, and then has no checksum.
 *
 * Bounds: FILE_BYTES_MAX a file, and view->checksum_left_bytes in one request, since all of it
 * has to be done before the alarm of server.c. Cost: 1 to 3 ms a MiB.
 */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/content.h"
#include "lookup/exe-checksum.h"

#define FILE_BYTES_MAX (64ULL << 20)

/* Reads size bytes and no more. Returns whether there were just so many. */
static bool
checksum_file(int fd, uint64_t size, uint8_t checksum[OWNER_CHECKSUM_BYTES])
{
	struct sha256_ctx context;
	uint8_t buffer[65536];
	uint64_t left = size;
	ssize_t length;

	_Static_assert(SHA256_DIGEST_SIZE == OWNER_CHECKSUM_BYTES, "one kind of checksum");
	sha256_init(&context);
	while ((length = read(fd, buffer, sizeof(buffer))) != 0) {
		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 || (uint64_t)length > left)
			return false;
		sha256_update(&context, (size_t)length, buffer);
		left -= (uint64_t)length;
	}
	sha256_digest(&context, OWNER_CHECKSUM_BYTES, checksum);
	return left == 0;
}

void
exe_checksum_read(struct view *view, int task_fd, const struct program_file *program,
    struct process *process)
{
	const struct content_reader reader = { .systems = view->systems };
	_close_ int path_fd = -1, fd = -1;
	struct statx file;

	if (program->error < 0 || !S_ISREG(program->file.stx_mode) ||
	    program->file.stx_size > FILE_BYTES_MAX ||
	    program->file.stx_size > view->checksum_left_bytes)
		return;
	path_fd = openat(task_fd, "exe", O_PATH | O_CLOEXEC);
	fd = path_fd < 0 ? -errno : content_open(&reader, path_fd);
	/* Another program may have been started, with another size. */
	if (fd < 0 || program_file_stat(fd, "", AT_EMPTY_PATH, &file) < 0 ||
	    !program_file_is_same(&file, &program->file) || file.stx_size != program->file.stx_size)
		return;
	view->checksum_left_bytes -= file.stx_size;
	process->has_checksum = checksum_file(fd, file.stx_size, process->checksum);
	if (!process->has_checksum)
		memset(process->checksum, 0, sizeof(process->checksum));
}
