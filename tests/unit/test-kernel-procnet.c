/* SPDX-License-Identifier: MIT */
/*
 * The lines of /proc/net/tcp and its siblings, good and bad, and their cutting where a read ends.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "kernel/procnet.h"
#include "kernel/source-ops.h"

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
#define LISTENING                                                                           \
	"   0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000" \
	"        0 1165 1 0000000082e14bbf 100 0 0 10 0"

/* Parses text as a whole line. */
static int
parse(const char *text, enum protocol protocol, uint8_t family, struct source_socket *ret)
{
	uint8_t state;
	/* In memory of exactly its length, for AddressSanitizer. */
	size_t length = strlen(text);
	char *copy = malloc(length + (length == 0));

	assert_non_null(copy);
	memcpy(copy, text, length);
	int result = procnet_parse_line(copy, length, protocol, family, ret, &state);
	free(copy);
	return result;
}

static void
tcp_listener(void **state)
{
	struct source_socket socket;
	const uint8_t address[16] = { 127, 0, 0, 1 };

	(void)state;
	assert_int_equal(parse(LISTENING, PROTOCOL_TCP, AF_INET, &socket), 0);
	assert_true(socket.listening);
	assert_false(socket.time_wait);
	assert_int_equal(socket.listener.endpoint.port, 60855);
	assert_int_equal(socket.listener.endpoint.family, AF_INET);
	assert_int_equal(socket.listener.endpoint.protocol, PROTOCOL_TCP);
	assert_memory_equal(socket.listener.endpoint.address, address, 16);
	assert_int_equal(socket.listener.uid, 1000);
	assert_int_equal(socket.listener.inode, 1165);
	assert_true(socket.listener.cookie == (COOKIE_IS_INODE | 1165));
	assert_int_equal(socket.listener.choice, CHOICE_UNKNOWN);
	assert_int_equal(socket.listener.v6only, V6ONLY_UNKNOWN);
}

static void
tcp6_established(void **state)
{
	struct source_socket socket;
	const uint8_t address[16] = { 0x20, 1, 0x0d, 0xb8, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1 };

	(void)state;
	assert_int_equal(
	    parse(" 123: B80D0120030201000000000001000000:C350 "
		  "00000000000000000000000001000000:0050 01 00000010:00000000 02:000A8B5C 00000000"
		  "     0        0 4294967295 2 ffff888100000000 20 4 30 10 -1",
		PROTOCOL_TCP, AF_INET6, &socket),
	    0);
	assert_false(socket.listening);
	assert_int_equal(socket.listener.endpoint.port, 50000);
	assert_memory_equal(socket.listener.endpoint.address, address, 16);
	assert_int_equal(socket.listener.inode, UINT32_MAX);
}

static void
tcp_time_wait(void **state)
{
	struct source_socket socket;

	(void)state;
	assert_int_equal(
	    parse("   5: 0100007F:EDB7 0100007F:8C3E 06 00000000:00000000 03:0000176F 00000000"
		  "     0        0 0 3 0000000000000000",
		PROTOCOL_TCP, AF_INET, &socket),
	    0);
	assert_true(socket.time_wait);
	assert_false(socket.listening);
	assert_int_equal(socket.listener.inode, 0);
}

static void
udp_bound_and_connected(void **state)
{
	struct source_socket socket;

	(void)state;
	assert_int_equal(
	    parse("12345: 00000000:EDB7 00000000:0000 07 00000000:00000000 00:00000000 00000000"
		  "  1000        0 0 2 0000000000000000 0",
		PROTOCOL_UDP, AF_INET, &socket),
	    0);
	assert_true(socket.listening);
	assert_int_equal(socket.listener.inode, 0);
	assert_int_equal(
	    parse("12345: 0100007F:EDB7 0100007F:0035 01 00000000:00000000 00:00000000 00000000"
		  "  1000        0 77 2 0000000000000000 0",
		PROTOCOL_UDP, AF_INET, &socket),
	    0);
	assert_false(socket.listening);
	/* Disconnected in the middle: the state says so, the port still stands. */
	assert_int_equal(
	    parse("12345: 0100007F:EDB7 0100007F:0035 07 00000000:00000000 00:00000000 00000000"
		  "  1000        0 77 2 0000000000000000 0",
		PROTOCOL_UDP, AF_INET, &socket),
	    0);
	assert_false(socket.listening);
	/* Six is TIME_WAIT for TCP alone. */
	assert_int_equal(
	    parse("12345: 0100007F:EDB7 0100007F:0035 06 00000000:00000000 00:00000000 00000000"
		  "  1000        0 77 2 0000000000000000 0",
		PROTOCOL_UDP, AF_INET, &socket),
	    0);
	assert_false(socket.time_wait);
}

