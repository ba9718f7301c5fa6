/* SPDX-License-Identifier: MIT */
/*
 * Lines of /proc/net/{tcp,tcp6,udp,udp6}, apart from the files they come from: for procnet.c, the
 * unit test and the fuzzer.
 */
#ifndef OVERSTAY_KERNEL_PROCNET_H
#define OVERSTAY_KERNEL_PROCNET_H

#include <stddef.h>

#include "kernel/source.h"

/* The longest line that is believed. The kernel's are 127 (udp) to about 190 bytes (tcp6). */
#define PROCNET_LINE_MAX 512

/* One table's lines, as they are cut out of what read() gave. */
struct procnet_table {
	enum protocol protocol;
	uint8_t family; /* AF_INET or AF_INET6 */
	bool survey;
	bool connections;
	uint32_t states; /* bits of 1 << state */
	uint64_t netns;
	const struct port_set *selected; /* borrowed */

	bool after_header;   /* the line of column names has gone by */
	bool skipping;	     /* in the rest of a line that was too long */
	uint32_t incomplete; /* bits of enum incomplete */
	uint64_t sockets;    /* handed to function */
};

/*
 * Reads a line without its newline (net/ipv4/tcp_ipv4.c get_tcp4_sock(), net/ipv6/tcp_ipv6.c,
 * net/ipv4/udp.c udp4_format_sock(), net/ipv6/datagram.c __ip6_dgram_sock_seq_show()). The cookie
 * is the inode; choice, v6only, cgroup and interface are not there. Fills *ret but for netns
 * and *ret_state, the kernel's number. Returns 0 or -EINVAL.
 */
int procnet_parse_line(const char *line, size_t length, enum protocol protocol, uint8_t family,
    struct source_socket *ret, uint8_t *ret_state) _mustcheck_;

/*
 * Takes the whole lines at the beginning of length bytes at data, and calls function for each
 * socket that was asked for. Returns how many bytes are done with; the rest is the beginning of a
 * line, shorter than PROCNET_LINE_MAX, and belongs in front of what is read next.
 */
size_t procnet_take(struct procnet_table *table, const char *data, size_t length,
    source_function *function, void *argument) _mustcheck_;

/* The file has ended with rest bytes left of an unfinished line. */
void procnet_end(struct procnet_table *table, size_t rest);

#endif
