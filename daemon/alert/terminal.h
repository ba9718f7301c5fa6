/* SPDX-License-Identifier: MIT */
/*
 * Messages as lines on stderr. See terminal.c.
 */
#ifndef OVERSTAY_ALERT_TERMINAL_H
#define OVERSTAY_ALERT_TERMINAL_H

#include "alert/message.h"

/* Room for one line: the text, a time before it, a newline behind it. */
#define TERMINAL_LINE_MAX (MESSAGE_TEXT_MAX + 64)

struct terminal {
	int fd;		  /* borrowed */
	bool is_terminal; /* a person looks at it */
	bool is_journal;  /* journald reads it */
};

/* Finds out what fd is. journal_stream: the value of JOURNAL_STREAM, NULL = not set. */
void terminal_init(struct terminal *terminal, int fd, const char *journal_stream);

/* Makes the line in buffer (TERMINAL_LINE_MAX bytes). has_journal: the message is in the journal
 * too, where the line may point to. Returns its length. */
size_t terminal_format(const struct terminal *terminal, const struct message *message,
    bool has_journal, char *buffer);

#endif
