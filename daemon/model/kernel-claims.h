/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has sockets of its own for: the ports that it names, and the protocols of which
 * some part of it may have a socket that is not named anywhere. See kernel-claims.c.
 */
#ifndef OVERSTAY_MODEL_KERNEL_CLAIMS_H
#define OVERSTAY_MODEL_KERNEL_CLAIMS_H

#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"

/* What is said of one socket that no process holds, ever more. */
enum kernel_claim {
	KERNEL_CLAIM_NONE,     /* nothing in the kernel could have it */
	KERNEL_CLAIM_UNPROVED, /* some part of the kernel could, which names no port */
	KERNEL_CLAIM_PROVED,   /* the kernel names this port as one of its own */
};

/* Ports of one host that are kept; whoever has more of them has them unproved. */
#define KERNEL_PORTS_MAX 1024

struct kernel_port {
	uint8_t address[16]; /* as struct endpoint's, all zeros = all addresses */
	uint16_t port;	     /* host order */
	uint8_t protocol;    /* enum protocol */
	uint8_t family;	     /* AF_INET, AF_INET6, or AF_UNSPEC = either, and any address */
	bool either;	     /* it may also be bound to all addresses */
	bool unproved;	     /* the port is named, but not who has it */
};

struct kernel_claims {
	uint32_t unproved; /* bits 1 << enum protocol */
	uint32_t count;
	struct kernel_port ports[KERNEL_PORTS_MAX];
};

void kernel_claims_init(struct kernel_claims *claims);

/* Port 0 is none and left out. */
void kernel_claims_add(struct kernel_claims *claims, const struct kernel_port *port);

/* A port of the protocol on whatever address. */
void kernel_claims_add_port(struct kernel_claims *claims, enum protocol protocol, uint16_t port);

/* Some part of the kernel may have any socket of these protocols (bits 1 << enum protocol). */
void kernel_claims_add_unproved(struct kernel_claims *claims, uint32_t protocols);

/*
 * trusted: the socket was made by an account in whose name the kernel opens sockets. Of others only
 * what is named counts.
 */
enum kernel_claim kernel_claims_find(const struct kernel_claims *claims,
    const struct endpoint *endpoint, bool trusted);

/* A socket that no process holds, and what the kernel says of it. */
struct unheld_socket {
	struct endpoint endpoint;
	uint64_t cookie;
	uint32_t uid; /* of its creator */
	enum kernel_claim claim;
};

#endif
