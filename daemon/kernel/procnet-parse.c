/* SPDX-License-Identifier: MIT */
/*
 * What /proc/net/tcp and its three siblings say, line by line:
 *
 *  0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 1165 ...
 *
 * slot, local and remote address:port, state, queues, timer, retransmits, uid, timeouts, inode;
 * what follows differs between the tables and is not read. An address is printed as numbers of 32
 * bits as they lie in memory, so they are put back as numbers; a port is printed as a number.
 * TIME_WAIT has uid 0 and inode 0.
 *
 * A line that does not read so is no socket: it is reported and skipped. Costs a pass over the
 * bytes; keeps nothing between the calls but two flags.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/procnet.h"
#include "kernel/source-ops.h"

/* What is left of a line. */
struct cursor {
	const char *at, *end;
};

static int
digit_value(char character)
{
	if (character >= '0' && character <= '9')
		return character - '0';
	if (character >= 'A' && character <= 'F')
		return character - 'A' + 10;
	return 16;
}

/* Reads a number of at least min and at most max digits. */
static bool
take_number(struct cursor *cursor, int base, int min, int max, uint64_t *ret)
{
	uint64_t number = 0;
	int digits = 0;

	for (; digits < max && cursor->at < cursor->end; digits++, cursor->at++) {
		int digit = digit_value(*cursor->at);
		if (digit >= base)
			break;
		number = number * (uint64_t)base + (uint64_t)digit;
	}
	*ret = number;
	return digits >= min;
}

static bool
take_hex(struct cursor *cursor, int digits, uint64_t *ret)
{
	return take_number(cursor, 16, digits, digits, ret);
}

/* A decimal number of 32 bits. */
static bool
take_decimal(struct cursor *cursor, uint32_t *ret)
{
	uint64_t number;

	if (!take_number(cursor, 10, 1, 10, &number) || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

static bool
take_character(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

/* At least one blank. */
static bool
take_blanks(struct cursor *cursor)
{
	if (!take_character(cursor, ' '))
		return false;
	while (take_character(cursor, ' '))
		;
	return true;
}

static bool
take_address(struct cursor *cursor, uint8_t family, uint8_t *address, uint16_t *ret_port)
{
	size_t words = family == AF_INET6 ? 4 : 1;
	uint64_t number;

	for (size_t i = 0; i < words; i++) {
		if (!take_hex(cursor, 8, &number))
			return false;
		uint32_t word = (uint32_t)number;
		memcpy(address + i * sizeof(word), &word, sizeof(word));
	}
	if (!take_character(cursor, ':') || !take_hex(cursor, 4, &number))
		return false;
	*ret_port = (uint16_t)number;
	return true;
}

/* "HHHHHHHH:HHHHHHHH HH:HHHHHHHH HHHHHHHH" and the blanks around; the timer may be wider. */
static bool
pass_queues(struct cursor *cursor)
{
	uint64_t ignored;

	return take_blanks(cursor) && take_hex(cursor, 8, &ignored) &&
	    take_character(cursor, ':') && take_hex(cursor, 8, &ignored) && take_blanks(cursor) &&
	    take_hex(cursor, 2, &ignored) && take_character(cursor, ':') &&
	    take_number(cursor, 16, 8, 16, &ignored) && take_blanks(cursor) &&
	    take_hex(cursor, 8, &ignored) && take_blanks(cursor);
}

/* uid, timeouts (a signed int), inode. */
static bool
take_owner(struct cursor *cursor, struct listener *listener)
{
	uint32_t ignored;

	if (!take_decimal(cursor, &listener->uid) || !take_blanks(cursor))
		return false;
	(void)take_character(cursor, '-');
	if (!take_decimal(cursor, &ignored) || !take_blanks(cursor) ||
	    !take_decimal(cursor, &listener->inode))
		return false;
	return cursor->at == cursor->end || *cursor->at == ' ';
}

int
procnet_parse_line(const char *line, size_t length, enum protocol protocol, uint8_t family,
    struct source_socket *ret, uint8_t *ret_state)
{
	struct cursor cursor = { line, line + length };
	struct source_socket socket = {
		.listener.endpoint = { .protocol = (uint8_t)protocol, .family = family },
	};
	struct endpoint *endpoint = &socket.listener.endpoint;
	uint32_t slot;
	uint64_t state;

	while (take_character(&cursor, ' '))
		;
	if (!take_decimal(&cursor, &slot) || !take_character(&cursor, ':') ||
	    !take_blanks(&cursor) ||
	    !take_address(&cursor, family, endpoint->address, &endpoint->port) ||
	    !take_blanks(&cursor) ||
	    !take_address(&cursor, family, socket.remote_address, &socket.remote_port) ||
	    !take_blanks(&cursor) || !take_hex(&cursor, 2, &state) || !pass_queues(&cursor) ||
	    !take_owner(&cursor, &socket.listener))
		return -EINVAL;
	if (socket.listener.inode != 0)
		socket.listener.cookie = COOKIE_IS_INODE | socket.listener.inode;
	socket.listening = source_is_listening(protocol, (uint8_t)state, socket.remote_port);
	socket.time_wait = protocol == PROTOCOL_TCP && state == STATE_TIME_WAIT;
	*ret = socket;
	*ret_state = (uint8_t)state;
	return 0;
}

/* The first line of each table names its columns. */
static bool
is_header(const char *line, size_t length)
{
	struct cursor cursor = { line, line + length };

	while (take_character(&cursor, ' '))
		;
	return take_character(&cursor, 's') && take_character(&cursor, 'l') &&
	    take_character(&cursor, ' ');
}

static void
take_line(struct procnet_table *table, const char *line, size_t length, source_function *function,
    void *argument)
{
	struct source_socket socket;
	uint8_t state;

	if (!table->after_header) {
		table->after_header = true;
		if (is_header(line, length))
			return;
	}
	if (procnet_parse_line(line, length, table->protocol, table->family, &socket, &state) < 0) {
		table->incomplete |= INCOMPLETE_MALFORMED;
		return;
	}
	if (state >= 32 || (table->states >> state & 1) == 0 ||
	    !port_set_has(table->selected, socket.listener.endpoint.port) ||
	    (!table->survey && !table->connections && !socket.listening))
		return;
	socket.listener.endpoint.netns = table->netns;
	table->sockets++;
	function(&socket, argument);
}

size_t
procnet_take(struct procnet_table *table, const char *data, size_t length,
    source_function *function, void *argument)
{
	size_t done = 0;

	for (;;) {
		const char *line = data + done;
		const char *newline = length > done ? memchr(line, '\n', length - done) : NULL;
		size_t line_length = newline != NULL ? (size_t)(newline - line) : length - done;

		if (line_length >= PROCNET_LINE_MAX && !table->skipping) {
			table->incomplete |= INCOMPLETE_TRUNCATED;
			table->skipping = true;
		}
		if (newline == NULL)
			return table->skipping ? length : done;
		if (!table->skipping)
			take_line(table, line, line_length, function, argument);
		table->skipping = false;
		done += line_length + 1;
	}
}

void
procnet_end(struct procnet_table *table, size_t rest)
{
	if (rest > 0 || table->skipping)
		table->incomplete |= INCOMPLETE_TRUNCATED;
}
