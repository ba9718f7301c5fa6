/* SPDX-License-Identifier: MIT */
/*
 * The last good copy: what is kept comes back, a full disk leaves the old one, strange
 * files are refused. The full disk is a small tmpfs in a mount namespace of this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "store/lastgood.h"
#include "skip.h"

struct fixture {
	char root[64];
	int fd;
};

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	(void)snprintf(fixture->root, sizeof(fixture->root), "/tmp/overstay-lastgood.XXXXXX");
	if (mkdtemp(fixture->root) == NULL)
		return -1;
	fixture->fd = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = fixture;
	return fixture->fd < 0 ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	int r;

	(void)unlinkat(fixture->fd, LASTGOOD_NAME, 0);
	(void)unlinkat(fixture->fd, LASTGOOD_NAME, AT_REMOVEDIR);
	(void)close(fixture->fd);
	/* Fails where a temporary file was left behind. */
	r = rmdir(fixture->root);
	free(fixture);
	return r;
}

static void
expect_copy(int fd, const char *expected)
{
	_free_ char *text = NULL;
	size_t size;

	assert_int_equal(lastgood_read(fd, &text, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_string_equal(text, expected);
}

static void
test_save_and_read(void **state)
{
	const struct fixture *fixture = *state;
	struct stat first, second, third;
	char *text = NULL;
	size_t size;

	assert_int_equal(lastgood_read(fixture->fd, &text, &size), -ENOENT);
	assert_null(text);
	assert_int_equal(lastgood_save(fixture->fd, "interval: 5s\n", 13), 0);
	expect_copy(fixture->fd, "interval: 5s\n");
	assert_int_equal(fstatat(fixture->fd, LASTGOOD_NAME, &first, 0), 0);
	assert_int_equal(first.st_mode & 07777, 0600);
	/* The same again writes nothing. */
	assert_int_equal(lastgood_save(fixture->fd, "interval: 5s\n", 13), 0);
	assert_int_equal(fstatat(fixture->fd, LASTGOOD_NAME, &second, 0), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(first.st_ctim.tv_nsec, second.st_ctim.tv_nsec);
	assert_int_equal(lastgood_save(fixture->fd, "interval: 6s\n", 13), 0);
	expect_copy(fixture->fd, "interval: 6s\n");
	assert_int_equal(fstatat(fixture->fd, LASTGOOD_NAME, &third, 0), 0);
	assert_int_not_equal(first.st_ino, third.st_ino);
	assert_int_equal(lastgood_save(fixture->fd, "", 0), 0);
	expect_copy(fixture->fd, "");
}

static void
test_strange_files(void **state)
{
	const struct fixture *fixture = *state;
	_free_ char *large = calloc(1, 1024 * 1024 + 1);
	char *text = NULL;
	size_t size;
	int fd;

	assert_non_null(large);
	assert_int_equal(mkdirat(fixture->fd, LASTGOOD_NAME, 0700), 0);
	assert_int_equal(lastgood_read(fixture->fd, &text, &size), -EINVAL);
	assert_int_equal(lastgood_save(fixture->fd, "x", 1), -EISDIR);
	assert_int_equal(unlinkat(fixture->fd, LASTGOOD_NAME, AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(fixture->fd, LASTGOOD_NAME, 0600), 0);
	assert_int_equal(lastgood_read(fixture->fd, &text, &size), -EINVAL);
	assert_int_equal(unlinkat(fixture->fd, LASTGOOD_NAME, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", fixture->fd, LASTGOOD_NAME), 0);
	assert_int_equal(lastgood_read(fixture->fd, &text, &size), -ELOOP);
	/* The link is replaced, not followed. */
	assert_int_equal(lastgood_save(fixture->fd, "x", 1), 0);
	expect_copy(fixture->fd, "x");
	assert_int_equal(lastgood_save(fixture->fd, large, 1024 * 1024 + 1), -EFBIG);
	expect_copy(fixture->fd, "x");
	fd = openat(fixture->fd, LASTGOOD_NAME, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1024 * 1024 + 1), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(lastgood_read(fixture->fd, &text, &size), -EFBIG);
	assert_null(text);
}

static void
test_full_disk(void **state)
{
	const struct fixture *fixture = *state;
	_free_ char *large = malloc(200000);
	struct stat status;
	int fd;

	assert_non_null(large);
	memset(large, '#', 200000);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", fixture->root, "tmpfs", 0, "size=64k") < 0)
		skip_because("needs root: no mount of its own");
	fd = open(fixture->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(lastgood_save(fd, "interval: 5s\n", 13), 0);
	assert_int_equal(lastgood_save(fd, large, 200000), -ENOSPC);
	expect_copy(fd, "interval: 5s\n");
	assert_int_equal(fstatat(fd, LASTGOOD_NAME ".new", &status, 0), -1);
	/* With the room back it works again. */
	assert_int_equal(lastgood_save(fd, large, 1000), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(umount(fixture->root), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_save_and_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_strange_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_full_disk, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-lastgood", tests, NULL, NULL);
}
