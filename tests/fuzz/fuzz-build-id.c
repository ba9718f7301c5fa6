/* SPDX-License-Identifier: MIT */
/*
 * Program files as overstay-lookup reads their build ids: anybody's, so each byte is doubted. The
 * input is the file.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lookup/build-id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct build_id id = { 0 };
	int fd = memfd_create("fuzz", MFD_CLOEXEC), r;

	if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
		return 0;
	r = build_id_read(fd, &id);
	require(r == 0 || r == -ENOENT || r == -ENOEXEC || r == -EFBIG);
	if (r == 0)
		require(id.length >= BUILD_ID_BYTES_MIN && id.length <= BUILD_ID_BYTES_MAX);
	(void)close(fd);
	return 0;
}
