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
 * told only where the parent was the same before and after.
 *
 * A socket may be held by a thread that unshared its descriptors, or in a process whose
 * first thread has ended (its /proc/PID/fd is empty, exe and cmdline too): then task/TID is
 * read, and only stat is the process's.
 *
 * Cost: about 160 us, a third of it evidence.c's; the main process and the digest come on top.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/evidence.h"
#include "lookup/exe-digest.h"
#include "lookup/executable.h"
#include "lookup/files.h"
#include "lookup/forward.h"
#include "lookup/main-process.h"
#include "lookup/manager.h"
#include "lookup/place.h"
#include "lookup/process.h"

/*
 * A stat line is about 330 bytes; the fields wanted of status end before its first 4 KiB.
 */
#define STAT_MAX   2048
#define STATUS_MAX 4096

/* Fields of stat behind the name, numbered as in proc_pid_stat(5). */
enum stat_field {
	STAT_PARENT = 4,
	STAT_TERMINAL = 7,
	STAT_FLAGS = 9,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_ARGUMENTS = 48,
	STAT_FIELDS,
};

/* A thread of the kernel's (include/linux/sched.h). */
#define PF_KTHREAD 0x00200000

/* What tells that a process is still what it was. */
struct witness {
	struct process_stat stat;
	char exe[FILES_LINK_MAX];	/* "" = could not be read */
};

static uint64_t
ticks_to_usec(uint64_t ticks)
{
	long hertz = sysconf(_SC_CLK_TCK);
	uint64_t rate = hertz > 0 ? (uint64_t)hertz : 100;

	if (ticks / rate > UINT64_MAX / USEC_PER_SEC / 2)
		return USEC_NEVER;
	return ticks / rate * USEC_PER_SEC + ticks % rate * USEC_PER_SEC / rate;
}

/*
 * Reads the numbers behind the state into fields, by their number. Returns the last field
 * that stands there whole.
 */
static int
read_fields(const char *at, uint64_t fields[STAT_FIELDS])
{
	int field = STAT_PARENT;

	for (; field < STAT_FIELDS; field++) {
		char *end;
		uint64_t value;

		errno = 0;
		/* Some fields are negative; they only have to keep their place. */
		value = strtoull(at, &end, 10);
		if (end == at || errno != 0 || (*end != ' ' && *end != '\n'))
			break;
		fields[field] = value;
		at = end;
	}
	return field - 1;
}

int
process_parse_stat(const char *line, size_t length, struct process_stat *ret)
{
	struct process_stat stat = { 0 };
	uint64_t fields[STAT_FIELDS] = { 0 };
	char text[STAT_MAX];
	char *open, *close;
	size_t size;

	if (length >= sizeof(text))
		return -EBADMSG;
	memcpy(text, line, length);
	text[length] = '\0';
	open = strchr(text, '(');
	close = strrchr(text, ')');
	/* Behind the name: " S 1 ...", S being one letter of state, field 3. */
	if (open == NULL || close == NULL || close < open || close[1] != ' ' ||
	    close[2] == '\0')
		return -EBADMSG;
	if (read_fields(close + 3, fields) < STAT_START)
		return -EBADMSG;
	size = (size_t)(close - open - 1);
	if (size >= sizeof(stat.comm))
		size = sizeof(stat.comm) - 1;
	memcpy(stat.comm, open + 1, size);
	if (fields[STAT_PARENT] <= INT32_MAX)
		stat.parent_pid = (int32_t)fields[STAT_PARENT];
	stat.has_terminal = fields[STAT_TERMINAL] != 0;
	stat.is_kernel_thread = (fields[STAT_FLAGS] & PF_KTHREAD) != 0;
	stat.start_usec = ticks_to_usec(fields[STAT_START]);
	stat.stack_start = fields[STAT_STACK];
	stat.arguments_start = fields[STAT_ARGUMENTS];
	*ret = stat;
	return 0;
}

int
process_read_stat(int process_fd, struct process_stat *ret)
{
	_close_ int fd = openat(process_fd, "stat", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char line[STAT_MAX];
	ssize_t length;

	if (fd < 0)
		return -errno;
	/* The kernel writes the whole line at once (seq_file). */
	do
		length = read(fd, line, sizeof(line));
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : process_parse_stat(line, (size_t)length, ret);
}

int
process_open(int proc_fd, int32_t pid)
{
	char name[16];
	int fd;

	(void)snprintf(name, sizeof(name), "%" PRIi32, pid);
	fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The value of the line that begins with key, "" where there is none. */
static const char *
find_line(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strncmp(at, key, length) == 0)
			return at + length;
	}
	return "";
}