/* The kernel prints jiffies as a long and timeouts as an int. */
static void
wide_fields(void **state)
{
	struct source_socket socket;

	(void)state;
	assert_int_equal(
	    parse("1048575: 0100007F:EDB7 00000000:0000 0A FFFFFFFF:FFFFFFFF 01:FFFFFFFFFFFFFFFF "
		  "FFFFFFFF 4294967295       -1 1165",
		PROTOCOL_TCP, AF_INET, &socket),
	    0);
	assert_int_equal(socket.listener.uid, UINT32_MAX);
}

static void
bad_lines(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		":",
		"0:",
		HEADER,
		/* slot */
		"x: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0  0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"99999999999: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 "
		"00000000 0 0 1 1",
		/* addresses and ports */
		"0: 100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007G:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007f:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F:EDB 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F:1EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 00000000000000000000000000000000:EDB7 00000000000000000000000000000000:0000 0A "
		"00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F:EDB7 0000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0:0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		/* state */
		"0: 0100007F:EDB7 00000000:0000 A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 00A 00000000:00000000 00:00000000 00000000 0 0 1 1",
		/* queues */
		"0: 0100007F:EDB7 00000000:0000 0A 00000000 00000000 00:00000000 00000000 0 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 0000000000 00000000 0 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:0000000 00000000 0 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000000000000 00000000 "
		"0 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 0000000 0 0 1 1",
		/* uid, timeouts, inode */
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 ",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 -1 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 "
		"4294967296 0 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 x 1 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 ",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1x",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 "
		"4294967296 1",
		"0: 0100007F:EDB7 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 "
		"99999999999 1",
	};
	const struct source_socket untouched = { .listener.cookie = 42 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct source_socket socket = untouched;
		if (parse(lines[i], PROTOCOL_TCP, AF_INET, &socket) != -EINVAL)
			fail_msg("taken: %s", lines[i]);
		assert_memory_equal(&socket, &untouched, sizeof(socket));
	}
}

/* No line is good that is cut before its last number. */
static void
every_cut(void **state)
{
	struct source_socket socket;
	char line[] = LISTENING;
	size_t whole = (size_t)(strstr(line, " 1165") - line) + strlen(" 1");

	(void)state;
	for (size_t length = 0; length < whole; length++) {
		char text[sizeof(line)];
		memcpy(text, line, length);
		text[length] = '\0';
		assert_int_equal(parse(text, PROTOCOL_TCP, AF_INET, &socket), -EINVAL);
	}
}

struct found {
	uint16_t ports[16];
	size_t count;
};

static void
keep(const struct source_socket *socket, void *argument)
{
	struct found *found = argument;

	assert_true(found->count < ARRAY_SIZE(found->ports));
	assert_int_equal(socket->listener.endpoint.netns, 77);
	found->ports[found->count++] = socket->listener.endpoint.port;
}

static struct port_set dynamic;

static struct procnet_table
tcp_listeners(void)
{
	port_set_add(&dynamic, 49152, 65535);
	return (struct procnet_table){
		.protocol = PROTOCOL_TCP,
		.family = AF_INET,
		.states = 1 << STATE_LISTEN,
		.netns = 77,
		.selected = &dynamic,
	};
}

/* Feeds text in pieces, as a source does. */
static void
feed(struct procnet_table *table, const char *text, size_t piece, struct found *found)
{
	char buffer[8192];
	size_t length = strlen(text), kept = 0;

	for (size_t at = 0; at < length; at += piece) {
		size_t part = length - at < piece ? length - at : piece;
		assert_true(kept + part <= sizeof(buffer));
		memcpy(buffer + kept, text + at, part);
		size_t filled = kept + part;
		size_t done = procnet_take(table, buffer, filled, keep, found);
		assert_true(done <= filled);
		kept = filled - done;
		assert_true(kept < PROCNET_LINE_MAX);
		memmove(buffer, buffer + done, kept);
	}
	procnet_end(table, kept);
}

#define TAIL " 00000000:00000000 00:00000000 00000000  1000        0 1165 1 0000000082e14bbf\n"

static const char table_text[] =
    HEADER "\n"
	   "   0: 0100007F:EDB7 00000000:0000 0A" TAIL "   1: 0100007F:0050 00000000:0000 0A" TAIL
	   "   2: 0100007F:EDB8 00000000:0000 01" TAIL "   3: 0100007F:EDB9 00000000:0000 03" TAIL
	   "   4: 0100007F:EDBA 00000000:0000 0A" TAIL;

