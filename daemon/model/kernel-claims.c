/* SPDX-License-Identifier: MIT */
/*
 * A socket that no process holds may be the kernel's own: a tunnel's, a file server's. That
 * something of that kind exists proves nothing of this socket; that the kernel names its port does.
 *
 * What it never does: take a port for another's. A port is one of a protocol, and of an address
 * where that is known: beside the kernel's on 0.0.0.0 anybody may have the same one on ::1.
 *
 * Who asked whom: lookup/kernel-owner.c (threads and files below /proc), kernel/ (netlink).
 * Memory: 24 KiB. Cost: a comparison for each port.
 */
#include <string.h>
#include <sys/socket.h>

#include "model/kernel-claims.h"

void
kernel_claims_init(struct kernel_claims *claims)
{
	claims->unproved = 0;
	claims->count = 0;
}

void
kernel_claims_add(struct kernel_claims *claims, const struct kernel_port *port)
{
	if (port->port == 0)
		return;
	if (claims->count == KERNEL_PORTS_MAX) {
		kernel_claims_add_unproved(claims, 1U << port->protocol);
		return;
	}
	claims->ports[claims->count++] = *port;
}

void
kernel_claims_add_port(struct kernel_claims *claims, enum protocol protocol, uint16_t port)
{
	kernel_claims_add(claims,
	    &(struct kernel_port){
		.port = port,
		.protocol = (uint8_t)protocol,
		.family = AF_UNSPEC,
	    });
}

void
kernel_claims_add_unproved(struct kernel_claims *claims, uint32_t protocols)
{
	claims->unproved |= protocols;
}

static bool
is_at(const struct kernel_port *port, const struct endpoint *endpoint)
{
	static const uint8_t zero[16];

	if (port->port != endpoint->port || port->protocol != endpoint->protocol)
		return false;
	if (port->family == AF_UNSPEC)
		return true;
	return port->family == endpoint->family &&
	    (memcmp(port->address, endpoint->address, sizeof(zero)) == 0 ||
		(port->either && memcmp(endpoint->address, zero, sizeof(zero)) == 0));
}

enum kernel_claim
kernel_claims_find(const struct kernel_claims *claims, const struct endpoint *endpoint,
    bool trusted)
{
	enum kernel_claim found = trusted && (claims->unproved >> endpoint->protocol & 1) != 0 ?
	    KERNEL_CLAIM_UNPROVED :
	    KERNEL_CLAIM_NONE;

	for (uint32_t i = 0; i < claims->count; i++) {
		if (!is_at(&claims->ports[i], endpoint))
			continue;
		if (!claims->ports[i].unproved)
			return KERNEL_CLAIM_PROVED;
		found = KERNEL_CLAIM_UNPROVED;
	}
	return found;
}