/* Reads at most max ids from one line into ids. Returns how many. */
static uint32_t
read_ids(const char *at, uint32_t *ids, uint32_t max)
{
	uint32_t count = 0;

	while (count < max) {
		unsigned long id;
		char *end;

		/* strtoul() would go on in the next line. */
		while (*at == ' ' || *at == '\t')
			at++;
		if (*at < '0' || *at > '9')
			break;
		id = strtoul(at, &end, 10);
		/* An id without a byte behind it may have been cut in half. */
		if (*end == '\0' || id > UINT32_MAX)
			break;
		ids[count++] = (uint32_t)id;
		at = end;
	}
	return count;
}

void
process_parse_status(const char *text, size_t length, struct process *process)
{
	char copy[STATUS_MAX + 1];
	uint32_t ids[2];

	if (length > STATUS_MAX)
		length = STATUS_MAX;
	memcpy(copy, text, length);
	copy[length] = '\0';
	/* The name in the first line has its newlines escaped (proc_task_name()). */
	if (read_ids(find_line(copy, "Uid:"), ids, 2) == 2)
		process->uid = ids[1];
	if (read_ids(find_line(copy, "Gid:"), ids, 2) == 2)
		process->gid = ids[1];
	process->group_count =
	    read_ids(find_line(copy, "Groups:"), process->groups, OWNER_GROUPS_MAX);
}

/* The processes' arguments: at most OWNER_CMDLINE_MAX bytes, the last of them a NUL. */
static int
read_cmdline(int task_fd, struct process *process)
{
	char raw[OWNER_CMDLINE_MAX + 1];
	ssize_t length = files_read(task_fd, "cmdline", raw, sizeof(raw));

	if (length < 0)
		length = 0;
	process->cmdline_cut = length > OWNER_CMDLINE_MAX;
	if (process->cmdline_cut)
		length = OWNER_CMDLINE_MAX - 1;
	/* setproctitle() and the cut leave none at the end. */
	if (length == OWNER_CMDLINE_MAX && raw[length - 1] != '\0') {
		process->cmdline_cut = true;
		length--;
	}
	if (length > 0 && raw[length - 1] != '\0')
		raw[length++] = '\0';
	process->cmdline = malloc((size_t)length + 1);
	if (process->cmdline == NULL)
		return -ENOMEM;
	memcpy(process->cmdline, raw, (size_t)length);
	process->cmdline[length] = '\0';
	process->cmdline_length = (uint32_t)length;
	return 0;
}

static void
read_status(int task_fd, struct process *process)
{
	char text[STATUS_MAX];
	ssize_t length = files_read(task_fd, "status", text, sizeof(text));

	/* Nobody's: an unknown user must not look like root. */
	process->uid = process->gid = UINT32_MAX;
	if (length > 0)
		process_parse_status(text, (size_t)length, process);
}

/* Who logged in, UINT32_MAX where nobody did, or the kernel has no such thing. */
static uint32_t
read_login_uid(int task_fd)
{
	char text[16];
	ssize_t length = files_read(task_fd, "loginuid", text, sizeof(text) - 1);
	uint32_t uid = UINT32_MAX;

	if (length > 0) {
		/* The last number of a text may be cut: read_ids() wants a byte behind it. */
		text[length] = '\n';
		if (read_ids(text, &uid, 1) != 1)
			uid = UINT32_MAX;
	}
	return uid;
}

static int
read_cwd(int task_fd, struct process *process)
{
	char text[OWNER_PATH_MAX];

	if (files_read_link(task_fd, "cwd", text, sizeof(text)) <= 0)
		return 0;
	return owner_text_set(&process->cwd, text);
}

/* The name of the parent, if pid is one. */
static int
read_parent(const struct view *view, int32_t pid, struct process *process)
{
	_close_ int fd = pid > 0 ? process_open(view->host->proc_fd, pid) : -1;
	struct process_stat stat;

	if (fd < 0 || process_read_stat(fd, &stat) < 0)
		return 0;
	return owner_text_set(&process->parent_comm, stat.comm);
}

/* Where the process is, and the main process there. */
static int
read_place(struct view *view, int task_fd, struct process *process)
{
	char path[PLACE_PATH_MAX];
	size_t group;
	int r;

	if (!view_read_cgroup(view, task_fd, path))
		return 0;
	r = place_parse(path, &process->place, &group);
	if (r < 0 || group == 0)
		return r;
	return main_process_read(view, path, group,
	    process->place.container_kind != CONTAINER_NONE, process);
}

static bool
holds_inode(int task_fd, int fd, uint32_t inode)
{
	char name[32], link[64];

	(void)snprintf(name, sizeof(name), "fd/%d", fd);
	return files_read_link(task_fd, name, link, sizeof(link)) > 0 &&
	    files_socket_inode(link) == inode;
}

