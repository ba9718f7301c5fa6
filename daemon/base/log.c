/* SPDX-License-Identifier: MIT */
/*
 * Debug lines to stderr with the <N> prefix of sd-daemon(3), each escaped as a whole: a foreign
 * name in a debug line cannot forge another. One write(2) a line, so lines of threads do not mix.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

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

void
log_debug(const char *subsystem, const char *format, ...)
{
	char raw[1024], line[2048];
	struct text text;
	struct pollfd room = { .fd = STDERR_FILENO, .events = POLLOUT };
	va_list arguments;
	int length;

	if (!log_is_verbose())
		return;
	va_start(arguments, format);
	length = vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	text_init(&text, line, sizeof(line));
	text_printf(&text, "<7>%s: ", subsystem);
	text_escape(&text, raw, (size_t)length < sizeof(raw) ? (size_t)length : sizeof(raw) - 1,
	    sizeof(line) - 64);
	text_add(&text, "\n");
	/* A pipe that nobody reads must not hold the loop: the line is left out. A pipe that is
	 * writable has room for PIPE_BUF bytes, which is more than a line. */
	if (poll(&room, 1, 0) <= 0)
		return;
	/* If stderr is gone, nobody is left to report it to. */
	(void)!write(STDERR_FILENO, text.data, text.used);
}
