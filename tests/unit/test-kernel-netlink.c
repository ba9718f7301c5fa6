/* SPDX-License-Identifier: MIT */
/*
 * The netlink source: what it asks, what it makes of good answers, and what it does where the
 * kernel refuses. The kernel is played (netlink-play.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/source-ops.h"
#include "netlink-play.h"

static void
asks_both_families_at_once(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);

	assert_int_equal(source_begin(*state, &request), 0);
	assert_int_equal(source_begin(*state, &request), -EBUSY);
	const struct nlmsghdr *header = question(0);
	const struct inet_diag_req *body = NLMSG_DATA(header);
	assert_int_equal(header->nlmsg_type, TCPDIAG_GETSOCK);
	assert_int_equal(header->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(body->idiag_states, 1 << STATE_LISTEN);
	assert_int_equal(body->idiag_ext, 0);
	const struct nlattr *attribute = (const void *)(body + 1);
	assert_int_equal(attribute->nla_type, INET_DIAG_REQ_BYTECODE);
	assert_int_equal(header->nlmsg_len, NLMSG_LENGTH(sizeof(*body)) + attribute->nla_len);
}

static void
asks_one_port_of_a_family(void **state)
{
	struct source_request request = {
		.protocol = PROTOCOL_UDP,
		.family = AF_INET6,
		.port = 60855,
		.survey = true,
	};

	assert_int_equal(source_begin(*state, &request), 0);
	const struct nlmsghdr *header = question(0);
	const struct inet_diag_req_v2 *body = NLMSG_DATA(header);
	assert_int_equal(header->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(body->sdiag_family, AF_INET6);
	assert_int_equal(body->sdiag_protocol, IPPROTO_UDP);
	assert_int_equal(body->id.idiag_sport, htons(60855));
	assert_int_equal(body->idiag_states, 1 << STATE_ESTABLISHED | 1 << STATE_CLOSE);
	assert_int_equal(header->nlmsg_len, NLMSG_LENGTH(sizeof(*body)));
}

static void
states_are_named(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);

	request.survey = true;
	assert_int_equal(source_begin(*state, &request), 0);
	const struct inet_diag_req *body = NLMSG_DATA(question(0));
	/* All of the eleven but SYN_RECV; nothing that the kernel added later. */
	assert_int_equal(body->idiag_states, 0xffe & ~(1 << STATE_SYN_RECV));
}

static void
connections_have_two_ends(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct datagram *datagram = add_datagram();
	struct inet_diag_msg message = socket_body(AF_INET6, STATE_ESTABLISHED, 50001);
	struct source_result result;

	for (uint32_t i = 0; i < 4; i++)
		message.id.idiag_dst[i] = htonl(0xfd000000 + i);
	message.id.idiag_dport = htons(4711);
	(void)add_message(datagram, TCPDIAG_GETSOCK, &message, sizeof(message));
	message.idiag_family = AF_INET;
	(void)add_message(datagram, TCPDIAG_GETSOCK, &message, sizeof(message));
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_SYN_RECV, 50001);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_TIME_WAIT, 50001);
	add_done(datagram, 0);
	request.connections = true;
	assert_int_equal(answer(*state, &request, &result), 0);
	assert_int_equal(((const struct inet_diag_req *)NLMSG_DATA(question(0)))->idiag_states,
	    1 << STATE_ESTABLISHED | 1 << STATE_FIN_WAIT1 | 1 << STATE_FIN_WAIT2 |
		1 << STATE_CLOSE_WAIT | 1 << STATE_LAST_ACK | 1 << STATE_CLOSING);
	assert_int_equal(result.incomplete, 0);
	assert_int_equal(played.socket_count, 2);

	const struct source_socket *socket = &played.sockets[0];
	const uint8_t local[16] = { 0x20, 1, 0x0d, 0xb8, 0x20, 1, 0x0d, 0xb9, 0x20, 1, 0x0d, 0xba,
		0x20, 1, 0x0d, 0xbb };
	const uint8_t remote[16] = { 0xfd, 0, 0, 0, 0xfd, 0, 0, 1, 0xfd, 0, 0, 2, 0xfd, 0, 0, 3 };
	assert_false(socket->listening);
	assert_int_equal(socket->listener.endpoint.port, 50001);
	assert_int_equal(socket->listener.endpoint.family, AF_INET6);
	assert_int_equal(socket->listener.endpoint.interface, 3);
	assert_int_equal(socket->listener.endpoint.netns, source_netns(*state));
	assert_memory_equal(socket->listener.endpoint.address, local, 16);
	assert_int_equal(socket->remote_port, 4711);
	assert_memory_equal(socket->remote_address, remote, 16);

	/* Nothing of the one before is left in the next. */
	const uint8_t local4[16] = { 0x20, 1, 0x0d, 0xb8 }, remote4[16] = { 0xfd };
	assert_memory_equal(played.sockets[1].listener.endpoint.address, local4, 16);
	assert_memory_equal(played.sockets[1].remote_address, remote4, 16);
}

