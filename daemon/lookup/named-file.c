/* SPDX-License-Identifier: MIT */
/*
 * What an interpreter, ld.so or qemu-user runs stands in a file that its arguments name. They are
 * its own words and may be overwritten, so nothing here excuses; but a file in memory, in /dev/shm,
 * in a temporary directory or one that others may write to is no better for being a script.
 *
 * A path begins where the process's own do: an absolute one at its root, a relative one at its
 * working directory by that link's text, which begins at the root of its mounts. What is said of
 * the file is what the file itself tells (its mode, its owner, the file system it is on as the
 * host has it), not what its path looks like. A program that changed its directory since it was
 * started may have left a relative path behind that leads nowhere, or elsewhere: only what is
 * there counts, and only as a weak reason.
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

/* Is that the host's /dev/shm, or on it? */
static bool
is_in_shm(const struct view *view, const struct statx *file)
{
	_close_ int fd = -1;
	struct statx shm;
	struct statfs system;

	if (file->stx_dev_major != 0 || view->init_root_fd < 0)
		return false;
	fd = path_open(view->init_root_fd, "/dev/shm");

	/* Where it is no file system of its own, that of the path is another thing's, too. */
	return fd >= 0 && program_file_stat(fd, "", AT_EMPTY_PATH, &shm) == 0 &&
	    shm.stx_dev_major == file->stx_dev_major && shm.stx_dev_minor == file->stx_dev_minor &&
	    (shm.stx_attributes_mask & shm.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 &&
	    fstatfs(fd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

/* Is that what the program reads its code from? */
static bool
is_script(const struct process *process, const char *argument)
{
	struct identity identity;
	const char *script;

	identity_find(process, &identity);
	return identity.loaded == argument || identity_input(process, &script) == INPUT_STDIN;
}

/* A file in memory, or code in a file in /dev/shm, that is open yet. */
static void
read_descriptor(struct subject *subject, const char *argument, int number)
{
	char name[32], link[FILES_LINK_MAX];
	struct statx file;

	(void)snprintf(name, sizeof(name), "fd/%d", number);
	if (files_read_link(subject->task_fd, name, link, sizeof(link)) <= 0 ||
	    program_file_stat(subject->task_fd, name, 0, &file) < 0 || !S_ISREG(file.stx_mode))
		return;
	if (evidence_is_memory(&file, link, 0, subject->view->host->memory_device))
		subject->process->script_evidence |= SCRIPT_IN_MEMORY;
	else if (is_script(subject->process, argument) && is_in_shm(subject->view, &file))
		subject->process->script_evidence |= SCRIPT_IN_SHM;
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
			read_descriptor(subject, at, number);
			return;
		}
	}
}

/* Skips "/proc/self/root" and its like, which is "/" for the process, and "/proc/self/cwd" and its
 * like: what follows is relative then. Other processes' are taken for its own. */
static const char *
skip_alias(const char *path)
{
	static const char proc[] = "/proc/", task[] = "task/", root[] = "root", cwd[] = "cwd";
	const char *at = path + sizeof(proc) - 1;

	if (strncmp(path, proc, sizeof(proc) - 1) != 0)
		return path;
	at += strspn(at, "0123456789abcdefghijklmnopqrstuvwxyz-");
	at += strspn(at, "/");
	if (strncmp(at, task, sizeof(task) - 1) == 0) {
		at += sizeof(task) - 1;
		at += strspn(at, "0123456789/");
	}
	if (strncmp(at, root, sizeof(root) - 1) == 0 && at[sizeof(root) - 1] == '/')
		return at + sizeof(root) - 1;
	if (strncmp(at, cwd, sizeof(cwd) - 1) == 0 && at[sizeof(cwd) - 1] == '/')
		return at + sizeof(cwd) - 1 + strspn(at + sizeof(cwd) - 1, "/");
	return path;
}

/* Opens it to be looked at. Returns a descriptor or -errno; -EINVAL where its path is not known,
 * -EACCES where the process may not follow it. */
static int
open_named(const struct subject *subject, const char *argument, bool *ret_open)
{
	const struct process *process = subject->process;
	const struct content_reader reader = subject_reader(subject);
	bool own_mounts = (process->evidence & EVIDENCE_OTHER_MOUNTS) != 0;
	int root_fd = subject->own_root_fd;
	struct path_trace trace;
	char path[OWNER_PATH_MAX];
	_close_ int fd = -1;

	*ret_open = false;
	for (const char *next = skip_alias(argument); next != argument; next = skip_alias(argument))
		argument = next;
	if (argument[0] != '/') {
		if (!program_script_path(process->cwd, argument, path, sizeof(path)))
			return -EINVAL;
		argument = path;
		root_fd = own_mounts ? subject->own_root_fd : subject->view->init_root_fd;
	}
	fd = path_open_for(&reader, root_fd, argument, &trace);
	*ret_open = trace.open;
	if (fd < 0)
		return fd;
	return trace.denied ? -EACCES : take_fd(&fd);
}

/* Notes what the file tells. Returns a descriptor of it, or -errno where it is neither a file nor
 * a directory, of which python and node run what is in it. */
static int
judge_named(const struct subject *subject, const char *argument, struct statx *ret)
{
	struct process *process = subject->process;
	bool open;
	_close_ int fd = open_named(subject, argument, &open);

	/* It has gone, or is not to be seen; but its whole path is known. */
	if ((fd == -ENOENT || fd == -EACCES || fd == -EREMOTE) && argument[0] == '/')
		process->script_evidence |= SCRIPT_PLACED;
	if (fd < 0)
		return fd;
	if (program_file_stat(fd, "", AT_EMPTY_PATH, ret) < 0 ||
	    (!S_ISREG(ret->stx_mode) && !S_ISDIR(ret->stx_mode)))
		return -ENOENT;
	process->script_evidence |= SCRIPT_PLACED;
	if (open)
		process->script_evidence |= SCRIPT_OPEN_PATH;
	if (evidence_is_open(ret, process->uid, subject->root_uid))
		process->script_evidence |= SCRIPT_OPEN;
	if (is_in_shm(subject->view, ret))
		process->script_evidence |= SCRIPT_IN_SHM;
	return take_fd(&fd);
}

/* What a wrapper runs: the program, which may be a copy of one that is known. */
static int
read_loaded(struct subject *subject, const char *argument)
{
	_close_ int fd = judge_named(subject, argument, &subject->loaded);
	const struct content_reader reader = subject_reader(subject);
	struct known_match match;

	if (fd < 0)
		return 0;
	subject->has_loaded = true;
	match = known_find(subject->view->host->known, &reader, fd, &subject->loaded);
	if (match.name == NULL || program_find(match.name) == program_find(program_name(argument)))
		return 0;
	return owner_text_set(&subject->process->known_as, match.name);
}

int
named_file_read(struct subject *subject)
{
	struct process *process = subject->process;
	struct identity identity;
	struct statx script;
	const char *argument;
	int fd, r = 0;

	identity_find(process, &identity);
	if (!identity.wrapped && !program_is_interpreter(identity.name))
		return 0;
	read_descriptors(subject);
	if (identity.loaded != NULL && !identity.searched)
		r = read_loaded(subject, identity.loaded);
	if (r < 0 || identity_input(process, &argument) != INPUT_SCRIPT || argument == NULL)
		return r;
	fd = judge_named(subject, argument, &script);
	if (fd >= 0)
		(void)close(fd);
	return 0;
}
