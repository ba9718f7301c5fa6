/* SPDX-License-Identifier: MIT */
/*
 * The asking side of overstay-names: packets, hostile answers, answers that do not come.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "names-help.h"
#include "wire/names-link.h"

#define WAIT_USEC (20 * USEC_PER_SEC)
/* For the one that hangs; in the time for it all others answer, on a busy host too. */
#define HUNG_USEC (3 * USEC_PER_SEC)

static struct names_help help;

static int
tear_down(void **state)
{
	(void)state;
	names_help_stop(&help);
	return 0;
}

static struct named *
add(struct named_list *list, const char *name, bool group)
{
	struct named *named = named_list_add(list, name, group, "t.yaml:1:1");

	assert_non_null(named);
	return named;
}

/* What is written is read back the same, and every byte that differs is doubted. */
static void
test_packets(void **state)
{
	struct names_question question = { .key = NAMES_BY_NAME, .group = true, .name = "wheel" };
	struct names_answer answer = { .status = NAMES_FOUND, .name = "al\xff\n\033[2J" };
	struct names_question read_question;
	struct names_answer read_answer;
	char packet[NAMES_PACKET_MAX];
	size_t length = names_encode_question(packet, 9, &question);
	uint32_t id;

	(void)state;
	assert_int_equal(names_decode_question(packet, length, &id, &read_question), 0);
	assert_int_equal(id, 9);
	assert_memory_equal(&question, &read_question, sizeof(question));
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(names_decode_question(packet, cut, &id, &read_question), -EPROTO);
	assert_int_equal(names_decode_answer(packet, length, &id, &read_answer), -EPROTO);
	length = names_encode_answer(packet, 7, &answer);
	assert_int_equal(names_decode_answer(packet, length, &id, &read_answer), 0);
	assert_memory_equal(&answer, &read_answer, sizeof(answer));
	for (size_t cut = 0; cut < length; cut++)
		assert_int_equal(names_decode_answer(packet, cut, &id, &read_answer), -EPROTO);
	/* Of the fixed parts, every byte but those of the id means something. */
	for (size_t at = 0; at < length; at++) {
		packet[at] ^= 0x40;
		if (at < 8 || (at >= 12 && at < 28))
			assert_int_equal(names_decode_answer(packet, length, &id, &read_answer),
			    -EPROTO);
		packet[at] ^= 0x40;
	}
	packet[length - 1] = '\0';
	assert_int_equal(names_decode_answer(packet, length, &id, &read_answer), -EPROTO);
}

/* A list is asked for in one go; who does not answer for one keeps nobody else waiting. */
static void
test_list(void **state)
{
	struct named_list list = { 0 };
	struct named *alice = add(&list, "alice", false), *hung = add(&list, "hung", false);
	struct named *developers = add(&list, "developers", true);
	struct named *failing = add(&list, "failing", false), *no_group = add(&list, "alice", true);
	struct names_link *link;
	char name[NAMED_MAX + 1];
	uint64_t begun_usec;

	(void)state;
	/* More than fit at once, the last of them known. */
	for (unsigned i = 0; i < 3 * NAMES_OPEN_MAX; i++) {
		(void)snprintf(name, sizeof(name), "absent%u", i);
		(void)add(&list, name, false);
	}
	(void)named_answer(failing, NAMED_KNOWN, 77);
	names_help_start(&help, names_help_answer);
	link = names_link_new(&help.options);
	assert_non_null(link);
	begun_usec = clock_monotonic_usec();
	assert_int_equal(names_link_resolve(link, &list, HUNG_USEC), -ETIMEDOUT);
	assert_true(clock_monotonic_usec() - begun_usec >= HUNG_USEC);
	assert_int_equal(alice->state, NAMED_KNOWN);
	assert_int_equal(alice->id, 1000);
	assert_int_equal(developers->id, 2000);
	assert_int_equal(no_group->state, NAMED_ABSENT);
	assert_int_equal(named_list_count(&list, NAMED_ABSENT), 3 * NAMES_OPEN_MAX + 1);
	/* No answer is none; what was known stays known while nobody can say. */
	assert_int_equal(hung->state, NAMED_UNASKED);
	assert_int_equal(failing->state, NAMED_KNOWN);
	/* After that nothing is asked for a while, and nobody waits. */
	begun_usec = clock_monotonic_usec();
	assert_int_equal(names_link_user(1000, name, link), -EAGAIN);
	assert_true(clock_monotonic_usec() - begun_usec < USEC_PER_SEC);
	(void)names_link_free(link);
	named_list_clear(&list);
}

