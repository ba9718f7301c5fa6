/* SPDX-License-Identifier: MIT */
/*
 * Time spans as systemd.time(7) writes them: "90s", "10min", "10m", "1h 30min", "2d", "never".
 */
#ifndef OVERSTAY_BASE_DURATION_H
#define OVERSTAY_BASE_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The longest buffer duration_format() fills, with the terminating NUL. */
#define DURATION_TEXT_MAX 64

/*
 * Parses text into *ret_usec; "never" and "infinity" give USEC_NEVER. A bare number is seconds.
 * Returns 0, -EINVAL for what is no time span, -ERANGE for more than a hundred years.
 */
int duration_parse(const char *text, uint64_t *ret_usec) _mustcheck_;

/*
 * Writes usec exactly, so that duration_parse() gives the same number back ("1h 30min",
 * "1500ms", "0s", "never"). buffer has at least DURATION_TEXT_MAX bytes. Returns buffer.
 */
const char *duration_format(uint64_t usec, char *buffer);

/*
 * Writes usec for a person: at most two units, rounded down ("10min 4s", "212d 3h", "350ms",
 * "unknown" for USEC_NEVER). buffer as above. Returns buffer.
 */
const char *duration_format_short(uint64_t usec, char *buffer);

#endif
