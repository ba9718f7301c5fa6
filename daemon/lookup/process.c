/* SPDX-License-Identifier: MIT */
/*
 * Describes one process. All is read through a descriptor of /proc/PID, which stays with
 * the process, and in this order: the socket's link, stat, the exe link, all the rest, then
 * those three again. So it is this very process that held the socket and has these names; a
 * number that was given to another one meanwhile cannot be named.
 *
 * An execve in between shows in the exe link or in where the stack and the arguments begin.
 * Then all is read again once; a process that does it over and over keeps its pid, user and
 * place in the answer, while what depends on the program stays unknown. The name (comm) is no
 * part of that test: a process may change it a million times a second. The parent's name is
 * described, and its program, only if the parent was the same before and after.
 *
 * A socket may be held by a thread that unshared its descriptors, or in a process whose
 * first thread has ended (its /proc/PID/fd is empty, exe and cmdline too): then task/TID is
 * read, and only stat is the process's.
 *
 * Cost: about 175 us, a third of it evidence.c's; the main process and the checksum come on top.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/called.h"
#include "lookup/covered.h"
#include "lookup/descent.h"
#include "lookup/evidence.h"
#include "lookup/exe-checksum.h"
#include "lookup/files.h"
#include "lookup/forward.h"
#include "lookup/kin.h"
#include "lookup/main-process.h"
#include "lookup/manager.h"
#include "lookup/named-file.h"
#include "lookup/outlived.h"
#include "lookup/own-file.h"
#include "lookup/place.h"
#include "lookup/proc.h"
#include "lookup/process.h"
#include "lookup/program-file.h"
#include "lookup/records.h"
#include "lookup/ring.h"

/* What shows that a process is still what it was. */
struct witness {
	struct proc_stat stat;
	char exe[FILES_LINK_MAX]; /* "" = could not be read */
};

/* The program that the parent runs, and whether that is the host's file of its path. */
static int
read_parent_exe(const struct view *view, int fd, struct process *process)
{
	struct program_file program;
	char exe[FILES_LINK_MAX];

	if (files_read_link(fd, "exe", exe, sizeof(exe)) <= 0)
		return 0;
	program_file_judge(view, fd, process->place.container_kind != CONTAINER_NONE, exe,
	    &program);
	if (strlen(exe) >= OWNER_PARENT_MAX || exe[0] != '/')
		return 0;
	process->parent_trust = program.trust;
	return owner_text_set(&process->parent_exe, exe);
}

/* The name and the program of the parent, if pid is one; it is not younger than its child. */
static int
read_parent(const struct view *view, int32_t pid, struct process *process)
{
	_close_ int fd = pid > 0 ? proc_open(view->host->proc_fd, pid) : -1;
	struct proc_stat stat;
	int r;

	if (fd < 0 || proc_read_stat(fd, &stat) < 0)
		return 0;
	r = owner_text_set(&process->parent_comm, stat.comm);
	if (r < 0 || process->start_usec == USEC_NEVER || stat.start_usec > process->start_usec)
		return r;
	return read_parent_exe(view, fd, process);
}

/* It has another parent by now: what was read is neither's. */
static int
forget_parent(struct process *process)
{
	process->outlived &= (uint8_t)~OUTLIVED_PARENT;
	process->parent_trust = EXE_UNVERIFIED;
	return owner_text_set(&process->parent_comm, "") < 0 ||
		owner_text_set(&process->parent_exe, "") < 0 ?
	    -ENOMEM :
	    0;
}

/* Where a process is. */
struct stand {
	char cgroup[PLACE_PATH_MAX]; /* its path, "" = unknown */
	struct main_facts main;
};

/* Where the process is, and the main process there. */
static int
read_place(struct view *view, int task_fd, struct stand *stand, struct process *process)
{
	size_t group;
	int r;

	stand->main = (struct main_facts){ 0 };
	if (!view_read_cgroup(view, task_fd, stand->cgroup)) {
		stand->cgroup[0] = '\0';
		process->evidence |= EVIDENCE_PLACE_UNKNOWN;
		return 0;
	}
	r = view_parse_place(view, stand->cgroup, &process->place, &group);
	process->session_type = records_session_type(view, process->place.session);
	if (r < 0 || group == 0)
		return r;
	return main_process_read(view, stand->cgroup, group,
	    process->place.container_kind != CONTAINER_NONE, process, &stand->main);
}

static bool
holds_inode(int task_fd, int fd, uint32_t inode)
{
	char name[32], link[64];

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	return files_read_link(task_fd, name, link, sizeof(link)) > 0 &&
	    files_socket_inode(link) == inode;
}

/* Checks whether the process is still that holder, and not ending. Returns 0 or -ESRCH. */
static int
witness_read(int process_fd, int task_fd, const struct holder *holder, uint32_t inode,
    struct witness *ret)
{
	ssize_t length;
	int r;

	if (holder->in_ring ? !ring_has(task_fd, holder->fd, inode) :
			      !holds_inode(task_fd, holder->fd, inode))
		return -ESRCH;
	r = proc_read_stat(process_fd, &ret->stat);
	if (r == -EBADMSG)
		ret->stat = (struct proc_stat){ .start_usec = USEC_NEVER };
	else if (r < 0)
		return -ESRCH;
	if (ret->stat.start_usec != holder->start_usec)
		return -ESRCH;
	length = files_read_link(task_fd, "exe", ret->exe, sizeof(ret->exe));
	if (length < 0)
		ret->exe[0] = '\0';
	/* It has no memory any more, and closes its descriptors next. */
	return length == -ENOENT ? -ESRCH : 0;
}

static bool
same_program(const struct witness *a, const struct witness *b)
{
	return a->stat.stack_start == b->stat.stack_start &&
	    a->stat.arguments_start == b->stat.arguments_start && strcmp(a->exe, b->exe) == 0;
}

