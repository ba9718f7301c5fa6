/* SPDX-License-Identifier: MIT */
/*
 * The cgroup v2 tree: from a socket's cgroup id to a directory, and to the processes in it.
 */
#ifndef OVERSTAY_LOOKUP_CGROUP_H
#define OVERSTAY_LOOKUP_CGROUP_H

#include <stdint.h>

#include "base/macros.h"
#include "lookup/pids.h"

/* One cgroup that is searched for. */
struct cgroup {
	uint64_t id;
	char *path; /* "" is the root, "/a/b" below it; NULL = not found; owned */
};

/*
 * Opens the root of the cgroup v2 tree, where that is mounted by systemd's custom. Returns a
 * descriptor of the caller's or -errno; -ENOENT where there is no such tree.
 */
int cgroup_open_root(void) _mustcheck_;

/*
 * Finds the directories of count cgroups, sorted by id, each once, all in one walk over the tree
 * below root_fd, which ends with the last one found. Returns 0 (also where some were not found)
 * or -errno.
 */
int cgroup_find(int root_fd, struct cgroup *cgroups, size_t count) _mustcheck_;

/*
 * Appends the processes in the cgroup at path (as in struct cgroup) and in all below it, in
 * no order, at most max of them. *ret_foreign, which may be NULL, becomes true where some
 * are of another PID namespace and have no number here. Returns 0 or -errno; -E2BIG: there
 * are more.
 */
int cgroup_read_pids(int root_fd, const char *path, size_t max, struct pids *pids,
    bool *ret_foreign) _mustcheck_;

#endif
