/* SPDX-License-Identifier: MIT */
/*
 * What sock_diag answers: one datagram of netlink messages (linux/netlink.h, linux/inet_diag.h, as
 * net/ipv4/inet_diag.c and net/netlink/af_netlink.c write them) into sockets.
 *
 * Every doubt is kept as a bit of enum incomplete, and what can be read is read all the same: an
 * incomplete answer proves presence. A socket that was not asked for is dropped here, whatever the
 * kernel thought of the filter. Attributes are read for listeners alone: a survey of hundreds of
 * thousands of sockets looks at four fields of each, and a connection is its two ends.
 *
 * libmnl walks messages and attributes, but two of its ends are not exact enough: mnl_nlmsg_ok() of
 * 1.0.4 compares lengths as int, so that one of 2^32 - 1 is good and the walk never moves on, and
 * its attribute loop rounds the end of a message up to 4, which may lie behind the datagram.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/netlink.h"
#include "kernel/source-ops.h"

/* linux/inet_diag.h since 5.8; the C library's copy may be older. */
#define ATTRIBUTE_V6ONLY INET_DIAG_SKV6ONLY
#define ATTRIBUTE_CGROUP 21

/* The largest errno the kernel gives (linux/err.h). */
#define ERRNO_MAX 4095

static uint64_t
cookie_of(const struct inet_diag_msg *message)
{
	return (uint64_t)message->id.idiag_cookie[1] << 32 | message->id.idiag_cookie[0];
}

/* Reads one attribute of a listener. Returns false where its length is not what it must be. */
static bool
take_attribute(const struct nlattr *attribute, struct listener *listener)
{
	uint16_t length = mnl_attr_get_payload_len(attribute);
	const uint8_t *payload = mnl_attr_get_payload(attribute);

	switch (mnl_attr_get_type(attribute)) {
	case ATTRIBUTE_V6ONLY:
		if (length != sizeof(uint8_t))
			return false;
		listener->v6only = *payload != 0 ? V6ONLY_YES : V6ONLY_NO;
		return true;
	case ATTRIBUTE_CGROUP:
		if (length != sizeof(uint64_t))
			return false;
		memcpy(&listener->cgroup, payload, sizeof(uint64_t));
		return true;
	default:
		return true;
	}
}

/* Returns false where the attributes are not well-formed. */
static bool
take_attributes(const struct nlmsghdr *header, struct listener *listener)
{
	const char *end = (const char *)header + header->nlmsg_len;
	const struct nlattr *attribute =
	    mnl_nlmsg_get_payload_offset(header, sizeof(struct inet_diag_msg));
	bool good = true;

	while (mnl_attr_ok(attribute, (int)(end - (const char *)attribute))) {
		good = take_attribute(attribute, listener) && good;
		attribute = mnl_attr_next(attribute);
	}
	/* The last one may lack its padding, so the walk may end up to 3 bytes behind the end. */
	return good && (const char *)attribute >= end;
}

/* An address of the kernel's in 16 bytes, those of IPv4 first. */
static void
take_address(uint8_t *address, const uint32_t *words, uint8_t family)
{
	memset(address, 0, 16);
	memcpy(address, words, family == AF_INET6 ? 16 : 4);
}

static void
take_endpoint(const struct netlink_dump *dump, const struct inet_diag_msg *message,
    struct endpoint *endpoint)
{
	endpoint->netns = dump->netns;
	endpoint->family = message->idiag_family;
	endpoint->interface = message->id.idiag_if;
	take_address(endpoint->address, message->id.idiag_src, message->idiag_family);
}

/* What a survey leaves alone. Returns false where the attributes are not well-formed. */
static bool
take_listener(const struct netlink_dump *dump, const struct nlmsghdr *header,
    const struct inet_diag_msg *message, struct source_socket *ret)
{
	struct listener *listener = &ret->listener;

	take_endpoint(dump, message, &listener->endpoint);
	listener->inode = message->idiag_inode;
	listener->uid = message->idiag_uid;
	listener->choice = dump->choice;
	listener->v6only = V6ONLY_UNKNOWN;
	listener->cgroup = 0;
	return take_attributes(header, listener);
}

