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

#endif