static void
test_user(void **state)
{
	struct names_link *link;
	char name[NAMED_MAX + 1] = "x";

	(void)state;
	names_help_start(&help, names_help_answer);
	link = names_link_new(&help.options);
	assert_int_equal(names_link_user(1000, name, link), 0);
	assert_string_equal(name, "alice");
	assert_int_equal(names_link_user(1001, name, link), -ENOENT);
	assert_int_equal(names_link_user(1000, name, NULL), -EPIPE);
	(void)names_link_free(link);
}

/* A port's number is read back the same; what is no port's is refused. */
static void
test_port_numbers(void **state)
{
	static const uint32_t none[] = { 0, 0x10000, 0x29c40, 0xff9c40, 0x2009c40, UINT32_MAX };
	struct endpoint endpoint = { .family = AF_INET6, .protocol = PROTOCOL_UDP, .port = 40000 };
	struct endpoint read;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		endpoint.family = i % 2 == 0 ? AF_INET : AF_INET6;
		endpoint.protocol = i / 2 == 0 ? PROTOCOL_TCP : PROTOCOL_UDP;
		assert_int_equal(names_port_parse(names_port(&endpoint), &read), 0);
		assert_memory_equal(&read, &endpoint, sizeof(read));
	}
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(names_port_parse(none[i], &read), -EPROTO);
}

/* What root made and a thread of the kernel's may have is asked for; no answer proves nothing. */
static void
test_registered(void **state)
{
	const struct unheld_socket asked[] = {
		{ .claim = KERNEL_CLAIM_UNPROVED },
		{ .claim = KERNEL_CLAIM_NONE },
		{ .claim = KERNEL_CLAIM_UNPROVED, .uid = 1000 },
		{ .claim = KERNEL_CLAIM_UNPROVED },
	};
	struct unheld_socket sockets[ARRAY_SIZE(asked)];
	struct names_link *link;

	(void)state;
	memcpy(sockets, asked, sizeof(asked));
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		sockets[i].endpoint.family = AF_INET6;
		sockets[i].endpoint.port = i == 3 ? 40001 : 40000;
	}
	names_link_registered(NULL, sockets, ARRAY_SIZE(sockets));
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		assert_int_equal(sockets[i].claim, asked[i].claim);
	names_help_start(&help, names_help_answer);
	link = names_link_new(&help.options);
	names_link_registered(link, sockets, ARRAY_SIZE(sockets));
	(void)names_link_free(link);
	assert_int_equal(sockets[0].claim, KERNEL_CLAIM_PROVED);
	for (size_t i = 1; i < ARRAY_SIZE(asked); i++)
		assert_int_equal(sockets[i].claim, asked[i].claim);
}

/* What a hostile overstay-names says, one a connection. */
static bool
answer_hostile(int fd, uint32_t id, const struct names_question *question)
{
	char packet[NAMES_PACKET_MAX + 64] = { 0 };
	struct names_answer answer = { .status = NAMES_FOUND, .name = "mallory" };
	size_t length = names_encode_answer(packet, id, &answer);

	switch (question->id) {
	case 0: /* garbage */
		memset(packet, 'x', length);
		break;
	case 1: /* too long */
		length = sizeof(packet);
		break;
	case 2: /* nothing */
		length = 0;
		break;
	case 3: /* to what was not asked */
		length = names_encode_answer(packet, id + 1, &answer);
		break;
	case 4: /* to no question at all */
		length = names_encode_answer(packet, 0, &answer);
		break;
	case 5: /* a number for a number */
		answer = (struct names_answer){ .status = NAMES_FOUND, .id = 5 };
		length = names_encode_answer(packet, id, &answer);
		break;
	case 6: /* a question */
		length = names_encode_question(packet, id, question);
		break;
	default:
		return false;
	}
	(void)send(fd, packet, length, MSG_NOSIGNAL);
	return true;
}

static void
test_hostile(void **state)
{
	char name[NAMED_MAX + 1] = "untouched";

	(void)state;
	names_help_start(&help, answer_hostile);
	for (uint32_t i = 0; i < 8; i++) {
		struct names_link *link = names_link_new(&help.options);
		int r = names_link_user(i, name, link);

		if (r != -EPROTO && r != -EPIPE && r != -ECONNRESET)
			fail_msg("case %u: %d", i, r);
		assert_string_equal(name, "untouched");
		(void)names_link_free(link);
	}
}

/* Twice the same answer: the second one is to nothing. */
static bool
answer_twice(int fd, uint32_t id, const struct names_question *question)
{
	(void)question;
	names_help_send(fd, id, NAMES_FOUND, 0, "alice");
	names_help_send(fd, id, NAMES_FOUND, 0, "mallory");
	return true;
}

