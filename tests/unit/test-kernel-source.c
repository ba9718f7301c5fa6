/* SPDX-License-Identifier: MIT */
/*
 * The shell of the sources, the replay source, and the two readers of /proc over a directory that
 * looks like one. Needs neither root nor a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "kernel/ranges.h"
#include "kernel/replay.h"
#include "kernel/source.h"

struct found {
	struct source_socket sockets[64];
	size_t count;
};

static void
keep(const struct source_socket *socket, void *argument)
{
	struct found *found = argument;

	assert_true(found->count < ARRAY_SIZE(found->sockets));
	found->sockets[found->count++] = *socket;
}

static struct port_filter
dynamic_ports(void)
{
	struct port_filter filter = { 0 };

	port_set_add(&filter.ports, 49152, 65535);
	port_set_add(&filter.auto_ports, 10000, 32767);
	return filter;
}

static struct listener
listener(enum protocol protocol, uint8_t family, uint16_t port, enum choice choice)
{
	return (struct listener){
		.endpoint = { .protocol = (uint8_t)protocol, .family = family, .port = port },
		.cookie = port,
		.choice = (uint8_t)choice,
	};
}

/* The ports of an answer, as text. */
static const char *
ask(struct source *source, const struct source_request *request, uint32_t incomplete)
{
	static char text[256];
	struct found found = { 0 };
	struct source_result result;
	size_t used = 0;

	assert_int_equal(source_run(source, request, keep, &found, USEC_PER_SEC, &result), 0);
	assert_int_equal(result.incomplete, incomplete);
	assert_int_equal(result.sockets, found.count);
	text[0] = '\0';
	for (size_t i = 0; i < found.count; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u", i > 0 ? " " : "",
		    found.sockets[i].listener.endpoint.port);
	return text;
}

static void
replay_selects(void **state)
{
	const struct listener table[] = {
		listener(PROTOCOL_TCP, AF_INET, 60001, CHOICE_ASKED),
		listener(PROTOCOL_TCP, AF_INET6, 60002, CHOICE_AUTO),
		listener(PROTOCOL_UDP, AF_INET, 60003, CHOICE_AUTO),
		listener(PROTOCOL_TCP, AF_INET, 20001, CHOICE_ASKED),
		listener(PROTOCOL_TCP, AF_INET, 20002, CHOICE_AUTO),
		listener(PROTOCOL_TCP, AF_INET, 80, CHOICE_ASKED),
	};
	struct port_filter filter = dynamic_ports();
	struct source_request request = { .protocol = PROTOCOL_TCP, .filter = &filter };
	struct source *source = NULL;

	(void)state;
	assert_int_equal(source_open_replay(&source), 0);
	assert_string_equal(ask(source, &request, 0), "");
	assert_int_equal(replay_set(source, table, ARRAY_SIZE(table), INCOMPLETE_OVERRUN), 0);
	assert_string_equal(ask(source, &request, INCOMPLETE_OVERRUN), "60001 60002 20002");
	assert_int_equal(replay_set(source, table, ARRAY_SIZE(table), 0), 0);
	request.family = AF_INET6;
	assert_string_equal(ask(source, &request, 0), "60002");
	request.family = AF_UNSPEC;
	request.choice = CHOICE_AUTO;
	assert_string_equal(ask(source, &request, 0), "60002 20002");
	request.choice = CHOICE_ASKED;
	assert_string_equal(ask(source, &request, 0), "60001");
	request.choice = CHOICE_UNKNOWN;
	request.port = 80;
	assert_string_equal(ask(source, &request, 0), "80");
	request.port = 0;
	request.protocol = PROTOCOL_UDP;
	request.family = AF_INET;
	assert_string_equal(ask(source, &request, 0), "60003");
	assert_string_equal(source_name(source), "replay");
	assert_int_equal(source_fd(source), -1);
	source = source_close(source);
	assert_null(source);
	assert_null(source_close(NULL));
}

static void
one_request_at_a_time(void **state)
{
	struct port_filter filter = dynamic_ports();
	struct source_request request = { .protocol = PROTOCOL_TCP, .filter = &filter };
	struct source *source = NULL;
	struct source_result result;
	struct found found = { 0 };

	(void)state;
	assert_int_equal(source_open_replay(&source), 0);
	assert_int_equal(source_step(source, keep, &found, &result), -EINVAL);
	assert_int_equal(source_begin(source, &request), 0);
	assert_int_equal(source_begin(source, &request), -EBUSY);
	assert_int_equal(replay_set(source, NULL, 0, 0), -EBUSY);
	source_cancel(source);
	source_cancel(source);
	assert_int_equal(source_begin(source, &request), 0);
	assert_int_equal(source_step(source, keep, &found, &result), 0);
	assert_int_equal(source_step(source, keep, &found, &result), -EINVAL);
	source_close(source);
}

