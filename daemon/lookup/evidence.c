/* SPDX-License-Identifier: MIT */
/*
 * Facts that an alert is judged by, each as the kernel tells it and none a judgement. What
 * cannot be read sets no bit: the absence of a bit says nothing.
 *
 * Paths in /proc/PID/exe begin at the root of the process's mount namespace. For a process
 * with PID 1's mounts that is PID 1's root, whatever chroot(2) it made; for another one its
 * own root is the nearest there is. What the process says of itself is called.c's, what its
 * arguments name named-file.c's, what its content says known.c's.
 *
 * The file system's type is asked only where a file lies on no block device, since that can be
 * a server's to answer.
 *
 * Cost: some twenty system calls, about 30 us; twice as much for a program in mounts of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/content.h"
#include "lookup/evidence.h"
#include "lookup/file-systems.h"
#include "lookup/files.h"
#include "lookup/known.h"
#include "lookup/path.h"
#include "lookup/place.h"
#include "lookup/shell.h"
#include "lookup/upgrade.h"
#include "model/program.h"

/* ---- the pure part ------------------------------------------------------------------------ */

bool
evidence_is_open(const struct statx *file, uint32_t uid, uint32_t root_uid)
{
	/* Groups of root's, and a user's private one, which has his number. */
	bool own_group =
	    file->stx_gid == 0 || file->stx_gid == root_uid || file->stx_gid == file->stx_uid;

	return (file->stx_mode & S_IWOTH) != 0 || ((file->stx_mode & S_IWGRP) != 0 && !own_group) ||
	    (file->stx_uid != 0 && file->stx_uid != root_uid && file->stx_uid != uid);
}

bool
evidence_is_memory(const struct statx *file, const char *text, uint64_t type,
    uint64_t memory_device)
{
	static const char prefix[] = "/memfd:";
	uint64_t device = (uint64_t)file->stx_dev_major << 32 | file->stx_dev_minor;
	bool named = strncmp(text, prefix, sizeof(prefix) - 1) == 0;

	if (file->stx_nlink != 0)
		return false;
	/* With large pages it is on another mount of the kernel's own. */
	return (memory_device != 0 && device == memory_device) ||
	    (named && (type == HUGETLBFS_MAGIC || (memory_device == 0 && type == TMPFS_MAGIC)));
}

