/* SPDX-License-Identifier: MIT */
/*
 * Lines to stderr, with the <N> prefix of sd-daemon(3) unless a person reads them at a terminal.
 * Each is escaped as a whole: a foreign name in a line cannot forge another. One write(2) a line,
 * so lines of threads do not mix.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* A line, and what it is made of: escaped it becomes longer. */
#define RAW_MAX	     1024
#define LOG_LINE_MAX 2048

static atomic_bool verbose_on;

void
log_set_verbose(bool verbose)
{
	atomic_store(&verbose_on, verbose);
}

bool
log_is_verbose(void)
{
	return atomic_load(&verbose_on);
}

/* A line as a whole, with the prefix where a program reads it and not a person. */
static void _printf_(4, 0) fill_line(struct text *line, int priority, const char *who,
    const char *format, va_list arguments)
{
	char raw[RAW_MAX];
	int length = vsnprintf(raw, sizeof(raw), format, arguments);
	size_t kept = length < 0 ? 0 : (size_t)length;

	if (isatty(STDERR_FILENO) == 0)
		text_printf(line, "<%d>", priority);
	text_printf(line, "%s: ", who);
	text_escape(line, raw, kept < sizeof(raw) ? kept : sizeof(raw) - 1, LOG_LINE_MAX - 64);
	text_add(line, "\n");
}

void
log_debug(const char *subsystem, const char *format, ...)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	char buffer[LOG_LINE_MAX];
	struct text line;
	va_list arguments;

	if (!log_is_verbose())
		return;
	text_init(&line, buffer, sizeof(buffer));
	va_start(arguments, format);
	fill_line(&line, LOG_DEBUG, subsystem, format, arguments);
	va_end(arguments);
	/* A pipe that nobody reads must not hold the loop: the line is left out. A pipe that is
	 * writable has room for PIPE_BUF bytes, which is more than a line. */
	if (poll(&room, 1, 0) <= 0)
		return;
	/* If stderr is gone, nobody is left to report it to. */
	(void)!write(STDERR_FILENO, line.data, line.used);
}

void
log_start(int priority, const char *format, ...)
{
	char buffer[LOG_LINE_MAX];
	struct text line;
	va_list arguments;

	text_init(&line, buffer, sizeof(buffer));
	va_start(arguments, format);
	fill_line(&line, priority, "overstayd", format, arguments);
	va_end(arguments);
	(void)!write(STDERR_FILENO, line.data, line.used);
}
