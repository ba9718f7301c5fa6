/* SPDX-License-Identifier: MIT */
/*
 * PID 1 as others are compared with: its namespaces, and where its cgroup tree begins. In a
 * container without a cgroup namespace of its own every path begins with the container's,
 * which says nothing about what runs in it.
 *
 * Cost: ten system calls a request, and those of known.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/file-systems.h"
#include "lookup/files.h"
#include "lookup/known.h"
#include "lookup/place.h"
#include "lookup/view.h"

/* What one request may read for checksums, in all. */
#define CHECKSUM_BYTES_MAX (256ULL << 20)

static void
read_namespace(int init_fd, const char *name, char text[VIEW_NAMESPACE_MAX])
{
	if (files_read_link(init_fd, name, text, VIEW_NAMESPACE_MAX) <= 0)
		text[0] = '\0';
}

/* Takes the part of PID 1's own cgroup from its path: systemd keeps itself in init.scope. */
static void
cut_own_cgroup(char *path)
{
	static const char own[] = "/init.scope";
	size_t length = strlen(path), suffix = sizeof(own) - 1;

	if (length >= suffix && strcmp(path + length - suffix, own) == 0)
		path[length - suffix] = '\0';
	if (strcmp(path, "/") == 0)
		path[0] = '\0';
}

static bool
read_cgroup(int task_fd, char *path)
{
	char text[PLACE_FILE_MAX];
	ssize_t length = files_read(task_fd, "cgroup", text, sizeof(text));

	return length > 0 && place_find_path(text, (size_t)length, path);
}

int
view_open(struct view *ret, const struct host *host)
{
	_close_ int init_fd = openat(host->proc_fd, "1", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PLACE_PATH_MAX] = "";

	*ret = (struct view){
		.host = host,
		.init_root_fd = -1,
		.checksum_left_bytes = CHECKSUM_BYTES_MAX,
	};
	if (init_fd >= 0) {
		ret->init_root_fd = openat(init_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
		read_namespace(init_fd, "ns/mnt", ret->init_mounts);
		read_namespace(init_fd, "ns/pid", ret->init_pids);
		read_namespace(init_fd, "ns/user", ret->init_users);
		if (!read_cgroup(init_fd, path))
			path[0] = '\0';
		cut_own_cgroup(path);
	}
	ret->systems = file_systems_new(host->proc_fd);
	ret->root_cgroup = strdup(path);
	if (ret->systems == NULL || ret->root_cgroup == NULL)
		return -ENOMEM;
	return known_refresh(host->known, ret->init_root_fd, ret->systems);
}

void
view_lacks_memory(const struct view *view)
{
	if (view->short_of_memory != NULL)
		*view->short_of_memory = true;
}

void
view_close(struct view *view)
{
	view->systems = file_systems_free(view->systems);
	free(view->root_cgroup);
	if (view->init_root_fd >= 0)
		(void)close(view->init_root_fd);
}

bool
view_read_cgroup(const struct view *view, int task_fd, char *path)
{
	size_t length = strlen(view->root_cgroup);

	if (!read_cgroup(task_fd, path))
		return false;
	if (strncmp(path, view->root_cgroup, length) == 0 &&
	    (path[length] == '/' || path[length] == '\0'))
		memmove(path, path + length, strlen(path + length) + 1);
	return true;
}

/* Can nobody but root make a cgroup in the one at path, which is in this tree? 0, 1 or -ENOENT. */
static int
is_roots(int tree_fd, const char *path)
{
	struct stat status;

	if (tree_fd < 0 ||
	    fstatat(tree_fd, path[0] == '/' ? path + 1 : path, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return -ENOENT;
	return status.st_uid == 0 && (status.st_mode & S_IWOTH) == 0 &&
	    ((status.st_mode & S_IWGRP) == 0 || status.st_gid == 0);
}

/*
 * Is the cgroup that holds the one at path, of so many bytes, root's? One that is gone is nobody's:
 * whoever may make it and take it away would win by that.
 */
static bool
is_below_roots(const struct view *view, const char *path, size_t length)
{
	const struct host *host = view->host;
	char parent[PLACE_PATH_MAX];
	int unified, systemd;

	while (length > 0 && path[length - 1] != '/')
		length--;
	/* Where no tree can be seen, nothing is known against it. */
	if ((host->cgroup_fd < 0 && host->systemd_fd < 0) || length <= 1)
		return true;
	memcpy(parent, path, length - 1);
	parent[length - 1] = '\0';
	unified = is_roots(host->cgroup_fd, parent);
	systemd = is_roots(host->systemd_fd, parent);
	return unified != 0 && systemd != 0 && (unified == 1 || systemd == 1);
}

int
view_parse_place(const struct view *view, const char *path, struct place *ret, size_t *ret_group)
{
	size_t group;
	int r = place_parse(path, ret, &group);

	if (r < 0 || ret->container_kind == CONTAINER_NONE || ret->user_unit[0] != '\0' ||
	    is_below_roots(view, path, group)) {
		*ret_group = r < 0 ? 0 : group;
		return r;
	}
	place_clear(ret);
	return place_parse_units(path, ret, ret_group);
}

bool
view_same_namespace(int task_fd, const char *name, const char *init)
{
	char own[VIEW_NAMESPACE_MAX];

	return init[0] != '\0' && files_read_link(task_fd, name, own, sizeof(own)) > 0 &&
	    strcmp(init, own) == 0;
}
