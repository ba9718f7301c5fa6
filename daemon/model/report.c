/* SPDX-License-Identifier: MIT */
/*
 * Reports: their lifetime and the names of what they say. Texts and fields are alert/'s to make.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "model/report.h"

static const char *const kind_names[] = {
	[EVENT_STARTED] = "started",
	[EVENT_STOPPED] = "stopped",
	[EVENT_APPEARED] = "appeared",
	[EVENT_VANISHED] = "vanished",
	[EVENT_OVERSTAY] = "overstay",
	[EVENT_ENDED] = "ended",
	[EVENT_REBOUND] = "rebound",
	[EVENT_CLEARED] = "cleared",
	[EVENT_SUMMARY] = "summary",
	[EVENT_POOL] = "pool",
	[EVENT_DEGRADED] = "degraded",
	[EVENT_RECOVERED] = "recovered",
	[EVENT_CONFIG] = "config",
	[EVENT_SUPPRESSED] = "suppressed",
	[EVENT_SUSPECT] = "suspect",
	[EVENT_HOPPING] = "hopping",
	[EVENT_ADVICE] = "advice",
};

static const char *const state_names[] = {
	[STAY_NEW] = "new",
	[STAY_PERSISTING] = "persisting",
	[STAY_OVERSTAYING] = "overstaying",
	[STAY_AWAY] = "away",
	[STAY_ENDED] = "ended",
};

const char *
event_kind_name(enum event_kind kind)
{
	return kind_names[kind];
}

const char *
stay_state_name(enum stay_state state)
{
	return state_names[state];
}

const char *
range_source_name(uint32_t sources)
{
	if ((sources & RANGE_IANA) != 0 && (sources & RANGE_KERNEL) != 0)
		return "both";
	return (sources & RANGE_IANA) != 0 ? "iana" :
	    (sources & RANGE_KERNEL) != 0  ? "kernel" :
					     "explicit";
}

struct report *
report_new(enum event_kind kind, enum severity priority, const char *format, ...)
{
	struct report *report = calloc(1, sizeof(*report));
	va_list arguments;
	int r;

	if (report == NULL)
		return NULL;
	report->kind = kind;
	report->priority = priority;
	va_start(arguments, format);
	r = vasprintf(&report->text, format, arguments);
	va_end(arguments);
	if (r < 0) {
		free(report);
		return NULL;
	}
	return report;
}

int
report_add_field(struct report *report, const char *name, const char *format, ...)
{
	_free_ char *value = NULL;
	struct report_field *field;
	va_list arguments;
	int r;

	if (report == NULL)
		return 0;
	va_start(arguments, format);
	r = vasprintf(&value, format, arguments);
	va_end(arguments);
	if (r < 0) {
		value = NULL;
		return -ENOMEM;
	}
	if (array_fit(&report->fields, report->field_count + 1) < 0)
		return -ENOMEM;
	field = &report->fields[report->field_count];
	field->name = strdup(name);
	if (field->name == NULL)
		return -ENOMEM;
	field->value = take_ptr(value);
	report->field_count++;
	return 0;
}

struct report *
report_free(struct report *report)
{
	if (report == NULL)
		return NULL;
	for (size_t i = 0; i < report->field_count; i++) {
		free(report->fields[i].name);
		free(report->fields[i].value);
	}
	free(report->fields);
	free(report->text);
	if (report->stay != NULL) {
		free(report->stay->rule);
		free(report->stay->note);
		free(report->stay->would_allow);
		free(report->stay->advice);
		free(report->stay->peers);
		(void)owner_unref(report->stay->owner);
		free(report->stay);
	}
	free(report);
	return NULL;
}
