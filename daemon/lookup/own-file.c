/* SPDX-License-Identifier: MIT */
/*
 * A program that the service's own account may change is what an intruder brings along, as all he
 * can write is what that account can. And the path of a program is text where the process's mounts
 * are not PID 1's: what is mounted over /usr/sbin/apache2 may lie in /dev/shm. Where the file that
 * runs is not the one PID 1 sees under that path, its place is found by the mounts: the file system
 * and the path inside it, compared with those of PID 1's /dev/shm, /tmp and /var/tmp.
 *
 * Mounts of one's own take either root or a user namespace of one's own. Of the latter root's are
 * told apart by the map of users: only who is root outside may map the host's root (user_namespaces
 * (7)), as systemd does for PrivateUsers=.
 *
 * The time at which a file changed (ctime) is the kernel's; nobody sets it but with the clock.
 *
 * Cost: nothing for most; two tables of mounts, 100 us and more, for a program that is not PID 1's
 * in mounts of its own and no container's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "lookup/files.h"
#include "lookup/mounts.h"
#include "lookup/own-file.h"
#include "lookup/records.h"

#define MAP_MAX 4096

bool
own_file_maps_root(const char *text, size_t length)
{
	char copy[MAP_MAX + 1], *save = NULL;

	if (length > MAP_MAX)
		length = MAP_MAX;
	memcpy(copy, text, length);
	copy[length] = '\0';
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *end, *rest;

		(void)strtoul(line, &end, 10);
		/* Inside, outside, how many. */
		if (end != line && strtoul(end, &rest, 10) == 0 && rest != end &&
		    strtoul(rest, NULL, 10) > 0)
			return true;
	}
	return false;
}

static bool
has_own_users(int task_fd, const struct process *process)
{
	char text[MAP_MAX];
	ssize_t length;

	/* Who is the host's root needs no namespace to be it. */
	if ((process->evidence & EVIDENCE_OTHER_USERS) == 0 || process->uid == 0)
		return false;
	length = files_read(task_fd, "uid_map", text, sizeof(text));
	return length < 0 || !own_file_maps_root(text, (size_t)length);
}

/* May the process's user, who is not root, write to the file? */
static bool
is_own(const struct statx *file, const struct process *process)
{
	bool in_group = file->stx_gid == process->gid;

	for (uint32_t i = 0; i < process->group_count; i++)
		in_group = in_group || file->stx_gid == process->groups[i];
	if (process->uid == 0 || process->uid == UINT32_MAX)
		return false;
	return file->stx_uid == process->uid || (file->stx_mode & S_IWOTH) != 0 ||
	    ((file->stx_mode & S_IWGRP) != 0 && in_group && file->stx_gid != 0);
}

/* Where those directories are that everybody may write to, and what it means to be in one. */
static const struct {
	const char *path;
	uint32_t evidence;
} places[] = {
	{ "/dev/shm", EVIDENCE_EXE_SHM },
	{ "/run/shm", EVIDENCE_EXE_SHM },
	{ "/tmp", EVIDENCE_EXE_TEMPORARY },
	{ "/var/tmp", EVIDENCE_EXE_TEMPORARY },
};

static bool
is_below(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 && path[length] == '/';
}

/* The place of the file by its mounts, as the host has it. */
static uint32_t
read_place(const struct view *view, int task_fd, const char *exe)
{
	char file[2 * FILES_LINK_MAX], directory[2 * FILES_LINK_MAX];
	uint64_t id;
	int r = mounts_locate_by(task_fd, "mountinfo", exe, file, sizeof(file), &id);

	if (r == -ENOMEM)
		view_lacks_memory(view);
	for (size_t i = 0; i < ARRAY_SIZE(places) && r == 0; i++) {
		int at = mounts_locate_by(view->host->proc_fd, "1/mountinfo", places[i].path,
		    directory, sizeof(directory), &id);

		if (at == -ENOMEM)
			view_lacks_memory(view);
		if (at == 0 && is_below(file, directory))
			return places[i].evidence;
	}
	return 0;
}

/* The place by its path, which is the host's. */
static uint32_t
place_by_path(const char *exe)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (is_below(exe, places[i].path))
			return places[i].evidence;
	return 0;
}

void
own_file_read_users(int task_fd, struct process *process)
{
	if (has_own_users(task_fd, process))
		process->evidence |= EVIDENCE_OWN_USERS;
}

void
own_file_read(const struct view *view, int task_fd, const struct program_file *program,
    const struct main_facts *main, struct process *process)
{
	bool own_mounts = (process->evidence & EVIDENCE_OTHER_MOUNTS) != 0;

	/* A user may call a cgroup below the own manager a container. */
	if (process->exe[0] == '/' &&
	    (process->place.container_kind == CONTAINER_NONE ||
		process->place.user_unit[0] != '\0'))
		process->evidence |= !own_mounts || process->exe_trust != EXE_UNVERIFIED ?
		    place_by_path(process->exe) :
		    read_place(view, task_fd, process->exe);
	if (program->error < 0)
		return;
	if (is_own(&program->file, process))
		process->evidence |= EVIDENCE_EXE_OWN;
	if (main->start_usec != 0 &&
	    records_boottime(program->file.stx_ctime.tv_sec, program->file.stx_ctime.tv_nsec) >
		main->start_usec)
		process->evidence |= EVIDENCE_EXE_NEW;
}
