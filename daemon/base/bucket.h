/* SPDX-License-Identifier: MIT */
/*
 * What may be spent in the course of time, of whatever there is only so much: CPU time, readings of
 * descriptors. What is spent is made up for at a steady rate, so that in the long run no more is
 * spent than that; up to what its user allows at once (a burst) it may be spent before.
 *
 * What it never does: refuse. Whoever spends asks before, with the burst that is allowed.
 *
 * Invariant: what is left over is not saved beyond a bucket from which nothing is spent.
 *
 * Cost: some additions.
 */
#ifndef OVERSTAY_BASE_BUCKET_H
#define OVERSTAY_BASE_BUCKET_H

#include <stdint.h>

/* All zero at first: nothing is spent. */
struct bucket {
	uint64_t spent; /* and was not made up for by */
	uint64_t as_of_usec;
};

/* What is not made up for by now, if one is each usec_each microseconds. */
static inline uint64_t
bucket_spent(const struct bucket *bucket, uint64_t usec_each, uint64_t now_usec)
{
	uint64_t passed_usec = now_usec > bucket->as_of_usec ? now_usec - bucket->as_of_usec : 0;
	uint64_t made_up = passed_usec / usec_each;

	return bucket->spent > made_up ? bucket->spent - made_up : 0;
}

/* What is left of a burst. */
static inline uint64_t
bucket_left(const struct bucket *bucket, uint64_t usec_each, uint64_t burst, uint64_t now_usec)
{
	uint64_t spent = bucket_spent(bucket, usec_each, now_usec);

	return spent < burst ? burst - spent : 0;
}

/* So much is spent; of a debt that is greater than `most` the rest is forgiven. */
static inline void
bucket_spend(struct bucket *bucket, uint64_t usec_each, uint64_t amount, uint64_t most,
    uint64_t now_usec)
{
	uint64_t spent = bucket_spent(bucket, usec_each, now_usec);

	bucket->spent = spent < most && amount < most - spent ? spent + amount : most;
	bucket->as_of_usec = now_usec;
}

#endif
