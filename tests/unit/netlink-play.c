/* SPDX-License-Identifier: MIT */
/*
 * See netlink-play.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "netlink-play.h"

struct played played;

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t __wrap_sendto(int fd, const void *data, size_t length, int flags,
    const struct sockaddr *address, socklen_t address_length);

const struct nlmsghdr *
question(size_t index)
{
	assert_true(index < played.question_count);
	return (const struct nlmsghdr *)(const void *)played.questions[index];
}

/* Answers carry the last question's sequence number and our port id, unless they shall not. */
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

struct datagram *
add_datagram(void)
{
	assert_true(played.count < DATAGRAMS_MAX);
	struct datagram *datagram = &played.list[played.count++];
	memset(datagram, 0, sizeof(*datagram));
	return datagram;
}

struct nlmsghdr *
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

struct nlmsghdr *
add_done(struct datagram *datagram, int error)
{
	return add_message(datagram, NLMSG_DONE, &error, sizeof(error));
}

void
add_error(struct datagram *datagram, int error)
{
	struct nlmsgerr body = { .error = error };

	(void)add_message(datagram, NLMSG_ERROR, &body, sizeof(body));
}

struct inet_diag_msg
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

struct nlmsghdr *
add_socket(struct datagram *datagram, uint16_t type, uint8_t family, uint8_t state, uint16_t port)
{
	struct inet_diag_msg body = socket_body(family, state, port);

	return add_message(datagram, type, &body, sizeof(body));
}

struct nlattr *
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

void
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

struct source_request
listeners(enum protocol protocol, uint8_t family)
{
	return (struct source_request){
		.protocol = protocol,
		.family = family,
		.filter = dynamic_ports(),
	};
}

int
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

int
close_source(void **state)
{
	source_close(*state);
	return 0;
}

void
play_again(void)
{
	uint32_t portid = played.portid;

	memset(&played, 0, sizeof(played));
	played.portid = portid;
}

int
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

void
expect_answer(struct source *source, uint32_t incomplete, size_t sockets)
{
	struct source_request request = listeners(PROTOCOL_TCP, AF_UNSPEC);
	struct source_result result;

	assert_int_equal(answer(source, &request, &result), 0);
	assert_int_equal(result.incomplete, incomplete);
	assert_int_equal(played.socket_count, sockets);
	assert_int_equal(result.sockets, sockets);
}
