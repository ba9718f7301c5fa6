/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 as FIPS 180-4 writes it down (section 6.2), with its names. Pure; about a microsecond
 * for 64 bytes, so nothing for each listener of each poll.
 */
#include <string.h>

#include "base/sha256.h"

static const uint32_t constants[64] = {
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
};

static uint32_t
rotate(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t
read_word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	    bytes[3];
}

static void
prepare_schedule(const uint8_t *block, uint32_t schedule[64])
{
	for (unsigned t = 0; t < 16; t++)
		schedule[t] = read_word(block + 4 * (size_t)t);
	for (unsigned t = 16; t < 64; t++) {
		uint32_t early = schedule[t - 15], late = schedule[t - 2];

		schedule[t] = schedule[t - 16] + schedule[t - 7] +
		    (rotate(early, 7) ^ rotate(early, 18) ^ early >> 3) +
		    (rotate(late, 17) ^ rotate(late, 19) ^ late >> 10);
	}
}

static void
take_block(struct sha256 *sum)
{
	uint32_t schedule[64], v[8];

	prepare_schedule(sum->block, schedule);
	memcpy(v, sum->state, sizeof(v));
	for (unsigned t = 0; t < 64; t++) {
		uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
		    ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + schedule[t];
		uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
		    ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(&v[1], &v[0], 7 * sizeof(v[0]));
		v[4] += first;
		v[0] = first + second;
	}
	for (unsigned i = 0; i < 8; i++)
		sum->state[i] += v[i];
}

void
sha256_begin(struct sha256 *sum)
{
	*sum = (struct sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		    0x1f83d9ab, 0x5be0cd19 },
	};
}

void
sha256_add(struct sha256 *sum, const void *data, size_t size)
{
	const uint8_t *bytes = data;

	while (size > 0) {
		size_t used = (size_t)(sum->length % sizeof(sum->block));
		size_t part = sizeof(sum->block) - used < size ? sizeof(sum->block) - used : size;

		memcpy(sum->block + used, bytes, part);
		sum->length += part;
		bytes += part;
		size -= part;
		if (used + part == sizeof(sum->block))
			take_block(sum);
	}
}

void
sha256_end(struct sha256 *sum, uint8_t ret[SHA256_BYTES])
{
	static const uint8_t padding[64] = { 0x80 };
	uint64_t bits = sum->length * 8;
	size_t used = (size_t)(sum->length % sizeof(sum->block));
	uint8_t tail[8];

	for (unsigned i = 0; i < 8; i++)
		tail[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(sum, padding, (used < 56 ? 56 : 120) - used);
	sha256_add(sum, tail, sizeof(tail));
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		ret[i] = (uint8_t)(sum->state[i / 4] >> (24 - 8 * (i % 4)));
}
