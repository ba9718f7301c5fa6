/* SPDX-License-Identifier: MIT */
/*
 * The table of times for which nobody watched, for who asks later. See gaps.c.
 */
#ifndef OVERSTAY_STORE_GAPS_H
#define OVERSTAY_STORE_GAPS_H

#include "model/gap.h"
#include "store/database.h"

/* So many are kept; then the oldest go. */
#define GAPS_MAX 4096

/* SQL that makes it. */
#define GAPS_TABLE                                                            \
	"CREATE TABLE gap (since_usec INTEGER, until_usec INTEGER NOT NULL, " \
	"at_most INTEGER NOT NULL, reason TEXT NOT NULL)"

struct gaps;

/* Borrowed. Returns 0 or -errno. */
int gaps_open(struct database *database, struct gaps **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct gaps *gaps_close(struct gaps *gaps);

/* Adds one, and removes the oldest beyond GAPS_MAX. Returns 0 or -errno. */
int gaps_add(struct gaps *gaps, const struct gap *gap) _mustcheck_;

#endif