/* Looks whether the process is still that holder. Returns 0 or -ESRCH. */
static int
look(int process_fd, int task_fd, const struct holder *holder, uint32_t inode,
    struct witness *ret)
{
	int r;

	if (!holds_inode(task_fd, holder->fd, inode))
		return -ESRCH;
	r = process_read_stat(process_fd, &ret->stat);
	if (r == -EBADMSG)
		ret->stat = (struct process_stat){ .start_usec = USEC_NEVER };
	else if (r < 0)
		return -ESRCH;
	if (ret->stat.start_usec != holder->start_usec)
		return -ESRCH;
	if (files_read_link(task_fd, "exe", ret->exe, sizeof(ret->exe)) < 0)
		ret->exe[0] = '\0';
	return 0;
}

static bool
same_program(const struct witness *a, const struct witness *b)
{
	return a->stat.stack_start == b->stat.stack_start &&
	    a->stat.arguments_start == b->stat.arguments_start &&
	    strcmp(a->exe, b->exe) == 0;
}

/* What is read of the program: its file, its arguments, what they lead to. */
static int
read_program(struct view *view, int process_fd, int task_fd, const char *text, bool digest,
    struct process *process)
{
	struct executable executable;
	char exe[FILES_LINK_MAX];
	int r;

	memcpy(exe, text, strlen(text) + 1);
	executable_judge(view, task_fd, process->place.container_kind != CONTAINER_NONE, exe,
	    &executable);
	process->exe_trust = executable.trust;
	process->exe_deleted = executable.deleted;
	r = owner_text_set(&process->exe, exe);
	if (r == 0)
		r = read_cmdline(task_fd, process);
	if (r < 0)
		return r;
	evidence_read(view, process_fd, task_fd, &executable, process);
	if (digest)
		exe_digest_read(view, task_fd, &executable, process);
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
	process->evidence &= EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_PIDS |
	    EVIDENCE_OTHER_USERS | EVIDENCE_TERMINAL;
	process->exe_uid = process->exe_mode = 0;
	process->exe_device = process->exe_inode = 0;
	process->has_digest = false;
	process->forwards_kind = CONTAINER_NONE;
	memset(process->digest, 0, sizeof(process->digest));
	if (owner_text_set(&process->forwards_to, "") < 0)
		return -ENOMEM;
	return owner_text_set(&process->exe, "");
}

/*
 * Reads everything once. Returns 0; 1 where another program was started in between, and
 * then all that depends on it is left unknown; or -errno.
 */
static int
describe_once(struct view *view, int process_fd, int task_fd, const struct holder *holder,
    uint32_t inode, bool digest, struct process *process)
{
	struct witness before, after;
	int r;

	process->pid = holder->pid;
	r = look(process_fd, task_fd, holder, inode, &before);
	if (r < 0)
		return r;
	read_status(task_fd, process);
	process->login_uid = read_login_uid(task_fd);
	r = owner_text_set(&process->comm, before.stat.comm);
	if (r < 0)
		return r;
	if (before.stat.has_terminal)
		process->evidence |= EVIDENCE_TERMINAL;
	r = read_place(view, task_fd, process);
	if (r == 0)
		r = read_program(view, process_fd, task_fd, before.exe, digest, process);
	if (r == 0)
		r = read_cwd(task_fd, process);
	if (r == 0)
		r = read_parent(view, before.stat.parent_pid, process);
	if (r == 0)
		r = look(process_fd, task_fd, holder, inode, &after);
	if (r < 0)
		return r;
	process->start_usec = after.stat.start_usec;
	process->parent_pid = after.stat.parent_pid;
	if (before.stat.parent_pid != after.stat.parent_pid)
		r = owner_text_set(&process->parent_comm, "");
	if (r == 0)
		r = owner_text_set(&process->comm, after.stat.comm);
	if (r < 0)
		return r;
	if (same_program(&before, &after)) {
		manager_read(view, &after.stat, process);
		return 0;
	}
	r = forget_program(process);
	return r < 0 ? r : 1;
}

int
process_describe(struct view *view, const struct holder *holder, uint32_t inode, bool digest,
    struct process *ret)
{
	_close_ int process_fd = process_open(view->host->proc_fd, holder->pid);
	_close_ int thread_fd = -1;
	char name[32];
	int task_fd, r = 0;

	if (process_fd < 0)
		return -ESRCH;
	task_fd = process_fd;
	if (holder->tid != holder->pid) {
		(void)snprintf(name, sizeof(name), "task/%" PRIi32, holder->tid);
		task_fd = thread_fd = openat(process_fd, name,
		    O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (thread_fd < 0)
			return -ESRCH;
	}
	for (int round = 0; round < 2; round++) {
		struct process process;

		process_init(&process);
		r = describe_once(view, process_fd, task_fd, holder, inode, digest, &process);
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
