/* SPDX-License-Identifier: MIT */
/*
 * What /proc says of one process: the files below /proc/PID as they are, each read and parsed by
 * itself. What it all means, and whether it is still the same process behind, is process.c's.
 *
 * Nothing in these files is believed to be well formed: a process chooses its name, its arguments
 * and its directory. What is cut or not understood is unknown.
 *
 * Cost: four system calls a file, 4 to 8 us.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup/files.h"
#include "lookup/proc.h"

/* A stat line is about 330 bytes; the fields wanted of status end before its first 4 KiB. */
#define STAT_MAX   2048
#define STATUS_MAX 4096

/* Fields of stat behind the name, numbered as in proc_pid_stat(5). */
enum stat_field {
	STAT_PARENT = 4,
	STAT_SESSION = 6,
	STAT_TERMINAL = 7,
	STAT_FLAGS = 9,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_ARGUMENTS = 48,
	STAT_FIELDS,
};

/* A thread of the kernel's (include/linux/sched.h). */
#define PF_KTHREAD 0x00200000

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
proc_parse_stat(const char *line, size_t length, struct proc_stat *ret)
{
	struct proc_stat stat = { 0 };
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
	if (open == NULL || close == NULL || close < open || close[1] != ' ' || close[2] == '\0')
		return -EBADMSG;
	if (read_fields(close + 3, fields) < STAT_START)
		return -EBADMSG;
	size = (size_t)(close - open - 1);
	if (size >= sizeof(stat.comm))
		size = sizeof(stat.comm) - 1;
	memcpy(stat.comm, open + 1, size);
	if (fields[STAT_PARENT] <= INT32_MAX)
		stat.parent_pid = (int32_t)fields[STAT_PARENT];
	if (fields[STAT_SESSION] <= INT32_MAX)
		stat.session_id = (int32_t)fields[STAT_SESSION];
	stat.has_terminal = fields[STAT_TERMINAL] != 0;
	stat.is_kernel_thread = (fields[STAT_FLAGS] & PF_KTHREAD) != 0;
	stat.start_usec = ticks_to_usec(fields[STAT_START]);
	stat.stack_start = fields[STAT_STACK];
	stat.arguments_start = fields[STAT_ARGUMENTS];
	*ret = stat;
	return 0;
}

int
proc_read_stat(int process_fd, struct proc_stat *ret)
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
	return length < 0 ? -errno : proc_parse_stat(line, (size_t)length, ret);
}

int
proc_open(int proc_fd, int32_t pid)
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
proc_parse_status(const char *text, size_t length, struct process *process)
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

int
proc_read_cmdline(int task_fd, struct process *process)
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

void
proc_read_status(int task_fd, struct process *process)
{
	char text[STATUS_MAX];
	ssize_t length = files_read(task_fd, "status", text, sizeof(text));

	/* Nobody's: an unknown user must not look like root. */
	process->uid = process->gid = UINT32_MAX;
	if (length > 0)
		proc_parse_status(text, (size_t)length, process);
}

int
proc_read_real_uid(int process_fd, uint32_t *ret)
{
	char text[STATUS_MAX + 1];
	ssize_t length = files_read(process_fd, "status", text, STATUS_MAX);

	if (length < 0)
		return (int)length;
	text[length] = '\0';
	return read_ids(find_line(text, "Uid:"), ret, 1) == 1 ? 0 : -EBADMSG;
}

void
proc_read_login(int task_fd, struct process *process)
{
	char text[16];
	ssize_t length = files_read(task_fd, "loginuid", text, sizeof(text) - 1);

	process->login_uid = UINT32_MAX;
	process->login_known = false;
	if (length <= 0)
		return;
	/* The last number of a text may be cut: read_ids() wants a byte behind it. */
	text[length] = '\n';
	if (read_ids(text, &process->login_uid, 1) == 1)
		process->login_known = true;
	else
		process->login_uid = UINT32_MAX;
}

int
proc_read_cwd(int task_fd, struct process *process)
{
	char text[OWNER_PATH_MAX];

	if (files_read_link(task_fd, "cwd", text, sizeof(text)) <= 0)
		return 0;
	return owner_text_set(&process->cwd, text);
}
