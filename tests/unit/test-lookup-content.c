/* SPDX-License-Identifier: MIT */
/*
 * What of the paths that a process names is read for it: with files, devices, file systems and
 * users as they are. What needs root is skipped without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-child.h"
#include "lookup/content.h"
#include "lookup/path.h"
#include "skip.h"

#define STRANGER 54321

static struct file_systems *systems;
static int proc_fd;
static struct process alice = { .uid = STRANGER, .gid = STRANGER };

static int
content_setup(void **state)
{
	proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	systems = file_systems_new(proc_fd);
	return systems == NULL || proc_fd < 0 ? -1 : fixture_setup(state);
}

static int
content_teardown(void **state)
{
	systems = file_systems_free(systems);
	(void)close(proc_fd);
	return fixture_teardown(state);
}

/* Opens the path to be read, for that process. Returns 0 or -errno. */
static int
read_for(const struct process *process, bool raised, const char *path)
{
	const struct content_reader reader = { systems, process, raised };
	_close_ int fd = open(path, O_PATH | O_CLOEXEC);
	_close_ int opened = fd < 0 ? -errno : content_open(&reader, fd);

	return opened < 0 ? opened : 0;
}

/* Follows it. Returns 0, 1 where the process may not, or -errno. */
static int
follow_for(const struct process *process, const char *path)
{
	const struct content_reader reader = { systems, process, false };
	_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct path_trace trace;
	_close_ int fd = path_open_for(&reader, root_fd, path, &trace);

	return fd < 0 ? fd : trace.denied;
}

