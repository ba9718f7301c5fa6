/* SPDX-License-Identifier: MIT */
/*
 * In a user namespace of one's own anybody may mount a file over /usr/sbin/sshd, run it, and it has
 * that path: a disguise without a title. What the host has under that path is asked by PID 1's
 * root; what runs is known by device and inode.
 *
 * Images have the same paths, too: in flatpak, bubblewrap, apptainer and rootless podman
 * /usr/bin/python3 is the image's. There the whole root is another one, or the whole /usr. So a
 * path is covered only if a directory on its way, from the prefix on (/usr, /usr/local), is the
 * host's very own: then a file or a directory was put into the host's tree. And only directories
 * that packages share count (/usr/bin, not /usr/lib/jvm/java-17), unless the file's own directory
 * is the host's.
 *
 * What is not seen: a prefix that was replaced as a whole, which is what images do; a process that
 * left the root of its mounts, by which alone the path could be followed; root's mounts.
 *
 * A file of root's is no disguise under its own name, which its mount tells, or that of another
 * version: overlays have such. Under another program's name it is: perl for sshd.
 *
 * Cost: nothing for most; some 20 us for a program that is not PID 1's in a user namespace and
 * mounts of its own, and a table of mounts more, 100 us, if it is root's and not the host's.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lookup/covered.h"
#include "lookup/files.h"
#include "lookup/mounts.h"
#include "lookup/path.h"
#include "model/claim.h"
#include "model/identity.h"
#include "model/program.h"

/* What the kernel shows for a user that a namespace has no number for. */
#define OVERFLOW_UID 65534

/* Where packages put programs side by side. */
static const char *const shared[] = { "/usr/bin/", "/usr/sbin/", "/usr/local/bin/",
	"/usr/local/sbin/", "/usr/libexec/", "/usr/lib/systemd/", "/usr/lib/openssh/", "/bin/",
	"/sbin/", "/lib/systemd/" };

/* What an image replaces as a whole; the longest first. */
static const char *const prefixes[] = { "/usr/local/", "/usr/", "/bin/", "/sbin/", "/lib/" };

static bool
has_prefix(const char *path, const char *prefix)
{
	return strncmp(path, prefix, strlen(prefix)) == 0;
}

static bool
is_shared(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (has_prefix(path, shared[i]))
			return true;
	return false;
}

/* The bytes of the path up to where the host's own tree may begin; 0 = no system directory. */
static size_t
prefix_length(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (has_prefix(path, prefixes[i]))
			return strlen(prefixes[i]) - 1;
	return 0;
}

bool
covered_may_be(const struct process *process, enum process_evidence users)
{
	const uint32_t own = EVIDENCE_OTHER_MOUNTS | (uint32_t)users;

	return (process->evidence & own) == own &&
	    (process->place.container_kind == CONTAINER_NONE ||
		process->place.user_unit[0] != '\0');
}

static bool
stat_below(const struct subject *subject, int root_fd, const char *path, struct statx *ret)
{
	const struct content_reader reader = subject_reader(subject);
	struct path_trace trace;
	_close_ int fd = path_open_for(&reader, root_fd, path, &trace);

	return fd >= 0 && !trace.denied && program_file_stat(fd, "", AT_EMPTY_PATH, ret) == 0;
}

/* Is the directory, the first bytes of the path, the host's to the process, too? */
static bool
is_hosts(const struct subject *subject, const char *path, size_t length)
{
	char directory[OWNER_PATH_MAX];
	struct statx own, host;

	memcpy(directory, path, length);
	directory[length] = '\0';
	return stat_below(subject, subject->own_root_fd, directory, &own) &&
	    stat_below(subject, subject->view->init_root_fd, directory, &host) &&
	    program_file_is_same(&own, &host);
}

/* Was it put into the host's own tree? */
static bool
is_in_hosts_tree(const struct subject *subject, const char *path)
{
	size_t last = (size_t)(strrchr(path, '/') - path), length = prefix_length(path);

	if (last >= OWNER_PATH_MAX || length == 0)
		return false;
	if (is_hosts(subject, path, last))
		return true;
	while (is_shared(path) && length < last) {
		if (is_hosts(subject, path, length))
			return true;
		length += 1 + strcspn(path + length + 1, "/");
	}
	return false;
}

/* Has the host a program there that root alone may change? */
static bool
is_system_program(const struct subject *subject, const char *path, struct statx *ret)
{
	const struct content_reader reader = subject_reader(subject);
	struct path_trace trace;
	_close_ int fd = path_open_for(&reader, subject->view->init_root_fd, path, &trace);

	return fd >= 0 && !trace.denied && trace.owned &&
	    program_file_stat(fd, "", AT_EMPTY_PATH, ret) == 0 && S_ISREG(ret->stx_mode) &&
	    (ret->stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0 && ret->stx_uid == 0 &&
	    (ret->stx_mode & S_IWOTH) == 0;
}

/* Is it somebody's file? Of a number that is none, only if the process has that number itself. */
static bool
is_somebodys(const struct process *process, const struct statx *file)
{
	return file->stx_uid != 0 &&
	    (file->stx_uid != OVERFLOW_UID || process->uid == OVERFLOW_UID);
}

/* Is it a file of root's that has another program's name in its own file system? */
static bool
is_misnamed(const struct subject *subject, const char *path)
{
	char place[2 * FILES_LINK_MAX];
	const char *name = program_name(path), *own;
	uint64_t id;
	int r = mounts_locate_by(subject->task_fd, "mountinfo", path, place, sizeof(place), &id);

	if (r == -ENOMEM)
		view_lacks_memory(subject->view);
	if (r < 0)
		return false;
	own = program_name(place);
	return !claim_is_family(name, own) &&
	    (program_find(name) == NULL || program_find(name) != program_find(own));
}

bool
covered_is(const struct subject *subject, const char *path, const struct statx *file)
{
	struct statx host;

	return covered_may_be(subject->process, EVIDENCE_OWN_USERS) && prefix_length(path) > 0 &&
	    subject->own_root_fd >= 0 && subject->view->init_root_fd >= 0 &&
	    is_system_program(subject, path, &host) && !program_file_is_same(&host, file) &&
	    is_in_hosts_tree(subject, path) &&
	    (is_somebodys(subject->process, file) || is_misnamed(subject, path));
}

void
covered_read(const struct subject *subject)
{
	struct process *process = subject->process;
	char script[OWNER_PATH_MAX];
	struct statx file;

	if (!covered_may_be(process, EVIDENCE_OWN_USERS))
		return;
	if (subject->program->error == 0 && process->exe_trust == EXE_UNVERIFIED &&
	    covered_is(subject, process->exe, &subject->program->file))
		process->evidence |= EVIDENCE_EXE_COVERS;
	if (identity_script_path(process, script, sizeof(script)) &&
	    stat_below(subject, subject->own_root_fd, script, &file) && S_ISREG(file.stx_mode) &&
	    covered_is(subject, script, &file))
		process->script_evidence |= SCRIPT_COVERS;
}
