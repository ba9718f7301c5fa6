/* SPDX-License-Identifier: MIT */
/*
 * sock_diag answers. The first byte of an input says what was asked (bit 0 UDP, bit 1 a survey,
 * bits 2 and 3 the family, bit 4 that every datagram was cut, bit 5 the connections of TCP), then
 * come datagrams: two bytes of length, low one first, and as many bytes as that. The question has
 * sequence number 1 and port id 2.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/netlink.h"
#include "kernel/source-ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a source hands out must be what was asked for. */
static void
check_socket(const struct source_socket *socket, void *argument)
{
	const struct netlink_dump *dump = argument;

	if (!port_set_has(dump->selected, socket->listener.endpoint.port) ||
	    socket->listener.endpoint.protocol != dump->protocol ||
	    (!dump->survey && !dump->connections && !socket->listening) ||
	    (dump->connections && (socket->listening || socket->time_wait)) ||
	    (socket->listening && socket->time_wait))
		abort();
}

/* Parses a copy in memory of exactly its length. Returns as netlink_parse(). */
static int
parse_datagram(struct netlink_dump *dump, const uint8_t *data, size_t length, bool cut)
{
	void *copy = malloc(length + (length == 0));

	if (copy == NULL)
		return 0;
	memcpy(copy, data, length);
	int more = netlink_parse(dump, copy, length, cut, check_socket, dump);
	free(copy);
	return more;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNSPEC };
	struct port_set selected = { 0 };

	if (size == 0)
		return 0;
	uint8_t asked = *data++;
	struct source_request request = {
		.protocol = (asked & 1) != 0 ? PROTOCOL_UDP : PROTOCOL_TCP,
		.survey = (asked & 2) != 0,
		.family = families[asked >> 2 & 3],
	};
	request.connections =
	    (asked & 32) != 0 && !request.survey && request.protocol == PROTOCOL_TCP;
	struct netlink_dump dump = {
		.sequence = 1,
		.portid = 2,
		.type = request.family == AF_UNSPEC ? TCPDIAG_GETSOCK : SOCK_DIAG_BY_FAMILY,
		.family = request.family,
		.protocol = request.protocol,
		.survey = request.survey,
		.connections = request.connections,
		.states = source_states(&request),
		.selected = &selected,
	};
	port_set_add(&selected, 49152, 65535);
	for (size--; size >= 2;) {
		size_t length = (size_t)data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		length = length < size ? length : size;
		if (parse_datagram(&dump, data, length, (asked & 16) != 0) == 0)
			break;
		data += length;
		size -= length;
	}
	return 0;
}
