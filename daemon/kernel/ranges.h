/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own port range, as it stands now. See ranges.c.
 */
#ifndef OVERSTAY_KERNEL_RANGES_H
#define OVERSTAY_KERNEL_RANGES_H

#include "base/port-set.h"
#include "model/range.h"

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

/* Bits of enum range_oddity (model/range.h); 0 for a range that is well, or not known (0-0). */
uint32_t ranges_oddities(const struct port_range *kernel);

#endif