/* A directory that stands for /proc, and its descriptor. */
struct fake_proc {
	char path[64];
	int fd;
};

static int
make_proc(void **state)
{
	static struct fake_proc proc;

	strcpy(proc.path, "/tmp/test-kernel-XXXXXX");
	if (mkdtemp(proc.path) == NULL)
		return -1;
	proc.fd = open(proc.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc.fd < 0 || mkdirat(proc.fd, "thread-self", 0700) < 0 ||
	    mkdirat(proc.fd, "thread-self/net", 0700) < 0 || mkdirat(proc.fd, "sys", 0700) < 0 ||
	    mkdirat(proc.fd, "sys/net", 0700) < 0 || mkdirat(proc.fd, "sys/net/ipv4", 0700) < 0)
		return -1;
	*state = &proc;
	return 0;
}

static int
remove_proc(void **state)
{
	static const char *const files[] = { "thread-self/net/tcp", "thread-self/net/tcp6",
		"thread-self/net/udp", "thread-self/net/udp6", "sys/net/ipv4/ip_local_port_range",
		"sys/net/ipv4/ip_local_reserved_ports" };
	static const char *const directories[] = { "thread-self/net", "thread-self", "sys/net/ipv4",
		"sys/net", "sys" };
	struct fake_proc *proc = *state;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)unlinkat(proc->fd, files[i], 0);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		(void)unlinkat(proc->fd, directories[i], AT_REMOVEDIR);
	(void)close(proc->fd);
	return rmdir(proc->path);
}

