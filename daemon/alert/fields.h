/* SPDX-License-Identifier: MIT */
/*
 * The fields of a message in the journal. See fields.c.
 */
#ifndef OVERSTAY_ALERT_FIELDS_H
#define OVERSTAY_ALERT_FIELDS_H

#include "alert/message.h"

/* Adds all fields of report but MESSAGE= to message. */
void fields_add(struct message *message, const struct report *report,
    const struct message_context *context);

/* Adds one field. name is not checked; value is text already escaped. */
void field_add(struct message *message, const char *name, const char *value);

#endif
