/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own port range, as it stands now. See ranges.c.
 */
#ifndef OVERSTAY_KERNEL_RANGES_H
#define OVERSTAY_KERNEL_RANGES_H

#include "base/port-set.h"

/*
 * Reads sys/net/ipv4/ip_local_port_range under proc_fd (borrowed; an open /proc): that of the
 * calling thread's network namespace. Returns 0, -errno where it cannot be read, -EINVAL where it
 * does not read "FIRST\tLAST\n" with 1 <= FIRST <= LAST <= 65535.
 */
int ranges_read_kernel(int proc_fd, struct port_range *ret) _mustcheck_;

/*
 * Reads sys/net/ipv4/ip_local_reserved_ports there: ports the kernel does not pick. Returns 0,
 * -errno where it cannot be read, -EINVAL where it does not read "8080,9000-9010\n"; *ret is then
 * as it was.
 */
int ranges_read_reserved(int proc_fd, struct port_set *ret) _mustcheck_;

/* What the kernel's own range is as shipped, and as sysctl.d wants it. */
#define RANGES_KERNEL_DEFAULT "net.ipv4.ip_local_port_range = 32768 60999"

/*
 * What follows from a kernel range that somebody tuned until it bites: bits of enum range_oddity. 0
 * for one that is well, or not known (0-0).
 */
enum range_oddity {
	RANGE_REACHES_LOW = 1 << 0, /* services have their ports in it */
	RANGE_IS_SMALL = 1 << 1,    /* connections may run out of ports */
};
uint32_t ranges_oddities(const struct port_range *kernel);

/* The same in a few clauses for a person, in buffer (size at least 1); "" for none. */
const char *ranges_oddities_text(uint32_t oddities, char *buffer, size_t size);

#endif
