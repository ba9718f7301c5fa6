/* SPDX-License-Identifier: MIT */
/*
 * The files of /proc/PID. process_fd is an open /proc/PID, task_fd that or an open
 * /proc/PID/task/TID; both are borrowed.
 */
#ifndef OVERSTAY_LOOKUP_PROC_H
#define OVERSTAY_LOOKUP_PROC_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/owner.h"

/* What is read from /proc/PID/stat (proc_pid_stat(5)). */
struct proc_stat {
	uint64_t start_usec;	  /* field 22 */
	uint64_t stack_start;	  /* field 28, 0 = not known; a new one after each execve */
	uint64_t arguments_start; /* field 48, likewise */
	int32_t parent_pid;	  /* field 4 */
	int32_t session_id;	  /* field 6: the process that made its session (setsid(2)) */
	bool has_terminal;	  /* field 7: a controlling terminal */
	bool is_kernel_thread;	  /* field 9, PF_KTHREAD */
	char comm[OWNER_COMM_MAX];
};

/* Opens /proc/PID to read below it. Returns a descriptor of the caller's or -errno. */
int proc_open(int proc_fd, int32_t pid) _mustcheck_;

/*
 * Parses a stat line; comm is what stands between the first "(" and the last ")". Returns 0
 * or -EBADMSG. *ret is whole or untouched.
 */
int proc_parse_stat(const char *line, size_t length, struct proc_stat *ret) _mustcheck_;

/*
 * Reads process_fd's stat. Returns 0 or -errno; -ESRCH, -ENOENT where the process is gone.
 */
int proc_read_stat(int process_fd, struct proc_stat *ret) _mustcheck_;

/*
 * Fills uid, gid and groups from the text of a status file (proc_pid_status(5)); what it
 * lacks stays as it is. Groups beyond OWNER_GROUPS_MAX are left out.
 */
void proc_parse_status(const char *text, size_t length, struct process *process);

/* The same from the file; what cannot be read becomes UINT32_MAX, nobody. */
void proc_read_status(int task_fd, struct process *process);

/* The user who started the process, whatever it runs as. Returns 0 or -errno. */
int proc_read_real_uid(int process_fd, uint32_t *ret) _mustcheck_;

/* Fills login_uid and login_known: the kernel may have no such thing. */
void proc_read_login(int task_fd, struct process *process);

/*
 * Fills cmdline (at most OWNER_CMDLINE_MAX bytes, the last of them a NUL) or cwd, empty where it
 * cannot be read. Returns 0 or -ENOMEM.
 */
int proc_read_cmdline(int task_fd, struct process *process) _mustcheck_;
int proc_read_cwd(int task_fd, struct process *process) _mustcheck_;

#endif
