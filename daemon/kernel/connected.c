/* SPDX-License-Identifier: MIT */
/*
 * Sorts the connections of a source's answer by the listener they came in at: one request for all
 * listeners of one question, since the walk over the kernel's established hash is the cost and does
 * not depend on how many ports are asked for.
 *
 * The kernel does not record which listener accepted a connection. It belongs to every endpoint of
 * the question that could have: the same protocol, namespace and port, and the wildcard or the very
 * address. So a connection to 127.0.0.1 may be counted for 0.0.0.0 though another listener is on
 * 127.0.0.1, and so is one that a program made outwards from that port; neither is left out.
 *
 * The socket that a dual-stack "::" accepts for an IPv4 client is an IPv6 socket with mapped
 * addresses (::ffff:192.0.2.1): its family finds the listener. The peer is reported as the IPv4
 * address that it is.
 *
 * What it never does: keep more than REPORT_PEERS_MAX peers of an endpoint; the rest is counted.
 */
#include <string.h>
#include <sys/socket.h>

#include "kernel/connected.h"

#define MAPPED_PREFIX_SIZE 12

static const uint8_t any_address[16];
static const uint8_t mapped_prefix[MAPPED_PREFIX_SIZE] = { [10] = 0xff, [11] = 0xff };

bool
connected_belongs(const struct source_socket *connection, const struct endpoint *endpoint)
{
	const struct endpoint *local = &connection->listener.endpoint;

	if (local->port != endpoint->port || local->protocol != endpoint->protocol ||
	    local->netns != endpoint->netns || local->family != endpoint->family)
		return false;
	/* What a listener of an interface accepts is bound to that interface too. */
	if (endpoint->interface != 0 && local->interface != endpoint->interface)
		return false;
	return memcmp(endpoint->address, any_address, sizeof(any_address)) == 0 ||
	    memcmp(endpoint->address, local->address, sizeof(local->address)) == 0;
}

static struct report_peer
remote_end(const struct source_socket *connection)
{
	const uint8_t *address = connection->remote_address;
	struct report_peer peer = {
		.port = connection->remote_port,
		.family = connection->listener.endpoint.family,
	};

	if (peer.family == AF_INET6 && memcmp(address, mapped_prefix, MAPPED_PREFIX_SIZE) == 0) {
		peer.family = AF_INET;
		memcpy(peer.address, address + MAPPED_PREFIX_SIZE, 4);
	} else
		memcpy(peer.address, address, sizeof(peer.address));
	return peer;
}

void
connected_begin(struct connected *connected, const struct endpoint *endpoints, size_t count)
{
	memset(connected, 0, sizeof(*connected));
	connected->count = count < CONNECTED_MAX ? count : CONNECTED_MAX;
	for (size_t i = 0; i < connected->count; i++) {
		connected->endpoints[i] = endpoints[i];
		port_set_add(&connected->filter.ports, endpoints[i].port, endpoints[i].port);
	}
	connected->request = (struct source_request){
		.protocol = PROTOCOL_TCP,
		.family = AF_UNSPEC,
		.connections = true,
		.filter = &connected->filter,
	};
}

void
connected_socket(const struct source_socket *socket, void *argument)
{
	struct connected *connected = argument;

	for (size_t i = 0; i < connected->count; i++) {
		struct report_peers *peers = &connected->peers[i];

		if (!connected_belongs(socket, &connected->endpoints[i]))
			continue;
		if (peers->kept < REPORT_PEERS_MAX)
			peers->peers[peers->kept++] = remote_end(socket);
		peers->count++;
	}
}

void
connected_end(struct connected *connected, uint32_t incomplete)
{
	for (size_t i = 0; i < connected->count; i++)
		connected->peers[i].complete = incomplete == 0;
}
