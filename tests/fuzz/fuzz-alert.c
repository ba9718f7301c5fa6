/* SPDX-License-Identifier: MIT */
/*
 * What processes call themselves, on its way into a message. An input opens with HEADER_SIZE
 * bytes: the kind of message; the cmdline mode (bits 0 and 1), a report about no stay (bit 2), an
 * interface (bit 3), PID 1 (bit 4), a deleted program (bit 5), no process (bit 6); the reasons (two
 * bytes, the low one first); peers (low half) and the container's kind (high half); ports. Then,
 * each ended by a record separator (0x1e), the strings in the order of take_strings(); the rest is
 * the command line.
 *
 * Whatever it is: every field is one bounded line of UTF-8 that no terminal obeys, none is left
 * out, an OVERSTAY and a SUSPECT end in their hint, a unit that journald is told of has a unit's
 * name, and a password behind --password is not shown.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "alert/events.h"
#include "alert/mask.h"
#include "alert/message.h"
#include "model/hint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER_SIZE 6
#define SEPARATOR   '\x1e'
#define SECRET	    "geheim"

/* systemd.unit(5) */
#define UNIT_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@"

enum flag {
	FLAG_CMDLINE = 3,
	FLAG_PLAIN = 1 << 2,
	FLAG_INTERFACE = 1 << 3,
	FLAG_PID_1 = 1 << 4,
	FLAG_DELETED = 1 << 5,
	FLAG_NOBODY = 1 << 6,
};

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

/* What the names of the host are, and the strings of the report; what an owner without processes
 * has no place for is dropped. */
static void
take_strings(struct report_stay *stay, struct names *names, const uint8_t **data, size_t *size)
{
	struct process spare, *process = &spare;

	process_init(&spare);
	if (stay->owner->process_count > 0)
		process = stay->owner->processes[0];
	process->comm = take_record(data, size);
	process->exe = take_record(data, size);
	process->place.unit = take_record(data, size);
	process->place.user_unit = take_record(data, size);
	stay->rule = take_record(data, size);
	names->user = take_record(data, size);
	names->interface = take_record(data, size);
	process->script = take_record(data, size);
	process->cwd = take_record(data, size);
	process->parent_comm = take_record(data, size);
	process->forwards_to = take_record(data, size);
	process->place.slice = take_record(data, size);
	process->place.session = take_record(data, size);
	process->place.container = take_record(data, size);
	stay->owner->place.unit = take_record(data, size);
	stay->owner->place.user_unit = take_record(data, size);
	stay->owner->place.container = take_record(data, size);
	stay->note = take_record(data, size);
	stay->would_allow = take_record(data, size);
	stay->advice = take_record(data, size);
	/* The kernel picked the port: there is no line. */
	if (stay->advice[0] == '\0') {
		free(stay->advice);
		stay->advice = NULL;
	}
	process_clear(&spare);
}

static struct owner *
make_owner(uint8_t flags, enum container_kind container)
{
	bool nobody = (flags & FLAG_NOBODY) != 0;
	struct owner *owner = owner_new(nobody ? OWNER_UNKNOWN : OWNER_PROCESS,
	    nobody ? OWNER_REASON_NO_PROCESS : OWNER_REASON_NONE, nobody ? 0 : 1);
	struct process *process;

	require(owner != NULL);
	owner->place.container_kind = container;
	if (nobody)
		return owner;
	owner->holders = 1;
	process = owner->processes[0];
	process->pid = (flags & FLAG_PID_1) != 0 ? 1 : 4242;
	process->parent_pid = 801;
	process->exe_trust = EXE_SAME;
	process->exe_deleted = (flags & FLAG_DELETED) != 0;
	process->place.container_kind = process->forwards_kind = container;
	return owner;
}

static struct report_peers *
make_peers(uint8_t count)
{
	struct report_peers *peers = calloc(1, sizeof(*peers));

	require(peers != NULL);
	peers->count = peers->kept = count;
	for (uint8_t i = 0; i < count; i++)
		peers->peers[i].family = i % 2 == 0 ? AF_INET : AF_INET6;
	return peers;
}

