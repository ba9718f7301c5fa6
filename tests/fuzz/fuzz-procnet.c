/* SPDX-License-Identifier: MIT */
/*
 * /proc/net tables. The first byte of an input says what was asked (bit 0 UDP, bit 1 a survey, bit
 * 2 IPv6, bit 3 the connections of TCP), the second how many bytes a read gives, the rest is the
 * file. The same file in one piece must give the same: where the reads end has no meaning.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/procnet.h"
#include "kernel/source-ops.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint32_t incomplete;
	uint64_t sockets;
	uint64_t sum; /* of what was handed out, its order included */
};

static void
add_socket(const struct source_socket *socket, void *argument)
{
	struct outcome *outcome = argument;
	const struct listener *listener = &socket->listener;

	if (listener->endpoint.port < 49152 ||
	    listener->cookie != (listener->inode == 0 ? 0 : COOKIE_IS_INODE | listener->inode))
		abort();
	outcome->sum = outcome->sum * 31 + listener->cookie;
	outcome->sum = outcome->sum * 31 + listener->endpoint.port;
	outcome->sum = outcome->sum * 31 + listener->uid;
	outcome->sum = outcome->sum * 31 + socket->remote_port + socket->remote_address[15];
	outcome->sum = outcome->sum * 31 + socket->listening + 2 * socket->time_wait;
}

/* Feeds the file in pieces, each in memory of exactly its length. */
static struct outcome
read_table(uint8_t asked, const uint8_t *data, size_t size, size_t piece)
{
	struct port_set selected = { 0 };
	struct source_request request = {
		.protocol = (asked & 1) != 0 ? PROTOCOL_UDP : PROTOCOL_TCP,
		.survey = (asked & 2) != 0,
	};
	request.connections =
	    (asked & 8) != 0 && !request.survey && request.protocol == PROTOCOL_TCP;
	struct procnet_table table = {
		.protocol = request.protocol,
		.family = (asked & 4) != 0 ? AF_INET6 : AF_INET,
		.survey = request.survey,
		.connections = request.connections,
		.states = source_states(&request),
		.selected = &selected,
	};
	struct outcome outcome = { 0 };
	size_t kept = 0;

	port_set_add(&selected, 49152, 65535);
	for (size_t at = 0; at < size; at += piece) {
		size_t length = kept + (size - at < piece ? size - at : piece);
		char *buffer = malloc(length);
		if (buffer == NULL)
			abort();
		memcpy(buffer, data + at - kept, length);
		size_t done = procnet_take(&table, buffer, length, add_socket, &outcome);
		free(buffer);
		if (done > length || length - done >= PROCNET_LINE_MAX)
			abort();
		kept = length - done;
	}
	procnet_end(&table, kept);
	outcome.incomplete = table.incomplete;
	outcome.sockets = table.sockets;
	return outcome;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	struct outcome pieces = read_table(data[0], data + 2, size - 2, data[1] + 1u);
	struct outcome whole = read_table(data[0], data + 2, size - 2, size);
	if (pieces.incomplete != whole.incomplete || pieces.sockets != whole.sockets ||
	    pieces.sum != whole.sum)
		abort();
	return 0;
}
