/* SPDX-License-Identifier: MIT */
/*
 * The database of verified executables: what is kept comes back, and what is found there is not
 * believed unless it makes sense. What befalls the disk is test-store-disk.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "store-help.h"

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
	add(executables, 4);
	executable = (struct executable){ INT32_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX,
		UINT32_MAX, (char *)(uintptr_t)odd };
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
	assert_int_equal(list.items[1].uid, UINT32_MAX);
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
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(*state, BOOT, "1"), TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(NULL, 0), 0);
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
	assert_true(is_there(fixture,
	    aside == EXECUTABLES_ASIDE_OTHER ? EXECUTABLES_NAME_OTHER : EXECUTABLES_NAME_DAMAGED));
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
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = 1" },
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = 3" },
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = 0" },
		{ EXECUTABLES_ASIDE_OTHER, "PRAGMA user_version = -1" },
		{ EXECUTABLES_ASIDE_DAMAGED, "DROP TABLE executable" },
		{ EXECUTABLES_ASIDE_DAMAGED, "CREATE TABLE more (x)" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "CREATE TRIGGER t AFTER INSERT ON executable BEGIN "
		    "DELETE FROM executable; END" },
		{ EXECUTABLES_ASIDE_DAMAGED,
		    "ALTER TABLE executable RENAME TO e; "
		    "CREATE VIEW executable AS SELECT * FROM e" },
		{ EXECUTABLES_ASIDE_DAMAGED, "ALTER TABLE executable ADD COLUMN more" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 'x' WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 0 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET pid = 1 << 31 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET inode = 1.5 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET uid = -1 WHERE pid = 2" },
		{ EXECUTABLES_ASIDE_DAMAGED, "UPDATE executable SET uid = 1 << 32 WHERE pid = 2" },
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
	/* The thread may still be at the rows of other boots. */
	assert_int_equal(sqlite3_busy_timeout(database, TIMEOUT_USEC / USEC_PER_MSEC), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(database, "BEGIN; SELECT count(*) FROM executable", NULL, NULL, NULL),
	    SQLITE_OK);
	add(executables, 1);
	wait_for_error(executables, -EBUSY, &status);
	assert_int_equal(status.waiting, 1);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	wait_for_error(executables, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(executables_stop(executables, TIMEOUT_USEC), 0);
	assert_int_equal(executables_stop(start(fixture, BOOT, "1"), TIMEOUT_USEC), 0);
}

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
		with_directory(late_directory),
		with_directory(slow_reader),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-executables", tests, NULL, NULL);
}
