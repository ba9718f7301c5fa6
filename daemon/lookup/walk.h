/* SPDX-License-Identifier: MIT */
/*
 * One walk over the processes for all the sockets of a request at once.
 */
#ifndef OVERSTAY_LOOKUP_WALK_H
#define OVERSTAY_LOOKUP_WALK_H

#include "base/macros.h"
#include "lookup/cgroup.h"
#include "lookup/host.h"
#include "lookup/visit.h"

enum walk_kind {
	WALK_QUICK,    /* until every socket has a holder, likely processes first */
	WALK_THOROUGH, /* every process, and descriptors that a thread has to itself */
};

/* How to search. */
struct walk_plan {
	enum walk_kind kind;
	uint64_t until_usec; /* CLOCK_MONOTONIC */
	const struct cgroup
	    *cgroups;	     /* of the sockets, as cgroup_find() left them, sorted by id; */
	size_t cgroup_count; /* only a quick walk uses them */
};

/* What came of it. */
struct walk_result {
	bool saw_all;	 /* every process was examined, and to its end */
	bool denied;	 /* permission lacked, for one or to see that there are others */
	bool unfinished; /* one was not, because it or its user has too much that is open */
};

/*
 * Searches for the sockets that are not answered yet and fills their holders anew, and who may
 * hold them besides (unsearched). wanted is sorted by inode, without duplicates.
 *
 * Returns 0; or -errno where /proc cannot be read at all, -ENOMEM.
 */
int walk_processes(const struct host *host, struct wanted *wanted, size_t count,
    const struct walk_plan *plan, struct walk_result *ret) _mustcheck_;

#endif
