/* SPDX-License-Identifier: MIT */
/*
 * What a shell for somebody elsewhere looks like: its standard input, output or error is a
 * socket of the Internet's. The link in /proc/PID/fd says only that it is a socket; which
 * protocol's the kernel tells by an extended attribute of the link's target ("TCP", "UNIX"),
 * with no capability more than the link takes. A service whose output goes to the journal has
 * UNIX there.
 *
 * getxattr(2) takes a path: that of our own descriptor of /proc/PID, so that a number that
 * was given to another process cannot be meant.
 *
 * Such a shell is searched for at any depth below a holder, and among those that a handler left
 * behind when it ended: of the holder's user and cgroup, younger, with PID 1 or a user's service
 * manager as parent. A shell with a pipe, a terminal or a local socket that is not the holder's
 * own, and that runs no file, is another fact: servers do that to run commands, relays to serve a
 * shell.
 *
 * A super-server runs a program for each connection on that connection. If it is a script, a shell
 * runs it: that is no shell for anybody. Which programs are super-servers is model/program.c's; the
 * name counts only for the host's own file, root's.
 *
 * Bounds: of a holder DESCENDANTS_MAX processes below it and THREADS_MAX threads of each, and
 * COMPANIONS_MAX processes of its cgroup. Where the kernel has no lists of children
 * (CONFIG_PROC_CHILDREN) nothing below a holder is seen.
 *
 * Cost: three links, 2 us each; 10 us a process below; once a request 10 us for each process of a
 * cgroup. Memory: 50 KiB while a request is answered.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/cgroup.h"
#include "lookup/content.h"
#include "lookup/files.h"
#include "lookup/known.h"
#include "lookup/pids.h"
#include "lookup/proc.h"
#include "lookup/program-file.h"
#include "lookup/shell.h"
#include "model/identity.h"

#define DESCENDANTS_MAX 256
#define THREADS_MAX	64
#define COMPANIONS_MAX	512
#define INSTANCES_MAX	64
#define ORPHANS_MAX	16
#define CACHE_MAX	128
#define LINK_TEXT_MAX	64

/* Where the standard descriptors of a process lead. */
struct stdio {
	char link[STDERR_FILENO + 1][LINK_TEXT_MAX]; /* "" = unknown, or longer */
	bool network;				     /* one of them is an IP socket */
};

/* A search for the shells of one holder. */
struct shells {
	const struct view *view;
	struct process *process; /* the holder */
	struct stdio stdio;	 /* the holder's */
	bool super_server;
	int32_t queue[DESCENDANTS_MAX]; /* processes below, their children to be read yet */
	size_t queued;
};

/* A shell on the network whose parent has gone. */
struct orphan {
	uint64_t start_usec;
	int32_t pid;
	uint32_t uid;
	bool runs_script;
};

/* Those of one cgroup. */
struct orphans {
	char *cgroup;
	size_t count;
	struct orphan list[ORPHANS_MAX];
};

struct shell_orphans {
	size_t count;
	struct orphans list[CACHE_MAX];
};

/* What a process was found to be. */
struct shell_process {
	struct proc_stat stat;
	char exe[FILES_LINK_MAX];
	char arguments[512];
	size_t length;
	const char *known_as; /* as struct process's */
};

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* Is descriptor fd of task_fd, a socket, one of the Internet's? */
static bool
is_network_socket(int task_fd, int fd)
{
	/* As struct proto of each has it. */
	static const char *const protocols[] = { "TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite",
		"UDPLITEv6", "MPTCP", "MPTCPv6", "SCTP", "SCTPv6", "DCCP", "DCCPv6", "RAW", "RAWv6",
		"PING", "PINGv6", "SMC", "SMC6", "L2TP/IP", "L2TP/IPv6" };
	char path[64], name[64];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/fd/%d", task_fd, fd);
	length = getxattr(path, "system.sockprotoname", name, sizeof(name) - 1);
	if (length <= 0)
		return false;
	name[length] = '\0';
	return is_listed(name, protocols, ARRAY_SIZE(protocols));
}

static void
read_stdio(int task_fd, struct stdio *ret)
{
	ret->network = false;
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "fd/%d", fd);
		if (files_read_link(task_fd, path, ret->link[fd], LINK_TEXT_MAX) <= 0)
			ret->link[fd][0] = '\0';
		else if (files_socket_inode(ret->link[fd]) != 0 && is_network_socket(task_fd, fd))
			ret->network = true;
	}
}

