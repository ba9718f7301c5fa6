/* SPDX-License-Identifier: MIT */
/*
 * Every way in which an answer of the kernel can be incomplete or make no sense, through the whole
 * netlink source. The kernel is played (netlink-play.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/netlink.h"
#include "kernel/source-ops.h"
#include "netlink-play.h"

static void
interrupted(void **state)
{
	struct datagram *datagram = add_datagram();

	add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_flags |=
	    NLM_F_DUMP_INTR;
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_INTERRUPTED, 1);
}

static void
interrupted_at_the_end(void **state)
{
	struct datagram *datagram = add_datagram();
	int error = 0;

	add_message(datagram, NLMSG_DONE, &error, sizeof(error))->nlmsg_flags |= NLM_F_DUMP_INTR;
	expect_answer(*state, INCOMPLETE_INTERRUPTED, 0);
}

static void
error_in_done(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, -ENOENT);
	expect_answer(*state, INCOMPLETE_KERNEL, 1);
}

static void
error_that_is_no_refusal(void **state)
{
	add_error(add_datagram(), -ENOMEM);
	expect_answer(*state, INCOMPLETE_KERNEL, 0);
}

static void
error_that_is_none_known(void **state)
{
	add_error(add_datagram(), INT32_MIN);
	expect_answer(*state, INCOMPLETE_KERNEL, 0);
}

static void
error_cut_short(void **state)
{
	(void)add_message(add_datagram(), NLMSG_ERROR, "", 1);
	expect_answer(*state, INCOMPLETE_KERNEL | INCOMPLETE_MALFORMED, 0);
}

static void
acknowledgement_ends_nothing(void **state)
{
	struct datagram *datagram = add_datagram();

	add_error(datagram, 0);
	(void)add_message(datagram, NLMSG_NOOP, "", 0);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect_answer(*state, 0, 1);
}

static void
overrun(void **state)
{
	struct datagram *datagram;

	(void)add_socket(add_datagram(), TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_datagram()->error = ENOBUFS;
	datagram = add_datagram();
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50002);
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_OVERRUN, 2);
}

static void
overrun_message(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_message(datagram, NLMSG_OVERRUN, "", 0);
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_OVERRUN, 0);
}

static void
another_question(void **state)
{
	struct datagram *stale = add_datagram(), *datagram;

	add_socket(stale, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_seq = 7;
	add_done(stale, 0)->nlmsg_seq = 7;
	datagram = add_datagram();
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50002);
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_SEQUENCE, 1);
	assert_int_equal(played.sockets[0].listener.endpoint.port, 50002);
}

static void
another_receiver(void **state)
{
	struct datagram *datagram = add_datagram();

	add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_pid = 1;
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_SEQUENCE, 0);
}

static void
stranger_is_not_heard(void **state)
{
	struct datagram *datagram = add_datagram();

	datagram->sender = 4242;
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	add_done(add_datagram(), 0);
	expect_answer(*state, 0, 0);
}

static void
cut_datagram(void **state)
{
	struct datagram *datagram = add_datagram();

	for (int i = 0; i < 400; i++)
		(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	assert_true(datagram->length > 32768);
	add_done(add_datagram(), 0);
	expect_answer(*state, INCOMPLETE_TRUNCATED,
	    32768 / NLMSG_SPACE(sizeof(struct inet_diag_msg)));
}

static void
malformed_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 80, UINT32_MAX, 0x80000000 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		play_again();
		struct datagram *datagram = add_datagram();
		(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
		struct nlmsghdr *bad =
		    add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50002);
		datagram->mute = true;
		struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
		struct source_result result;
		assert_int_equal(source_begin(*state, &request), 0);
		struct nlmsghdr *first = (void *)datagram->bytes;
		first->nlmsg_seq = bad->nlmsg_seq = question(0)->nlmsg_seq;
		first->nlmsg_pid = bad->nlmsg_pid = played.portid;
		bad->nlmsg_len = lengths[i];
		assert_int_equal(source_step(*state, keep, NULL, &result), 1);
		add_done(add_datagram(), 0);
		assert_int_equal(source_step(*state, keep, NULL, &result), 0);
		result.incomplete &= ~(uint32_t)INCOMPLETE_SEQUENCE;
		assert_int_equal(result.incomplete, INCOMPLETE_MALFORMED);
		assert_int_equal(result.sockets, 1);
	}
}

static void
malformed_family(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_UNIX, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_MALFORMED, 0);
}

static void
malformed_type(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, 999, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect_answer(*state, INCOMPLETE_MALFORMED, 0);
}

static void
malformed_done(void **state)
{
	(void)add_message(add_datagram(), NLMSG_DONE, "", 1);
	expect_answer(*state, INCOMPLETE_MALFORMED, 0);
}

/* A listener whose attribute makes no sense is there all the same. */
static void
malformed_attributes(void **state)
{
	static const struct {
		uint16_t type, length, said;
	} cases[] = {
		{ INET_DIAG_SKV6ONLY, 2, 6 },
		{ INET_DIAG_SKV6ONLY, 4, 4 },
		{ 21, 4, 8 },
		{ 21, 8, 14 },
		{ 21, 8, 0xffff },
		{ 21, 8, 3 },
		{ 21, 8, 0 },
	};
	const char data[8] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		play_again();
		struct datagram *datagram = add_datagram();
		struct nlmsghdr *header =
		    add_socket(datagram, TCPDIAG_GETSOCK, AF_INET6, STATE_LISTEN, 50001);
		add_attribute(datagram, header, cases[i].type, data, cases[i].length)->nla_len =
		    cases[i].said;
		add_done(datagram, 0);
		expect_answer(*state, INCOMPLETE_MALFORMED, 1);
		assert_int_equal(played.sockets[0].listener.v6only, V6ONLY_UNKNOWN);
		assert_int_equal(played.sockets[0].listener.cgroup, 0);
	}
}

