/* SPDX-License-Identifier: MIT */
/*
 * See store-help.h.
 */
#include <poll.h>
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

int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	(void)snprintf(fixture->root, sizeof(fixture->root), "/tmp/overstay-store.XXXXXX");
	if (mkdtemp(fixture->root) == NULL)
		return -1;
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->root, TABLES_NAME);
	fixture->options =
	    (struct tables_options){ .state_directory = fixture->root, .boot_id = BOOT };
	*state = fixture;
	return 0;
}

void
remove_files(const struct fixture *fixture)
{
	static const char *const names[] = { TABLES_NAME, TABLES_NAME "-journal",
		TABLES_NAME STORE_SUFFIX_DAMAGED, TABLES_NAME STORE_SUFFIX_DAMAGED "-journal",
		TABLES_NAME STORE_SUFFIX_OTHER, "executables.db", "executables.db.corrupt",
		"executables.db.other-version", "run/" TABLES_NAME,
		"run/" TABLES_NAME STORE_SUFFIX_DAMAGED, "run", "room", "late" };
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", fixture->root, names[i]);
		(void)remove(path);
	}
}

int
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

bool
is_there(const struct fixture *fixture, const char *name)
{
	char path[128];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->root, name);
	return lstat(path, &status) == 0;
}

struct executable
process(int32_t pid, const char *path)
{
	return (struct executable){ pid, (uint64_t)pid * 1000, 8ULL << 32 | 1, (uint64_t)pid + 7,
		(uint32_t)pid + 3, (char *)(uintptr_t)path };
}

const char *
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
		assert_int_equal(item->uid, expected.uid);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i > 0 ? " " : "",
		    item->pid);
		assert_true(used < sizeof(text));
	}
	executable_list_clear(list);
	return text;
}

struct store *
start_only(const char *directory, const char *boot_id)
{
	const struct tables_options options = { .state_directory = directory, .boot_id = boot_id };
	struct store *store = NULL;

	assert_int_equal(store_start(&options, &store), 0);
	return store;
}

struct store *
start(const struct fixture *fixture, const char *boot_id, const char *expected_pids)
{
	struct store *store = start_only(fixture->root, boot_id);
	struct tables_kept kept;

	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), 0);
	assert_string_equal(pids_of(&kept.executables), expected_pids);
	return store;
}

void
add(struct store *store, int32_t pid)
{
	struct executable executable = process(pid, "/usr/bin/prog");

	assert_int_equal(store_add_executable(store, &executable), 0);
}

void
wait_for_error(struct store *store, int error, struct store_status *ret)
{
	struct pollfd pollfd = { .fd = store_fd(store), .events = POLLIN };
	bool add_all = false;

	for (;;) {
		store_acknowledge(store);
		store_status(store, ret);
		add_all = add_all || ret->add_all;
		if (ret->error == error)
			break;
		assert_int_equal(poll(&pollfd, 1, TIMEOUT_USEC / USEC_PER_MSEC), 1);
	}
	ret->add_all = add_all;
}

struct tables *
open_tables(const struct fixture *fixture, enum store_aside expected)
{
	enum store_aside aside;
	struct tables *tables = NULL;

	assert_int_equal(tables_open(&fixture->options, &tables, &aside), 0);
	assert_int_equal(aside, expected);
	return tables;
}

int
load(struct tables *tables, struct executable_list *ret)
{
	struct tables_kept kept;
	int r = tables_load(tables, &kept);

	if (r == 0)
		*ret = kept.executables;
	return r;
}

int
apply(struct tables *tables, int32_t first, int32_t last)
{
	size_t count = (size_t)(last - first + 1);
	_free_ struct change *changes = calloc(count, sizeof(*changes));

	assert_non_null(changes);
	for (size_t i = 0; i < count; i++)
		changes[i] = (struct change){
			.next = i + 1 < count ? &changes[i + 1] : NULL,
			.executable = process(first + (int32_t)i, "/usr/bin/prog"),
		};
	return tables_apply(tables, changes, &(struct mark){ 0 });
}

void
tamper(const struct fixture *fixture, const char *name, const char *sql)
{
	char path[128];
	sqlite3 *database;
	char *message = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->root, name);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	if (sqlite3_exec(database, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
}
