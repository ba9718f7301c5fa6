/* SPDX-License-Identifier: MIT */
/*
 * What is read once a request, when it is first wanted, and shared by all that is described in
 * it.
 */
#ifndef OVERSTAY_LOOKUP_VIEW_H
#define OVERSTAY_LOOKUP_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/host.h"
#include "model/owner.h"

/* The text of a link in /proc/PID/ns: "mnt:[4026531841]". */
#define VIEW_NAMESPACE_MAX 64

struct file_systems;
struct main_processes;
struct containers;
struct kinship;
struct shell_orphans;

struct view {
	const struct host *host;	      /* borrowed */
	char init_mounts[VIEW_NAMESPACE_MAX]; /* PID 1's namespaces; "" = unknown */
	char init_pids[VIEW_NAMESPACE_MAX];
	char init_users[VIEW_NAMESPACE_MAX];
	int init_root_fd;	       /* PID 1's root (O_PATH); -1 = may not be opened */
	char *root_cgroup;	       /* the path of PID 1's systemd in the cgroup tree: "" for
					   the root; all that it starts is below it */
	struct main_processes *mains;  /* main-process.c's; NULL = none yet */
	struct containers *containers; /* forward.c's; NULL = not searched for yet */
	struct kinship *kinship;       /* kin.c's; NULL = nobody yet */
	struct shell_orphans *orphans; /* shell.c's; NULL = they are not searched for */
	struct file_systems *systems;  /* those that may be read */
	uint64_t checksum_left_bytes;  /* of what may be read for checksums in this request */
	bool *short_of_memory;	       /* set by view_lacks_memory(); NULL = nobody asks */
};

/*
 * Reads what everything needs. Returns 0 or -ENOMEM; view_close() either way, behind
 * process_forget() where something was described.
 */
int view_open(struct view *ret, const struct host *host) _mustcheck_;
void view_close(struct view *view);

/*
 * Reads the path of task_fd's cgroup, as PID 1's systemd means it, into path
 * (PLACE_PATH_MAX bytes, lookup/place.h). False where it is not known.
 */
bool view_read_cgroup(const struct view *view, int task_fd, char *path);

/*
 * Parses such a path as place_parse() does. A container is one only if root alone could make its
 * cgroup, or if it is in a unit of a user's own manager, where it is that user's: in a part of the
 * tree that was given to a service, the service chooses the names. Returns 0 or -ENOMEM.
 */
int view_parse_place(const struct view *view, const char *path, struct place *ret,
    size_t *ret_group) _mustcheck_;

/* Notes that for want of memory something is unknown that would be taken for absent: the request
 * ends with -ENOMEM before anything is sent that may depend on it. */
void view_lacks_memory(const struct view *view);

/* True where the link at name below task_fd is this text, which is known. */
bool view_same_namespace(int task_fd, const char *name, const char *init);

#endif
