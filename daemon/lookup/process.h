/* SPDX-License-Identifier: MIT */
/*
 * One process that holds a socket, read from /proc.
 */
#ifndef OVERSTAY_LOOKUP_PROCESS_H
#define OVERSTAY_LOOKUP_PROCESS_H

#include <stdint.h>
#include <stddef.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/* Where a socket was seen: a descriptor of one thread of one process. */
struct holder {
	uint64_t start_usec;	/* of the process, since boot; USEC_NEVER = unknown */
	int32_t pid;
	int32_t tid;		/* pid, or a thread with descriptors of its own */
	int32_t fd;
};

/* What is read from /proc/PID/stat (proc_pid_stat(5)). */
struct process_stat {
	uint64_t start_usec;	/* field 22 */
	uint64_t stack_start;	/* field 28, 0 = not told; a new one after each execve */
	uint64_t arguments_start;	/* field 48, likewise */
	int32_t parent_pid;	/* field 4 */
	bool has_terminal;	/* field 7: a controlling terminal */
	bool is_kernel_thread;	/* field 9, PF_KTHREAD */
	char comm[OWNER_COMM_MAX];
};

/*
 * Parses a stat line; comm is what stands between the first "(" and the last ")". Returns 0
 * or -EBADMSG. *ret is whole or untouched.
 */
int process_parse_stat(const char *line, size_t length,
    struct process_stat *ret) _mustcheck_;

/*
 * Reads process_fd's stat. Returns 0 or -errno; -ESRCH, -ENOENT where the process is gone.
 */
int process_read_stat(int process_fd, struct process_stat *ret) _mustcheck_;

/*
 * Fills uid, gid and groups from the text of a status file (proc_pid_status(5)); what it
 * lacks stays as it is. Groups beyond OWNER_GROUPS_MAX are left out.
 */
void process_parse_status(const char *text, size_t length, struct process *process);

/* Opens /proc/PID to read below it. Returns a descriptor of the caller's or -errno. */
int process_open(int proc_fd, int32_t pid) _mustcheck_;

/*
 * Describes the process in *ret, strings and all, owned by the caller (process_clear()); with
 * digest also what it runs. It was holding the inode before and after, or -ESRCH. -ENOMEM is
 * the other error; what could not be read is unknown in *ret.
 */
int process_describe(struct view *view, const struct holder *holder, uint32_t inode,
    bool digest, struct process *ret) _mustcheck_;

#endif