/* The datagram ends without the padding of its last attribute: the bytes behind are not ours. */
static void
attribute_without_padding(void **state)
{
	_Alignas(4) char bytes[sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg) + 5 + 3];
	struct port_set all;
	struct netlink_dump dump = {
		.type = TCPDIAG_GETSOCK,
		.states = 1 << STATE_LISTEN,
		.selected = &all,
	};
	struct inet_diag_msg body = socket_body(AF_INET6, STATE_LISTEN, 50001);
	struct nlmsghdr header = {
		.nlmsg_len = sizeof(bytes) - 3,
		.nlmsg_type = TCPDIAG_GETSOCK,
	};
	struct nlattr attribute = { 5, INET_DIAG_SKV6ONLY };

	(void)state;
	port_set_clear(&all);
	port_set_add(&all, 1, 65535);
	memset(bytes, 1, sizeof(bytes));
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &body, sizeof(body));
	memcpy(bytes + sizeof(header) + sizeof(body), &attribute, sizeof(attribute));
	/* In memory of exactly its length: AddressSanitizer watches the end. */
	void *exact = malloc(header.nlmsg_len);
	assert_non_null(exact);
	memcpy(exact, bytes, header.nlmsg_len);
	assert_int_equal(netlink_parse(&dump, exact, header.nlmsg_len, false, keep, NULL), 1);
	free(exact);
	assert_int_equal(dump.incomplete, 0);
	assert_int_equal(played.sockets[0].listener.v6only, V6ONLY_YES);

	/* An attribute that claims the padding of its message is too long. */
	attribute = (struct nlattr){ 8, INET_DIAG_SHUTDOWN };
	memcpy(bytes + sizeof(header) + sizeof(body), &attribute, sizeof(attribute));
	assert_int_equal(netlink_parse(&dump, bytes, header.nlmsg_len, false, keep, NULL), 1);
	assert_int_equal(dump.incomplete, INCOMPLETE_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_source(interrupted),
		with_source(interrupted_at_the_end),
		with_source(error_in_done),
		with_source(error_that_is_no_refusal),
		with_source(error_that_is_none_known),
		with_source(error_cut_short),
		with_source(acknowledgement_ends_nothing),
		with_source(overrun),
		with_source(overrun_message),
		with_source(another_question),
		with_source(another_receiver),
		with_source(stranger_is_not_heard),
		with_source(cut_datagram),
		with_source(malformed_lengths),
		with_source(malformed_family),
		with_source(malformed_type),
		with_source(malformed_done),
		with_source(malformed_attributes),
		with_source(attribute_without_padding),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-incomplete", tests, NULL, NULL);
}
