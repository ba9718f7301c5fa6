/* SPDX-License-Identifier: MIT */
/*
 * What is wrong while the daemon runs on: reported once when it begins (DEGRADED), once when it is
 * over (RECOVERED), and shown in the status line meanwhile. A blind spot is never silent.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "loop/conditions.h"

static const struct {
	const char *name;
	enum severity severity;
} table[] = {
	[CONDITION_LOOKUP] = { "lookup", SEVERITY_WARNING },
	[CONDITION_SOURCE] = { "source", SEVERITY_WARNING },
	[CONDITION_POLLS] = { "polls", SEVERITY_ERR },
	[CONDITION_RANGE] = { "range", SEVERITY_WARNING },
	[CONDITION_CONFIG] = { "config", SEVERITY_ERR },
	[CONDITION_STATE] = { "state", SEVERITY_WARNING },
	[CONDITION_EXECUTABLES] = { "executables", SEVERITY_WARNING },
};

struct conditions {
	struct outlet *outlet;
	struct status *status;
	bool wrong[CONDITION_COUNT];
};

void
conditions_set(struct conditions *conditions, enum condition condition, bool wrong,
    const char *format, ...)
{
	_free_ char *what = NULL;
	struct report *report;
	va_list arguments;
	int r;

	if (conditions->wrong[condition] == wrong)
		return;
	conditions->wrong[condition] = wrong;
	va_start(arguments, format);
	r = vasprintf(&what, format, arguments);
	va_end(arguments);
	if (r < 0)
		what = NULL;
	report = report_new(wrong ? EVENT_DEGRADED : EVENT_RECOVERED,
	    wrong ? table[condition].severity : SEVERITY_NOTICE, "%s: %s", table[condition].name,
	    what == NULL ? "out of memory" : what);
	(void)report_add_field(report, "CONDITION", "%s", table[condition].name);
	outlet_put(conditions->outlet, report);
	status_update(conditions->status);
}

bool
conditions_hold(const struct conditions *conditions, enum condition condition)
{
	return conditions->wrong[condition];
}

/* "DEGRADED: lookup, polls" */
static void
write_status(struct text *text, void *argument)
{
	const struct conditions *conditions = argument;
	const char *before = "DEGRADED: ";

	for (unsigned i = 0; i < CONDITION_COUNT; i++) {
		if (!conditions->wrong[i])
			continue;
		text_printf(text, "%s%s", before, table[i].name);
		before = ", ";
	}
}

int
conditions_new(struct outlet *outlet, struct status *status, struct conditions **ret)
{
	struct conditions *conditions = calloc(1, sizeof(*conditions));

	if (conditions == NULL)
		return -ENOMEM;
	*conditions = (struct conditions){ .outlet = outlet, .status = status };
	status_provide(status, STATUS_CONDITIONS, write_status, conditions);
	*ret = conditions;
	return 0;
}

struct conditions *
conditions_free(struct conditions *conditions)
{
	free(conditions);
	return NULL;
}
