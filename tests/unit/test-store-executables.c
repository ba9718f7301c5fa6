/* SPDX-License-Identifier: MIT */
/*
 * The database of verified executables: what is kept comes back, whatever happens to the process
 * or the disk. The daemon is killed at each write by a system call of the test's own, which SQLite
 * lets one put in the place of the real one; full and read-only disks are small tmpfs in a mount
 * namespace of this process (so those need root).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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
#include "base/clock.h"
#include "store/executables-file.h"

#define BOOT	     "7d5a1f9c-0000-4000-8000-000000000001"
#define TIMEOUT_USEC (20 * USEC_PER_SEC)

struct fixture {
	char root[64];
	char path[128];		/* of the database */
};

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->root, sizeof(fixture->root), "/tmp/overstay-store.XXXXXX");
	if (mkdtemp(fixture->root) == NULL)
		return -1;
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->root,
	    EXECUTABLES_NAME);
	*state = fixture;
	return 0;
}

static void
remove_files(const struct fixture *fixture)
{
	static const char *const names[] = { EXECUTABLES_NAME, EXECUTABLES_NAME "-journal",
		EXECUTABLES_NAME_DAMAGED, EXECUTABLES_NAME_DAMAGED "-journal",
		EXECUTABLES_NAME_OTHER, "room", "late" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", fixture->root, names[i]);
		(void)remove(path);
	}
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	int r;

	remove_files(fixture);
	/* Fails where anything else was left behind. */
	r = rmdir(fixture->root);
	free(fixture);
	return r;
}

static bool
is_there(const struct fixture *fixture, const char *name)
{
	char path[128];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->root, name);
	return lstat(path, &status) == 0;
}

static struct executable
process(int32_t pid, const char *path)
{
	return (struct executable){ pid, (uint64_t)pid * 1000, 8ULL << 32 | 1, (uint64_t)pid + 7,
		(char *)(uintptr_t)path };
}

/* The pids that are kept, newest first, as "3 2 1"; every other value must be process()'s. */
static const char *
pids_of(struct executable_list *list)
{
	static char text[512];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list->count; i++) {
		const struct executable *item = &list->items[i];
		struct executable expected = process(item->pid, item->path);

		assert_int_equal(item->start_usec, expected.start_usec);
		assert_int_equal(item->device, expected.device);
		assert_int_equal(item->inode, expected.inode);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d",
		    i > 0 ? " " : "", item->pid);
		assert_true(used < sizeof(text));
	}
	executable_list_clear(list);
	return text;
}

static struct executables *
start(const struct fixture *fixture, const char *boot_id, const char *expected_pids)
{
	struct executables *executables = NULL;
	struct executable_list list;

	assert_int_equal(executables_start(fixture->root, boot_id, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), 0);
	assert_string_equal(pids_of(&list), expected_pids);
	return executables;
}

static void
add(struct executables *executables, int32_t pid)
{
	struct executable executable = process(pid, "/usr/bin/prog");

	assert_int_equal(executables_add(executables, &executable), 0);
}

/* Waits until the thread's last try ended with that error. */
static void
wait_for_error(struct executables *executables, int error, struct executables_status *ret)
{
	struct pollfd pollfd = { .fd = executables_fd(executables), .events = POLLIN };
	bool add_all = false;

	for (;;) {
		executables_acknowledge(executables);
		executables_status(executables, ret);
		add_all = add_all || ret->add_all;
		if (ret->error == error)
			break;
		assert_int_equal(poll(&pollfd, 1, TIMEOUT_USEC / USEC_PER_MSEC), 1);
	}
	ret->add_all = add_all;
}