/* Something that another process holds the other end of. */
static bool
is_channel(const char *link)
{
	static const char *const prefixes[] = { "pipe:[", "socket:[", "/dev/pts/" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(link, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

/* Has it a channel that its holder has not as standard input or output itself? */
static bool
has_channel(const struct stdio *holder, const struct stdio *stdio)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (is_channel(stdio->link[fd]) && strcmp(stdio->link[fd], holder->link[0]) != 0 &&
		    strcmp(stdio->link[fd], holder->link[1]) != 0 &&
		    strcmp(stdio->link[fd], holder->link[2]) != 0)
			return true;
	return false;
}

/* What the program is a copy of. A path that is the holder's leads to the holder's file. */
static const char *
find_known(const struct view *view, const struct process *holder, int process_fd, const char *exe)
{
	const struct content_reader reader = { .systems = view->systems };
	_close_ int fd = -1;
	struct known_match match = { .name = NULL };
	struct statx file;

	if (holder != NULL && !holder->exe_deleted && strcmp(exe, holder->exe) == 0)
		return holder->known_as;
	fd = openat(process_fd, "exe", O_PATH | O_CLOEXEC);
	if (fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &file) == 0)
		match = known_find(view->host->known, &reader, fd, &file);
	return match.name != NULL ? match.name : "";
}

bool
shell_is_program(const char *exe, const char *known_as, const char *arguments, size_t length)
{
	/* Only read. */
	const struct process process = {
		.exe = (char *)exe,
		.known_as = (char *)known_as,
		.cmdline = (char *)arguments,
		.cmdline_length = (uint32_t)length,
	};
	struct identity identity;

	identity_find(&process, &identity);
	return program_is_shell(identity.name);
}

/* Reads a process by its open directory. Returns false where it is no shell, or is gone. holder:
 * whom it may belong to, NULL = not known. */
static bool
read_shell(const struct view *view, const struct process *holder, int process_fd,
    struct shell_process *ret)
{
	ssize_t length;

	if (files_read_link(process_fd, "exe", ret->exe, sizeof(ret->exe)) <= 0)
		return false;
	ret->known_as = find_known(view, holder, process_fd, ret->exe);
	files_cut_deleted(ret->exe);
	length = files_read(process_fd, "cmdline", ret->arguments, sizeof(ret->arguments) - 1);
	ret->length = length <= 0 ? 0 : (size_t)length + 1;
	ret->arguments[length <= 0 ? 0 : length] = '\0';
	return shell_is_program(ret->exe, ret->known_as, ret->arguments, ret->length) &&
	    proc_read_stat(process_fd, &ret->stat) == 0;
}

/* Does the shell run a file, as a super-server's script does? */
static bool
runs_script(const struct shell_process *shell)
{
	const struct process process = {
		.exe = (char *)shell->exe,
		.known_as = (char *)shell->known_as,
		.cmdline = (char *)shell->arguments,
		.cmdline_length = (uint32_t)shell->length,
		.cmdline_cut = shell->length == sizeof(shell->arguments),
		.cwd = (char *)"",
	};
	const char *script;

	return identity_input(&process, &script) == INPUT_SCRIPT;
}

/* Notes what a shell that belongs to the holder says of it. */
static void
note_shell(struct shells *shells, int process_fd, const struct shell_process *shell)
{
	struct stdio stdio;

	read_stdio(process_fd, &stdio);
	if (stdio.network) {
		if (!shells->super_server || !runs_script(shell))
			shells->process->evidence |= EVIDENCE_SHELL_BELOW;
	} else if (has_channel(&shells->stdio, &stdio) && !runs_script(shell))
		shells->process->evidence |= EVIDENCE_SHELL_PIPED;
}

/* The children of one thread: notes which are shells, and queues all. */
static void
read_children(struct shells *shells, int tasks_fd, const char *tid, int32_t parent)
{
	char name[64], text[DESCENDANTS_MAX * 12], *save = NULL;
	ssize_t length;

	(void)snprintf(name, sizeof(name), "%s/children", tid);
	length = files_read(tasks_fd, name, text, sizeof(text) - 1);
	if (length <= 0)
		return;
	text[length] = '\0';
	for (char *child = strtok_r(text, " ", &save);
	     child != NULL && shells->queued < DESCENDANTS_MAX;
	     child = strtok_r(NULL, " ", &save)) {
		int32_t number = files_number(child);
		_close_ int fd = number > 0 ? proc_open(shells->view->host->proc_fd, number) : -1;
		struct shell_process shell;

		if (fd < 0)
			continue;
		shells->queue[shells->queued++] = number;
		if (read_shell(shells->view, shells->process, fd, &shell) &&
		    shell.stat.parent_pid == parent)
			note_shell(shells, fd, &shell);
	}
}

static void
read_descendants(struct shells *shells, int process_fd, int32_t pid)
{
	_closedir_ DIR *directory = files_open_directory(process_fd, "task");
	unsigned threads = THREADS_MAX;
	struct dirent *entry;

	if (directory == NULL && errno == ENOMEM)
		view_lacks_memory(shells->view);
	while (directory != NULL && threads > 0 && (entry = readdir(directory)) != NULL) {
		if (files_number(entry->d_name) <= 0)
			continue;
		threads--;
		read_children(shells, dirfd(directory), entry->d_name, pid);
	}
}

/* Is the process PID 1, or a person's own PID 1? */
static bool
is_reaper(const struct view *view, int32_t pid)
{
	_close_ int fd = pid > 1 ? proc_open(view->host->proc_fd, pid) : -1;
	struct proc_stat stat;

	return pid == 1 ||
	    (fd >= 0 && proc_read_stat(fd, &stat) == 0 && stat.parent_pid == 1 &&
		strcmp(stat.comm, "systemd") == 0);
}

/* Reads the shells on the network in a cgroup that have lost their parents. */
static void
find_orphans(const struct view *view, struct orphans *orphans)
{
	const struct host *host = view->host;
	_pids_ struct pids pids = { 0 };
	int r = cgroup_read_pids(host->cgroup_fd, orphans->cgroup, COMPANIONS_MAX, &pids, NULL);

	orphans->count = 0;
	if (r == -ENOMEM)
		view_lacks_memory(view);
	if (r < 0 && r != -E2BIG)
		return;
	for (size_t i = 0; i < pids.count && orphans->count < ORPHANS_MAX; i++) {
		_close_ int fd = proc_open(host->proc_fd, pids.list[i]);
		struct shell_process shell;
		struct process process = { 0 };
		struct stdio stdio;

		if (fd < 0 || !read_shell(view, NULL, fd, &shell) ||
		    !is_reaper(view, shell.stat.parent_pid))
			continue;
		proc_read_status(fd, &process);
		read_stdio(fd, &stdio);
		if (stdio.network)
			orphans->list[orphans->count++] = (struct orphan){
				.pid = pids.list[i],
				.uid = process.uid,
				.start_usec = shell.stat.start_usec,
				.runs_script = runs_script(&shell),
			};
	}
}

/* The orphans of a cgroup, read once a request. NULL without memory. */
static const struct orphans *
read_orphans(const struct view *view, const char *cgroup)
{
	struct shell_orphans *cache = view->orphans;
	struct orphans *orphans;

	for (size_t i = 0; i < cache->count; i++)
		if (strcmp(cache->list[i].cgroup, cgroup) == 0)
			return &cache->list[i];
	/* Of more cgroups than there are places the last one is read again and again. */
	if (cache->count == CACHE_MAX)
		free(cache->list[--cache->count].cgroup);
	orphans = &cache->list[cache->count];
	orphans->cgroup = strdup(cgroup);
	if (orphans->cgroup == NULL) {
		view_lacks_memory(view);
		return NULL;
	}
	cache->count++;
	find_orphans(view, orphans);
	return orphans;
}

/* Shells that a handler left behind: they are nobody's children any more. */
static void
note_left_behind(const struct shells *shells, const char *cgroup)
{
	const struct orphans *orphans = read_orphans(shells->view, cgroup);
	struct process *process = shells->process;

	for (size_t i = 0; orphans != NULL && i < orphans->count; i++) {
		const struct orphan *orphan = &orphans->list[i];

		if (orphan->pid != process->pid && orphan->uid == process->uid &&
		    orphan->start_usec >= process->start_usec &&
		    (!shells->super_server || !orphan->runs_script))
			process->evidence |= EVIDENCE_SHELL_BELOW;
	}
}

struct shell_orphans *
shell_orphans_new(void)
{
	return calloc(1, sizeof(struct shell_orphans));
}

struct shell_orphans *
shell_orphans_free(struct shell_orphans *orphans)
{
	for (size_t i = 0; orphans != NULL && i < orphans->count; i++)
		free(orphans->list[i].cgroup);
	free(orphans);
	return NULL;
}

/*
 * Is it a super-server: by the host's own file, and run by root or as what its unit was started
 * for? Anybody can start the host's.
 */
static bool
is_super_server(const char *exe, const struct program_file *program, uint32_t uid, int32_t pid,
    const struct process *process)
{
	return program_is_super_server(program_name(exe)) && program->error == 0 &&
	    program->trust == EXE_SAME && program->file.stx_uid == 0 && program->rights.owned &&
	    (program->file.stx_mode & (S_IWGRP | S_IWOTH)) == 0 &&
	    (uid == 0 || (process->main_pid != 0 && pid == process->main_pid));
}

static bool
is_below_super_server(const struct view *view, int process_fd, const struct process *process)
{
	struct program_file program;
	struct proc_stat stat;
	struct process parent;
	char exe[FILES_LINK_MAX];
	_close_ int fd = -1;

	if (proc_read_stat(process_fd, &stat) < 0 || stat.parent_pid <= 1)
		return false;
	fd = proc_open(view->host->proc_fd, stat.parent_pid);
	if (fd < 0 || files_read_link(fd, "exe", exe, sizeof(exe)) <= 0 ||
	    !program_is_super_server(program_name(exe)))
		return false;
	program_file_judge(view, fd, false, exe, &program);
	process_init(&parent);
	proc_read_status(fd, &parent);
	return is_super_server(exe, &program, parent.uid, stat.parent_pid, process);
}

void
shell_read(const struct view *view, int process_fd, int task_fd, const char *cgroup,
    struct process *process)
{
	struct shells shells = {
		.view = view,
		.process = process,
		.super_server = process->exe_trust == EXE_SAME &&
		    (process->evidence & EVIDENCE_EXE_ROOTS) != 0 &&
		    (process->uid == 0 || process->pid == process->main_pid) &&
		    program_is_super_server(program_name(process->exe)),
	};

	read_stdio(task_fd, &shells.stdio);
	if (shells.stdio.network)
		process->evidence |= EVIDENCE_STDIO_NETWORK;
	if (process->pid == 1)
		return;
	if (shells.stdio.network && is_below_super_server(view, process_fd, process))
		process->evidence |= EVIDENCE_SUPER_SERVER;
	read_descendants(&shells, process_fd, process->pid);
	for (size_t next = 0; next < shells.queued; next++) {
		_close_ int fd = proc_open(view->host->proc_fd, shells.queue[next]);

		if (fd >= 0)
			read_descendants(&shells, fd, shells.queue[next]);
	}
	if (cgroup != NULL && view->host->cgroup_fd >= 0 && view->orphans != NULL &&
	    (process->evidence & EVIDENCE_SHELL_BELOW) == 0)
		note_left_behind(&shells, cgroup);
}

/* ---- a service for each connection -------------------------------------------------------- */

/* Is the main process of an instance a shell on its connection, and runs no file? */
static bool
is_shell_instance(const struct view *view, const char *path)
{
	_pids_ struct pids pids = { 0 };
	int r = cgroup_read_pids(view->host->cgroup_fd, path, COMPANIONS_MAX, &pids, NULL);

	if (r == -ENOMEM)
		view_lacks_memory(view);
	if (r < 0)
		return false;
	for (size_t i = 0; i < pids.count; i++) {
		_close_ int fd = proc_open(view->host->proc_fd, pids.list[i]);
		struct shell_process shell;
		struct stdio stdio;

		if (fd < 0 || !read_shell(view, NULL, fd, &shell) || runs_script(&shell))
			continue;
		read_stdio(fd, &stdio);
		if (stdio.network)
			return true;
	}
	return false;
}

/* The slice of the instances of "a-b.socket" is "system-a\x2db.slice", below the unit's own
 * (systemd.slice(5)). Returns false where it does not fit. */
static bool
find_instances(const char *cgroup, char *slice, size_t size)
{
	static const char suffix[] = ".socket";
	const char *name = program_name(cgroup);
	size_t length = strlen(name), at;
	int parent = (int)(name - cgroup);

	if (length <= sizeof(suffix) - 1 ||
	    strcmp(name + length - (sizeof(suffix) - 1), suffix) != 0)
		return false;
	length -= sizeof(suffix) - 1;
	at = (size_t)snprintf(slice, size, "%.*ssystem-", parent, cgroup);
	for (size_t i = 0; i < length && at < size; i++)
		at += name[i] == '-' ? (size_t)snprintf(slice + at, size - at, "\\x2d") :
				       (size_t)snprintf(slice + at, size - at, "%c", name[i]);
	if (at < size)
		at += (size_t)snprintf(slice + at, size - at, ".slice");
	return at < size;
}

bool
shell_is_accepted(const struct view *view, const char *cgroup)
{
	char slice[FILES_LINK_MAX], path[FILES_LINK_MAX + NAME_MAX + 2];
	unsigned left = INSTANCES_MAX;
	_closedir_ DIR *directory = NULL;
	struct dirent *entry;

	if (view->host->cgroup_fd < 0 || !find_instances(cgroup, slice, sizeof(slice)))
		return false;
	directory =
	    files_open_directory(view->host->cgroup_fd, slice[0] == '/' ? slice + 1 : slice);
	if (directory == NULL && errno == ENOMEM)
		view_lacks_memory(view);
	while (directory != NULL && left > 0 && (entry = readdir(directory)) != NULL) {
		if (strchr(entry->d_name, '@') == NULL)
			continue;
		left--;
		(void)snprintf(path, sizeof(path), "%s/%s", slice, entry->d_name);
		if (is_shell_instance(view, path))
			return true;
	}
	return false;
}
