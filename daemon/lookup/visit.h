/* SPDX-License-Identifier: MIT */
/*
 * One process searched for the sockets of a request.
 */
#ifndef OVERSTAY_LOOKUP_VISIT_H
#define OVERSTAY_LOOKUP_VISIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/budget.h"
#include "model/kernel-claims.h"
#include "model/owner.h"

/* Where a socket was seen: a descriptor of one thread of one process. */
struct holder {
	uint64_t start_usec; /* of the process, since boot; USEC_NEVER = unknown */
	int32_t pid;
	int32_t tid; /* pid, or a thread with descriptors of its own */
	int32_t fd;
	uint32_t uid; /* that the process runs as */
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
	uint32_t unsearched_uid;
	bool unsearched; /* processes of this user may hold it that were not searched to the end */
	bool answered;
	bool seen;    /* some process held it in some walk */
	bool in_ring; /* an io_uring of its user has such sockets, and shows no numbers */
};

/* A process that was not searched to its end: what was left to its user did not suffice. */
struct unfinished {
	int32_t pid;
	uint32_t uid;	   /* whose account it takes from */
	uint64_t inode;	   /* of its directory in /proc: another one's is another process */
	long position;	   /* how far its descriptors were read; -1 = all, but not its threads' */
	size_t first_held; /* in struct search's held: what it was seen with */
	size_t held_count;
};

/* What is searched for, and how it stands. */
struct search {
	int proc_fd;	       /* an open /proc; borrowed */
	struct wanted *wanted; /* sorted by inode; borrowed */
	size_t count;
	size_t open;  /* neither answered nor with a holder yet */
	bool threads; /* also descriptors that a thread has to itself */
	bool saw_all; /* nothing was kept from view so far */
	bool denied;  /* something was, for want of permission */
	bool lost;    /* one that is not in unfinished is not finished, for want of memory */
	struct budgets budget;
	struct unfinished *unfinished; /* owned */
	size_t unfinished_count, unfinished_room;
	uint32_t *held; /* owned; indices of wanted sockets, in order of each process */
	size_t held_count, held_room;
};

/*
 * Searches one process, limits->first of its descriptors. One that is gone is none; one that may
 * not be examined makes saw_all false; one with more is unfinished from then on.
 */
void visit_process(struct search *search, int32_t pid);

/* Goes on with those that are unfinished, so many descriptors of each; until_found: only while a
 * socket has no holder. */
void visit_unfinished(struct search *search, uint32_t descriptors, bool until_found);

/* Is there a process that was not searched to its end? */
bool visit_is_unfinished(const struct search *search);

/*
 * The user that has processes which may hold the socket and were not searched to their ends. Of a
 * socket without a holder that is anybody. Of one with holders: its own user, and those that they
 * run as, where such a process has not been seen with it. Returns false where there is none.
 */
bool visit_find_unsearched(const struct search *search, const struct wanted *wanted,
    uint32_t *ret_uid);

void visit_clear(struct search *search);

/* Orders two holders by start time, then pid; as for qsort(3). */
int visit_compare_holders(const struct holder *a, const struct holder *b);

#endif
