/* SPDX-License-Identifier: MIT */
/*
 * When a stay was last connected to, as surveys saw it. See usage.c.
 */
#ifndef OVERSTAY_ENGINE_USAGE_H
#define OVERSTAY_ENGINE_USAGE_H

#include "engine/occupancy.h"
#include "engine/outbox.h"

/* A stay is unused when so many surveys in a row saw no connection, over so long a time at least.
 * Both, since surveys may follow each other as fast as ten a second. */
#define USAGE_SURVEYS_MIN   10
#define USAGE_SPAN_MIN_USEC (5 * USEC_PER_MIN)

/* Surveys that are more than a minute apart, and the time that one takes, are no row. */
#define USAGE_GAP_MAX_USEC (65 * USEC_PER_SEC)

struct usage {
	uint64_t taken_usec; /* CLOCK_BOOTTIME: when the last survey began, 0 = there was none */
};

/* Takes in a complete survey that began at taken_usec (CLOCK_BOOTTIME). */
void usage_take(struct usage *usage, struct track *track, const struct occupancy *occupancy,
    uint64_t taken_usec);

/* True where a row of surveys that is long enough, and goes on until now, saw no connection. */
bool usage_is_unused(const struct usage *usage, const struct stay *stay, uint64_t now_usec);

/* What is reported of it; all zero where nothing is known. */
struct report_use usage_report(const struct usage *usage, const struct stay *stay,
    const struct moment *moment);

#endif
