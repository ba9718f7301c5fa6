/* SPDX-License-Identifier: MIT */
/*
 * What an interpreter, ld.so or qemu-user runs stands in a file that its arguments name. They are
 * its own words and may be overwritten, so nothing here excuses; but a file in memory, in /dev/shm,
 * in a temporary directory or one that others may write to is no better for being a script.
 *
 * A path begins where the process's own do: an absolute one at its root, a relative one at its
 * working directory by that link's text, which begins at the root of its mounts. What is said of the
 * file is what the file itself tells (its mode, its owner, the file system it is on as the host has
 * it), not what its path looks like. A program that changed its directory since it was started may
 * have left a relative path behind that leads nowhere, or elsewhere: only what is there counts, and
 * only as a weak reason.
 *
 * Cost: some 15 us for an interpreter; nothing for others.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/evidence.h"
#include "lookup/files.h"
#include "lookup/known.h"
#include "lookup/named-file.h"
#include "lookup/path.h"
#include "model/identity.h"

int
named_file_descriptor(const char *path)
{
	static const char *const prefixes[] = { "/proc/self/fd/", "/proc/thread-self/fd/",
		"/dev/fd/" };
	char *end;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t length = strlen(prefixes[i]);
		long number;

		if (strncmp(path, prefixes[i], length) != 0 || path[length] < '0' ||
		    path[length] > '9')
			continue;
		errno = 0;
		number = strtol(path + length, &end, 10);
		return *end == '\0' && errno == 0 && number <= INT32_MAX ? (int)number : -1;
	}
	return -1;
}

/* Is the descriptor, which is open yet, a file in memory? */
static void
read_descriptor(struct subject *subject, int number)
{
	char name[32], link[FILES_LINK_MAX];
	struct statx file;

	(void)snprintf(name, sizeof(name), "fd/%d", number);
	if (files_read_link(subject->task_fd, name, link, sizeof(link)) > 0 &&
	    program_file_stat(subject->task_fd, name, 0, &file) == 0 && S_ISREG(file.stx_mode) &&
	    evidence_is_memory(&file, link, 0, subject->view->host->memory_device))
		subject->process->script_evidence |= SCRIPT_IN_MEMORY;
}

/* An argument that stands for a descriptor: code from there, or a program in memory. */
static void
read_descriptors(struct subject *subject)
{
	const struct process *process = subject->process;
	const char *end = process->cmdline + process->cmdline_length;

	for (const char *at = process->cmdline; at < end; at += strlen(at) + 1) {
		int number = named_file_descriptor(at);

		if (number >= 0) {
			read_descriptor(subject, number);
			return;
		}
	}
}

/* Is that the host's /dev/shm, or on it? */
static bool
is_in_shm(const struct view *view, const struct statx *file)
{
	_close_ int fd = path_open(view->init_root_fd, "/dev/shm");
	struct statx shm;
	struct statfs system;

	/* Where it is no file system of its own, that of the path is another thing's, too. */
	return fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &shm) == 0 &&
	    shm.stx_dev_major == file->stx_dev_major && shm.stx_dev_minor == file->stx_dev_minor &&
	    (shm.stx_attributes_mask & shm.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
	    fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

static int
open_named(const struct subject *subject, const char *argument, const char *path, bool *ret_open)
{
	bool own_mounts = (subject->process->evidence & EVIDENCE_OTHER_MOUNTS) != 0;

	if (argument[0] == '/')
		return path_open_checked(subject->own_root_fd, argument, ret_open);
	return path_open_checked(own_mounts ? subject->own_root_fd : subject->view->init_root_fd,
	    path, ret_open);
}

/* What the file tells. */
static void
judge_file(struct subject *subject, bool open)
{
	struct process *process = subject->process;
	const struct statx *file = &subject->script;

	process->script_evidence |= SCRIPT_PLACED;
	if (open)
		process->script_evidence |= SCRIPT_OPEN_PATH;
	if (evidence_is_open(file, process->uid, subject->root_uid))
		process->script_evidence |= SCRIPT_OPEN;
	if (file->stx_dev_major == 0 && subject->view->init_root_fd >= 0 &&
	    is_in_shm(subject->view, file))
		process->script_evidence |= SCRIPT_IN_SHM;
}

/* ld.so /tmp/x, where x is a copy of bash. */
static int
read_known(struct subject *subject, int fd)
{
	char name[32];
	struct known_match match;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	match = known_find(subject->view->host->known, AT_FDCWD, name, &subject->script);
	return match.name == NULL ? 0 : owner_text_set(&subject->process->known_as, match.name);
}

int
named_file_read(struct subject *subject)
{
	struct process *process = subject->process;
	struct identity identity;
	const char *argument;
	char path[OWNER_PATH_MAX];
	bool open = false;
	_close_ int fd = -1;

	identity_find(process, &identity);
	if (!identity.wrapped && !program_is_interpreter(identity.name))
		return 0;
	read_descriptors(subject);
	(void)identity_input(process, &argument);
	if (!identity_script_path(process, path, sizeof(path)))
		return 0;
	fd = open_named(subject, argument, path, &open);
	if (fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &subject->script) == 0 &&
	    S_ISREG(subject->script.stx_mode)) {
		judge_file(subject, open);
		return identity.loaded == argument ? read_known(subject, fd) : 0;
	}
	subject->script.stx_mask = 0;
	/* It has gone, but not from its whole path. */
	if (fd == -ENOENT && argument[0] == '/')
		process->script_evidence |= SCRIPT_PLACED;
	return 0;
}
