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
#include "store/database.h"

static void
what_is_kept_comes_back(void **state)
{
	static const char odd[] = "/opt/caf\xe9\n; DROP TABLE executable; --'\"";
	const struct fixture *fixture = *state;
	struct executable executable = process(2, "/usr/bin/old");
	struct store *store = start(fixture, BOOT, "");
	struct store_status status;
	struct tables_kept kept;
	struct stat file;

	add(store, 1);
	assert_int_equal(store_add_executable(store, &executable), 0);
	add(store, 4);
	executable = (struct executable){ INT32_MAX, UINT64_MAX - 1, UINT64_MAX, UINT64_MAX,
		UINT32_MAX, (char *)(uintptr_t)odd };
	assert_int_equal(store_add_executable(store, &executable), 0);
	executable = process(2, "/usr/bin/new");
	assert_int_equal(store_add_executable(store, &executable), 0);
	store_status(store, &status);
	assert_int_equal(status.error, 0);
	assert_int_equal(status.aside, STORE_ASIDE_NONE);
	assert_false(status.add_all);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);

	assert_int_equal(stat(fixture->path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_false(is_there(fixture, TABLES_NAME "-journal"));
	store = start_only(fixture->root, BOOT);
	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), 0);
	assert_int_equal(kept.executables.count, 4);
	assert_string_equal(kept.executables.items[0].path, "/usr/bin/new");
	assert_int_equal(kept.executables.items[1].pid, INT32_MAX);
	assert_int_equal(kept.executables.items[1].start_usec, UINT64_MAX - 1);
	assert_int_equal(kept.executables.items[1].device, UINT64_MAX);
	assert_int_equal(kept.executables.items[1].inode, UINT64_MAX);
	assert_int_equal(kept.executables.items[1].uid, UINT32_MAX);
	assert_string_equal(kept.executables.items[1].path, odd);
	assert_int_equal(kept.executables.items[2].pid, 4);
	assert_int_equal(kept.executables.items[3].pid, 1);
	executable_list_clear(&kept.executables);
	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), -EALREADY);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
}

static void
other_boots_are_forgotten(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = start(fixture, BOOT, "");

	add(store, 1);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	store = start(fixture, "another", "");
	add(store, 1);
	add(store, 2);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, ""), TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, "another", ""), TIMEOUT_USEC), 0);
}

static void
what_cannot_be_is_refused(void **state)
{
	_free_ char *path = malloc(EXECUTABLE_PATH_MAX + 2);
	struct store *store = start(*state, BOOT, "");
	struct executable executable = process(1, "relative");

	assert_non_null(path);
	memset(path, '/', EXECUTABLE_PATH_MAX + 1);
	path[EXECUTABLE_PATH_MAX + 1] = '\0';
	assert_int_equal(store_add_executable(store, &executable), -EINVAL);
	executable.path = path;
	assert_int_equal(store_add_executable(store, &executable), -EINVAL);
	path[EXECUTABLE_PATH_MAX] = '\0';
	assert_int_equal(store_add_executable(store, &executable), 0);
	executable.pid = 0;
	assert_int_equal(store_add_executable(store, &executable), -EINVAL);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(*state, BOOT, "1"), TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(NULL, 0), 0);
}

static void
the_oldest_go(void **state)
{
	struct tables *tables = open_tables(*state, STORE_ASIDE_NONE);
	struct executable_list list;

	assert_int_equal(apply(tables, 1, EXECUTABLES_MAX), 0);
	assert_int_equal(apply(tables, EXECUTABLES_MAX + 1, EXECUTABLES_MAX + 10), 0);
	/* One that is told again is new. */
	assert_int_equal(apply(tables, 11, 11), 0);
	assert_int_equal(apply(tables, EXECUTABLES_MAX + 11, EXECUTABLES_MAX + 11), 0);
	assert_int_equal(load(tables, &list), 0);
	assert_int_equal(list.count, EXECUTABLES_MAX);
	assert_int_equal(list.items[0].pid, EXECUTABLES_MAX + 11);
	assert_int_equal(list.items[1].pid, 11);
	assert_int_equal(list.items[EXECUTABLES_MAX - 1].pid, 13);
	executable_list_clear(&list);
	(void)tables_close(tables);
}

