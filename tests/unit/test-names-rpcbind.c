/* SPDX-License-Identifier: MIT */
/*
 * rpcbind's answer: as it is, garbled, and late.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "help.h"
#include "names/rpcbind.h"

#define NLOCKMGR 100021

static struct kernel_claims claims;
static uint8_t answer[8192];
static size_t length;

static enum kernel_claim
find(enum protocol protocol, const char *address, uint16_t port)
{
	struct listener listener = help_listener(protocol, address, port, 1);

	return kernel_claims_find(&claims, &listener.endpoint, true);
}

static void
put_number(uint32_t number)
{
	number = htonl(number);
	memcpy(answer + length, &number, sizeof(number));
	length += sizeof(number);
}

static void
put_text(const char *text)
{
	put_number((uint32_t)strlen(text));
	memset(answer + length, 0, strlen(text) + 4);
	memcpy(answer + length, text, strlen(text));
	length += (strlen(text) + 3) & ~(size_t)3;
}

static void
begin(void)
{
	/* Transaction, reply, accepted, no verifier, success. */
	static const uint32_t head[] = { 0x6f767374, 1, 0, 0, 0, 0 };

	length = 0;
	for (size_t i = 0; i < ARRAY_SIZE(head); i++)
		put_number(head[i]);
}

static void
put_registration(uint32_t program, const char *transport, const char *address, const char *owner)
{
	put_number(1);
	put_number(program);
	put_number(4);
	put_text(transport);
	put_text(address);
	put_text(owner);
}

static int
parse(void)
{
	kernel_claims_init(&claims);
	return rpcbind_parse(answer, length, &claims);
}

static void
registrations_are_ports(void **state)
{
	static const struct {
		uint32_t program;
		const char *transport, *address, *owner;
		bool counts;
	} cases[] = {
		{ NLOCKMGR, "tcp", "0.0.0.0.195.80", "superuser", true },
		{ 100003, "tcp", "0.0.0.0.195.80", "superuser", true },
		{ 100227, "tcp", "0.0.0.0.195.80", "superuser", true },
		/* rpc.statd and rpc.mountd are processes. */
		{ 100024, "tcp", "0.0.0.0.195.80", "superuser", false },
		{ NLOCKMGR, "tcp", "0.0.0.0.195.80", "1000", false },
		{ NLOCKMGR, "tcp", "0.0.0.0.195.80", "unknown", false },
		{ NLOCKMGR, "tcp", "127.0.0.1.195.80", "superuser", false },
		{ NLOCKMGR, "tcp", "0.0.0.0.195", "superuser", false },
		{ NLOCKMGR, "tcp", "0.0.0.0.195.80.1", "superuser", false },
		{ NLOCKMGR, "tcp", "0.0.0.0.451.80", "superuser", false },
		{ NLOCKMGR, "tcp", "", "superuser", false },
		{ NLOCKMGR, "udp", "0.0.0.0.195.80", "superuser", false },
		{ NLOCKMGR, "tcp6", "0.0.0.0.195.80", "superuser", false },
		{ NLOCKMGR, "a-name-that-is-too-long", "0.0.0.0.195.80", "superuser", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin();
		put_registration(100000, "tcp", "0.0.0.0.0.111", "superuser");
		put_registration(cases[i].program, cases[i].transport, cases[i].address,
		    cases[i].owner);
		put_number(0);
		assert_int_equal(parse(), 0);
		assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000) == KERNEL_CLAIM_PROVED,
		    cases[i].counts);
		assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 111), KERNEL_CLAIM_NONE);
	}
	begin();
	put_registration(NLOCKMGR, "udp6", "::.195.80", "superuser");
	put_number(0);
	assert_int_equal(parse(), 0);
	assert_int_equal(find(PROTOCOL_UDP, "::", 50000), KERNEL_CLAIM_PROVED);
	assert_int_equal(find(PROTOCOL_UDP, "0.0.0.0", 50000), KERNEL_CLAIM_NONE);
	assert_int_equal(find(PROTOCOL_TCP, "::", 50000), KERNEL_CLAIM_NONE);
}