/* One socket message; socket is scratch. */
static void
take_socket(struct netlink_dump *dump, const struct nlmsghdr *header, struct source_socket *socket,
    source_function *function, void *argument)
{
	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);

	if (header->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*message) ||
	    (message->idiag_family != AF_INET && message->idiag_family != AF_INET6)) {
		dump->incomplete |= INCOMPLETE_MALFORMED;
		return;
	}
	uint16_t port = ntohs(message->id.idiag_sport);
	if (message->idiag_state >= 32 || (dump->states >> message->idiag_state & 1) == 0 ||
	    (dump->family != AF_UNSPEC && dump->family != message->idiag_family) ||
	    !port_set_has(dump->selected, port))
		return;
	socket->listening =
	    source_is_listening(dump->protocol, message->idiag_state, message->id.idiag_dport);
	socket->time_wait = message->idiag_state == STATE_TIME_WAIT;
	socket->listener.endpoint.port = port;
	socket->listener.cookie = cookie_of(message);
	if (dump->connections) {
		take_endpoint(dump, message, &socket->listener.endpoint);
		take_address(socket->remote_address, message->id.idiag_dst, message->idiag_family);
		socket->remote_port = ntohs(message->id.idiag_dport);
	} else if (!dump->survey) {
		if (!socket->listening)
			return;
		if (!take_listener(dump, header, message, socket))
			dump->incomplete |= INCOMPLETE_MALFORMED;
	}
	dump->sockets++;
	function(socket, argument);
}

/*
 * The kernel gives up, or refuses to begin. The dump is over. An error that comes before any
 * socket is the caller's to judge; after that the answer is merely incomplete.
 */
static void
take_error(struct netlink_dump *dump, int error)
{
	dump->incomplete |= INCOMPLETE_KERNEL;
	if (dump->datagrams == 0 && error < 0 && error >= -ERRNO_MAX)
		dump->error = error;
}

/* NLMSG_ERROR: linux/netlink.h, struct nlmsgerr. Returns 1 where it was only an acknowledgement. */
static int
end_by_error(struct netlink_dump *dump, const struct nlmsghdr *header)
{
	struct nlmsgerr error;

	if (header->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(error)) {
		dump->incomplete |= INCOMPLETE_KERNEL | INCOMPLETE_MALFORMED;
		return 0;
	}
	memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	if (error.error == 0)
		return 1;
	take_error(dump, error.error);
	return 0;
}

/* NLMSG_DONE: an int, 0 or what the dump ended with (netlink_dump() in af_netlink.c). */
static int
end_by_done(struct netlink_dump *dump, const struct nlmsghdr *header)
{
	int error;

	if (header->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(error)) {
		dump->incomplete |= INCOMPLETE_MALFORMED;
		return 0;
	}
	memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	if (error != 0)
		take_error(dump, error);
	return 0;
}

/* Messages that are no sockets. Returns as netlink_parse(). */
static int
take_control(struct netlink_dump *dump, const struct nlmsghdr *header)
{
	switch (header->nlmsg_type) {
	case NLMSG_DONE:
		return end_by_done(dump, header);
	case NLMSG_ERROR:
		return end_by_error(dump, header);
	case NLMSG_OVERRUN:
		dump->incomplete |= INCOMPLETE_OVERRUN;
		return 1;
	case NLMSG_NOOP:
		return 1;
	default:
		dump->incomplete |= INCOMPLETE_MALFORMED;
		return 1;
	}
}

bool
netlink_message_ok(const struct nlmsghdr *header, int rest)
{
	return rest >= (int)sizeof(*header) && header->nlmsg_len >= sizeof(*header) &&
	    header->nlmsg_len <= (uint32_t)rest;
}

int
netlink_parse(struct netlink_dump *dump, const void *data, size_t length, bool cut,
    source_function *function, void *argument)
{
	struct source_socket socket = { .listener.endpoint.protocol = (uint8_t)dump->protocol };
	const struct nlmsghdr *header = data;
	int rest = (int)length, more = 1;
	bool counted = false;

	if (cut)
		dump->incomplete |= INCOMPLETE_TRUNCATED;
	for (; more == 1 && netlink_message_ok(header, rest);
	     header = mnl_nlmsg_next(header, &rest)) {
		if (header->nlmsg_seq != dump->sequence || header->nlmsg_pid != dump->portid) {
			dump->incomplete |= INCOMPLETE_SEQUENCE;
			continue;
		}
		if ((header->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			dump->incomplete |= INCOMPLETE_INTERRUPTED;
		if (header->nlmsg_type != dump->type) {
			more = take_control(dump, header);
			continue;
		}
		dump->datagrams += !counted;
		counted = true;
		take_socket(dump, header, &socket, function, argument);
	}
	if (more == 1 && rest > 0 && !cut)
		dump->incomplete |= INCOMPLETE_MALFORMED;
	return more;
}