bool
evidence_is_update(const struct statx *before, const struct statx *now, uint32_t root_uid)
{
	return S_ISREG(now->stx_mode) && (now->stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0 &&
	    !evidence_is_open(now, before->stx_uid, root_uid);
}

bool
evidence_is_nameless(const char *name, uint64_t type)
{
	static const char prefix[] = ".nfs";
	const char *digits = name + sizeof(prefix) - 1;

	return type == NFS_SUPER_MAGIC && strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
	    digits[0] != '\0' && digits[strspn(digits, "0123456789abcdef")] == '\0';
}

uint32_t
evidence_parse_root(const char *text, size_t length)
{
	char copy[4096];
	char *save = NULL;

	if (length >= sizeof(copy))
		length = sizeof(copy) - 1;
	memcpy(copy, text, length);
	copy[length] = '\0';
	for (char *line = strtok_r(copy, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *end;
		unsigned long inside = strtoul(line, &end, 10), outside = strtoul(end, NULL, 10);

		if (end != line && inside == 0 && outside < UINT32_MAX)
			return (uint32_t)outside;
	}
	return UINT32_MAX;
}

/* ---- the program file --------------------------------------------------------------------- */

static uint32_t
read_root_uid(int task_fd)
{
	char text[4096];
	ssize_t length = files_read(task_fd, "uid_map", text, sizeof(text));

	return length > 0 ? evidence_parse_root(text, (size_t)length) : 0;
}

/* The type of the program's file system; 0 where it is on a block device, or not known. */
static uint64_t
read_system_type(const struct subject *subject)
{
	_close_ int fd = -1;
	struct statx file;

	if (subject->program->error == 0 && subject->program->file.stx_dev_major != 0)
		return 0;
	fd = openat(subject->task_fd, "exe", O_PATH | O_CLOEXEC);
	if (fd < 0 || program_file_stat(fd, "", AT_EMPTY_PATH, &file) < 0)
		return 0;
	return file_systems_type(subject->view->systems, fd, &file);
}

/* Root's number beside 0: a container's root is one, who made himself root elsewhere is none. */
static uint32_t
containers_root(const struct subject *subject)
{
	return subject->process->place.container_kind != CONTAINER_NONE ? subject->root_uid : 0;
}

/* Notes who may write to the directories that lead to the program. */
static void
take_rights(const struct subject *subject, const struct path_rights *rights)
{
	const struct statx *file = &subject->program->file;
	uint32_t root_uid = containers_root(subject);
	bool roots = subject->program->error == 0 &&
	    (file->stx_uid == 0 || file->stx_uid == root_uid) && (file->stx_mode & S_IWOTH) == 0 &&
	    ((file->stx_mode & S_IWGRP) == 0 || file->stx_gid == 0 || file->stx_gid == root_uid);

	if (rights->open)
		subject->process->evidence |= EVIDENCE_EXE_OPEN_PATH;
	if (roots && rights->owned)
		subject->process->evidence |= EVIDENCE_EXE_ROOTS;
}

/* What stands under the program's path now, and what leads there. */
static void
read_path(const struct subject *subject)
{
	struct process *process = subject->process;
	bool own_mounts = (process->evidence & EVIDENCE_OTHER_MOUNTS) != 0;
	_close_ int fd = -1;
	int root_fd = subject->view->init_root_fd;
	struct path_rights rights = { .root_uid = containers_root(subject) };
	struct statx now;

	if (process->exe[0] != '/' || (process->evidence & EVIDENCE_EXE_IN_MEMORY) != 0)
		return;
	/* It was just followed from PID 1's root. */
	if (process->exe_trust == EXE_SAME && !own_mounts) {
		take_rights(subject, &subject->program->rights);
		return;
	}
	if (own_mounts)
		root_fd = subject->own_root_fd;
	if (root_fd < 0)
		return;
	fd = path_open_judged(root_fd, process->exe, &rights);
	take_rights(subject, &rights);
	if (!process->exe_deleted || rights.open || subject->program->error < 0)
		return;
	if ((fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &now) == 0 &&
		evidence_is_update(&subject->program->file, &now, subject->root_uid)) ||
	    upgrade_is_beside(subject->view->systems, root_fd, process->exe,
		&subject->program->file, subject->root_uid, evidence_is_update))
		process->evidence |= EVIDENCE_EXE_UPDATED;
}

static void
read_file(const struct subject *subject)
{
	const struct program_file *program = subject->program;
	struct process *process = subject->process;
	uint64_t type = read_system_type(subject);

	if (program->error == -EACCES || type == FILE_SYSTEM_FUSE)
		process->evidence |= EVIDENCE_EXE_HIDDEN_MOUNT;
	if (program->error < 0)
		return;
	process->evidence |= EVIDENCE_EXE_KNOWN;
	process->exe_uid = program->file.stx_uid;
	process->exe_mode = program->file.stx_mode;
	process->exe_device =
	    (uint64_t)program->file.stx_dev_major << 32 | program->file.stx_dev_minor;
	process->exe_inode = program->file.stx_ino;
	if (evidence_is_memory(&program->file, process->exe, type,
		subject->view->host->memory_device))
		process->evidence |= EVIDENCE_EXE_IN_MEMORY;
	if (evidence_is_open(&program->file, process->uid, subject->root_uid))
		process->evidence |= EVIDENCE_EXE_OPEN;
	if (evidence_is_nameless(program_name(process->exe), type))
		process->evidence |= EVIDENCE_EXE_NAMELESS;
}

/* Which of the host's programs the file is a copy of. */
static int
read_known(const struct subject *subject)
{
	const struct program_file *program = subject->program;
	struct process *process = subject->process;
	const struct content_reader reader = { .systems = subject->view->systems };
	_close_ int fd = openat(subject->task_fd, "exe", O_PATH | O_CLOEXEC);
	struct known_match match;

	if (program->error < 0 || fd < 0)
		return 0;
	match = known_find(subject->view->host->known, &reader, fd, &program->file);
	if (match.name == NULL)
		return 0;
	if (match.appended)
		process->evidence |= EVIDENCE_EXE_APPENDED;
	else if (program_find(match.name) == program_find(program_name(process->exe)))
		return 0;
	return owner_text_set(&process->known_as, match.name);
}

/* ---- namespaces --------------------------------------------------------------------------- */

static void
read_namespaces(const struct subject *subject)
{
	const struct view *view = subject->view;
	const struct {
		const char *name, *init;
		uint32_t evidence;
	} namespaces[] = {
		{ "ns/mnt", view->init_mounts, EVIDENCE_OTHER_MOUNTS },
		{ "ns/pid", view->init_pids, EVIDENCE_OTHER_PIDS },
		{ "ns/user", view->init_users, EVIDENCE_OTHER_USERS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		char own[VIEW_NAMESPACE_MAX];

		if (namespaces[i].init[0] != '\0' &&
		    files_read_link(subject->task_fd, namespaces[i].name, own, sizeof(own)) > 0 &&
		    strcmp(own, namespaces[i].init) != 0)
			subject->process->evidence |= namespaces[i].evidence;
	}
}

int
evidence_read(struct subject *subject)
{
	struct process *process = subject->process;
	char path[PLACE_PATH_MAX];
	int r;

	read_namespaces(subject);
	if ((process->evidence & EVIDENCE_OTHER_USERS) != 0)
		subject->root_uid = read_root_uid(subject->task_fd);
	read_file(subject);
	read_path(subject);
	r = read_known(subject);
	if (r < 0)
		return r;
	shell_read(subject->view, subject->process_fd, subject->task_fd,
	    view_read_cgroup(subject->view, subject->task_fd, path) ? path : NULL, process);
	return 0;
}
