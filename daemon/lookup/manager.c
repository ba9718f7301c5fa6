/* SPDX-License-Identifier: MIT */
/*
 * Service managers hold the sockets of .socket units for others, and so do what they start until it
 * is another program. Neither is a reason against a listener, so this is where something that hides
 * would want to belong. Nothing that a process can choose by itself decides here: not its name,
 * not its arguments.
 *
 * PID 1:	  known by its number; not this file's business.
 * user's manager: a child of PID 1 that runs systemd's own file, in user@UID.service/init.scope,
 *		  UID being its own: PID 1 made that cgroup.
 * fork of either: it runs the manager's very file, and its stack and arguments begin where the
 *		  manager's do. execve(2) chooses new places, and of PID 1 nobody but root may
 *		  read them. A person can read those of the own manager, and pretend to have them
 *		  (prctl(2), PR_SET_MM_MAP): what is below a user's manager must never be excused
 *		  from its reasons, see process_is_init().
 *		  Forks fork, too: at each daemon-reload those that start the generators, and
 *		  all of them hold what PID 1 holds.
 * executor:	  since systemd 255 managers start systemd-executor first, which becomes the
 *		  service. It runs for a moment, so only a young one counts; and below PID 1 only
 *		  root's: anybody can start that file and leave it to PID 1. It takes the
 *		  service's user just before it is another program.
 *
 * What it never does: look at a process whose file is called otherwise, or is not root's.
 *
 * Cost: nothing for other programs; some 15 us for systemd's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup/files.h"
#include "lookup/manager.h"
#include "lookup/place.h"
#include "lookup/program-file.h"
#include "model/program.h"

/* An executor has its sandbox, its PAM session and Type=idle (5 s) behind it by then. */
#define EXECUTOR_AGE_MAX_USEC (10 * USEC_PER_SEC)

/* Forks between a manager and one of its: for generators there are two. */
#define FORKS_MAX 3

bool
manager_is_place(const char *cgroup, uint32_t uid)
{
	struct place place;
	char unit[32];
	size_t group;
	bool found;

	(void)snprintf(unit, sizeof(unit), "user@%" PRIu32 ".service", uid);
	place_init(&place);
	found = place_parse(cgroup, &place, &group) == 0 && strcmp(place.unit, unit) == 0 &&
	    strcmp(place.user_unit, "init.scope") == 0;
	place_clear(&place);
	return found;
}

/* A file that root alone can have put where PID 1 sees it. */
static bool
is_roots_file(const struct process *process)
{
	return process->exe_trust != EXE_UNVERIFIED &&
	    (process->evidence & EVIDENCE_EXE_KNOWN) != 0 && process->exe_uid == 0 &&
	    (process->exe_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static bool
is_user_manager(const struct view *view, int process_fd, int32_t parent_pid, uint32_t uid)
{
	char cgroup[PLACE_PATH_MAX];

	return parent_pid == 1 && view_read_cgroup(view, process_fd, cgroup) &&
	    manager_is_place(cgroup, uid);
}

/* Is the process what the manager forked, and no other program since? */
static bool
is_fork(const struct proc_stat *manager, int manager_fd, const struct proc_stat *stat,
    const struct process *process)
{
	struct statx file;

	return stat->stack_start != 0 && stat->stack_start == manager->stack_start &&
	    stat->arguments_start != 0 && stat->arguments_start == manager->arguments_start &&
	    program_file_stat(manager_fd, "exe", 0, &file) == 0 &&
	    file.stx_ino == process->exe_inode &&
	    ((uint64_t)file.stx_dev_major << 32 | file.stx_dev_minor) == process->exe_device;
}

/* An executor, before it is the service. What a user's manager starts is that user's anyway. */
static bool
is_executor(const struct proc_stat *stat, const struct process *process)
{
	uint64_t now_usec = clock_boottime_usec();

	return (stat->parent_pid != 1 || process->uid == 0) && stat->start_usec <= now_usec &&
	    now_usec - stat->start_usec < EXECUTOR_AGE_MAX_USEC;
}

/* Opens the manager that started the process, itself or by forks of its own, at most so many.
 * Returns a descriptor of its /proc/PID or -errno. */
static int
open_manager(const struct view *view, const struct proc_stat *stat, uint32_t uid, unsigned forks,
    struct proc_stat *ret)
{
	int32_t pid = stat->parent_pid;

	for (;; forks--) {
		_close_ int fd = proc_open(view->host->proc_fd, pid);
		int r = fd < 0 ? fd : proc_read_stat(fd, ret);

		if (r < 0 && (pid == 1 || forks == 0))
			return r;
		/* Whose parent has ended is PID 1's by now. */
		if (pid != 1 && forks > 0 && (r < 0 || ret->stack_start == 0)) {
			pid = 1;
			continue;
		}
		/* A user's manager starts nothing under another user. */
		if (pid == 1 || is_user_manager(view, fd, ret->parent_pid, uid))
			return take_fd(&fd);
		if (forks == 0 || ret->stack_start != stat->stack_start ||
		    ret->arguments_start != stat->arguments_start)
			return -ESRCH;
		pid = ret->parent_pid;
	}
}

void
manager_read(const struct view *view, const struct proc_stat *stat, struct process *process)
{
	const char *name = program_name(process->exe);
	bool executor = strcmp(name, "systemd-executor") == 0;
	_close_ int process_fd = -1, manager_fd = -1;
	struct proc_stat manager;

	if ((!executor && strcmp(name, "systemd") != 0) || !is_roots_file(process))
		return;
	/* What was forked may have ended since, and is the manager's all the same. */
	process_fd = proc_open(view->host->proc_fd, process->pid);
	if (process_fd >= 0 && !executor &&
	    is_user_manager(view, process_fd, stat->parent_pid, process->uid)) {
		process->evidence |= EVIDENCE_MANAGER;
		return;
	}
	manager_fd = open_manager(view, stat, process->uid, executor ? 0 : FORKS_MAX, &manager);
	if (manager_fd < 0)
		return;
	if (executor ? is_executor(stat, process) : is_fork(&manager, manager_fd, stat, process))
		process->evidence |= EVIDENCE_MANAGER;
}
