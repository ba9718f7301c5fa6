/* SPDX-License-Identifier: MIT */
/*
 * What overstay-lookup reads: requests, of several packets, each as long as it says. What is let
 * through must be within its bounds, sorted, without an inode twice, and its paths must be paths.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/link.h"
#include "wire/encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good)
{
	if (!good)
		abort();
}

static void
check(const struct request *request)
{
	struct wire_paths paths = request->paths;
	size_t length, sum = 0;
	const char *path;

	require(request->left == 0 && request->count <= LOOKUP_QUESTIONS_MAX);
	require(request->count > 0 || paths.count > 0);
	for (size_t i = 0; i < request->count; i++) {
		require(
		    request->questions[i].inode > (i > 0 ? request->questions[i - 1].inode : 0));
		require(request->questions[i].protocol < LOOKUP_PROTOCOL_COUNT);
		require((request->questions[i].flags & ~(uint32_t)LOOKUP_QUESTION_FLAGS) == 0);
	}
	require(paths.count <= LINKS_MAX);
	while ((path = paths_next(&paths, &length)) != NULL) {
		require(path[0] == '/' && length < LINK_PATH_MAX);
		require(memchr(path, '\0', length) == NULL);
		sum += length;
	}
	require(sum <= LINKS_BYTES_MAX);
}

/* How long the next packet says that it is; else all that is left. */
static size_t
next_length(const uint8_t *data, size_t size)
{
	struct wire_header header;

	if (size < sizeof(header))
		return size;
	memcpy(&header, data, sizeof(header));
	return header.length > 0 && header.length < size ? header.length : size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request = { 0 };
	int r = 1;

	while (r > 0 && size > 0) {
		size_t length = next_length(data, size);
		/* Of its own, so that a byte behind it shows. */
		char *packet = malloc(length);

		require(packet != NULL);
		memcpy(packet, data, length);
		r = request_take(&request, packet, length);
		require(r <= 0 || (request.left > 0 && request.count % LOOKUP_INODES_MAX == 0));
		if (r == 0)
			check(&request);
		free(packet);
		data += length;
		size -= length;
	}
	request_clear(&request);
	return 0;
}