static struct report *
make_stay(const uint8_t header[HEADER_SIZE])
{
	struct report *report =
	    report_new_stay((enum event_kind)(header[0] % EVENT_COUNT), SEVERITY_EMERG);
	uint32_t reasons = (header[2] | (uint32_t)header[3] << 8) & ((1U << REASON_COUNT) - 1);
	struct classification classification;

	require(report != NULL);
	classify_reasons(reasons, CLASS_SERVICE, false, &classification);
	*report->stay = (struct report_stay){
		.endpoint = { .family = AF_INET,
		    .port = 60855,
		    .interface = (header[1] & FLAG_INTERFACE) != 0 },
		.sockets = 1,
		.users = 1,
		.class = classification.class,
		.reasons = classification.reasons,
		.hints = header[5] & ((1U << HINT_COUNT) - 1),
		.peers = make_peers(header[4] & 15),
		.ports = calloc(REPORT_PORTS_MAX, sizeof(uint16_t)),
		.port_count = header[5] % (REPORT_PORTS_MAX + 1),
		.hops = header[5],
		.owner = make_owner(header[1],
		    (enum container_kind)((header[4] >> 4) % CONTAINER_KIND_COUNT)),
	};
	return report;
}

/* The rest of the input, which may be longer than what a process is known by. */
static void
take_cmdline(struct owner *owner, const uint8_t *data, size_t size)
{
	char *cmdline;

	if (owner->process_count == 0)
		return;
	cmdline = malloc(size + 1);
	require(cmdline != NULL);
	if (size > 0)
		memcpy(cmdline, data, size);
	cmdline[size] = '\0';
	owner->processes[0]->cmdline = cmdline;
	owner->processes[0]->cmdline_length = (uint32_t)size;
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
		if (strncmp(field, "OBJECT_SYSTEMD_UNIT=", 20) == 0)
			require(field[20 + strspn(field + 20, UNIT_CHARACTERS)] == '\0');
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

/* A report about no stay, with what a process wrote in its text and its field. */
static void
check_plain(enum event_kind kind, const struct message_context *context, struct message *message,
    const uint8_t *data, size_t size, const char *name)
{
	char *text = strndup((const char *)data, size);
	struct report *plain = report_new(NOTICE_STARTED, SEVERITY_INFO,
	    FACTS(fact_text(FACT_VERSION, text), fact_text(FACT_RANGES, name)));

	require(text != NULL && plain != NULL);
	plain->kind = kind;
	free(text);
	message_render(message, plain, context);
	check_message(message);
	(void)report_unref(plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct names names;
	struct message_context context = {
		.user_name = user_name,
		.interface_name = interface_name,
		.argument = &names,
	};
	struct message *message = malloc(sizeof(*message));
	struct report *report;
	uint8_t flags;

	require(message != NULL);
	if (size < HEADER_SIZE) {
		free(message);
		return 0;
	}
	flags = data[1];
	context.cmdline = (enum cmdline_mode)((flags & FLAG_CMDLINE) % 3);
	report = make_stay(data);
	data += HEADER_SIZE;
	size -= HEADER_SIZE;
	take_strings(report->stay, &names, &data, &size);
	take_cmdline(report->stay->owner, data, size);
	message_render(message, report, &context);
	check_message(message);
	require(!message->cut);
	if (report->kind == EVENT_OVERSTAY || report->kind == EVENT_SUSPECT ||
	    report->kind == EVENT_TURNS)
		require(strstr(message->text, "; see: journalctl ") != NULL);
	if ((flags & FLAG_PLAIN) != 0)
		check_plain(report->kind, &context, message, data, size, names.user);
	check_mask(data, size < OWNER_CMDLINE_MAX ? size : OWNER_CMDLINE_MAX);
	(void)report_unref(report);
	free(names.user);
	free(names.interface);
	free(message);
	return 0;
}
