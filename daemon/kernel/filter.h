/* SPDX-License-Identifier: MIT */
/*
 * Which ports a request selects, as a program for the kernel (INET_DIAG_REQ_BYTECODE) and as a set
 * for user space. See filter.c.
 */
#ifndef OVERSTAY_KERNEL_FILTER_H
#define OVERSTAY_KERNEL_FILTER_H

#include <linux/inet_diag.h>

#include "base/port-set.h"
#include "kernel/source.h"

/*
 * Stretches of ports that are treated alike. The kernel's check of a program takes time with the
 * square of its length: about a quarter of a million steps at this bound.
 */
#define FILTER_SEGMENTS_MAX 512

/* Two operations to divide, at most two for a stretch, at most two in front. */
#define FILTER_OPERATIONS_MAX (4 * FILTER_SEGMENTS_MAX + 2)

struct filter_program {
	uint32_t count; /* of operations; 0 = no program is needed */
	struct inet_diag_bc_op operations[FILTER_OPERATIONS_MAX];
};

/*
 * Fills *ret_program for the kernel and *ret_selected for the check of what it answers. The
 * program may let pass more than was asked for, and never a port of *ret_selected that does not
 * fulfil what was asked of it: both together are exact. Where ports and auto_ports alternate more
 * than FILTER_SEGMENTS_MAX times, auto_ports are left out.
 */
void filter_compile(const struct source_request *request, struct filter_program *ret_program,
    struct port_set *ret_selected);

/* The ports alone, for a source that does not know who picked a port: auto_ports are left out. */
void filter_select(const struct source_request *request, struct port_set *ret_selected);

#endif