/* The database is put aside as `aside`, and the new one works. */
static void
expect_new_one(const struct fixture *fixture, enum store_aside aside, const char *what)
{
	struct store *store = NULL;
	struct store_status status;
	struct tables_kept kept;

	store = start_only(fixture->root, BOOT);
	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), 0);
	if (kept.executables.count != 0)
		fail_msg("believed: %s", what);
	executable_list_clear(&kept.executables);
	wait_for_error(store, 0, &status);
	if (status.aside != aside || !status.add_all)
		fail_msg("put aside as %d: %s", status.aside, what);
	store_status(store, &status);
	assert_false(status.add_all);
	assert_true(is_there(fixture,
	    aside == STORE_ASIDE_OTHER ? TABLES_NAME STORE_SUFFIX_OTHER :
					 TABLES_NAME STORE_SUFFIX_DAMAGED));
	add(store, 5);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, "5"), TIMEOUT_USEC), 0);
	remove_files(fixture);
}

static void
strange_databases(void **state)
{
	static const struct {
		enum store_aside aside;
		const char *sql;
	} cases[] = {
		{ STORE_ASIDE_OTHER, "PRAGMA user_version = 99" },
		{ STORE_ASIDE_OTHER, "PRAGMA user_version = 2" },
		{ STORE_ASIDE_OTHER, "PRAGMA user_version = 0" },
		{ STORE_ASIDE_OTHER, "PRAGMA user_version = -1" },
		{ STORE_ASIDE_DAMAGED, "DROP TABLE executable" },
		{ STORE_ASIDE_DAMAGED, "CREATE TABLE more (x)" },
		{ STORE_ASIDE_DAMAGED,
		    "CREATE TRIGGER t AFTER INSERT ON executable BEGIN "
		    "DELETE FROM executable; END" },
		{ STORE_ASIDE_DAMAGED,
		    "ALTER TABLE executable RENAME TO e; "
		    "CREATE VIEW executable AS SELECT * FROM e" },
		{ STORE_ASIDE_DAMAGED, "ALTER TABLE executable ADD COLUMN more" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET pid = 'x' WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET pid = 0 WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET pid = 1 << 31 WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET inode = 1.5 WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET uid = -1 WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET uid = 1 << 32 WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET path = 'usr' WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET path = '' WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED, "UPDATE executable SET path = x'2f61' WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED,
		    "UPDATE executable SET path = '/a' || char(0) || 'b' WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED,
		    "UPDATE executable SET path = printf('/%04096d', 1) WHERE pid = 2" },
		{ STORE_ASIDE_DAMAGED,
		    "UPDATE executable SET path = printf('/%0100000d', 1) WHERE pid = 2" },
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tables *tables = open_tables(fixture, STORE_ASIDE_NONE);

		assert_int_equal(apply(tables, 1, 3), 0);
		(void)tables_close(tables);
		tamper(fixture, TABLES_NAME, cases[i].sql);
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
	struct tables *tables = open_tables(fixture, STORE_ASIDE_NONE);

	assert_int_equal(apply(tables, 1, 3), 0);
	(void)tables_close(tables);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		tamper(fixture, TABLES_NAME, texts[i]);
		assert_int_equal(store_stop(start(fixture, BOOT, "3 2 1"), TIMEOUT_USEC), 0);
	}
	assert_false(is_there(fixture, TABLES_NAME STORE_SUFFIX_DAMAGED));
	assert_false(is_there(fixture, TABLES_NAME "-wal"));
}

