/* SPDX-License-Identifier: MIT */
/*
 * The database of verified executables and what befalls it: the daemon is killed at each write, by
 * a system call of the test's own that SQLite lets one put in the place of the real one; the disk
 * hangs, is full, or can only be read (small tmpfs in a mount namespace of this process, so those
 * need root).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "skip.h"
#include "store-help.h"

/* The system calls that SQLite changes a disk with, and one of them that does not return. */
static struct {
	unsigned left; /* calls before the one that kills */
	bool torn;     /* that one writes half of what it should first */
	int block_fd;  /* is read before each, -1 = not */
} disk = { .block_fd = -1 };

static bool
dies_now(void)
{
	char byte;

	if (disk.block_fd >= 0)
		(void)!read(disk.block_fd, &byte, 1);
	return disk.left-- == 0;
}

static ssize_t
test_pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (dies_now()) {
		if (disk.torn)
			(void)!pwrite(fd, data, size / 2, offset);
		(void)raise(SIGKILL);
	}
	return pwrite(fd, data, size, offset);
}

static ssize_t
test_write(int fd, const void *data, size_t size)
{
	if (dies_now()) {
		if (disk.torn)
			(void)!write(fd, data, size / 2);
		(void)raise(SIGKILL);
	}
	return write(fd, data, size);
}

static int
test_unlink(const char *path)
{
	if (dies_now())
		(void)raise(SIGKILL);
	return unlink(path);
}

static int
test_ftruncate(int fd, off_t size)
{
	if (dies_now())
		(void)raise(SIGKILL);
	return ftruncate(fd, size);
}

/* Puts the calls above in the place of the real ones, or takes them away again. */
static void
play_disk(bool on)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr call;
	} calls[] = {
		{ "write", (sqlite3_syscall_ptr)test_write },
		{ "pwrite", (sqlite3_syscall_ptr)test_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)test_pwrite },
		{ "unlink", (sqlite3_syscall_ptr)test_unlink },
		{ "ftruncate", (sqlite3_syscall_ptr)test_ftruncate },
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	assert_non_null(vfs);
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		assert_int_equal(vfs->xSetSystemCall(vfs, calls[i].name, on ? calls[i].call : NULL),
		    SQLITE_OK);
}

