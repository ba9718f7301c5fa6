/* SPDX-License-Identifier: MIT */
/*
 * The tables of fields: a row for each, in the order of the manual. fields.c has those of every
 * message and walks all tables; fields-stay.c and fields-owner.c have theirs.
 */
#ifndef OVERSTAY_ALERT_FIELD_TABLE_H
#define OVERSTAY_ALERT_FIELD_TABLE_H

#include "alert/events.h"
#include "alert/message.h"

/* What a foreign value may take of a field: the longest name fits beside it. */
#define VALUE_MAX (MESSAGE_FIELD_MAX - 64)

/* Names of processes, units, containers and users; each byte of OWNER_UNIT_MAX may become four. */
#define NAME_VALUE_MAX 1024

/* Where the values come from; parts that a message has not are NULL, and then not asked for. */
struct field_source {
	const struct report *report;
	const struct report_stay *stay;
	const struct process *process;	/* the one the alert names, NULL = none */
	const struct place *place;	/* where the owner stands */
	const struct message_context *context;
	uint32_t number;		/* of a field that is repeated, from 0 */
};

/* Appends the value, escaped and bounded; nothing = not known, then there is no such field. */
typedef void field_function(struct text *value, const struct field_source *source);

struct field_row {
	const char *name;
	enum field_group group;
	bool repeated;			/* asked with the next number while there is a value */
	field_function *function;
};

struct field_table {
	const struct field_row *rows;
	size_t count;
};

extern const struct field_table fields_of_stay;
extern const struct field_table fields_of_owner;

/* Foreign bytes, a name of at most NAME_VALUE_MAX or all that a field can take. */
void value_add_name(struct text *value, const char *name);
void value_add_bytes(struct text *value, const char *bytes);

/* A number of microseconds; USEC_NEVER = not known. */
void value_add_usec(struct text *value, uint64_t usec);

/* CLOCK_BOOTTIME of the report's time, on the wall clock: to be compared with other hosts and
 * logs. Later than the report = not known. */
void value_add_time(struct text *value, const struct report *report, uint64_t boottime_usec);

#endif