static void
pieces_of_any_size(void **state)
{
	(void)state;
	for (size_t piece = 1; piece <= sizeof(table_text); piece++) {
		struct procnet_table table = tcp_listeners();
		struct found found = { 0 };
		feed(&table, table_text, piece, &found);
		assert_int_equal(table.incomplete, 0);
		assert_int_equal(found.count, 2);
		assert_int_equal(found.ports[0], 0xedb7);
		assert_int_equal(found.ports[1], 0xedba);
		assert_int_equal(table.sockets, 2);
	}
}

static void
survey_takes_states_by_name(void **state)
{
	struct procnet_table table = tcp_listeners();
	struct found found = { 0 };

	(void)state;
	table.survey = true;
	table.states = 1 << STATE_LISTEN | 1 << STATE_ESTABLISHED;
	feed(&table, table_text, sizeof(table_text), &found);
	assert_int_equal(found.count, 3);
	assert_int_equal(found.ports[1], 0xedb8);
}

static void
bad_line_is_passed_over(void **state)
{
	struct procnet_table table = tcp_listeners();
	struct found found = { 0 };

	(void)state;
	feed(&table,
	    HEADER "\n"
		   "   0: 0100007F:EDB7 00000000:0000 0A" TAIL "garbage\n"
		   "   4: 0100007F:EDBA 00000000:0000 0A" TAIL,
	    100, &found);
	assert_int_equal(table.incomplete, INCOMPLETE_MALFORMED);
	assert_int_equal(found.count, 2);
}

/* The names of the columns stand in the first line, and only there. */
static void
header_elsewhere(void **state)
{
	struct procnet_table table = tcp_listeners();
	struct found found = { 0 };

	(void)state;
	feed(&table, "   0: 0100007F:EDB7 00000000:0000 0A" TAIL HEADER "\n", 100, &found);
	assert_int_equal(table.incomplete, INCOMPLETE_MALFORMED);
	assert_int_equal(found.count, 1);
}

static void
unfinished_line_at_the_end(void **state)
{
	struct procnet_table table = tcp_listeners();
	struct found found = { 0 };

	(void)state;
	feed(&table, HEADER "\n   0: 0100007F:EDB7 00000000:0000 0A 000", 100, &found);
	assert_int_equal(table.incomplete, INCOMPLETE_TRUNCATED);
	assert_int_equal(found.count, 0);
}

static void
overlong_line(void **state)
{
	static const size_t pieces[] = { 1, 7, 511, 512, 513, 4096 };
	char text[8192] = HEADER "\n";

	(void)state;
	size_t length = strlen(text);
	memset(text + length, ' ', 4000);
	strcpy(text + length + 4000,
	    "   0: 0100007F:EDB7 00000000:0000 0A" TAIL
	    "   4: 0100007F:EDBA 00000000:0000 0A" TAIL);
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		struct procnet_table table = tcp_listeners();
		struct found found = { 0 };
		feed(&table, text, pieces[i], &found);
		assert_int_equal(table.incomplete, INCOMPLETE_TRUNCATED);
		assert_int_equal(found.count, 1);
		assert_int_equal(found.ports[0], 0xedba);
	}
}

static void
overlong_line_without_end(void **state)
{
	struct procnet_table table = tcp_listeners();
	struct found found = { 0 };
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	feed(&table, text, 600, &found);
	assert_int_equal(table.incomplete, INCOMPLETE_TRUNCATED);
	assert_int_equal(found.count, 0);
}

/* 511 bytes are believed, 512 are not, wherever the reads end. */
static void
longest_line(void **state)
{
	(void)state;
	for (size_t length = PROCNET_LINE_MAX - 1; length <= PROCNET_LINE_MAX; length++) {
		char text[PROCNET_LINE_MAX + 2];
		struct procnet_table table = tcp_listeners();
		struct found found = { 0 };
		memset(text, ' ', sizeof(text));
		memcpy(text, LISTENING, strlen(LISTENING));
		text[length] = '\n';
		text[length + 1] = '\0';
		table.after_header = true;
		feed(&table, text, 100, &found);
		assert_int_equal(found.count, length < PROCNET_LINE_MAX);
		assert_int_equal(table.incomplete,
		    length < PROCNET_LINE_MAX ? 0 : INCOMPLETE_TRUNCATED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_listener),
		cmocka_unit_test(tcp6_established),
		cmocka_unit_test(tcp_time_wait),
		cmocka_unit_test(udp_bound_and_connected),
		cmocka_unit_test(wide_fields),
		cmocka_unit_test(bad_lines),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(pieces_of_any_size),
		cmocka_unit_test(survey_takes_states_by_name),
		cmocka_unit_test(bad_line_is_passed_over),
		cmocka_unit_test(header_elsewhere),
		cmocka_unit_test(unfinished_line_at_the_end),
		cmocka_unit_test(overlong_line),
		cmocka_unit_test(overlong_line_without_end),
		cmocka_unit_test(longest_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-procnet", tests, NULL, NULL);
}
