/* SPDX-License-Identifier: MIT */
/*
 * The trees overstay-lookup reads, opened once.
 */
#ifndef OVERSTAY_LOOKUP_HOST_H
#define OVERSTAY_LOOKUP_HOST_H

#include <stdint.h>

#include "base/macros.h"

struct budget_limits;
struct known_programs;
struct ledger;

struct host {
	int proc_fd;		/* /proc */
	int cgroup_fd;		/* the root of the cgroup v2 tree; -1 = there is none */
	int systemd_fd;		/* that of systemd's own one of cgroup v1; -1 = none */
	uint64_t memory_device; /* on which memfd_create(2) makes its files, major << 32 |
				   minor; 0 = unknown */
	const struct budget_limits *limits; /* of a search */
	struct ledger *ledger;		    /* of all searches; NULL = they are forgotten */
	struct known_programs *known;	    /* its own programs; NULL = none are known */
};

/*
 * Opens all; to be called before the system calls are restricted. Returns 0 or -errno, and
 * then nothing is open.
 */
int host_open(struct host *ret) _mustcheck_;

#endif