static void
what_is_kept_comes_back(void **state)
{
	static const char odd[] = "/opt/caf\xe9\n; DROP TABLE executable; --'\"";
	const struct fixture *fixture = *state;
	struct executable executable = process(2, "/usr/bin/old");
	struct executables *executables = start(fixture, BOOT, "");
	struct executables_status status;
	struct executable_list list;
	struct stat file;

	add(executables, 1);
	assert_int_equal(executables_add(executables, &executable), 0);
	add(executables, 3);
	add(executables, 4);
	assert_int_equal(executables_remove(executables, 3, 3000), 0);
	/* A pid of another process, and one that nobody keeps. */
	assert_int_equal(executables_remove(executables, 4, 4001), 0);
	assert_int_equal(executables_remove(executables, 99, 99000), 0);
	executable = (struct executable){ INT32_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX,
		(char *)(uintptr_t)odd };
	assert_int_equal(executables_add(executables, &executable), 0);
	executable = process(2, "/usr/bin/new");
	assert_int_equal(executables_add(executables, &executable), 0);
	executables_status(executables, &status);
	assert_int_equal(status.error, 0);
	assert_int_equal(status.aside, EXECUTABLES_ASIDE_NONE);
	assert_false(status.add_all);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);

	assert_int_equal(stat(fixture->path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_false(is_there(fixture, EXECUTABLES_NAME "-journal"));
	assert_int_equal(executables_start(fixture->root, BOOT, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), 0);
	assert_int_equal(list.count, 4);
	assert_string_equal(list.items[0].path, "/usr/bin/new");
	assert_int_equal(list.items[1].pid, INT32_MAX);
	assert_int_equal(list.items[1].start_usec, UINT64_MAX - 1);
	assert_int_equal(list.items[1].device, UINT64_MAX);
	assert_int_equal(list.items[1].inode, UINT64_MAX);
	assert_string_equal(list.items[1].path, odd);
	assert_int_equal(list.items[2].pid, 4);
	assert_int_equal(list.items[3].pid, 1);
	executable_list_clear(&list);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), -EALREADY);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
}

static void
other_boots_are_forgotten(void **state)
{
	const struct fixture *fixture = *state;
	struct executables *executables = start(fixture, BOOT, "");

	add(executables, 1);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	executables = start(fixture, "another", "");
	add(executables, 1);
	add(executables, 2);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, ""), TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, "another", ""), TIMEOUT_USEC), 0);
}

static void
what_cannot_be_is_refused(void **state)
{
	_free_ char *path = malloc(EXECUTABLE_PATH_MAX + 2);
	struct executables *executables = start(*state, BOOT, "");
	struct executable executable = process(1, "relative");

	assert_non_null(path);
	memset(path, '/', EXECUTABLE_PATH_MAX + 1);
	path[EXECUTABLE_PATH_MAX + 1] = '\0';
	assert_int_equal(executables_add(executables, &executable), -EINVAL);
	executable.path = path;
	assert_int_equal(executables_add(executables, &executable), -EINVAL);
	path[EXECUTABLE_PATH_MAX] = '\0';
	assert_int_equal(executables_add(executables, &executable), 0);
	executable.pid = 0;
	assert_int_equal(executables_add(executables, &executable), -EINVAL);
	assert_int_equal(executables_remove(executables, -1, 0), -EINVAL);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(*state, BOOT, "1"), TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(NULL, 0), 0);
}

static struct executables_file *
open_file(const struct fixture *fixture, enum executables_aside expected)
{
	enum executables_aside aside;
	struct executables_file *file = NULL;

	assert_int_equal(executables_file_open(fixture->root, BOOT, &file, &aside), 0);
	assert_int_equal(aside, expected);
	return file;
}

/* Adds the processes first to last in one transaction. */
static int
apply(struct executables_file *file, int32_t first, int32_t last)
{
	size_t count = (size_t)(last - first + 1);
	_free_ struct executable_change *changes = calloc(count, sizeof(*changes));

	assert_non_null(changes);
	for (size_t i = 0; i < count; i++)
		changes[i] = (struct executable_change){
			.next = i + 1 < count ? &changes[i + 1] : NULL,
			.executable = process(first + (int32_t)i, "/usr/bin/prog"),
		};
	return executables_file_apply(file, changes);
}

static void
the_oldest_go(void **state)
{
	struct executables_file *file = open_file(*state, EXECUTABLES_ASIDE_NONE);
	struct executable_list list;

	assert_int_equal(apply(file, 1, EXECUTABLES_MAX), 0);
	assert_int_equal(apply(file, EXECUTABLES_MAX + 1, EXECUTABLES_MAX + 10), 0);
	/* One that is told again is new. */
	assert_int_equal(apply(file, 11, 11), 0);
	assert_int_equal(apply(file, EXECUTABLES_MAX + 11, EXECUTABLES_MAX + 11), 0);
	assert_int_equal(executables_file_load(file, &list), 0);
	assert_int_equal(list.count, EXECUTABLES_MAX);
	assert_int_equal(list.items[0].pid, EXECUTABLES_MAX + 11);
	assert_int_equal(list.items[1].pid, 11);
	assert_int_equal(list.items[EXECUTABLES_MAX - 1].pid, 13);
	executable_list_clear(&list);
	(void)executables_file_close(file);
}

