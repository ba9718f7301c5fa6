/* SPDX-License-Identifier: MIT */
/*
 * Values of fields that are written alike wherever they stand: foreign bytes, numbers, times.
 */
#ifndef OVERSTAY_ALERT_FIELD_VALUE_H
#define OVERSTAY_ALERT_FIELD_VALUE_H

#include <stdint.h>

#include "alert/message.h"

/* What a foreign value may take of a field: the longest name fits beside it. */
#define VALUE_MAX (MESSAGE_FIELD_MAX - 64)

/* Names of processes, units, containers and users; each byte of OWNER_UNIT_MAX may become four. */
#define NAME_VALUE_MAX 1024

/* Foreign bytes, a name of at most NAME_VALUE_MAX or all that a field can take. */
void value_add_name(struct text *value, const char *name);
void value_add_bytes(struct text *value, const char *bytes);

/* A number of microseconds; USEC_NEVER = not known. */
void value_add_usec(struct text *value, uint64_t usec);

/* CLOCK_BOOTTIME of the report's time, on the wall clock: to be compared with other hosts and
 * logs. Later than the report = not known. */
void value_add_time(struct text *value, const struct report *report, uint64_t boottime_usec);

#endif
