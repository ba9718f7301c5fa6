/* SPDX-License-Identifier: MIT */
/*
 * The netlink source against a kernel of the test's own: the linker hands recvmsg() and sendto()
 * over to the functions below (-Wl,--wrap), which play datagrams from a list and keep the
 * questions. So every way in which an answer can go wrong goes through the whole source.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "kernel/netlink.h"
#include "kernel/source-ops.h"

#define DATAGRAMS_MAX 8
#define DATAGRAM_SIZE 40000

struct datagram {
	_Alignas(8) char bytes[DATAGRAM_SIZE];
	size_t length;
	uint32_t sender;
	int flags;
	int error;		/* instead of a datagram */
	bool mute;		/* its messages keep the sequence number they have */
};

static struct {
	struct datagram list[DATAGRAMS_MAX];
	size_t count, next;
	char questions[4][1024];
	size_t question_count;
	uint32_t portid;
	struct source_socket sockets[600];
	size_t socket_count;
} played;

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_sendto(int fd, const void *data, size_t length, int flags,
    const struct sockaddr *address, socklen_t address_length);

static const struct nlmsghdr *
question(size_t index)
{
	assert_true(index < played.question_count);
	return (const struct nlmsghdr *)(const void *)played.questions[index];
}

/* Answers carry the last question's sequence number and our port id, unless they are to be wrong. */
static void
address_messages(struct datagram *datagram)
{
	uint32_t sequence = question(played.question_count - 1)->nlmsg_seq;

	for (size_t at = 0; !datagram->mute && at + sizeof(struct nlmsghdr) <= datagram->length;) {
		struct nlmsghdr *header = (void *)(datagram->bytes + at);
		header->nlmsg_seq += sequence;
		header->nlmsg_pid += played.portid;
		at += NLMSG_ALIGN(header->nlmsg_len) + (header->nlmsg_len == 0);
	}
}

ssize_t
__wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct sockaddr_nl sender = { .nl_family = AF_NETLINK };

	(void)fd;
	(void)flags;
	if (played.next == played.count) {
		errno = EAGAIN;
		return -1;
	}
	struct datagram *datagram = &played.list[played.next++];
	if (datagram->error != 0) {
		errno = datagram->error;
		return -1;
	}
	address_messages(datagram);
	sender.nl_pid = datagram->sender;
	memcpy(message->msg_name, &sender, sizeof(sender));
	message->msg_namelen = sizeof(sender);
	message->msg_flags = datagram->flags;
	size_t length = datagram->length;
	if (length > message->msg_iov[0].iov_len) {
		length = message->msg_iov[0].iov_len;
		message->msg_flags |= MSG_TRUNC;
	}
	memcpy(message->msg_iov[0].iov_base, datagram->bytes, length);
	return (ssize_t)length;
}

ssize_t
__wrap_sendto(int fd, const void *data, size_t length, int flags, const struct sockaddr *address,
    socklen_t address_length)
{
	(void)fd;
	(void)flags;
	assert_int_equal(address_length, sizeof(struct sockaddr_nl));
	assert_int_equal(((const struct sockaddr_nl *)(const void *)address)->nl_pid, 0);
	assert_true(played.question_count < ARRAY_SIZE(played.questions));
	assert_true(length <= sizeof(played.questions[0]));
	memcpy(played.questions[played.question_count++], data, length);
	return (ssize_t)length;
}

static struct datagram *
add_datagram(void)
{
	assert_true(played.count < DATAGRAMS_MAX);
	struct datagram *datagram = &played.list[played.count++];
	memset(datagram, 0, sizeof(*datagram));
	return datagram;
}

/* Appends a message with length bytes of body. */
static struct nlmsghdr *
add_message(struct datagram *datagram, uint16_t type, const void *body, size_t length)
{
	struct nlmsghdr *header = (void *)(datagram->bytes + datagram->length);

	assert_true(datagram->length + NLMSG_SPACE(length) <= DATAGRAM_SIZE);
	*header = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(length),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_MULTI,
	};
	memcpy(NLMSG_DATA(header), body, length);
	datagram->length += NLMSG_SPACE(length);
	return header;
}

static void
add_done(struct datagram *datagram, int error)
{
	(void)add_message(datagram, NLMSG_DONE, &error, sizeof(error));
}

static void
add_error(struct datagram *datagram, int error)
{
	struct nlmsgerr body = { .error = error };

	(void)add_message(datagram, NLMSG_ERROR, &body, sizeof(body));
}