static int
wait_step(struct names_client *client, uint32_t *ret_number, struct names_answer *ret)
{
	struct pollfd poll_fd = { .fd = names_client_fd(client), .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	return names_client_step(client, ret_number, ret);
}

static void
test_twice(void **state)
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = 1 };
	struct names_client *client;
	struct names_answer answer;
	uint32_t number, answered;

	(void)state;
	names_help_start(&help, answer_twice);
	assert_int_equal(names_client_open(&help.options, &client), 0);
	assert_int_equal(names_client_ask(client, &question, &number), 0);
	assert_int_equal(wait_step(client, &answered, &answer), 0);
	assert_int_equal(answered, number);
	assert_string_equal(answer.name, "alice");
	assert_int_equal(wait_step(client, &answered, &answer), -EPROTO);
	(void)names_client_close(client);
}

/* Says nothing until the next question, and then answers both. */
static bool
answer_late(int fd, uint32_t id, const struct names_question *question)
{
	static uint32_t waiting;

	(void)question;
	if (waiting == 0) {
		waiting = id;
		return true;
	}
	names_help_send(fd, waiting, NAMES_FOUND, 0, "late");
	names_help_send(fd, id, NAMES_FOUND, 0, "alice");
	waiting = 0;
	return true;
}

static void
test_late(void **state)
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = 1 };
	struct names_client *client;
	struct names_answer answer;
	uint32_t number, answered = 0;

	(void)state;
	names_help_start(&help, answer_late);
	assert_int_equal(names_client_open(&help.options, &client), 0);
	assert_int_equal(names_client_ask(client, &question, &number), 0);
	names_client_give_up(client);
	assert_int_equal(names_client_ask(client, &question, &number), 0);
	assert_int_equal(wait_step(client, &answered, &answer), -EAGAIN);
	assert_int_equal(wait_step(client, &answered, &answer), 0);
	assert_int_equal(answered, number);
	assert_string_equal(answer.name, "alice");
	(void)names_client_close(client);
}

static bool
answer_nothing(int fd, uint32_t id, const struct names_question *question)
{
	(void)fd;
	(void)id;
	(void)question;
	return true;
}

/* The questions that are open are bounded; those given up leave room, again and again. */
static void
test_bounds(void **state)
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = 1 };
	struct names_client *client;
	uint32_t number;

	(void)state;
	names_help_start(&help, answer_nothing);
	assert_int_equal(names_client_open(&help.options, &client), 0);
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < NAMES_OPEN_MAX; i++) {
			int r = -EAGAIN;

			/* The other end's queue is shorter than that. */
			while (r == -EAGAIN)
				r = names_client_ask(client, &question, &number);
			assert_int_equal(r, 0);
		}
		assert_int_equal(names_client_ask(client, &question, &number), -EAGAIN);
		names_client_give_up(client);
	}
	(void)names_client_close(client);
}

/* Without overstay-names nobody waits, and nothing is known. */
static void
test_absent(void **state)
{
	static const struct names_options nowhere[] = {
		{ .socket = "/nonexistent/names.sock" },
		{ .program = "/nonexistent/overstay-names" },
		{ .program = "/bin/false" },
	};
	struct named_list list = { 0 };
	char name[NAMED_MAX + 1];

	(void)state;
	(void)add(&list, "alice", false);
	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		uint64_t begun_usec = clock_monotonic_usec();
		struct names_link *link = names_link_new(&nowhere[i]);

		assert_non_null(link);
		assert_true(names_link_resolve(link, &list, WAIT_USEC) < 0);
		assert_true(names_link_user(0, name, link) < 0);
		assert_true(clock_monotonic_usec() - begun_usec < WAIT_USEC / 2);
		(void)names_link_free(link);
	}
	assert_int_equal(named_list_count(&list, NAMED_UNASKED), 1);
	named_list_clear(&list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_port_numbers),
		cmocka_unit_test_teardown(test_registered, tear_down),
		cmocka_unit_test_teardown(test_list, tear_down),
		cmocka_unit_test_teardown(test_user, tear_down),
		cmocka_unit_test_teardown(test_hostile, tear_down),
		cmocka_unit_test_teardown(test_twice, tear_down),
		cmocka_unit_test_teardown(test_late, tear_down),
		cmocka_unit_test_teardown(test_bounds, tear_down),
		cmocka_unit_test(test_absent),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("names-client", tests, NULL, NULL);
}
