/* SPDX-License-Identifier: MIT */
/*
 * The parser of sock_diag answers, apart from the socket they come through: for netlink.c, the
 * unit test and the fuzzer.
 */
#ifndef OVERSTAY_KERNEL_NETLINK_H
#define OVERSTAY_KERNEL_NETLINK_H

#include <linux/netlink.h>
#include <stdint.h>

#include "base/port-set.h"
#include "kernel/source.h"

/* One dump: what was asked and what has come of it. */
struct netlink_dump {
	uint32_t sequence; /* of the question; every answer carries it */
	uint32_t portid;   /* of our socket; every answer carries it */
	uint16_t type;	   /* of the question and of every socket message */
	uint8_t family;	   /* AF_UNSPEC = both */
	uint8_t choice;	   /* enum choice that the kernel was asked to select */
	enum protocol protocol;
	bool survey;
	bool connections;
	uint32_t states; /* bits of 1 << state */
	uint64_t netns;
	const struct port_set *selected; /* borrowed */

	uint32_t incomplete; /* bits of enum incomplete */
	uint32_t datagrams;  /* that brought at least one socket */
	uint64_t sockets;    /* handed to function */
	int error;	     /* the kernel refused (-errno, nothing else came), else 0 */
};

/*
 * Takes one datagram of length bytes at data (aligned to 4); cut: the kernel had more than fitted.
 * Calls function for each socket that was asked for. Returns 1 = more to come, 0 = the dump is
 * over. Whatever the bytes are, nothing outside of them is read.
 */
int netlink_parse(struct netlink_dump *dump, const void *data, size_t length, bool cut,
    source_function *function, void *argument) _mustcheck_;

/* True where a whole message lies in the rest of the datagram. */
bool netlink_message_ok(const struct nlmsghdr *header, int rest);

#endif
