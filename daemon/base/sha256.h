/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, FIPS 180-4: for the rooms that know no library, where bytes that somebody chose must not
 * be taken for others. See sha256.c.
 */
#ifndef OVERSTAY_BASE_SHA256_H
#define OVERSTAY_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	uint8_t block[64];
};

void sha256_begin(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *data, size_t size);

/* The sum is used up. */
void sha256_end(struct sha256 *sum, uint8_t ret[SHA256_BYTES]);

#endif