static void
make_named(struct fixture *fixture, const char *name, mode_t mode, char path[256])
{
	_close_ int fd = -1;

	(void)snprintf(path, 256, "%s/%s", fixture->directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static void
test_modes(void **state)
{
	const struct process root = { .uid = 0 }, nobody = { .uid = UINT32_MAX };
	struct process member = { .uid = STRANGER, .gid = STRANGER, .group_count = 1 };
	static const struct {
		mode_t mode;
		int others, members, raised;
	} cases[] = {
		{ 0644, 0, 0, 0 },
		{ 0640, -EACCES, 0, -EACCES },
		{ 0604, 0, -EACCES, -EACCES },
		{ 0600, -EACCES, -EACCES, -EACCES },
	};
	struct fixture *fixture = *state;
	char path[256];

	need_root();
	member.groups[0] = 12345;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make_named(fixture, "file", cases[i].mode, path);
		assert_int_equal(chown(path, 0, 12345), 0);
		assert_int_equal(read_for(&alice, false, path), cases[i].others);
		assert_int_equal(read_for(&member, false, path), cases[i].members);
		/* A setuid program's arguments are another's. */
		assert_int_equal(read_for(&root, true, path), cases[i].raised);
		assert_int_equal(read_for(&nobody, false, path), cases[i].raised);
		assert_int_equal(read_for(&root, false, path), 0);
		/* What runs. */
		assert_int_equal(read_for(NULL, false, path), 0);
		assert_int_equal(chown(path, STRANGER, 0), 0);
		assert_int_equal(read_for(&alice, false, path), 0);
		assert_int_equal(unlink(path), 0);
	}
}

/* With a list nobody but the owner is let in by the mode: it may say otherwise. */
static void
test_list(void **state)
{
	/* Version 2; user::rw- user:54321:--- group::r-- mask::r-- other::r-- */
	static const uint8_t list[] = { 2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 0, 0,
		0x31, 0xd4, 0, 0, 4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255,
		32, 0, 4, 0, 255, 255, 255, 255 };
	struct fixture *fixture = *state;
	char path[256];

	need_root();
	make_named(fixture, "file", 0644, path);
	assert_int_equal(read_for(&alice, false, path), 0);
	if (setxattr(path, "system.posix_acl_access", list, sizeof(list), 0) < 0) {
		assert_int_equal(unlink(path), 0);
		skip_because("no lists on this file system");
	}
	assert_int_equal(read_for(&alice, false, path), -EACCES);
	assert_int_equal(unlink(path), 0);
}

/* No device, pipe or directory is opened, and nothing waits. */
static void
test_kinds(void **state)
{
	struct fixture *fixture = *state;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/pipe", fixture->directory);
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(read_for(&alice, false, path), -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(read_for(&alice, false, "/dev/null"), -EINVAL);
	assert_int_equal(read_for(&alice, false, "/usr"), -EINVAL);
	assert_int_equal(read_for(NULL, false, "/dev/null"), -EINVAL);
}

static void
test_systems(void **state)
{
	static const char *const refused[] = { "/proc/self/status", "/sys/kernel/notes",
		"/sys/kernel/mm/transparent_hugepage/enabled", "/sys/fs/cgroup/cgroup.procs" };
	_close_ int memory = memfd_create("test", MFD_CLOEXEC);
	char name[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (access(refused[i], F_OK) < 0)
			continue;
		assert_int_equal(read_for(NULL, false, refused[i]), -EREMOTE);
		/* Not even seen. */
		assert_int_equal(follow_for(NULL, refused[i]), -EREMOTE);
	}
	assert_int_equal(read_for(&alice, false, "/usr/bin/env"), 0);
	/* What runs from memory is read, and is on no mount. */
	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", memory);
	assert_int_equal(read_for(NULL, false, name), 0);
	if (access("/dev/shm", F_OK) == 0)
		assert_int_equal(follow_for(&alice, "/dev/shm"), 0);
}

/* A table of mounts has the last word, in whatever order. */
static void
test_table(void **state)
{
	static const struct {
		const char *type;
		int wanted;
	} cases[] = {
		{ "ext4", 0 },
		{ "bcachefs", 0 },
		{ "fuse.sshfs", -EREMOTE },
		{ "fuse", -EREMOTE },
		{ "fuseblk", -EREMOTE },
		{ "nfs4", -EREMOTE },
		{ "autofs", -EREMOTE },
		{ "devtmpfs", -EREMOTE },
		{ "ext4x", -EREMOTE },
	};
	struct fixture *fixture = *state;
	char path[256], table[320], init[300], text[300];
	struct statx file;

	make_named(fixture, "file", 0644, path);
	assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &file), 0);
	(void)snprintf(init, sizeof(init), "%s/1", fixture->directory);
	(void)snprintf(table, sizeof(table), "%s/mountinfo", init);
	assert_int_equal(mkdir(init, 0755), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int length = snprintf(text, sizeof(text),
		    "1 0 4095:7 / / rw - xfs /dev/x rw\nnonsense\n"
		    "36 35 %u:%u / /a\\040-\\040b rw,noatime shared:1 - %s source rw\n",
		    file.stx_dev_major, file.stx_dev_minor, cases[i].type);
		_close_ int fd = open(table, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		_close_ int fake_fd = open(fixture->directory, O_RDONLY | O_CLOEXEC);

		assert_int_equal(write(fd, text, (size_t)length), length);
		systems = file_systems_free(systems);
		systems = file_systems_new(fake_fd);
		assert_non_null(systems);
		assert_int_equal(read_for(NULL, false, path), cases[i].wanted);
	}
	assert_int_equal(unlink(table) + rmdir(init) + unlink(path), 0);
}

/* A directory that the process may not search hides what is in it, for that process. */
static void
test_directories(void **state)
{
	struct fixture *fixture = *state;
	char directory[256], file[300], link[256];

	need_root();
	(void)snprintf(directory, sizeof(directory), "%s/private", fixture->directory);
	(void)snprintf(file, sizeof(file), "%s/file", directory);
	(void)snprintf(link, sizeof(link), "%s/link", fixture->directory);
	assert_int_equal(mkdir(directory, 0700), 0);
	make_named(fixture, "private/file", 0644, file);
	assert_int_equal(symlink(file, link), 0);
	assert_int_equal(follow_for(&alice, file), 1);
	assert_int_equal(follow_for(&alice, link), 1);
	assert_int_equal(follow_for(NULL, file), 0);
	assert_int_equal(chmod(directory, 0711), 0);
	assert_int_equal(follow_for(&alice, file), 0);
	assert_int_equal(chmod(directory, 0700) + chown(directory, STRANGER, 0), 0);
	assert_int_equal(follow_for(&alice, link), 0);
	assert_int_equal(unlink(link) + unlink(file) + rmdir(directory), 0);
}

/* ---- processes ---------------------------------------------------------------------------- */

static int
become_alice(struct fixture *fixture)
{
	(void)fixture;
	return setgroups(0, NULL) < 0 || setgid(STRANGER) < 0 || setuid(STRANGER) < 0 ? -1 : 0;
}

/* What stands under a name that it may not reach is nothing for or against it. */
static void
test_name_in_private(void **state)
{
	struct fixture *fixture = *state;
	char directory[256], path[300];

	need_root();
	(void)snprintf(directory, sizeof(directory), "%s/private", fixture->directory);
	(void)snprintf(path, sizeof(path), "%s/other", directory);
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(copy_file("/bin/true", path), 0);
	for (int hidden = 0; hidden < 2; hidden++) {
		const struct owner *owner;

		assert_int_equal(chmod(directory, hidden ? 0700 : 0755), 0);
		start_child(fixture, fixture->program, path, become_alice);
		owner = ask(fixture, STRANGER);
		assert_int_equal(owner->processes[0]->pid, fixture->child);
		assert_int_equal((owner->processes[0]->evidence & EVIDENCE_NAME_OTHER) == 0,
		    hidden);
		end_child(&fixture->child);
	}
	assert_int_equal(unlink(path) + rmdir(directory), 0);
}

/* A file system whose server never answers: whoever is named after a file there is described. */
static void
test_silent_server(void **state)
{
	struct fixture *fixture = *state;
	char options[128], directory[256], name[300];
	const struct owner *owner;
	_close_ int server_fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	help_need_init();
	if (server_fd < 0)
		skip_because("no FUSE here");
	(void)snprintf(directory, sizeof(directory), "%s/silent", fixture->directory);
	(void)snprintf(name, sizeof(name), "%s/x", directory);
	(void)snprintf(options, sizeof(options),
	    "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", server_fd);
	assert_int_equal(mkdir(directory, 0755), 0);
	if (mount("silent", directory, "fuse.silent", MS_NOSUID | MS_NODEV, options) < 0) {
		(void)rmdir(directory);
		skip_because("no FUSE may be mounted here");
	}
	start_child(fixture, fixture->program, name, become_alice);
	owner = ask(fixture, STRANGER);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_string_equal(owner->processes[0]->exe, fixture->program);
	end_child(&fixture->child);
	(void)umount2(directory, MNT_DETACH);
	(void)rmdir(directory);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, content_setup, content_teardown)
		TEST(test_modes),
		TEST(test_list),
		TEST(test_kinds),
		TEST(test_systems),
		TEST(test_table),
		TEST(test_directories),
		TEST(test_name_in_private),
		TEST(test_silent_server),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
