/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets and endpoints as values: their order, their words, how they are bound.
 * Allocates nothing and asks nobody: an interface stays a number here.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "model/listener.h"

static const char *const protocol_names[] = {
	[PROTOCOL_TCP] = "tcp",
	[PROTOCOL_UDP] = "udp",
};

static const char *const choice_names[] = {
	[CHOICE_UNKNOWN] = "unknown",
	[CHOICE_ASKED] = "asked",
	[CHOICE_AUTO] = "auto",
};

static const char *const exposure_names[] = {
	[EXPOSURE_LOOPBACK] = "loopback",
	[EXPOSURE_LOCAL] = "local",
	[EXPOSURE_ANY] = "any",
};

const char *
protocol_name(enum protocol protocol)
{
	return protocol_names[protocol];
}

const char *
choice_name(enum choice choice)
{
	return choice_names[choice];
}

const char *
exposure_name(enum exposure exposure)
{
	return exposure_names[exposure];
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	/* Port first among what differs most: sorting and merging spend their time here. */
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->netns != b->netns)
		return compare_numbers(a->netns, b->netns);
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	int r = memcmp(a->address, b->address, sizeof(a->address));
	if (r != 0)
		return r;
	return compare_numbers(a->interface, b->interface);
}

int
listener_compare(const struct listener *a, const struct listener *b)
{
	int r = endpoint_compare(&a->endpoint, &b->endpoint);

	return r != 0 ? r : compare_numbers(a->cookie, b->cookie);
}

/*
 * lo has this number in every network namespace: the kernel panics rather than give it another
 * (LOOPBACK_IFINDEX, loopback_net_init() in drivers/net/loopback.c), and no other device of its is
 * of loopback (IFF_LOOPBACK). Its name can be changed.
 */
#define LOOPBACK_INTERFACE 1

const uint8_t *
address_ipv4(uint8_t family, const uint8_t *address)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	if (family == AF_INET)
		return address;
	if (family == AF_INET6 && memcmp(address, mapped, sizeof(mapped)) == 0)
		return address + sizeof(mapped);
	return NULL;
}

enum exposure
endpoint_exposure(const struct endpoint *endpoint)
{
	static const uint8_t zero[16], loopback6[16] = { [15] = 1 };
	const uint8_t *ipv4 = address_ipv4(endpoint->family, endpoint->address);

	/* Whatever the address, only what this host sends to itself comes in by lo. */
	if (endpoint->interface == LOOPBACK_INTERFACE)
		return EXPOSURE_LOOPBACK;
	if (ipv4 != NULL)
		return memcmp(ipv4, zero, 4) == 0 ? EXPOSURE_ANY :
		    ipv4[0] == 127		  ? EXPOSURE_LOOPBACK :
						    EXPOSURE_LOCAL;
	return memcmp(endpoint->address, zero, 16) == 0	  ? EXPOSURE_ANY :
	    memcmp(endpoint->address, loopback6, 16) == 0 ? EXPOSURE_LOOPBACK :
							    EXPOSURE_LOCAL;
}

const char *
endpoint_format_address(const struct endpoint *endpoint, char *buffer)
{
	if (inet_ntop(endpoint->family, endpoint->address, buffer, ENDPOINT_TEXT_MAX) == NULL)
		(void)snprintf(buffer, ENDPOINT_TEXT_MAX, "?");
	return buffer;
}

const char *
endpoint_format(const struct endpoint *endpoint, char *buffer)
{
	char address[ENDPOINT_TEXT_MAX];
	bool brackets = endpoint->family == AF_INET6;

	endpoint_format_address(endpoint, address);
	/* 46 bytes of address at most, 8 around it: it always fits. */
	(void)snprintf(buffer, ENDPOINT_TEXT_MAX, "%s%.46s%s:%u", brackets ? "[" : "", address,
	    brackets ? "]" : "", endpoint->port);
	return buffer;
}
