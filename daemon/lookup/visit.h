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

/* What makes holders alike: a digest of program file, user and cgroup (holders.c). All zero: one of
 * these could not be read, and it is like no other. */
struct holder_kind {
	uint64_t words[2];
};

/* Where a socket was seen: a descriptor of one thread of one process. */
struct holder {
	struct holder_kind kind;
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
	bool unjudged;	     /* a holder was not kept that is like none of them */
	int32_t counted_pid; /* the last process that was counted */
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
	bool lost;    /* something was not read or noted, for want of memory */
	struct budgets budget;
	struct unfinished *unfinished; /* owned */
	size_t unfinished_count, unfinished_room;
	/* Owned; indices of wanted sockets: what each that is unfinished was seen with, and last
	 * what the one that is read is. */
	uint32_t *held;
	size_t held_count, held_room;
};

/* True if anything is left to the user whose process is next; else it counts as unopened. */
bool visit_may_open(struct search *search, uint32_t uid);

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

void visit_clear(struct search *search);

#endif
