/* SPDX-License-Identifier: MIT */
/*
 * What started a process and is no more. Each is a hint that the process may have been forgotten,
 * and decides nothing: it may be just what somebody wants (nohup, disown, daemon(3)).
 *
 * terminal:  descriptor 0, 1 or 2 leads to a file of devpts that was deleted: the other end of that
 *	      terminal, a terminal emulator's or sshd's, is closed. A console of the kernel's own
 *	      never ends, and is not seen.
 * session:   logind keeps a file for each session. It removes that with the session, and says
 *	      "closing" in it once whoever logged in is gone and left processes behind.
 * parent:    the parent is PID 1 or the user's manager, although that one did not start it: what
 *	      either starts is the main process of a unit, and never in a scope. In a unit of a
 *	      user's, one that called setsid(2) passes for it. Inside a container another process
 *	      takes orphans over, so nothing is said of those.
 * directory: the working directory has no name any more.
 *
 * What it never does: judge; or read from files that others than root may write, but for links.
 *
 * Cost: three links, 2 us each; for who is in a session a file of some 300 bytes, about 10 us.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/manager.h"
#include "lookup/outlived.h"
#include "lookup/place.h"
#include "lookup/program-file.h"
#include "lookup/records.h"

/* The kernel's mark of a name that is no more. */
static const char deleted_mark[] = " (deleted)";

static bool
has_suffix(const char *text, const char *suffix)
{
	size_t length = strlen(text), tail = strlen(suffix);

	return length >= tail && strcmp(text + length - tail, suffix) == 0;
}

/* Is this the link of a terminal that is no more: "/dev/pts/3 (deleted)"? */
static bool
is_lost_terminal(const char *link)
{
	static const char prefix[] = "/dev/pts/";
	size_t digits;

	if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
		return false;
	link += sizeof(prefix) - 1;
	digits = strspn(link, "0123456789");
	return digits > 0 && strcmp(link + digits, deleted_mark) == 0;
}

static bool
has_lost_terminal(int task_fd)
{
	for (int fd = 0; fd <= 2; fd++) {
		char name[16], link[64];

		(void)snprintf(name, sizeof(name), "fd/%d", fd);
		if (files_read_link(task_fd, name, link, sizeof(link)) > 0 &&
		    is_lost_terminal(link))
			return true;
	}
	return false;
}

/* Does logind's own file of a session say that it is closing? */
static bool
is_closing(const char *text, size_t length)
{
	static const char line[] = "STATE=closing\n";
	const char *end = text + length;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (newline == NULL)
			return false;
		if ((size_t)(newline + 1 - text) == sizeof(line) - 1 &&
		    memcmp(text, line, sizeof(line) - 1) == 0)
			return true;
		text = newline + 1;
	}
	return false;
}

/* Without logind there are no such files. */
static bool
has_lost_session(const struct view *view, const char *session)
{
	char text[RECORDS_SESSION_MAX];
	ssize_t length = records_read_session(view, session, text, sizeof(text));

	return length == -ENOENT || (length > 0 && is_closing(text, (size_t)length));
}

/* Is this the service manager that takes over the user's orphans? */
static bool
is_manager(const struct view *view, int32_t pid, uint32_t uid)
{
	_close_ int fd = pid > 1 ? proc_open(view->host->proc_fd, pid) : -1;
	char cgroup[PLACE_PATH_MAX];
	struct proc_stat stat;

	if (pid == 1)
		return true;
	return fd >= 0 && proc_read_stat(fd, &stat) == 0 && stat.parent_pid == 1 &&
	    view_read_cgroup(view, fd, cgroup) && manager_is_place(cgroup, uid);
}

/* True where no service manager starts a process: it makes a scope for who is there already. */
static bool
is_in_scope(const struct place *place)
{
	const char *unit = place->user_unit[0] != '\0' ? place->user_unit : place->unit;

	return has_suffix(unit, ".scope") && strcmp(unit, "init.scope") != 0;
}

/* Where the main process of a unit is not known, as in those of users, this is: what a service
 * manager starts has a session of its own. */
static bool
is_not_main(const struct proc_stat *stat, const struct process *process)
{
	return process->main_pid != 0 ? process->main_pid != process->pid :
					stat->session_id != 0 && stat->session_id != process->pid;
}

static bool
has_lost_parent(const struct view *view, const struct proc_stat *stat,
    const struct process *process)
{
	const struct place *place = &process->place;

	return process->pid != 1 && place->container[0] == '\0' && place->unit[0] != '\0' &&
	    (is_in_scope(place) || is_not_main(stat, process)) &&
	    is_manager(view, stat->parent_pid, process->uid);
}

/* The mark may be a part of the name: a directory that is no more has no links. */
static bool
has_lost_directory(int task_fd, const char *cwd)
{
	struct statx file;

	return has_suffix(cwd, deleted_mark) && program_file_stat(task_fd, "cwd", 0, &file) == 0 &&
	    file.stx_nlink == 0;
}

void
outlived_read(const struct view *view, int task_fd, const struct proc_stat *stat,
    struct process *process)
{
	const struct {
		enum process_outlived bit;
		bool holds;
	} facts[] = {
		{ OUTLIVED_TERMINAL, has_lost_terminal(task_fd) },
		{ OUTLIVED_SESSION,
		    process->place.container[0] == '\0' &&
			has_lost_session(view, process->place.session) },
		{ OUTLIVED_PARENT, has_lost_parent(view, stat, process) },
		{ OUTLIVED_DIRECTORY, has_lost_directory(task_fd, process->cwd) },
	};

	process->outlived = 0;
	for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
		if (facts[i].holds)
			process->outlived |= (uint8_t)facts[i].bit;
}
