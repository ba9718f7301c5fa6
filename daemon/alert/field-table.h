/* SPDX-License-Identifier: MIT */
/*
 * The tables of fields: a row for each, in the order of the manual. fields.c has those of every
 * message and walks all tables; fields-stay.c and fields-owner.c have theirs.
 *
 * A list is one field. What is `repeated` stands beside it, a field for each entry, since
 * journalctl matches whole values: OVERSTAY_PID=4242 finds one of several processes.
 */
#ifndef OVERSTAY_ALERT_FIELD_TABLE_H
#define OVERSTAY_ALERT_FIELD_TABLE_H

#include "alert/events.h"
#include "alert/field-type.h"
#include "alert/message.h"

/* Where the values come from; parts that a message has not are NULL, and then not asked for. */
struct field_source {
	const struct report *report;
	const struct report_stay *stay;
	const struct process *process; /* the one the alert names, NULL = none */
	const struct place *place;     /* where the owner stands */
	const struct message_context *context;
	uint32_t number; /* of a field that is repeated, from 0 */
};

/* Appends the value, escaped and bounded; nothing = not known, then there is no such field. */
typedef void field_function(struct text *value, const struct field_source *source);

struct field_row {
	const char *name;
	enum field_group group;
	enum field_type type;
	bool repeated; /* asked with the next number while there is a value */
	field_function *function;
};

struct field_table {
	const struct field_row *rows;
	size_t count;
};

extern const struct field_table fields_of_stay;
extern const struct field_table fields_of_owner;

#endif