/* Runs SQL on the database from outside. */
static void
tamper(const struct fixture *fixture, const char *sql)
{
	sqlite3 *database;
	char *message = NULL;

	assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
	if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

/* The database is put aside as `aside`, and the new one works. */
static void
expect_new_one(const struct fixture *fixture, enum executables_aside aside, const char *what)
{
	struct executables *executables = NULL;
	struct executables_status status;
	struct executable_list list;

	assert_int_equal(executables_start(fixture->root, BOOT, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), 0);
	if (list.count != 0)
		fail_msg("believed: %s", what);
	executable_list_clear(&list);
	wait_for_error(executables, 0, &status);
	if (status.aside != aside || !status.add_all)
		fail_msg("put aside as %d: %s", status.aside, what);
	executables_status(executables, &status);
	assert_false(status.add_all);
	assert_true(strlen(executables_aside_text(aside)) > 0);
	assert_true(is_there(fixture, aside == EXECUTABLES_ASIDE_OTHER ? EXECUTABLES_NAME_OTHER :
	    EXECUTABLES_NAME_DAMAGED));
	add(executables, 5);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, "5"), TIMEOUT_USEC), 0);
	remove_files(fixture);
}

static void
strange_databases(void **state)
{
	static const struct {
		enum executables_aside aside;
		const char *sql;
	} cases[] = {
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = 2" },
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = 0" },
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = -1" },
		{ EXECUTABLES_ASIDE_DAMAGED, "DROP TABLE executable" },
		{ EXECUTABLES_ASIDE_DAMAGED, "CREATE TABLE more (x)" },
		{ EXECUTABLES_ASIDE_DAMAGED, "CREATE TRIGGER t AFTER INSERT ON executable BEGIN "
		    "DELETE FROM executable; END" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "ALTER TABLE executable RENAME TO e; CREATE VIEW executable AS SELECT * FROM e" },
		{ EXECUTABLES_ASIDE_DAMAGED, "ALTER TABLE executable ADD COLUMN more" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 'x' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 0 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 1 << 31 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET inode = 1.5 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET path = 'usr' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET path = '' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET path = x'2f61' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "UPDATE executable SET path = '/a' || char(0) || 'b' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "UPDATE executable SET path = printf('/%04096d', 1) WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "UPDATE executable SET path = printf('/%0100000d', 1) WHERE pid = 2" },
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct executables_file *file = open_file(fixture, EXECUTABLES_ASIDE_NONE);

		assert_int_equal(apply(file, 1, 3), 0);
		(void)executables_file_close(file);
		tamper(fixture, cases[i].sql);
		expect_new_one(fixture, cases[i].aside, cases[i].sql);
	}
}

/* What an administrator may do with sqlite3(1) is no damage. */
static void
harmless_changes(void **state)
{
	static const char *const texts[] = { "ANALYZE", "VACUUM", "PRAGMA journal_mode = WAL",
		"SELECT * FROM executable", "PRAGMA page_size = 512; VACUUM" };
	const struct fixture *fixture = *state;
	struct executables_file *file = open_file(fixture, EXECUTABLES_ASIDE_NONE);

	assert_int_equal(apply(file, 1, 3), 0);
	(void)executables_file_close(file);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		tamper(fixture, texts[i]);
		assert_int_equal(executables_stop(start(fixture, BOOT, "3 2 1"), TIMEOUT_USEC), 0);
	}
	assert_false(is_there(fixture, EXECUTABLES_NAME_DAMAGED));
	assert_false(is_there(fixture, EXECUTABLES_NAME "-wal"));
}

static void
strange_files(void **state)
{
	const struct fixture *fixture = *state;
	_close_ int fd = open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "this is no database, but it is long enough to be one", 52), 52);
	expect_new_one(fixture, EXECUTABLES_ASIDE_DAMAGED, "garbage");
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	expect_new_one(fixture, EXECUTABLES_ASIDE_DAMAGED, "directory");
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	expect_new_one(fixture, EXECUTABLES_ASIDE_DAMAGED, "FIFO");
	assert_int_equal(symlink("/etc/passwd", fixture->path), 0);
	expect_new_one(fixture, EXECUTABLES_ASIDE_DAMAGED, "link");
	assert_int_equal(close(open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(truncate(fixture->path, EXECUTABLES_FILE_SIZE_MAX + 1), 0);
	expect_new_one(fixture, EXECUTABLES_ASIDE_DAMAGED, "too large");
	/* An empty file is a database that was just begun. */
	assert_int_equal(close(open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, ""), TIMEOUT_USEC), 0);
}

