/* SPDX-License-Identifier: MIT */
/*
 * What processes call themselves, on its way into a message. The first byte of an input is the kind
 * of message, the second the cmdline mode (bits 0 and 1), bit 2 a report about no stay, bit 3 an
 * interface. Then, each ended by a record separator (0x1e): comm, exe, unit, user unit, rule, user,
 * interface; the rest is the command line.
 *
 * Whatever it is: every field is one bounded line of UTF-8 that no terminal obeys, an OVERSTAY ends
 * in its hint, and a password behind --password is not shown.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/events.h"
#include "alert/mask.h"
#include "alert/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEPARATOR '\x1e'
#define SECRET	  "geheim"

struct names {
	char *user, *interface;
};

static void
require(bool fact)
{
	if (!fact)
		abort();
}

/* The next record as a string of its own (up to the first NUL of it), at least "". */
static char *
take_record(const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size == 0 ? NULL : memchr(*data, SEPARATOR, *size);
	size_t length = end == NULL ? *size : (size_t)(end - *data);
	char *record = strndup(*size == 0 ? "" : (const char *)*data, length);

	require(record != NULL);
	*data += end == NULL ? length : length + 1;
	*size -= end == NULL ? length : length + 1;
	return record;
}

static const char *
user_name(uint32_t uid, void *argument)
{
	const struct names *names = argument;

	(void)uid;
	return names->user;
}

static const char *
interface_name(uint32_t index, void *argument)
{
	const struct names *names = argument;

	(void)index;
	return names->interface;
}

/* RFC 3629 once more, written apart from base/text.c; and no control or direction character. */
static void
check_line(const char *line, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)line;

	for (size_t at = 0; at < length;) {
		unsigned char c = bytes[at++];
		unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		uint32_t value = c < 0x80 ? c : c & (0x3fU >> more);

		require(c >= 0x20 && c != 0x7f && (c < 0x80 || (c >= 0xc2 && c <= 0xf4)));
		require(length - at >= more);
		for (unsigned i = 0; i < more; i++, at++) {
			require((bytes[at] & 0xc0) == 0x80);
			value = value << 6 | (bytes[at] & 0x3f);
		}
		require(more < 2 || value >= (more == 2 ? 0x800U : 0x10000U));
		require(value <= 0x10ffff && (value < 0xd800 || value > 0xdfff));
		require(value < 0x80 || value > 0x9f);
		require(value < 0x2028 || value > 0x202e);
		require(value < 0x2066 || value > 0x2069);
	}
}

static struct report *
make_stay(enum event_kind kind, bool interface, const uint8_t **data, size_t *size)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	struct report *report = calloc(1, sizeof(*report));
	struct report_stay *stay = calloc(1, sizeof(*stay));

	require(owner != NULL && report != NULL && stay != NULL);
	owner->holders = 1;
	owner->processes[0].pid = 4242;
	owner->processes[0].exe_trust = EXE_SAME;
	owner->processes[0].comm = take_record(data, size);
	owner->processes[0].exe = take_record(data, size);
	owner->processes[0].place.unit = take_record(data, size);
	owner->processes[0].place.user_unit = take_record(data, size);
	*stay = (struct report_stay){
		.endpoint = { .family = AF_INET, .port = 60855, .interface = interface },
		.sockets = 1,
		.users = 1,
		.rule = take_record(data, size),
		.owner = owner,
	};
	report->kind = kind;
	report->stay = stay;
	return report;
}

static void
check_message(const struct message *message)
{
	require(strlen(message->text) < MESSAGE_TEXT_MAX);
	require(message->field_count > 0);
	require(strncmp(message->fields[0].iov_base, "MESSAGE=", 8) == 0);
	for (size_t i = 0; i < message->field_count; i++) {
		const char *field = message->fields[i].iov_base;
		size_t length = message->fields[i].iov_len;

		require(length <= MESSAGE_FIELD_MAX && memchr(field, '=', length) != NULL);
		require(field[length] == '\0' && strlen(field) == length);
		check_line(field, length);
	}
}

/* The command line with a password behind it, in memory of exactly its size. */
static void
check_mask(const uint8_t *data, size_t size)
{
	static const char tail[] = "\0--password\0" SECRET;
	size_t length = size + sizeof(tail), used;
	char *cmdline = malloc(length), *masked = malloc(MASK_ROOM(length));

	require(cmdline != NULL && masked != NULL);
	if (size > 0)
		memcpy(cmdline, data, size);
	memcpy(cmdline + size, tail, sizeof(tail));
	used = mask_secrets(cmdline, length, masked, MASK_ROOM(length));
	require(used > 0 && used < MASK_ROOM(length));
	if (memmem(cmdline, size, SECRET, strlen(SECRET)) == NULL)
		require(memmem(masked, used, SECRET, strlen(SECRET)) == NULL);
	free(cmdline);
	free(masked);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names names;
	struct message_context context = {
		.user_name = user_name, .interface_name = interface_name, .argument = &names,
	};
	struct message *message;
	struct report *report;
	enum event_kind kind;
	uint8_t flags;

	if (size < 2)
		return 0;
	kind = (enum event_kind)(data[0] % EVENT_COUNT);
	flags = data[1];
	data += 2;
	size -= 2;
	context.cmdline = (enum cmdline_mode)((flags & 3) % 3);
	report = make_stay(kind, (flags & 8) != 0, &data, &size);
	names.user = take_record(&data, &size);
	names.interface = take_record(&data, &size);
	report->stay->owner->processes[0].cmdline = malloc(size + 1);
	require(report->stay->owner->processes[0].cmdline != NULL);
	if (size > 0)
		memcpy(report->stay->owner->processes[0].cmdline, data, size);
	report->stay->owner->processes[0].cmdline_length = (uint32_t)size;
	message = malloc(sizeof(*message));
	require(message != NULL);
	message_render(message, report, &context);
	check_message(message);
	require(kind != EVENT_OVERSTAY || strstr(message->text, "; see: journalctl ") != NULL);
	if ((flags & 4) != 0) {
		struct report *plain = report_new(kind, SEVERITY_INFO, "%.*s", (int)size,
		    (const char *)data);

		require(plain != NULL && report_add_field(plain, "NAME", "%s", names.user) == 0);
		message_render(message, plain, &context);
		check_message(message);
		(void)report_free(plain);
	}
	check_mask(data, size < OWNER_CMDLINE_MAX ? size : OWNER_CMDLINE_MAX);
	(void)report_free(report);
	free(names.user);
	free(names.interface);
	free(message);
	return 0;
}
