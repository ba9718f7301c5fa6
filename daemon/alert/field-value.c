/* SPDX-License-Identifier: MIT */
/*
 * Values of fields. All that comes from outside is escaped and bounded here; a value that is not
 * known adds nothing, and then there is no such field.
 */
#include <inttypes.h>
#include <string.h>

#include "alert/field-value.h"
#include "base/clock.h"

void
value_add_bytes(struct text *value, const char *bytes)
{
	text_escape_string(value, bytes, VALUE_MAX);
}

void
value_add_name(struct text *value, const char *name)
{
	text_escape_string(value, name, NAME_VALUE_MAX);
}

void
value_add_usec(struct text *value, uint64_t usec)
{
	if (usec != USEC_NEVER)
		text_printf(value, "%" PRIu64, usec);
}

void
value_add_time(struct text *value, const struct report *report, uint64_t boottime_usec)
{
	const struct moment moment = { report->boottime_usec, report->realtime_usec };

	if (boottime_usec <= report->boottime_usec)
		value_add_usec(value, moment_realtime_usec(&moment, boottime_usec));
}
