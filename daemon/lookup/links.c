/* SPDX-License-Identifier: MIT */
/*
 * Paths that rules name programs by, followed through the host's links: /bin, /usr/bin/java, what
 * an administrator made. Followed below PID 1's root, as PID 1 sees them, each time anew, since a
 * link may lead elsewhere the next time. Who may change a directory on the way may lead it
 * anywhere; that a process runs the file at the end is verified by itself (program-file.c).
 *
 * The text of where it ends is the kernel's, as that of /proc/PID/exe. Where the last name is
 * missing, its directory's path and the name are it: a program that was deleted is known by that.
 *
 * What it never does: open a file for more than its place (path.c).
 *
 * Cost: some 15 us a path; nothing where no rule names one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/links.h"
#include "lookup/path.h"
#include "model/link.h"

/* Follows a path. Returns the length of target (LINK_PATH_MAX bytes), or -errno. */
static ssize_t
follow(const struct view *view, const char *path, char *target)
{
	_close_ int fd = path_open(view->init_root_fd, path);
	char name[32];
	ssize_t length;

	if (fd < 0)
		return fd;
	(void)snprintf(name, sizeof(name), "self/fd/%d", fd);
	length = files_read_link(view->host->proc_fd, name, target, LINK_PATH_MAX);
	/* Whatever has no path, such as a pipe, is no program. */
	return length > 0 && target[0] != '/' ? -ENOENT : length;
}

/* Follows the directory of a path, whose last name does not exist. Returns as follow() does. */
static ssize_t
follow_directory(const struct view *view, char *path, char *target)
{
	char *slash = strrchr(path, '/');
	size_t rest = strlen(slash);
	ssize_t length;

	if (slash == path || slash[1] == '\0')
		return 0;
	*slash = '\0';
	length = follow(view, path, target);
	*slash = '/';
	if (length == 1)
		length = 0;
	if (length < 0 || (size_t)length + rest >= LINK_PATH_MAX)
		return length < 0 ? length : -ENAMETOOLONG;
	memcpy(target + length, slash, rest + 1);
	return length + (ssize_t)rest;
}

/* Where it leads: "" = nowhere, NULL = nobody can say. */
static const char *
find_target(const struct view *view, char *path, char *target)
{
	ssize_t length = view->init_root_fd < 0 ? -EBADF : follow(view, path, target);

	if (length == -ENOENT)
		length = follow_directory(view, path, target);
	if (length > 0)
		return target;
	return length == 0 || length == -ENOENT || length == -ENOTDIR ? "" : NULL;
}

size_t
links_answer(const struct view *view, struct wire_paths paths, uint32_t id, char *packet)
{
	char path[LINK_PATH_MAX], target[LINK_PATH_MAX];
	struct links_packet links;
	const char *text;
	size_t length;

	encode_links_begin(&links, packet, paths);
	while ((text = paths_next(&paths, &length)) != NULL) {
		memcpy(path, text, length);
		path[length] = '\0';
		encode_link(&links, text, length, find_target(view, path, target));
	}
	return encode_links_end(&links, id);
}
