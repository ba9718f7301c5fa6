/* SPDX-License-Identifier: MIT */
/*
 * What a shell for somebody elsewhere looks like: its standard input, output or error is a
 * socket of the Internet's. The link in /proc/PID/fd says only that it is a socket; which
 * protocol's the kernel says in an extended attribute of the link's target ("TCP", "UNIX"),
 * with no capability more than the link takes. A service whose output goes to the journal has
 * UNIX there.
 *
 * getxattr(2) takes a path: that of our own descriptor of /proc/PID, so that a number that
 * was given to another process cannot be meant.
 *
 * A listener that starts shells is known by its children; at most CHILDREN_MAX of them are
 * examined, of at most THREADS_MAX of its threads. Where the kernel has no lists of children
 * (CONFIG_PROC_CHILDREN) nothing is seen.
 *
 * Cost: three links, 2 us each; 20 us a child.
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
#include "lookup/files.h"
#include "lookup/proc.h"
#include "lookup/shell.h"
#include "model/program.h"

#define CHILDREN_MAX 64
#define THREADS_MAX  64

static bool
is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* The name of the protocol of a socket, as struct proto has it; false where it is none. */
static bool
read_protocol(int task_fd, int fd, char *name, size_t size)
{
	char path[64], link[64];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "fd/%d", fd);
	if (files_read_link(task_fd, path, link, sizeof(link)) <= 0 ||
	    files_socket_inode(link) == 0)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/fd/%d", task_fd, fd);
	length = getxattr(path, "system.sockprotoname", name, size - 1);
	if (length <= 0)
		return false;
	name[length] = '\0';
	return true;
}

bool
shell_has_network_stdio(int task_fd)
{
	static const char *const protocols[] = { "TCP", "TCPv6", "UDP", "UDPv6", "UDP-Lite",
		"UDPLITEv6", "MPTCP", "MPTCPv6", "SCTP", "SCTPv6", "DCCP", "DCCPv6", "RAW", "RAWv6",
		"PING", "PINGv6", "SMC", "SMC6", "L2TP/IP", "L2TP/IPv6" };
	char name[64];

	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (read_protocol(task_fd, fd, name, sizeof(name)) &&
		    is_listed(name, protocols, ARRAY_SIZE(protocols)))
			return true;
	return false;
}

bool
shell_is_program(const char *exe, const char *arguments, size_t length)
{
	return program_is_shell(program_applet(exe, arguments, length));
}

/* Is process number child, a child of pid's, a shell that talks to the network? */
static bool
is_network_shell(const struct view *view, int32_t child, int32_t pid)
{
	_close_ int fd = proc_open(view->host->proc_fd, child);
	char exe[FILES_LINK_MAX], arguments[256];
	struct proc_stat stat;
	ssize_t length;

	if (fd < 0 || files_read_link(fd, "exe", exe, sizeof(exe)) <= 0)
		return false;
	files_cut_deleted(exe);
	length = files_read(fd, "cmdline", arguments, sizeof(arguments) - 1);
	if (length < 0)
		length = 0;
	arguments[length] = '\0';
	return shell_is_program(exe, arguments, (size_t)length) && shell_has_network_stdio(fd) &&
	    proc_read_stat(fd, &stat) == 0 && stat.parent_pid == pid;
}

/* Examines the children of one thread. *left is how many more may be examined. */
static bool
has_network_shell(const struct view *view, int tasks_fd, const char *tid, int32_t pid,
    unsigned *left)
{
	char name[64], text[CHILDREN_MAX * 12], *save = NULL;
	ssize_t length;

	(void)snprintf(name, sizeof(name), "%s/children", tid);
	length = files_read(tasks_fd, name, text, sizeof(text) - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	for (char *child = strtok_r(text, " ", &save); child != NULL && *left > 0;
	     child = strtok_r(NULL, " ", &save), (*left)--) {
		int32_t number = files_number(child);

		if (number > 0 && is_network_shell(view, number, pid))
			return true;
	}
	return false;
}

bool
shell_is_child(const struct view *view, int process_fd, int32_t pid)
{
	_closedir_ DIR *directory = files_open_directory(process_fd, "task");
	unsigned children = CHILDREN_MAX, threads = THREADS_MAX;
	struct dirent *entry;

	if (directory == NULL)
		return false;
	while (children > 0 && threads > 0 && (entry = readdir(directory)) != NULL) {
		if (files_number(entry->d_name) <= 0)
			continue;
		threads--;
		if (has_network_shell(view, dirfd(directory), entry->d_name, pid, &children))
			return true;
	}
	return false;
}