static struct inet_diag_msg
socket_body(uint8_t family, uint8_t state, uint16_t port)
{
	struct inet_diag_msg body = {
		.idiag_family = family,
		.idiag_state = state,
		.id.idiag_sport = htons(port),
		.id.idiag_if = 3,
		.id.idiag_cookie = { 0x11223344, 0x55667788 },
		.idiag_uid = 1000,
		.idiag_inode = 4711,
	};

	for (uint32_t i = 0; i < 4; i++)
		body.id.idiag_src[i] = htonl(0x20010db8 + i);
	return body;
}

static struct nlmsghdr *
add_socket(struct datagram *datagram, uint16_t type, uint8_t family, uint8_t state, uint16_t port)
{
	struct inet_diag_msg body = socket_body(family, state, port);

	return add_message(datagram, type, &body, sizeof(body));
}

/* Appends an attribute to the datagram's last message. */
static struct nlattr *
add_attribute(struct datagram *datagram, struct nlmsghdr *header, uint16_t type, const void *data,
    uint16_t length)
{
	struct nlattr *attribute = (void *)(datagram->bytes + datagram->length);

	*attribute = (struct nlattr){ (uint16_t)(NLA_HDRLEN + length), type };
	memcpy((char *)attribute + NLA_HDRLEN, data, length);
	datagram->length += (size_t)NLA_ALIGN(attribute->nla_len);
	header->nlmsg_len = (uint32_t)(datagram->bytes + datagram->length - (char *)header);
	return attribute;
}

static void
keep(const struct source_socket *socket, void *argument)
{
	(void)argument;
	assert_true(played.socket_count < ARRAY_SIZE(played.sockets));
	played.sockets[played.socket_count++] = *socket;
}

static const struct port_filter *
dynamic_ports(void)
{
	static struct port_filter filter;

	port_set_add(&filter.ports, 49152, 65535);
	return &filter;
}

static struct source_request
listeners(enum protocol protocol, uint8_t family)
{
	return (struct source_request){
		.protocol = protocol,
		.family = family,
		.filter = dynamic_ports(),
	};
}

static int
open_source(void **state)
{
	struct source *source = NULL;
	struct sockaddr_nl address;
	socklen_t length = sizeof(address);

	memset(&played, 0, sizeof(played));
	if (source_open_netlink(&source) < 0 ||
	    getsockname(source_fd(source), (struct sockaddr *)&address, &length) < 0)
		return -1;
	played.portid = address.nl_pid;
	*state = source;
	return 0;
}

static int
close_source(void **state)
{
	source_close(*state);
	return 0;
}

/* Runs the request over what was prepared; steps until there is nothing more. */
static int
answer(struct source *source, const struct source_request *request, struct source_result *ret)
{
	int result = source_begin(source, request);

	while (result == 0 || result == 1) {
		result = source_step(source, keep, NULL, ret);
		if (result == 0)
			return 0;
	}
	return result;
}

/* A TCP dump of both families must give expected bits and sockets, and end. */
static void
expect(struct source *source, uint32_t incomplete, size_t sockets)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	assert_int_equal(answer(source, &request, &result), 0);
	assert_int_equal(result.incomplete, incomplete);
	assert_int_equal(played.socket_count, sockets);
	assert_int_equal(result.sockets, sockets);
}

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
	expect(*state, 0, 2);

	const struct listener *listener = &played.sockets[0].listener;
	const uint8_t address[16] = { 0x20, 1, 0x0d, 0xb8, 0x20, 1, 0x0d, 0xb9, 0x20, 1, 0x0d,
		0xba, 0x20, 1, 0x0d, 0xbb };
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
interrupted(void **state)
{
	struct datagram *datagram = add_datagram();

	add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_flags |=
	    NLM_F_DUMP_INTR;
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_INTERRUPTED, 1);
}

static void
interrupted_at_the_end(void **state)
{
	struct datagram *datagram = add_datagram();
	int error = 0;

	add_message(datagram, NLMSG_DONE, &error, sizeof(error))->nlmsg_flags |= NLM_F_DUMP_INTR;
	expect(*state, INCOMPLETE_INTERRUPTED, 0);
}

static void
error_in_done(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, -ENOENT);
	expect(*state, INCOMPLETE_KERNEL, 1);
}

static void
error_that_is_no_refusal(void **state)
{
	add_error(add_datagram(), -ENOMEM);
	expect(*state, INCOMPLETE_KERNEL, 0);
}

static void
error_that_is_none_known(void **state)
{
	add_error(add_datagram(), INT32_MIN);
	expect(*state, INCOMPLETE_KERNEL, 0);
}

static void
error_cut_short(void **state)
{
	(void)add_message(add_datagram(), NLMSG_ERROR, "", 1);
	expect(*state, INCOMPLETE_KERNEL | INCOMPLETE_MALFORMED, 0);
}

static void
acknowledgement_ends_nothing(void **state)
{
	struct datagram *datagram = add_datagram();

	add_error(datagram, 0);
	(void)add_message(datagram, NLMSG_NOOP, "", 0);
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect(*state, 0, 1);
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
	expect(*state, INCOMPLETE_OVERRUN, 2);
}