/* What its files tell: the program, what the arguments name, what it calls itself. */
static int
read_facts(const struct view *view, int process_fd, int task_fd, const struct program_file *program,
    struct process *process)
{
	_close_ int own_root_fd = openat(task_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct subject subject = {
		.view = view,
		.process_fd = process_fd,
		.task_fd = task_fd,
		.program = program,
		.process = process,
		.own_root_fd = own_root_fd,
	};
	int r = evidence_read(&subject);

	own_file_read_users(task_fd, process);
	if (r == 0)
		r = named_file_read(&subject);
	if (r < 0)
		return r;
	called_read(&subject);
	covered_read(&subject);
	return 0;
}

/* What is read of the program: its file, its arguments, what they lead to. */
static int
read_program(struct view *view, int process_fd, int task_fd, const char *text, bool checksum,
    const struct stand *stand, struct process *process)
{
	struct program_file program;
	char exe[FILES_LINK_MAX];
	int r;

	memcpy(exe, text, strlen(text) + 1);
	program_file_judge(view, task_fd, process->place.container_kind != CONTAINER_NONE, exe,
	    &program);
	process->exe_trust = program.trust;
	process->exe_deleted = program.deleted;
	r = owner_text_set(&process->exe, exe);
	if (r == 0)
		r = proc_read_cmdline(task_fd, process);
	if (r == 0)
		r = proc_read_cwd(task_fd, process);
	if (r == 0)
		r = read_facts(view, process_fd, task_fd, &program, process);
	if (r < 0)
		return r;
	own_file_read(view, task_fd, &program, &stand->main, process);
	if (checksum)
		exe_checksum_read(view, task_fd, &program, process);
	return forward_read(view, process);
}

/* Another program was started meanwhile: makes all unknown that depends on it. */
static int
forget_program(struct process *process)
{
	process->exe_trust = EXE_UNVERIFIED;
	process->exe_deleted = process->cmdline_cut = false;
	process->cmdline_length = 0;
	process->cmdline[0] = '\0';
	process->evidence &= EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_PIDS | EVIDENCE_OTHER_USERS |
	    EVIDENCE_TERMINAL | EVIDENCE_PLACE_UNKNOWN;
	process->exe_uid = process->exe_mode = process->script_evidence = 0;
	process->exe_device = process->exe_inode = 0;
	process->has_checksum = false;
	process->forwards_kind = CONTAINER_NONE;
	memset(process->checksum, 0, sizeof(process->checksum));
	if (owner_text_set(&process->forwards_to, "") < 0 ||
	    owner_text_set(&process->known_as, "") < 0)
		return -ENOMEM;
	return owner_text_set(&process->exe, "");
}

/*
 * Reads everything once. Returns 0; 1 where another program was started in between, and
 * then all that depends on it is left unknown; or -errno.
 */
static int
describe_once(struct view *view, int process_fd, int task_fd, const struct holder *holder,
    uint32_t inode, bool checksum, struct process *process)
{
	struct witness before, after;
	struct stand stand;
	int r;

	process->pid = holder->pid;
	process->start_usec = holder->start_usec;
	r = witness_read(process_fd, task_fd, holder, inode, &before);
	if (r < 0)
		return r;
	process->start_usec = before.stat.start_usec;
	proc_read_status(task_fd, process);
	proc_read_login(task_fd, process);
	r = owner_text_set(&process->comm, before.stat.comm);
	if (r < 0)
		return r;
	if (before.stat.has_terminal)
		process->evidence |= EVIDENCE_TERMINAL;
	r = read_place(view, task_fd, &stand, process);
	if (r == 0)
		r = read_program(view, process_fd, task_fd, before.exe, checksum, &stand, process);
	if (r == 0)
		r = read_parent(view, before.stat.parent_pid, process);
	outlived_read(view, task_fd, &before.stat, process);
	if (r == 0)
		r = witness_read(process_fd, task_fd, holder, inode, &after);
	if (r < 0)
		return r;
	process->start_usec = after.stat.start_usec;
	process->parent_pid = after.stat.parent_pid;
	if (before.stat.parent_pid != after.stat.parent_pid)
		r = forget_parent(process);
	if (r == 0)
		r = owner_text_set(&process->comm, after.stat.comm);
	if (r < 0)
		return r;
	if (same_program(&before, &after)) {
		manager_read(view, &after.stat, process);
		descent_read(view, &after.stat, stand.cgroup, &stand.main, process);
		return 0;
	}
	r = forget_program(process);
	return r < 0 ? r : 1;
}

int
process_describe(struct view *view, const struct holder *holder, uint32_t inode, bool checksum,
    struct process *ret)
{
	_close_ int process_fd = proc_open(view->host->proc_fd, holder->pid);
	_close_ int thread_fd = -1;
	char name[32];
	int task_fd, r = 0;

	if (process_fd < 0)
		return -ESRCH;
	task_fd = process_fd;
	if (holder->tid != holder->pid) {
		(void)snprintf(name, sizeof(name), "task/%" PRIi32, holder->tid);
		task_fd = thread_fd = openat(process_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (thread_fd < 0)
			return -ESRCH;
	}
	for (int round = 0; round < 2; round++) {
		struct process process;

		process_init(&process);
		r = describe_once(view, process_fd, task_fd, holder, inode, checksum, &process);
		if (r == 0 || (r == 1 && round == 1)) {
			*ret = process;
			return 0;
		}
		process_clear(&process);
		if (r < 0)
			break;
	}
	return r;
}

void
process_forget(struct view *view)
{
	main_process_forget(view);
	kin_forget(view);
	forward_forget(view);
}
