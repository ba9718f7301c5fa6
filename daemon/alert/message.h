/* SPDX-License-Identifier: MIT */
/*
 * A report as the journal and a person get it: one line of text and a list of fields. See
 * message.c (the text) and fields.c (the fields).
 */
#ifndef OVERSTAY_ALERT_MESSAGE_H
#define OVERSTAY_ALERT_MESSAGE_H

#include <stdint.h>
#include <sys/uio.h>

#include "base/macros.h"
#include "base/text.h"
#include "model/policy.h"
#include "model/report.h"

/*
 * The line with its NUL: all pieces of the longest line, each as long as its bound lets it be. No
 * honest process comes near it; RFC 5424 asks receivers of syslog to take as much.
 */
#define MESSAGE_TEXT_MAX 2560

/* "NAME=value": journalctl -o json prints null for a field of more than 4096 bytes. */
#define MESSAGE_FIELD_MAX 4000

/* Fields of one message, and the bytes of all of them; what is more is left out. */
#define MESSAGE_FIELDS_MAX 192
#define MESSAGE_BYTES_MAX  49152

/* Room for the hash of the configuration, as hexadecimal digits with the NUL. */
#define MESSAGE_CONFIG_MAX 72

/*
 * What a report cannot know by itself: the settings, and questions to the host. The functions may
 * be slow; each may be NULL = not known. What they return is borrowed until they are called again,
 * and raw.
 */
struct message_context {
	enum cmdline_mode cmdline;
	const char *config; /* hash of the effective configuration; "" = none */
	/* Name of a user, NULL = it has none. */
	const char *(*user_name)(uint32_t uid, void *argument);
	/* Name of a network interface, NULL = it is gone. */
	const char *(*interface_name)(uint32_t index, void *argument);
	/* True if the process is known to run still: the same one, no reused pid. */
	bool (*process_runs)(const struct process *process, void *argument);
	void *argument;
};

/* A rendered message. Self-contained: it points into itself, so it is never copied. */
struct message {
	enum severity priority;
	uint64_t realtime_usec;
	const char *text;   /* the one line: escaped, valid UTF-8, less than MESSAGE_TEXT_MAX */
	size_t bare_length; /* of the text, without where there is more: only the journal has it */
	/* "NAME=value", length without the NUL; the first is MESSAGE=. */
	struct iovec fields[MESSAGE_FIELDS_MAX];
	size_t field_count;
	bool cut;	   /* a field had to be left out */
	struct text bytes; /* all fields, one after the other, each with its NUL */
	char storage[MESSAGE_BYTES_MAX];
};

/*
 * Fills message (any content before; about 50 KiB, so rather not on a stack) from report. Cannot
 * fail: what does not fit is cut or left out, and said.
 */
void message_render(struct message *message, const struct report *report,
    const struct message_context *context);

#endif
