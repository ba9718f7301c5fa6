/* SPDX-License-Identifier: MIT */
/*
 * What a source is made of: for the files that implement one, and for nobody else. A source embeds
 * struct source as its first member.
 */
#ifndef OVERSTAY_KERNEL_SOURCE_OPS_H
#define OVERSTAY_KERNEL_SOURCE_OPS_H

#include "kernel/source.h"

struct source_ops {
	const char *name;
	bool knows_choice;
	/* Begins a request that was checked; source->result is zero. Returns 0 or -errno. */
	int (*begin)(struct source *source, const struct source_request *request);
	/* As source_step(), but the answer is in source->result. */
	int (*step)(struct source *source, source_function *function, void *argument);
	/* Gives up the request under way, so that begin may be called again. */
	void (*cancel)(struct source *source);
	/* Frees the source itself too. */
	void (*free)(struct source *source);
};

struct source {
	const struct source_ops *ops;
	int fd; /* as source_fd() */
	uint64_t netns;
	bool busy;
	struct source_result result; /* of the request under way */
};

/* SO_NETNS_COOKIE of the namespace that fd (any socket) lives in; 0 before Linux 5.14. */
uint64_t source_netns_of(int fd);

/* The states that are asked for, as bits 1 << state of the kernel's enum (net/tcp_states.h). */
uint32_t source_states(const struct source_request *request);

/* The spared half of an answer, by what was wrong with its dumps of IPv4 and IPv6. */
uint8_t source_spared(uint32_t incomplete_ipv4, uint32_t incomplete_ipv6);

/* True where a socket in that state with that remote port counts as a listener. */
bool source_is_listening(enum protocol protocol, uint8_t state, uint16_t remote_port);

/* linux/tcp.h has no states for user space; netinet/tcp.h lacks the ones after CLOSING. */
enum {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV,
	STATE_BOUND_INACTIVE,
};

#endif
