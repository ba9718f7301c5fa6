/* SPDX-License-Identifier: MIT */
/*
 * Describes one process. All is read through a descriptor of /proc/PID, which stays with
 * the process, and in this order: the socket's link, stat, the exe link, all the rest, then
 * those three again. So it is this very process that held the socket and has these names; a
 * number that was given to another one meanwhile cannot be named. libsystemd takes a
 * number, not a descriptor: its answer is good because the process was still there
 * afterwards.
 *
 * An execve in between shows in the exe link or in where the stack and the arguments begin.
 * Then all is read again once; a process that does it over and over keeps its pid, user and
 * unit in the answer, while exe and cmdline stay unknown. The name (comm) is no part of
 * that test: a process may change it a million times a second.
 *
 * A socket may be held by a thread that unshared its descriptors, or in a process whose
 * first thread has ended (its /proc/PID/fd is empty, exe and cmdline too): then task/TID is
 * read, and only stat is the process's.
 *
 * Cost: about 130 us.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/executable.h"
#include "lookup/files.h"
#include "lookup/process.h"

/*
 * A stat line is about 330 bytes; the fields wanted of status end before its first 4 KiB.
 */
#define STAT_MAX   2048
#define STATUS_MAX 4096

/* Fields of stat behind the name, numbered as in proc_pid_stat(5). */
enum stat_field {
	STAT_PARENT = 4,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_ARGUMENTS = 48,
	STAT_FIELDS,
};

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
	stat.start_usec = ticks_to_usec(fields[STAT_START]);
	stat.stack_start = fields[STAT_STACK];
	stat.arguments_start = fields[STAT_ARGUMENTS];
	*ret = stat;
	return 0;
}

int
process_read_stat(int process_fd, struct process_stat *ret)
{
	char line[STAT_MAX];
	ssize_t length = files_read(process_fd, "stat", line, sizeof(line));

	return length < 0 ? (int)length : process_parse_stat(line, (size_t)length, ret);
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

/* Takes over what libsystemd found, NULL and names that no unit has being none. */
static int
set_unit(char **unit, char *found)
{
	if (found == NULL || strlen(found) >= OWNER_UNIT_MAX) {
		free(found);
		found = strdup("");
	}
	*unit = found;
	return found == NULL ? -ENOMEM : 0;
}

static int
read_units(struct process *process)
{
	char *unit = NULL, *user_unit = NULL;
	int r, user_r;

	/*
	 * -ENODATA is a process outside of all units, -ESRCH one that ended: found out
	 * below.
	 */
	if (sd_pid_get_unit(process->pid, &unit) < 0)
		unit = NULL;
	if (sd_pid_get_user_unit(process->pid, &user_unit) < 0)
		user_unit = NULL;
	r = set_unit(&process->place.unit, unit);
	user_r = set_unit(&process->place.user_unit, user_unit);
	return r < 0 ? r : user_r;
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

static int
set_names(struct process *process, const char *comm, const char *exe)
{
	process->comm = strdup(comm);
	process->exe = strdup(exe);
	return process->comm == NULL || process->exe == NULL ? -ENOMEM : 0;
}

/*
 * Reads everything once. Returns 0; 1 where another program was started in between, and
 * then exe and cmdline are left empty; or -errno.
 */
static int
describe_once(int proc_fd, int process_fd, int task_fd, const struct holder *holder,
    uint32_t inode, struct process *process)
{
	struct witness before, after;
	char exe[FILES_LINK_MAX];
	int r;

	process->pid = holder->pid;
	r = look(process_fd, task_fd, holder, inode, &before);
	if (r < 0)
		return r;
	read_status(task_fd, process);
	memcpy(exe, before.exe, sizeof(exe));
	process->exe_trust = executable_judge(proc_fd, task_fd, exe, &process->exe_deleted);
	r = read_cmdline(task_fd, process);
	if (r < 0)
		return r;
	r = read_units(process);
	if (r < 0)
		return r;
	r = look(process_fd, task_fd, holder, inode, &after);
	if (r < 0)
		return r;
	process->start_usec = after.stat.start_usec;
	process->parent_pid = after.stat.parent_pid;
	if (same_program(&before, &after))
		return set_names(process, after.stat.comm, exe);
	process->exe_trust = EXE_UNVERIFIED;
	process->exe_deleted = process->cmdline_cut = false;
	process->cmdline_length = 0;
	process->cmdline[0] = '\0';
	r = set_names(process, after.stat.comm, "");
	return r < 0 ? r : 1;
}

int
process_describe(int proc_fd, const struct holder *holder, uint32_t inode,
    struct process *ret)
{
	_close_ int process_fd = -1, thread_fd = -1;
	char name[32];
	int task_fd, r = 0;

	(void)snprintf(name, sizeof(name), "%" PRIi32, holder->pid);
	process_fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
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
		r = describe_once(proc_fd, process_fd, task_fd, holder, inode, &process);
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
