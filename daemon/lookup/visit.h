/* SPDX-License-Identifier: MIT */
/*
 * One process searched for the sockets of a request.
 */
#ifndef OVERSTAY_LOOKUP_VISIT_H
#define OVERSTAY_LOOKUP_VISIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/kernel-claims.h"
#include "model/owner.h"

/* Where a socket was seen: a descriptor of one thread of one process. */
struct holder {
	uint64_t start_usec; /* of the process, since boot; USEC_NEVER = unknown */
	int32_t pid;
	int32_t tid; /* pid, or a thread with descriptors of its own */
	int32_t fd;
	bool in_ring; /* fd is an io_uring that it is registered with */
};

/* One socket that is searched for. */
struct wanted {
	uint64_t cgroup; /* of the socket, 0 = unknown */
	uint32_t inode;
	uint32_t uid;				   /* the socket's */
	uint32_t protocol;			   /* enum wire_protocol */
	uint32_t flags;				   /* enum wire_question_flags */
	uint32_t holders;			   /* processes seen with it */
	uint32_t kept;				   /* of those, how many stand in holder */
	struct holder holder[OWNER_PROCESSES_MAX]; /* first to start first */
	int32_t counted_pid;			   /* the last process that was counted */
	uint16_t port;
	enum kernel_claim claim; /* of one that is left over */
	bool answered;
	bool seen;    /* some process held it in some walk */
	bool in_ring; /* an io_uring of its user has such sockets, and shows no numbers */
};

/* What is searched for, and how it stands. */
struct search {
	int proc_fd;	       /* an open /proc; borrowed */
	struct wanted *wanted; /* sorted by inode; borrowed */
	size_t count;
	size_t open;		/* neither answered nor with a holder yet */
	size_t ring_left_bytes; /* of what may be read of io_urings (ring.h) */
	bool threads;		/* also descriptors that a thread has to itself */
	bool saw_all;		/* nothing was kept from view so far */
};

/*
 * Searches one process. One that is gone is none; one that may not be examined makes
 * saw_all false.
 */
void visit_process(struct search *search, int32_t pid);

/* Orders two holders by start time, then pid; as for qsort(3). */
int visit_compare_holders(const struct holder *a, const struct holder *b);

#endif
