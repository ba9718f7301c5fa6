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
	WALK_QUICK,   /* until every socket has a holder, likely processes first */
	WALK_ALL,     /* every process */
	WALK_THREADS, /* every process, and descriptors that a thread has to itself */
};

/*
 * Searches for the sockets that are not answered yet and fills their holders anew. wanted is
 * sorted by inode, without duplicates. cgroups are those of the sockets, as cgroup_find()
 * left them, sorted by id; only a quick walk uses them.
 *
 * Returns 0 and in *ret_saw_all whether every process was examined; or -errno where /proc
 * cannot be read at all, -ENOMEM.
 */
int walk_processes(const struct host *host, struct wanted *wanted, size_t count,
    const struct cgroup *cgroups, size_t cgroup_count, enum walk_kind kind,
    bool *ret_saw_all) _mustcheck_;

#endif