static void
overrun_message(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_message(datagram, NLMSG_OVERRUN, "", 0);
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_OVERRUN, 0);
}

static void
another_question(void **state)
{
	struct datagram *stale = add_datagram(), *datagram;

	add_socket(stale, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_seq = 7;
	add_done(stale, 0);
	((struct nlmsghdr *)(void *)stale->bytes)->nlmsg_pid = 0;
	stale->mute = true;
	datagram = add_datagram();
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50002);
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_SEQUENCE, 1);
	assert_int_equal(played.sockets[0].listener.endpoint.port, 50002);
}

static void
another_receiver(void **state)
{
	struct datagram *datagram = add_datagram();

	add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001)->nlmsg_pid = 1;
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_SEQUENCE, 0);
}

static void
stranger_is_not_heard(void **state)
{
	struct datagram *datagram = add_datagram();

	datagram->sender = 4242;
	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	add_done(add_datagram(), 0);
	expect(*state, 0, 0);
}

static void
cut_datagram(void **state)
{
	struct datagram *datagram = add_datagram();

	for (int i = 0; i < 400; i++)
		(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_INET, STATE_LISTEN, 50001);
	assert_true(datagram->length > 32768);
	add_done(add_datagram(), 0);
	expect(*state, INCOMPLETE_TRUNCATED, 32768 / NLMSG_SPACE(sizeof(struct inet_diag_msg)));
}

static void
malformed_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 15, 16, 17, 80, UINT32_MAX, 0x80000000 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		played.count = played.next = played.question_count = played.socket_count = 0;
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
		assert_true((result.incomplete & INCOMPLETE_MALFORMED) != 0);
		assert_int_equal(result.incomplete & ~(INCOMPLETE_MALFORMED | INCOMPLETE_SEQUENCE), 0);
		assert_int_equal(result.sockets, 1);
	}
}

static void
malformed_family(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, TCPDIAG_GETSOCK, AF_UNIX, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_MALFORMED, 0);
}

static void
malformed_type(void **state)
{
	struct datagram *datagram = add_datagram();

	(void)add_socket(datagram, 999, AF_INET, STATE_LISTEN, 50001);
	add_done(datagram, 0);
	expect(*state, INCOMPLETE_MALFORMED, 0);
}

static void
malformed_done(void **state)
{
	(void)add_message(add_datagram(), NLMSG_DONE, "", 1);
	expect(*state, INCOMPLETE_MALFORMED, 0);
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
		played.count = played.next = played.question_count = played.socket_count = 0;
		struct datagram *datagram = add_datagram();
		struct nlmsghdr *header =
		    add_socket(datagram, TCPDIAG_GETSOCK, AF_INET6, STATE_LISTEN, 50001);
		add_attribute(datagram, header, cases[i].type, data, cases[i].length)->nla_len =
		    cases[i].said;
		add_done(datagram, 0);
		expect(*state, INCOMPLETE_MALFORMED, 1);
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
	/* Exactly as long as it says, in memory of that length: AddressSanitizer watches the end. */
	void *exact = malloc(header.nlmsg_len);
	assert_non_null(exact);
	memcpy(exact, bytes, header.nlmsg_len);
	assert_int_equal(netlink_parse(&dump, exact, header.nlmsg_len, false, keep, NULL), 1);
	free(exact);
	assert_int_equal(dump.incomplete, 0);
	assert_int_equal(played.sockets[0].listener.v6only, V6ONLY_YES);

	/* An attribute that claims the padding of its message is too long. */
	attribute.nla_len = 8;
	memcpy(bytes + sizeof(header) + sizeof(body), &attribute, sizeof(attribute));
	assert_int_equal(netlink_parse(&dump, bytes, header.nlmsg_len, false, keep, NULL), 1);
	assert_int_equal(dump.incomplete, INCOMPLETE_MALFORMED);
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
			played.count = played.next = played.question_count = 0;
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

#define with_source(function) \
	cmocka_unit_test_setup_teardown(function, open_source, close_source)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_source(asks_both_families_at_once),
		with_source(asks_one_port_of_a_family),
		with_source(states_are_named),
		with_source(refuses_what_makes_no_sense),
		with_source(listener_is_read_whole),
		with_source(survey_flags_states),
		with_source(drops_what_was_not_asked_for),
		with_source(counts_datagrams_with_data),
		with_source(waits_for_the_rest),
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
		with_source(no_sock_diag_is_an_error),
		with_source(refused_legacy_is_asked_twice),
		with_source(refused_by_all),
		with_source(broken_socket_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("kernel-netlink", tests, NULL, NULL);
}