/* Bytes of the database changed one at a time: no end but a good one or a new file. */
static void
flipped_bytes(void **state)
{
	const struct fixture *fixture = *state;
	struct executables_file *file = open_file(fixture, EXECUTABLES_ASIDE_NONE);
	_free_ uint8_t *good = NULL;
	struct stat status;
	size_t size, spoiled = 0;

	assert_int_equal(apply(file, 1, 40), 0);
	(void)executables_file_close(file);
	assert_int_equal(stat(fixture->path, &status), 0);
	size = (size_t)status.st_size;
	good = malloc(size);
	assert_non_null(good);
	_close_ int fd = open(fixture->path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, good, size, 0), size);
	/* Each byte of the header, then some. */
	for (size_t at = 0; at < size; at += at < 120 ? 1 : 61) {
		uint8_t byte = good[at] ^ (uint8_t)(1 + at % 255);
		_close_ int copy =
		    open(fixture->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		enum executables_aside aside;
		struct executable_list list = { 0 };
		int r;

		assert_int_equal(pwrite(copy, good, size, 0), size);
		assert_int_equal(pwrite(copy, &byte, 1, (off_t)at), 1);
		assert_int_equal(executables_file_open(fixture->root, BOOT, &file, &aside), 0);
		r = executables_file_load(file, &list);
		if (r == 0)
			r = apply(file, 50, 60);
		if (r != 0 && r != -EBADMSG)
			fail_msg("byte %zu: %d", at, r);
		spoiled += aside != EXECUTABLES_ASIDE_NONE || r != 0;
		executable_list_clear(&list);
		(void)executables_file_close(file);
	}
	assert_true(spoiled > 20);
}

/* The system calls that SQLite changes a disk with, and one of them that does not return. */
static struct {
	unsigned left;		/* calls before the one that kills */
	bool torn;		/* that one writes half of what it should first */
	int block_fd;		/* is read before each, -1 = not */
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
		assert_int_equal(
		    vfs->xSetSystemCall(vfs, calls[i].name, on ? calls[i].call : NULL), SQLITE_OK);
}

/* Adds processes 4 to 40 and removes 2, in a process that is killed on its way. True: it was. */
static bool
killed_at(const struct fixture *fixture, unsigned calls, bool torn)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		enum executables_aside aside;
		struct executables_file *file;

		disk.left = calls;
		disk.torn = torn;
		play_disk(true);
		if (executables_file_open(fixture->root, BOOT, &file, &aside) != 0)
			_exit(1);
		_exit(apply(file, 4, 40) == 0 ? 0 : 1);
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
				struct executables_file *file;
				struct executable_list list;

				remove_files(fixture);
				if (begun == 1) {
					file = open_file(fixture, EXECUTABLES_ASIDE_NONE);
					assert_int_equal(apply(file, 1, 3), 0);
					(void)executables_file_close(file);
				}
				killed = killed_at(fixture, calls, torn == 1);
				file = open_file(fixture, EXECUTABLES_ASIDE_NONE);
				assert_int_equal(executables_file_load(file, &list), 0);
				if (list.count == 3 * begun)
					none++;
				else {
					assert_int_equal(list.count, 37 + 3 * begun);
					all++;
				}
				executable_list_clear(&list);
				assert_int_equal(apply(file, 100, 100), 0);
				(void)executables_file_close(file);
				assert_false(is_there(fixture, EXECUTABLES_NAME "-journal"));
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
	struct executables *executables = start(fixture, BOOT, "");
	struct executables_status status;
	uint64_t begun_usec;
	int pipe_fds[2];

	wait_for_error(executables, 0, &status);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	disk.left = UINT32_MAX;
	disk.block_fd = pipe_fds[0];
	play_disk(true);
	for (int32_t pid = 1; pid <= 100; pid++)
		add(executables, pid);
	begun_usec = clock_monotonic_usec();
	assert_true(executables_stop(executables, 50 * USEC_PER_MSEC) > 0);
	assert_true(clock_monotonic_usec() - begun_usec < 5 * USEC_PER_SEC);
	/* Let go, the thread that was left behind does what it has, and ends by itself. */
	assert_int_equal(close(pipe_fds[1]), 0);
	for (size_t count = 0; count != 100;) {
		struct executable_list list = { 0 };

		assert_int_equal(executables_start(fixture->root, BOOT, &executables), 0);
		if (executables_loaded(executables, TIMEOUT_USEC, &list) == 0)
			count = list.count;
		executable_list_clear(&list);
		(void)executables_stop(executables, TIMEOUT_USEC);
		assert_true(clock_monotonic_usec() - begun_usec < TIMEOUT_USEC);
	}
	play_disk(false);
	disk.block_fd = -1;
	assert_int_equal(close(pipe_fds[0]), 0);
}