static void
what_is_no_answer(void **state)
{
	(void)state;
	begin();
	put_registration(NLOCKMGR, "tcp", "0.0.0.0.195.80", "superuser");
	put_number(0);
	/* However it is cut, and with anything behind it. */
	for (size_t whole = length, cut = 0; cut < whole; cut++) {
		length = cut;
		assert_int_equal(parse(), -EPROTO);
		length = whole;
	}
	put_number(0);
	assert_int_equal(parse(), -EPROTO);
	for (size_t word = 0; word < 6; word++) {
		if (word == 3)
			continue; /* the kind of the verifier, which may be any */
		begin();
		put_number(0);
		answer[4 * word + 3] ^= 2;
		assert_int_equal(parse(), -EPROTO);
	}
	begin();
	put_number(2);
	assert_int_equal(parse(), -EPROTO);
}

static void
garbled_answers(void **state)
{
	uint64_t seed = help_seed();
	uint8_t whole[sizeof(answer)];
	size_t size;

	(void)state;
	begin();
	for (unsigned i = 0; i < 8; i++)
		put_registration(NLOCKMGR, "tcp6", "::.195.80", "superuser");
	put_number(0);
	memcpy(whole, answer, length);
	size = length;
	for (unsigned i = 0; i < 20000; i++) {
		size_t cut = (size_t)help_below(&seed, size + 1);
		uint8_t *copy = malloc(cut + 1);

		assert_non_null(copy);
		memcpy(copy, whole, cut);
		for (unsigned k = (unsigned)help_below(&seed, 5); k > 0 && cut > 0; k--)
			copy[help_below(&seed, cut)] = (uint8_t)help_random(&seed);
		kernel_claims_init(&claims);
		assert_true(rpcbind_parse(copy, cut, &claims) <= 0);
		assert_true(claims.count <= 8);
		free(copy);
	}
}

/* ---- over a socket ------------------------------------------------------------------------ */

static char directory[64], path[96];

/* A server that reads the question and writes these bytes, then stays or goes. */
static pid_t
serve(const void *bytes, size_t size, bool stay)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char question[64];
	pid_t pid;

	(void)unlink(path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		int fd = accept(listener, NULL, NULL);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || recv(fd, question, sizeof(question), 0) != 44 ||
		    send(fd, bytes, size, MSG_NOSIGNAL) != (ssize_t)size)
			_exit(1);
		while (stay)
			(void)pause();
		_exit(0);
	}
	(void)close(listener);
	return pid;
}

static int
ask(pid_t pid, uint64_t timeout_usec)
{
	int r;

	kernel_claims_init(&claims);
	r = rpcbind_ask(path, clock_monotonic_usec() + timeout_usec, &claims);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
}

static void
records_come_in_pieces(void **state)
{
	uint8_t record[sizeof(answer) + 8];
	uint32_t mark;

	(void)state;
	begin();
	put_registration(NLOCKMGR, "tcp", "0.0.0.0.195.80", "superuser");
	put_number(0);
	for (size_t first = 0; first <= length; first += 7) {
		mark = htonl((uint32_t)first);
		memcpy(record, &mark, 4);
		memcpy(record + 4, answer, first);
		mark = htonl(0x80000000U | (uint32_t)(length - first));
		memcpy(record + 4 + first, &mark, 4);
		memcpy(record + 8 + first, answer + first, length - first);
		assert_int_equal(ask(serve(record, length + 8, true), 10 * USEC_PER_SEC), 0);
		assert_int_equal(find(PROTOCOL_TCP, "0.0.0.0", 50000), KERNEL_CLAIM_PROVED);
	}
}

static void
servers_that_fail(void **state)
{
	static const uint8_t large[] = { 0x80, 1, 0, 1 }, half[] = { 0x80, 0, 0, 9, 1 };

	(void)state;
	(void)unlink(path);
	assert_int_equal(rpcbind_ask(path, clock_monotonic_usec() + USEC_PER_SEC, &claims),
	    -ENOENT);
	assert_int_equal(ask(serve(large, sizeof(large), true), 10 * USEC_PER_SEC), -EMSGSIZE);
	assert_int_equal(ask(serve(half, sizeof(half), false), 10 * USEC_PER_SEC), -EPIPE);
	assert_int_equal(ask(serve(half, sizeof(half), true), 50 * USEC_PER_MSEC), -ETIMEDOUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registrations_are_ports),
		cmocka_unit_test(what_is_no_answer),
		cmocka_unit_test(garbled_answers),
		cmocka_unit_test(records_come_in_pieces),
		cmocka_unit_test(servers_that_fail),
	};
	int r;

	(void)snprintf(directory, sizeof(directory), "/tmp/overstay-test-rpcbind-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	(void)snprintf(path, sizeof(path), "%s/rpcbind.sock", directory);
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(path);
	(void)rmdir(directory);
	return r;
}
