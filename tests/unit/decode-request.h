/* SPDX-License-Identifier: MIT */
/* A request of one packet, read as overstay-lookup reads it. */
#ifndef OVERSTAY_TESTS_DECODE_REQUEST_H
#define OVERSTAY_TESTS_DECODE_REQUEST_H

#include <string.h>

#include "wire/encode.h"

/* Fills questions (room for LOOKUP_INODES_MAX). Returns how many there are, or -EPROTO. */
static inline int
decode_request(const char *packet, size_t length, uint32_t *ret_id, struct wire_question *questions,
    struct wire_paths *ret_paths)
{
	struct request request = { 0 };
	int r = request_take(&request, packet, length);

	*ret_id = 0;
	if (r == 0) {
		if (request.count > 0)
			memcpy(questions, request.questions, request.count * sizeof(*questions));
		*ret_id = request.id;
		*ret_paths = request.paths;
		r = (int)request.count;
	}
	request_clear(&request);
	return r;
}

#endif
