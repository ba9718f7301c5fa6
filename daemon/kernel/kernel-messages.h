/* SPDX-License-Identifier: MIT */
/*
 * What netlink says of the kernel's own sockets, message by message. For kernel-sockets.c, which
 * asks, and the tests. See kernel-messages.c.
 */
#ifndef OVERSTAY_KERNEL_KERNEL_MESSAGES_H
#define OVERSTAY_KERNEL_KERNEL_MESSAGES_H

#include <linux/netlink.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/kernel-claims.h"

/* Families of generic netlink that are asked. */
enum kernel_family {
	FAMILY_MPTCP,
	FAMILY_FOU,
	FAMILY_SMC,
	FAMILY_COUNT,
};

/* Whether a UDP socket sends multicast to its own host (IP_MULTICAST_LOOP). */
enum multicast_loop {
	MULTICAST_LOOP_UNKNOWN,
	MULTICAST_LOOP_OFF,
	MULTICAST_LOOP_ON,
};

/* All that the answers come to. */
struct kernel_messages {
	struct kernel_claims claims;
	uint16_t families[FAMILY_COUNT]; /* their numbers, 0 = there is no such family */
	bool changed;			 /* what was asked for changed under the answer */
	/* The UDP socket that is asked for, by its cookie. */
	uint64_t cookie;
	enum multicast_loop multicast_loop;
};

/* Takes one message in. What is malformed says nothing. */
typedef void kernel_message_function(struct kernel_messages *messages,
    const struct nlmsghdr *header);

kernel_message_function kernel_take_link;   /* RTM_NEWLINK */
kernel_message_function kernel_take_family; /* CTRL_CMD_NEWFAMILY */
kernel_message_function kernel_take_mptcp;  /* MPTCP_PM_CMD_GET_ADDR */
kernel_message_function kernel_take_fou;    /* FOU_CMD_GET */
kernel_message_function kernel_take_smc;    /* SOCK_DIAG_BY_FAMILY of AF_SMC */
kernel_message_function kernel_take_udp;    /* SOCK_DIAG_BY_FAMILY of IPPROTO_UDP */

/*
 * Calls function for each message of type in a datagram (aligned to 4) that answers sequence.
 * Returns 1 = more to come, 0 = this was the end, or -errno: the kernel's, -EPROTO for what is no
 * answer to this.
 */
int kernel_messages_walk(struct kernel_messages *messages, const void *data, size_t length,
    uint32_t sequence, uint16_t type, kernel_message_function *function) _mustcheck_;

#endif