/* Adds processes 4 to 40 in a process that is killed on its way. True: it was. */
static bool
killed_at(const struct fixture *fixture, unsigned calls, bool torn)
{
	pid_t child = fork();
	int status, r;

	assert_true(child >= 0);
	if (child == 0) {
		enum store_aside aside;
		struct tables *tables;

		disk.left = calls;
		disk.torn = torn;
		play_disk(true);
		if (tables_open(&fixture->options, &tables, &aside) != 0)
			_exit(1);
		r = apply(tables, 4, 40);
		(void)tables_close(tables);
		_exit(r == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* From the first write of a new database to the last of a change: all or nothing. */
static void
killed_at_each_write(void **state)
{
	const struct fixture *fixture = *state;

	for (unsigned torn = 0; torn < 2; torn++) {
		for (unsigned begun = 0; begun < 2; begun++) {
			size_t none = 0, all = 0;
			bool killed = true;

			for (unsigned calls = 0; killed; calls++) {
				struct tables *tables;
				struct executable_list list;

				remove_files(fixture);
				if (begun == 1) {
					tables = open_tables(fixture, STORE_ASIDE_NONE);
					assert_int_equal(apply(tables, 1, 3), 0);
					(void)tables_close(tables);
				}
				killed = killed_at(fixture, calls, torn == 1);
				tables = open_tables(fixture, STORE_ASIDE_NONE);
				assert_int_equal(load(tables, &list), 0);
				if (list.count == 3 * begun)
					none++;
				else {
					assert_int_equal(list.count, 37 + 3 * begun);
					all++;
				}
				executable_list_clear(&list);
				assert_int_equal(apply(tables, 100, 100), 0);
				(void)tables_close(tables);
				assert_false(is_there(fixture, TABLES_NAME "-journal"));
			}
			assert_true(none >= 5);
			assert_true(all >= 1);
		}
	}
}

/* A disk that hangs holds neither the loop nor the stop. */
static void
hanging_disk(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = start(fixture, BOOT, "");
	struct store_status status;
	uint64_t begun_usec;
	int pipe_fds[2];

	wait_for_error(store, 0, &status);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	disk.left = UINT32_MAX;
	disk.block_fd = pipe_fds[0];
	play_disk(true);
	for (int32_t pid = 1; pid <= 100; pid++)
		add(store, pid);
	begun_usec = clock_monotonic_usec();
	assert_true(store_stop(store, 50 * USEC_PER_MSEC) > 0);
	assert_true(clock_monotonic_usec() - begun_usec < 5 * USEC_PER_SEC);
	/* Let go, the thread that was left behind does what it has, and ends by itself. */
	assert_int_equal(close(pipe_fds[1]), 0);
	for (size_t count = 0; count != 100;) {
		struct tables_kept kept = { 0 };

		store = start_only(fixture->root, BOOT);
		if (store_loaded(store, TIMEOUT_USEC, &kept) == 0)
			count = kept.executables.count;
		executable_list_clear(&kept.executables);
		(void)store_stop(store, TIMEOUT_USEC);
		assert_true(clock_monotonic_usec() - begun_usec < TIMEOUT_USEC);
	}
	play_disk(false);
	disk.block_fd = -1;
	assert_int_equal(close(pipe_fds[0]), 0);
}

/* A tmpfs of that size in the directory. Skips the test where that cannot be. */
static void
mount_small(const struct fixture *fixture, const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", fixture->root, "tmpfs", 0, options) < 0)
		skip_because("needs root: no mount of its own");
}

static void
full_disk(void **state)
{
	const struct fixture *fixture = *state;
	struct store_status status;
	struct store *store;
	char path[128], page[4096] = { 0 };
	int fd;

	mount_small(fixture, "size=128k");
	store = start(fixture, BOOT, "");
	add(store, 1);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	(void)snprintf(path, sizeof(path), "%s/room", fixture->root);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);

	/* What was kept can be read, what is new waits for room. */
	store = start(fixture, BOOT, "1");
	add(store, 2);
	wait_for_error(store, -ENOSPC, &status);
	assert_int_equal(status.waiting, 1);
	assert_int_equal(unlink(path), 0);
	wait_for_error(store, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(status.aside, STORE_ASIDE_NONE);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, "2 1"), TIMEOUT_USEC), 0);
	assert_int_equal(umount(fixture->root), 0);
}

static void
read_only_disk(void **state)
{
	const struct fixture *fixture = *state;
	struct store_status status;
	struct store *store = NULL;
	struct tables_kept kept;

	mount_small(fixture, "size=1m");
	assert_int_equal(mount("none", fixture->root, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
	store = start_only(fixture->root, BOOT);
	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), -EROFS);
	add(store, 1);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 1);
	assert_int_equal(mount("none", fixture->root, "", MS_REMOUNT, NULL), 0);
	store = start(fixture, BOOT, "");
	add(store, 2);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);

	assert_int_equal(mount("none", fixture->root, "", MS_REMOUNT | MS_RDONLY, NULL), 0);
	store = start(fixture, BOOT, "2");
	add(store, 3);
	wait_for_error(store, -EROFS, &status);
	assert_int_equal(mount("none", fixture->root, "", MS_REMOUNT, NULL), 0);
	wait_for_error(store, 0, &status);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, "3 2"), TIMEOUT_USEC), 0);
	assert_int_equal(umount(fixture->root), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_directory(killed_at_each_write),
		with_directory(hanging_disk),
		with_directory(full_disk),
		with_directory(read_only_disk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-disk", tests, NULL, NULL);
}
