/* SPDX-License-Identifier: MIT */
/*
 * See store-help.h.
 */
#include <poll.h>
#include <setjmp.h>
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
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->root,
	    EXECUTABLES_NAME);
	*state = fixture;
	return 0;
}

void
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

struct executables *
start(const struct fixture *fixture, const char *boot_id, const char *expected_pids)
{
	struct executables *executables = NULL;
	struct executable_list list;

	assert_int_equal(executables_start(fixture->root, boot_id, &executables), 0);
	assert_int_equal(executables_loaded(executables, TIMEOUT_USEC, &list), 0);
	assert_string_equal(pids_of(&list), expected_pids);
	return executables;
}

void
add(struct executables *executables, int32_t pid)
{
	struct executable executable = process(pid, "/usr/bin/prog");

	assert_int_equal(executables_add(executables, &executable), 0);
}

void
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

struct executables_file *
open_file(const struct fixture *fixture, enum executables_aside expected)
{
	enum executables_aside aside;
	struct executables_file *file = NULL;

	assert_int_equal(executables_file_open(fixture->root, BOOT, &file, &aside), 0);
	assert_int_equal(aside, expected);
	return file;
}

int
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
