/* SPDX-License-Identifier: MIT */
/*
 * What is wrong while the daemon runs on: reported once when it begins (DEGRADED), once when it is
 * over (RECOVERED), and shown in the status line meanwhile. A blind spot is never silent.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "loop/daemon.h"

static const struct {
	const char *name;
	enum severity severity;
} conditions[] = {
	[CONDITION_LOOKUP] = { "lookup", SEVERITY_WARNING },
	[CONDITION_SOURCE] = { "source", SEVERITY_WARNING },
	[CONDITION_LOOKS] = { "polls", SEVERITY_ERR },
	[CONDITION_RANGE] = { "range", SEVERITY_WARNING },
	[CONDITION_CONFIG] = { "config", SEVERITY_ERR },
	[CONDITION_STATE] = { "state", SEVERITY_WARNING },
	[CONDITION_EXECUTABLES] = { "executables", SEVERITY_WARNING },
};

void
condition_set(struct daemon *daemon, enum condition condition, bool wrong, const char *format, ...)
{
	_free_ char *what = NULL;
	struct report *report;
	va_list arguments;
	int r;

	if (daemon->conditions[condition] == wrong)
		return;
	daemon->conditions[condition] = wrong;
	va_start(arguments, format);
	r = vasprintf(&what, format, arguments);
	va_end(arguments);
	if (r < 0)
		what = NULL;
	report = report_new(wrong ? EVENT_DEGRADED : EVENT_RECOVERED,
	    wrong ? conditions[condition].severity : SEVERITY_NOTICE, "%s: %s",
	    conditions[condition].name, what == NULL ? "out of memory" : what);
	(void)report_add_field(report, "CONDITION", "%s", conditions[condition].name);
	daemon_tell(daemon, report);
	daemon_update_status(daemon);
}

const char *
condition_list(const struct daemon *daemon, char *buffer, size_t size)
{
	struct text text;

	text_init(&text, buffer, size);
	for (unsigned i = 0; i < CONDITION_COUNT; i++)
		if (daemon->conditions[i])
			text_printf(&text, "%s%s", text.used > 0 ? ", " : "",
			    conditions[i].name);
	return buffer;
}
