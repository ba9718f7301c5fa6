/* SPDX-License-Identifier: MIT */
/*
 * Lines to stderr, with the <N> prefix of sd-daemon(3) unless a person reads them at a terminal.
 * Each is escaped as a whole: a foreign name in a line cannot forge another. One write(2) a line,
 * so lines of threads do not mix.
 */
#include <limits.h>
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

/* For how long a start waits for who reads stderr. */
#define READER_WAIT_MSEC 1000

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

/* Whether a line can be written without a wait: a pipe that is writable has room for PIPE_BUF
 * bytes, which is more than a line. */
static bool
has_room(int wait_msec)
{
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&room, 1, wait_msec) > 0;
}

void
log_debug(const char *subsystem, const char *format, ...)
{
	char buffer[LOG_LINE_MAX];
	struct text line;
	va_list arguments;

	if (!log_is_verbose())
		return;
	text_init(&line, buffer, sizeof(buffer));
	va_start(arguments, format);
	fill_line(&line, LOG_DEBUG, subsystem, format, arguments);
	va_end(arguments);
	/* A pipe that nobody reads must not hold the loop: the line is left out. */
	if (!has_room(0))
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
	log_lines(line.data, line.used);
}

void
log_lines(const char *lines, size_t length)
{
	while (length > 0 && has_room(READER_WAIT_MSEC)) {
		ssize_t written =
		    write(STDERR_FILENO, lines, length < PIPE_BUF ? length : PIPE_BUF);

		if (written <= 0)
			return;
		lines += written;
		length -= (size_t)written;
	}
}
