/* SPDX-License-Identifier: MIT */
/*
 * What a message looks like on stderr: "<4>OVERSTAY ..." as sd-daemon(3) has it, so that whoever
 * reads it (a service manager, a container's log) knows the priority; on a terminal the local time
 * instead. The text has been escaped already. Writes nothing itself: that may have to wait.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alert/terminal.h"

void
terminal_init(struct terminal *terminal, int fd, const char *journal_stream)
{
	char stream[64] = "";
	struct stat status;

	*terminal = (struct terminal){ .fd = fd, .is_terminal = isatty(fd) == 1 };
	if (journal_stream == NULL || fstat(fd, &status) < 0)
		return;
	/* systemd.exec(5): device and inode of the stream, in decimal. */
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
	    (uintmax_t)status.st_ino);
	terminal->is_journal = strcmp(stream, journal_stream) == 0;
}

size_t
terminal_format(const struct terminal *terminal, const struct message *message, bool has_journal,
    char *buffer)
{
	time_t seconds = (time_t)(message->realtime_usec / USEC_PER_SEC);
	char when[48] = "";
	struct text line;
	struct tm local;

	text_init(&line, buffer, TERMINAL_LINE_MAX);
	if (!terminal->is_terminal)
		text_printf(&line, "<%d>", (int)message->priority);
	else if (localtime_r(&seconds, &local) != NULL &&
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S ", &local) > 0)
		text_add(&line, when);
	text_printf(&line, "%.*s",
	    (int)(has_journal ? strlen(message->text) : message->bare_length), message->text);
	text_add(&line, "\n");
	return line.used;
}
