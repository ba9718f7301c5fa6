/* SPDX-License-Identifier: MIT */
/*
 * Whether a message keeps to the table of fields. See field-check.c.
 */
#ifndef OVERSTAY_TESTS_FIELD_CHECK_H
#define OVERSTAY_TESTS_FIELD_CHECK_H

#include "alert/field-type.h"
#include "alert/message.h"

/* Whether the value is one of that type. */
bool field_check_value(enum field_type type, const char *value);

/*
 * NULL if each field of the message is in the table, may stand in messages of this kind, has a
 * value of its type, and stands there once unless it is repeated. Else what is wrong, until the
 * next call.
 */
const char *field_check(const struct message *message);

/* NULL if the message has all fields that the catalogue shows of its kind, else what is missing. */
const char *field_check_explained(const struct message *message);

#endif
