/* SPDX-License-Identifier: MIT */
/*
 * The build id of a program file: what the linker writes into it, the same in every copy.
 */
#ifndef OVERSTAY_LOOKUP_BUILD_ID_H
#define OVERSTAY_LOOKUP_BUILD_ID_H

#include <stdint.h>

#include "base/macros.h"

/* A linker's are 16 or 20 bytes; what somebody chose (--build-id=0x...) may be longer. */
#define BUILD_ID_BYTES_MIN 8
#define BUILD_ID_BYTES_MAX 64

/* The most that is read of one file. */
#define BUILD_ID_READ_MAX 65536

struct build_id {
	uint32_t length; /* of bytes; the rest is zero */
	uint8_t bytes[BUILD_ID_BYTES_MAX];
};

/*
 * Reads it from an open file, which may be anybody's. Returns 0; -ENOENT where it has none, or
 * none of that length; -ENOEXEC where it is no program of this machine's byte order, or one that
 * is broken; -EFBIG where it lies behind BUILD_ID_READ_MAX bytes of what has to be read; another
 * -errno.
 */
int build_id_read(int fd, struct build_id *ret) _mustcheck_;

bool build_id_is_same(const struct build_id *a, const struct build_id *b);

#endif
