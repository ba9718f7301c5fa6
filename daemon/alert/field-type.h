/* SPDX-License-Identifier: MIT */
/*
 * What the value of a field is, the same in every message that has the field; and the list of all
 * fields. Both change only together with FIELDS_SCHEMA. See fields.c.
 */
#ifndef OVERSTAY_ALERT_FIELD_TYPE_H
#define OVERSTAY_ALERT_FIELD_TYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* Names, types and message ids of this number are those of tests/golden/fields.txt. */
#define FIELDS_SCHEMA 1

/* The longest name journald takes, and its NUL. */
#define FIELD_NAME_MAX 65

enum field_type {
	FIELD_STRING,
	FIELD_WORD, /* one of a few that the manual has */
	FIELD_INTEGER,
	FIELD_USEC,    /* a duration */
	FIELD_TIME,    /* microseconds since 1970 UTC */
	FIELD_ID,      /* hexadecimal digits */
	FIELD_BOOLEAN, /* yes or no */
	FIELD_WORDS,   /* lists, with blanks between */
	FIELD_INTEGERS,
	FIELD_STRINGS, /* of strings that have no blanks */
	FIELD_JSON,
	FIELD_TYPE_COUNT,
};

/* "list of integers" */
const char *field_type_name(enum field_type type);

struct field_entry {
	char name[FIELD_NAME_MAX];
	enum field_type type;
	bool repeated;
	uint32_t kinds; /* bits 1 << enum event_kind: messages that may have it */
};

/*
 * The n-th field that messages may have, n from 0; one that messages about stays and others share
 * comes twice. Returns false behind the last one. For the lists of tests/golden/ and the tests.
 */
bool fields_entry(size_t n, struct field_entry *ret);

#endif
