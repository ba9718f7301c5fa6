/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/: tells things apart where a mistake costs a
 * line. Whoever chooses the bytes can choose the sum, so nothing is trusted for it. And a mix for
 * numbers that are kept apart by a secret key.
 */
#ifndef OVERSTAY_BASE_HASH_H
#define OVERSTAY_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN 0xcbf29ce484222325ULL

/* The sum of all that was added to `hash` and these bytes; HASH_BEGIN = nothing yet. */
static inline uint64_t
hash_add(uint64_t hash, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

/* The finaliser of MurmurHash3 (public domain, A. Appleby): every input bit reaches every output
 * bit, two multiplications and three shifts. */
static inline uint64_t
hash_mix(uint64_t value)
{
	value ^= value >> 33;
	value *= 0xff51afd7ed558ccdULL;
	value ^= value >> 33;
	value *= 0xc4ceb9fe1a85ec53ULL;
	return value ^ value >> 33;
}

#endif