static void
write_file(const struct fake_proc *proc, const char *name, const char *bytes, size_t length)
{
	_close_ int fd = openat(proc->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
}

static void
write_text(const struct fake_proc *proc, const char *name, const char *text)
{
	write_file(proc, name, text, strlen(text));
}

static void
range_good(void **state)
{
	struct port_range range;

	write_text(*state, "sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
	assert_int_equal(ranges_read_kernel(((struct fake_proc *)*state)->fd, &range), 0);
	assert_int_equal(range.first, 32768);
	assert_int_equal(range.last, 60999);
	write_text(*state, "sys/net/ipv4/ip_local_port_range", "1\t65535\n");
	assert_int_equal(ranges_read_kernel(((struct fake_proc *)*state)->fd, &range), 0);
	assert_int_equal(range.first, 1);
	assert_int_equal(range.last, 65535);
}

static void
range_bad(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"32768\n",
		"32768\t\n",
		"\t60999\n",
		"32768 60999\n",
		"32768\t\t60999\n",
		"32768\t60999",
		"32768\t60999\n\n",
		"32768\t60999 \n",
		" 32768\t60999\n",
		"-1\t60999\n",
		"0\t60999\n",
		"60999\t32768\n",
		"32768\t65536\n",
		"32768\t99999\n",
		"032768\t60999\n",
		"32768\t60999\t1\n",
		"32768\t60999\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
		"0x10\t60999\n",
	};
	struct port_range range = { 7, 8 };
	int fd = ((struct fake_proc *)*state)->fd;

	assert_int_equal(ranges_read_kernel(fd, &range), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_text(*state, "sys/net/ipv4/ip_local_port_range", texts[i]);
		if (ranges_read_kernel(fd, &range) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	}
	write_file(*state, "sys/net/ipv4/ip_local_port_range", "32768\t60999\n\0x", 14);
	assert_int_equal(ranges_read_kernel(fd, &range), -EINVAL);
	assert_int_equal(range.first, 7);
	assert_int_equal(range.last, 8);
}

/* As the kernel writes it. */
static void
write_reserved(const struct fake_proc *proc, const struct port_set *set, size_t least_length)
{
	static char text[200000];

	assert_true(port_set_format(set, text, sizeof(text) - 1));
	assert_true(strlen(text) >= least_length);
	strcat(text, "\n");
	write_text(proc, "sys/net/ipv4/ip_local_reserved_ports", text);
}

static void
reserved_good(void **state)
{
	const struct fake_proc *proc = *state;
	struct port_set expected = { 0 }, set;

	memset(&set, 0xff, sizeof(set));
	write_reserved(proc, &expected, 0);
	assert_int_equal(ranges_read_reserved(proc->fd, &set), 0);
	assert_true(port_set_equal(&set, &expected));
	port_set_add(&expected, 0, 1);
	port_set_add(&expected, 8080, 8080);
	port_set_add(&expected, 9000, 9010);
	port_set_add(&expected, 65535, 65535);
	write_reserved(proc, &expected, 0);
	assert_int_equal(ranges_read_reserved(proc->fd, &set), 0);
	assert_true(port_set_equal(&set, &expected));
	/* More than the first read takes, up to the longest there can be. */
	for (uint32_t port = 10000; port < 11000; port += 2)
		port_set_add(&expected, (uint16_t)port, (uint16_t)port);
	write_reserved(proc, &expected, 3000);
	assert_int_equal(ranges_read_reserved(proc->fd, &set), 0);
	assert_true(port_set_equal(&set, &expected));
	port_set_clear(&expected);
	for (uint32_t port = 1; port < PORT_COUNT; port += 2)
		port_set_add(&expected, (uint16_t)port, (uint16_t)port);
	write_reserved(proc, &expected, 191000);
	assert_int_equal(ranges_read_reserved(proc->fd, &set), 0);
	assert_true(port_set_equal(&set, &expected));
	/* Where it just fits, or just not: every length around the first buffer's. */
	for (uint32_t more = 0; more < 20; more++) {
		port_set_clear(&expected);
		for (uint32_t port = 30001; port < 30001 + 2 * 682; port += 2)
			port_set_add(&expected, (uint16_t)port, (uint16_t)port);
		/* Two bytes each, and for every other length one of three. */
		for (uint32_t i = 0; i < more / 2 && i < 5; i++)
			port_set_add(&expected, (uint16_t)(2 * i), (uint16_t)(2 * i));
		if (more % 2 != 0)
			port_set_add(&expected, 99, 99);
		write_reserved(proc, &expected, 4000);
		assert_int_equal(ranges_read_reserved(proc->fd, &set), 0);
		assert_true(port_set_equal(&set, &expected));
	}
}

static void
reserved_bad(void **state)
{
	static const char *const texts[] = {
		"",
		"8080",
		"8080\n\n",
		" 8080\n",
		"8080 \n",
		"8080,\n",
		",8080\n",
		"8080,,9000\n",
		"8080;9000\n",
		"8080 9000\n",
		"8080-\n",
		"-8080\n",
		"9000-8999\n",
		"9000-9001-9002\n",
		"65536\n",
		"99999\n",
		"1-65536\n",
		"08080\n",
		"00\n",
		"-1\n",
		"http\n",
		"0x50\n",
	};
	const struct fake_proc *proc = *state;
	static char large[200000];
	struct port_set set, before;

	memset(&set, 0x5a, sizeof(set));
	before = set;
	assert_int_equal(ranges_read_reserved(proc->fd, &set), -ENOENT);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		write_text(proc, "sys/net/ipv4/ip_local_reserved_ports", texts[i]);
		if (ranges_read_reserved(proc->fd, &set) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	}
	write_file(proc, "sys/net/ipv4/ip_local_reserved_ports", "8080\n\0x", 7);
	assert_int_equal(ranges_read_reserved(proc->fd, &set), -EINVAL);
	memset(large, '1', sizeof(large));
	for (size_t i = 1; i < sizeof(large); i += 2)
		large[i] = ',';
	large[sizeof(large) - 1] = '\n';
	write_file(proc, "sys/net/ipv4/ip_local_reserved_ports", large, sizeof(large));
	assert_int_equal(ranges_read_reserved(proc->fd, &set), -EINVAL);
	assert_true(port_set_equal(&set, &before));
}

static void
range_oddities(void **state)
{
	static const struct {
		struct port_range range;
		uint32_t oddities;
	} cases[] = {
		{ { 0, 0 }, 0 },
		{ { 32768, 60999 }, 0 },
		{ { 32767, 60999 }, RANGE_REACHES_LOW },
		{ { 1024, 65535 }, RANGE_REACHES_LOW },
		{ { 49152, 65535 }, 0 },
		{ { 49153, 65535 }, RANGE_IS_SMALL },
		{ { 61000, 61000 }, RANGE_IS_SMALL },
		{ { 1024, 4999 }, RANGE_REACHES_LOW | RANGE_IS_SMALL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(ranges_oddities(&cases[i].range), cases[i].oddities);
}

#define HEADER	 "  sl  local_address\n"
#define END	 " 00000000:00000000 00:00000000 00000000 0 0 7 1 0\n"
#define V6(tail) "000000000000000000000000" tail

static void
proc_tables(void **state)
{
	struct fake_proc *proc = *state;
	struct port_filter filter = dynamic_ports();
	struct source_request request = { .protocol = PROTOCOL_TCP, .filter = &filter };
	struct source *source = NULL;

	assert_int_equal(source_open_proc(proc->fd, &source), -ENOENT);
	/* 20001 is in auto_ports: who picked it is not told there. */
	write_text(proc, "thread-self/net/tcp",
	    HEADER " 0: 00000000:EA61 00000000:0000 0A" END
		   " 1: 00000000:4E21 00000000:0000 0A" END);
	assert_int_equal(source_open_proc(proc->fd, &source), 0);
	assert_string_equal(source_name(source), "/proc/net");
	assert_false(source_knows_choice(source));
	assert_int_equal(source_fd(source), -1);

	/* No IPv6 is no error, no IPv4 is one. */
	assert_string_equal(ask(source, &request, 0), "60001");
	write_text(proc, "thread-self/net/tcp6",
	    HEADER " 0: " V6("00000000:EA62") " " V6("00000000:0000") " 0A" END);
	assert_string_equal(ask(source, &request, 0), "60001 60002");
	request.family = AF_INET6;
	assert_string_equal(ask(source, &request, 0), "60002");
	request.family = AF_INET;
	request.protocol = PROTOCOL_UDP;
	assert_int_equal(source_begin(source, &request), -ENOENT);
	request.family = AF_INET6;
	assert_string_equal(ask(source, &request, 0), "");
	request.choice = CHOICE_AUTO;
	assert_int_equal(source_begin(source, &request), -EOPNOTSUPP);
	source_close(source);
}

static void
proc_tables_with_faults(void **state)
{
	struct fake_proc *proc = *state;
	struct port_filter filter = dynamic_ports();
	struct source_request request = { .protocol = PROTOCOL_TCP, .filter = &filter };
	struct source *source = NULL;

	write_text(proc, "thread-self/net/tcp",
	    HEADER "what?\n 0: 00000000:EA61 00000000:0000 0A" END " 0: 000");
	write_text(proc, "thread-self/net/tcp6",
	    HEADER " 0: " V6("00000000:EA62") " " V6("00000000:0000") " 0A" END);
	assert_int_equal(source_open_proc(proc->fd, &source), 0);
	assert_string_equal(ask(source, &request, INCOMPLETE_MALFORMED | INCOMPLETE_TRUNCATED),
	    "60001 60002");
	/* The end of the first table has nothing to do with the beginning of the second. */
	write_text(proc, "thread-self/net/tcp", HEADER " 0: 000");
	assert_string_equal(ask(source, &request, INCOMPLETE_TRUNCATED), "60002");
	/* A request does not inherit what was wrong in the one before. */
	request.family = AF_INET6;
	assert_string_equal(ask(source, &request, 0), "60002");
	source_close(source);
}

static void
proc_request_given_up(void **state)
{
	struct fake_proc *proc = *state;
	struct port_filter filter = dynamic_ports();
	struct source_request request = { .protocol = PROTOCOL_TCP, .filter = &filter };
	struct source *source = NULL;
	struct source_result result;
	struct found found = { 0 };

	write_text(proc, "thread-self/net/tcp", HEADER " 0: 00000000:EA61 00000000:0000 0A" END);
	assert_int_equal(source_open_proc(proc->fd, &source), 0);
	assert_int_equal(source_begin(source, &request), 0);
	assert_int_equal(source_step(source, keep, &found, &result), 1);
	source_cancel(source);
	assert_string_equal(ask(source, &request, 0), "60001");
	/* No time at all: one step, then it says that there was none. */
	assert_int_equal(source_run(source, &request, keep, &found, 0, &result), 0);
	assert_int_equal(result.incomplete, INCOMPLETE_TIMEOUT);
	assert_string_equal(ask(source, &request, 0), "60001");
	assert_int_equal(source_begin(source, &request), 0);
	source_close(source);
}

#define with_proc(function) cmocka_unit_test_setup_teardown(function, make_proc, remove_proc)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replay_selects),
		cmocka_unit_test(one_request_at_a_time),
		with_proc(range_good),
		with_proc(range_bad),
		with_proc(reserved_good),
		with_proc(reserved_bad),
		cmocka_unit_test(range_oddities),
		with_proc(proc_tables),
		with_proc(proc_tables_with_faults),
		with_proc(proc_request_given_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-source", tests, NULL, NULL);
}
