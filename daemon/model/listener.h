/* SPDX-License-Identifier: MIT */
/*
 * One listening socket as a value, and the endpoint it sits on. Every source (netlink, /proc/net,
 * replay) fills the same structure.
 */
#ifndef OVERSTAY_MODEL_LISTENER_H
#define OVERSTAY_MODEL_LISTENER_H

#include <stdint.h>

#include "base/macros.h"

enum protocol {
	PROTOCOL_TCP,
	PROTOCOL_UDP,
	PROTOCOL_COUNT,
};

/* Who chose the port: the program asked for it, or the kernel picked it (INET_DIAG_BC_AUTO). */
enum choice {
	CHOICE_UNKNOWN,
	CHOICE_ASKED,
	CHOICE_AUTO,
};

/* How it is bound, not what a firewall lets through. */
enum exposure {
	EXPOSURE_LOOPBACK, /* a loopback address, or the device lo */
	EXPOSURE_LOCAL,	   /* one specific address */
	EXPOSURE_ANY,	   /* all addresses */
};

/* Whether an IPv6 socket takes IPv4 too; a dual-stack "::" is V6ONLY_NO. */
enum v6only {
	V6ONLY_UNKNOWN,
	V6ONLY_NO,
	V6ONLY_YES,
};

struct endpoint {
	uint64_t netns;	     /* SO_NETNS_COOKIE of the namespace, 0 = unknown */
	uint8_t address[16]; /* network order; IPv4 in the first four bytes, the rest 0 */
	uint32_t interface;  /* index of the interface it is bound to, 0 = none */
	uint16_t port;	     /* host order */
	uint8_t protocol;    /* enum protocol */
	uint8_t family;	     /* AF_INET or AF_INET6 */
};

/* /proc/net has no cookies: the inode stands in, and nobody takes one for the other. */
#define COOKIE_IS_INODE (UINT64_C(1) << 63)

struct listener {
	struct endpoint endpoint;
	uint64_t cookie; /* the kernel's socket cookie, or COOKIE_IS_INODE and the inode */
	uint64_t cgroup; /* cgroup v2 id of the socket's creator, 0 = unknown */
	uint32_t inode;	 /* of the socket, 0 = no file any more */
	uint32_t uid;	 /* of the socket's creator */
	uint8_t choice;	 /* enum choice */
	uint8_t v6only;	 /* enum v6only */
	bool carried;	 /* not in the last dump, but its absence is not proved either */
	uint8_t lacking; /* and while so: complete polls in a row that lacked it */
	bool late;	 /* it may have been there before, when there was no room to watch it */
};

const char *protocol_name(enum protocol protocol); /* "tcp", "udp" */
const char *choice_name(enum choice choice);	   /* "unknown", "asked", "auto" */
const char *exposure_name(enum exposure exposure); /* "loopback", "local", "any" */

/* A total order, by port first: <0, 0 or >0. */
int endpoint_compare(const struct endpoint *a, const struct endpoint *b);

/* Orders by endpoint, then cookie. */
int listener_compare(const struct listener *a, const struct listener *b);

enum exposure endpoint_exposure(const struct endpoint *endpoint);

/* The four bytes of an address of AF_INET, or of a v4-mapped one of AF_INET6 (RFC 4291, 2.5.5.2),
 * which IPv4 reaches; NULL where it is neither. */
const uint8_t *address_ipv4(uint8_t family, const uint8_t *address);

/* Room for "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535" and its NUL. */
#define ENDPOINT_TEXT_MAX 64

/*
 * "0.0.0.0:60855", "[::]:60855"; without the protocol and the interface, since the interface's
 * name has to be asked for. buffer has ENDPOINT_TEXT_MAX bytes. Returns buffer.
 */
const char *endpoint_format(const struct endpoint *endpoint, char *buffer);

/* The address alone, without brackets. buffer as above. Returns buffer. */
const char *endpoint_format_address(const struct endpoint *endpoint, char *buffer);

#endif
