/* SPDX-License-Identifier: MIT */
/*
 * The few words every file uses. Nothing here evaluates an argument twice.
 */
#ifndef OVERSTAY_BASE_MACROS_H
#define OVERSTAY_BASE_MACROS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define _printf_(index, first) __attribute__((__format__(__printf__, index, first)))
#define _mustcheck_	       __attribute__((warn_unused_result))
#define _cleanup_(function)    __attribute__((cleanup(function)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define USEC_PER_MSEC 1000ULL
#define USEC_PER_SEC  1000000ULL
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)

/* A time that never comes: "never" in the configuration, "unknown" in a report. */
#define USEC_NEVER UINT64_MAX

#endif