static void
refuses_what_makes_no_sense(void **state)
{
	struct source_request request = listeners(PROTOCOL_UDP, AF_UNSPEC);
	struct source_result result;

	assert_int_equal(source_begin(*state, &request), -EAFNOSUPPORT);
	request.family = AF_UNIX;
	assert_int_equal(source_begin(*state, &request), -EAFNOSUPPORT);
	request.family = AF_INET;
	request.filter = NULL;
	assert_int_equal(source_begin(*state, &request), -EINVAL);
	assert_int_equal(source_step(*state, keep, NULL, &result), -EINVAL);
	assert_int_equal(played.question_count, 0);
}

static void
listener_is_read_whole(void **state)
{
	struct datagram *datagram = add_datagram();
	uint64_t cgroup = 0x123456789a;
	uint8_t v6only = 1;
	struct nlmsghdr *header =
	    add_socket(datagram, TCPDIAG_GETSOCK, AF_INET6, STATE_LISTEN, 60855);

	(void)add_attribute(datagram, header, INET_DIAG_SHUTDOWN, &v6only, 1);
	(void)add_attribute(datagram, header, INET_DIAG_SKV6ONLY, &v6only, 1);
	(void)add_attribute(datagram, header, 21, &cgroup, sizeof(cgroup));
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 60856);
	add_done(datagram, 0);
	expect_answer(*state, 0, 2);

	const struct listener *listener = &played.sockets[0].listener;
	const uint8_t address[16] = { 0x20, 1, 0x0d, 0xb8, 0x20, 1, 0x0d, 0xb9, 0x20, 1, 0x0d, 0xba,
		0x20, 1, 0x0d, 0xbb };
	assert_true(played.sockets[0].listening);
	assert_int_equal(listener->endpoint.port, 60855);
	assert_int_equal(listener->endpoint.protocol, PROTOCOL_TCP);
	assert_int_equal(listener->endpoint.family, AF_INET6);
	assert_int_equal(listener->endpoint.interface, 3);
	assert_int_equal(listener->endpoint.netns, source_netns(*state));
	assert_memory_equal(listener->endpoint.address, address, 16);
	assert_int_equal(listener->cookie, 0x5566778811223344);
	assert_int_equal(listener->cgroup, cgroup);
	assert_int_equal(listener->inode, 4711);
	assert_int_equal(listener->uid, 1000);
	assert_int_equal(listener->v6only, V6ONLY_YES);
	assert_int_equal(listener->choice, CHOICE_UNKNOWN);

	/* Nothing of the one before is left in the next. */
	const uint8_t address4[16] = { 0x20, 1, 0x0d, 0xb8 };
	assert_memory_equal(played.sockets[1].listener.endpoint.address, address4, 16);
	assert_int_equal(played.sockets[1].listener.cgroup, 0);
	assert_int_equal(played.sockets[1].listener.v6only, V6ONLY_UNKNOWN);
}

static void
survey_flags_states(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct datagram *datagram = add_datagram();
	struct source_result result;

	request.survey = true;
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET6, STATE_ESTABLISHED, 50002);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET6, STATE_TIME_WAIT, 50003);
	add_done(datagram, 0);
	assert_int_equal(answer(*state, &request, &result), 0);
	assert_int_equal(result.incomplete, 0);
	assert_int_equal(result.datagrams, 1);
	assert_int_equal(played.socket_count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct source_socket *socket = &played.sockets[i];
		assert_int_equal(socket->listener.endpoint.port, 50001 + i);
		assert_int_equal(socket->listener.cookie, 0x5566778811223344);
		assert_int_equal(socket->listening, i == 0);
		assert_int_equal(socket->time_wait, i == 2);
	}
}

static void
drops_what_was_not_asked_for(void **state)
{
	struct source_request request = listeners(PROTOCOL_UDP, AF_INET);
	struct datagram *datagram = add_datagram();
	struct inet_diag_msg connected = socket_body(AF_INET, STATE_CLOSE, 60001);
	struct source_result result;

	connected.id.idiag_dport = htons(53);
	(void)add_message(datagram, SOCK_DIAG_BY_FAMILY, &connected, sizeof(connected));
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET, STATE_ESTABLISHED, 60002);
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET, 77, 60002);
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET6, STATE_CLOSE, 60003);
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET, STATE_CLOSE, 8080);
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET, STATE_CLOSE, 60004);
	add_done(datagram, 0);
	assert_int_equal(answer(*state, &request, &result), 0);
	assert_int_equal(result.incomplete, 0);
	assert_int_equal(played.socket_count, 1);
	assert_int_equal(played.sockets[0].listener.endpoint.port, 60004);
	assert_true(played.sockets[0].listening);
}