static void
strange_files(void **state)
{
	const struct fixture *fixture = *state;
	_close_ int fd = open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "this is no database, but it is long enough to be one", 52), 52);
	expect_new_one(fixture, STORE_ASIDE_DAMAGED, "garbage");
	assert_int_equal(mkdir(fixture->path, 0700), 0);
	expect_new_one(fixture, STORE_ASIDE_DAMAGED, "directory");
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	expect_new_one(fixture, STORE_ASIDE_DAMAGED, "FIFO");
	assert_int_equal(symlink("/etc/passwd", fixture->path), 0);
	expect_new_one(fixture, STORE_ASIDE_DAMAGED, "link");
	assert_int_equal(close(open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(truncate(fixture->path, DATABASE_FILE_SIZE_MAX + 1), 0);
	expect_new_one(fixture, STORE_ASIDE_DAMAGED, "too large");
	/* An empty file is a database that was just begun. */
	assert_int_equal(close(open(fixture->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, ""), TIMEOUT_USEC), 0);
}

/* Bytes of the database changed one at a time: no end but a good one or a new file. */
static void
flipped_bytes(void **state)
{
	const struct fixture *fixture = *state;
	struct tables *tables = open_tables(fixture, STORE_ASIDE_NONE);
	_free_ uint8_t *good = NULL;
	struct stat status;
	size_t size, spoiled = 0;

	assert_int_equal(apply(tables, 1, 40), 0);
	(void)tables_close(tables);
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
		enum store_aside aside;
		struct executable_list list = { 0 };
		int r;

		assert_int_equal(pwrite(copy, good, size, 0), size);
		assert_int_equal(pwrite(copy, &byte, 1, (off_t)at), 1);
		assert_int_equal(tables_open(&fixture->options, &tables, &aside), 0);
		r = load(tables, &list);
		if (r == 0)
			r = apply(tables, 50, 60);
		if (r != 0 && r != -EBADMSG)
			fail_msg("byte %zu: %d", at, r);
		spoiled += aside != STORE_ASIDE_NONE || r != 0;
		executable_list_clear(&list);
		(void)tables_close(tables);
	}
	assert_true(spoiled > 20);
}

/* No directory yet: changes wait, too many are refused and told, then all is well. */
static void
late_directory(void **state)
{
	const struct fixture *fixture = *state;
	struct executable executable = process(1, "/usr/bin/prog");
	struct store *store = NULL;
	struct store_status status;
	struct tables_kept kept;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/late", fixture->root);
	store = start_only(path, BOOT);
	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), -ENOENT);
	for (size_t i = 0; i < STORE_QUEUE_MAX; i++)
		assert_int_equal(store_add_executable(store, &executable), 0);
	assert_int_equal(store_add_executable(store, &executable), -ENOBUFS);
	wait_for_error(store, -ENOENT, &status);
	assert_int_equal(status.waiting, STORE_QUEUE_MAX);
	assert_false(status.add_all);
	assert_int_equal(mkdir(path, 0700), 0);
	wait_for_error(store, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_true(status.add_all);
	assert_int_equal(store_loaded(store, 0, &kept), 0);
	executable_list_clear(&kept.executables);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	(void)snprintf(path, sizeof(path), "%s/late/%s", fixture->root, TABLES_NAME);
	assert_int_equal(unlink(path), 0);
}

/* Somebody reads with a tool of their own, and takes their time. */
static void
slow_reader(void **state)
{
	const struct fixture *fixture = *state;
	struct store *store = start(fixture, BOOT, "");
	struct store_status status;
	sqlite3 *database;

	wait_for_error(store, 0, &status);
	assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
	/* The thread may still be at the rows of other boots. */
	assert_int_equal(sqlite3_busy_timeout(database, TIMEOUT_USEC / USEC_PER_MSEC), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(database, "BEGIN; SELECT count(*) FROM executable", NULL, NULL, NULL),
	    SQLITE_OK);
	add(store, 1);
	wait_for_error(store, -EBUSY, &status);
	assert_int_equal(status.waiting, 1);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	wait_for_error(store, 0, &status);
	assert_int_equal(status.waiting, 0);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_int_equal(store_stop(start(fixture, BOOT, "1"), TIMEOUT_USEC), 0);
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
