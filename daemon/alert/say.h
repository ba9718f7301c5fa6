/* SPDX-License-Identifier: MIT */
/*
 * The sentences of notices (model/notice.h). See say.c.
 */
#ifndef OVERSTAY_ALERT_SAY_H
#define OVERSTAY_ALERT_SAY_H

#include "alert/field-type.h"
#include "alert/message.h"
#include "base/text.h"
#include "model/report.h"

/*
 * Appends the sentence of the report's notice, without the kind's word; escaped and bounded.
 * Returns the length of the text without where there is more.
 */
size_t say_notice(struct text *text, const struct report *report,
    const struct message_context *context);

/* Appends the value of a fact as it stands in its field, and what that is. */
void say_fact_value(struct text *value, const struct fact *fact);
enum field_type say_fact_type(enum fact_name name);

#endif