static void
counts_datagrams_with_data(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	for (int i = 0; i < 3; i++)
		(void)add_socket(add_datagram(), TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(add_datagram(), 0);
	assert_int_equal(answer(*state, &request, &result), 0);
	assert_int_equal(result.datagrams, 3);
	assert_int_equal(result.sockets, 3);
	assert_int_equal(result.incomplete, 0);
}

static void
waits_for_the_rest(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	(void)add_socket(add_datagram(), TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	assert_int_equal(answer(*state, &request, &result), -EAGAIN);
	add_done(add_datagram(), 0);
	assert_int_equal(source_step(*state, keep, NULL, &result), 0);
	assert_int_equal(result.sockets, 1);
}

static void
no_sock_diag_is_an_error(void **state)
{
	static const int errors[] = { ENOENT, EINVAL, EPERM, EACCES, EPROTONOSUPPORT, EAFNOSUPPORT,
		EOPNOTSUPP };
	struct source_request request = listeners(PROTOCOL_UDP, AF_INET);

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		for (int in_done = 0; in_done < 2; in_done++) {
			struct source_result result = { .incomplete = 12345 };
			play_again();
			if (in_done)
				add_done(add_datagram(), -errors[i]);
			else
				add_error(add_datagram(), -errors[i]);
			assert_int_equal(answer(*state, &request, &result), -errors[i]);
			assert_int_equal(result.incomplete, 12345);
		}
	}
}

static void
refused_legacy_is_asked_twice(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct datagram *datagram;
	struct source_result result;

	add_error(add_datagram(), -EINVAL);
	datagram = add_datagram();
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	datagram = add_datagram();
	(void)add_socket(datagram, SOCK_DIAG_BY_FAMILY, AF_INET6, STATE_LISTEN, 50002);
	add_done(datagram, 0);
	assert_int_equal(answer(*state, &request, &result), 0);
	assert_int_equal(result.incomplete, 0);
	assert_int_equal(result.sockets, 2);
	assert_int_equal(result.datagrams, 1);
	assert_int_equal(played.question_count, 3);
	const struct inet_diag_req_v2 *second = NLMSG_DATA(question(1));
	const struct inet_diag_req_v2 *third = NLMSG_DATA(question(2));
	assert_int_equal(question(1)->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(second->sdiag_family, AF_INET);
	assert_int_equal(third->sdiag_family, AF_INET6);

	/* It is remembered. */
	assert_int_equal(source_begin(*state, &request), 0);
	const struct inet_diag_req_v2 *fourth = NLMSG_DATA(question(3));
	assert_int_equal(question(3)->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	assert_int_equal(fourth->sdiag_family, AF_INET);
}

/* Of two dumps, one a family, one may be complete and the other not. */
static void
one_family_is_incomplete(void **state)
{
	static const struct {
		int ipv4, ipv6;
		uint8_t spared;
	} rows[] = {
		{ 0, -ENOMEM, AF_INET },
		{ -ENOMEM, 0, AF_INET6 },
		{ -ENOMEM, -ENOMEM, 0 },
		{ 0, 0, 0 },
	};
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (i == 0)
			add_error(add_datagram(), -EINVAL);
		add_done(add_datagram(), rows[i].ipv4);
		add_done(add_datagram(), rows[i].ipv6);
		assert_int_equal(answer(*state, &request, &result), 0);
		assert_int_equal(result.incomplete,
		    rows[i].ipv4 == 0 && rows[i].ipv6 == 0 ? 0 : INCOMPLETE_KERNEL);
		assert_int_equal(result.spared, rows[i].spared);
		play_again();
	}
}

static void
refused_by_all(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	add_error(add_datagram(), -ENOENT);
	add_error(add_datagram(), -ENOENT);
	assert_int_equal(answer(*state, &request, &result), -ENOENT);
}

static void
broken_socket_is_an_error(void **state)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	add_datagram()->error = EBADF;
	assert_int_equal(answer(*state, &request, &result), -EBADF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_source(asks_both_families_at_once),
		with_source(asks_one_port_of_a_family),
		with_source(states_are_named),
		with_source(connections_have_two_ends),
		with_source(refuses_what_makes_no_sense),
		with_source(listener_is_read_whole),
		with_source(survey_flags_states),
		with_source(drops_what_was_not_asked_for),
		with_source(counts_datagrams_with_data),
		with_source(waits_for_the_rest),
		with_source(no_sock_diag_is_an_error),
		with_source(refused_legacy_is_asked_twice),
		with_source(one_family_is_incomplete),
		with_source(refused_by_all),
		with_source(broken_socket_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-netlink", tests, NULL, NULL);
}