/* No directory yet: changes wait, too many are refused and told, then all is well. */
static void
late_directory(void **state)
{
	const struct fixture *fixture = *state;
	struct executable executable = process(1, "/usr/bin/prog");
	struct executables *executables = NULL;
	struct executables_status status;
	struct executable_list list;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/late", fixture->root);
	assert_int_equal(executables_start(path, BOOT, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), -ENOENT);
	for (size_t i = 0; i < EXECUTABLES_QUEUE_MAX; i++)
		assert_int_equal(executables_add(executables, &executable), 0);
	assert_int_equal(executables_add(executables, &executable), -ENOBUFS);
	wait_for_error(executables, -ENOENT, &status);
	assert_int_equal(status.waiting, EXECUTABLES_QUEUE_MAX);
	assert_false(status.add_all);
	assert_int_equal(mkdir(path, 0700), 0);
	wait_for_error(executables, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_true(status.add_all);
	assert_int_equal(executables_loaded(executables, 0, &list), 0);
	executable_list_clear(&list);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	(void)snprintf(path, sizeof(path), "%s/late/%s", fixture->root, EXECUTABLES_NAME);
	assert_int_equal(unlink(path), 0);
}

/* Somebody reads with a tool of their own, and takes their time. */
static void
slow_reader(void **state)
{
	const struct fixture *fixture = *state;
	struct executables *executables = start(fixture, BOOT, "");
	struct executables_status status;
	sqlite3 *database;

	wait_for_error(executables, 0, &status);
	assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "BEGIN; SELECT count(*) FROM executable", NULL,
	    NULL, NULL), SQLITE_OK);
	add(executables, 1);
	wait_for_error(executables, -EBUSY, &status);
	assert_int_equal(status.waiting, 1);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	wait_for_error(executables, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, "1"), TIMEOUT_USEC), 0);
}

/* A tmpfs of that size in the directory. Skips the test where that cannot be. */
static void
mount_small(const struct fixture *fixture, const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", fixture->root, "tmpfs", 0, options) < 0)
		skip();
}

static void
full_disk(void **state)
{
	const struct fixture *fixture = *state;
	struct executables_status status;
	struct executables *executables;
	char path[128], page[4096] = { 0 };
	int fd;

	mount_small(fixture, "size=128k");
	executables = start(fixture, BOOT, "");
	add(executables, 1);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	(void)snprintf(path, sizeof(path), "%s/room", fixture->root);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
		;
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(close(fd), 0);

	/* What was kept can be read, what is new waits for room. */
	executables = start(fixture, BOOT, "1");
	add(executables, 2);
	wait_for_error(executables, -ENOSPC, &status);
	assert_int_equal(status.waiting, 1);
	assert_int_equal(unlink(path), 0);
	wait_for_error(executables, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(status.aside, EXECUTABLES_ASIDE_NONE);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, "2 1"), TIMEOUT_USEC), 0);
	assert_int_equal(umount(fixture->root), 0);
}

static void
read_only_disk(void **state)
{
	const struct fixture *fixture = *state;
	struct executables_status status;
	struct executables *executables = NULL;
	struct executable_list list;

	mount_small(fixture, "size=1m");
	assert_int_equal(mount(NULL, fixture->root, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	assert_int_equal(executables_start(fixture->root, BOOT, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), -EROFS);
	add(executables, 1);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 1);
	assert_int_equal(mount(NULL, fixture->root, NULL, MS_REMOUNT, NULL), 0);
	executables = start(fixture, BOOT, "");
	add(executables, 2);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);

	assert_int_equal(mount(NULL, fixture->root, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	executables = start(fixture, BOOT, "2");
	add(executables, 3);
	wait_for_error(executables, -EROFS, &status);
	assert_int_equal(mount(NULL, fixture->root, NULL, MS_REMOUNT, NULL), 0);
	wait_for_error(executables, 0, &status);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, "3 2"), TIMEOUT_USEC), 0);
	assert_int_equal(umount(fixture->root), 0);
}

#define with_directory(function) \
	cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_directory(what_is_kept_comes_back),
		with_directory(other_boots_are_forgotten),
		with_directory(what_cannot_be_is_refused),
		with_directory(the_oldest_go),
		with_directory(strange_databases),
		with_directory(harmless_changes),
		with_directory(strange_files),
		with_directory(flipped_bytes),
		with_directory(killed_at_each_write),
		with_directory(hanging_disk),
		with_directory(late_directory),
		with_directory(slow_reader),
		with_directory(full_disk),
		with_directory(read_only_disk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-executables", tests, NULL, NULL);
}
