/* SPDX-License-Identifier: MIT */
/*
 * One walk over /proc for all the sockets of a request at once.
 */
#ifndef OVERSTAY_LOOKUP_WALK_H
#define OVERSTAY_LOOKUP_WALK_H

#include <stdint.h>

#include "base/macros.h"
#include "core/owner.h"
#include "lookup/process.h"

/* One socket that is looked for. */
struct wanted {
	uint32_t inode;
	uint32_t uid;		/* the socket's */
	uint32_t holders;	/* processes seen with it */
	uint32_t kept;		/* of those, how many stand in holder */
	struct holder holder[OWNER_PROCESSES_MAX];	/* first to start first */
	int32_t counted_pid;	/* the last process that was counted */
	bool answered;
	bool seen;		/* some process held it in some walk */
};

/* Orders two holders by start time, then pid; as for qsort(3). */
int walk_compare_holders(const struct holder *a, const struct holder *b);

/*
 * Looks through every process below proc_fd for the sockets that are not answered yet and
 * fills their holders anew. wanted is sorted by inode, without duplicates. With threads,
 * descriptors that a thread has to itself are found too, which costs two system calls a
 * thread.
 *
 * Returns 0 and in *ret_saw_all whether no process was kept from view; or -errno where
 * proc_fd cannot be read at all.
 */
int walk_processes(int proc_fd, struct wanted *wanted, size_t count, bool threads,
    bool *ret_saw_all) _mustcheck_;

#endif
