/* SPDX-License-Identifier: MIT */
/*
 * A path below a root of its own, in a tree made here: hostile links, loops, `..`, slashes.
 */
#include <errno.h>
#include <fcntl.h>
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
#include "lookup/path.h"

struct tree {
	char top[64];
	int root_fd;
};

static const struct {
	const char *name;
	const char *text;
} links[] = {
	{ "absolute", "/d/e/file" },
	{ "d/relative", "e/../e/file" },
	{ "d/e/up", "../../../../../d/e/file" },
	{ "directory", "d/e/" },
	{ "loop", "loop" },
	{ "ping", "pong" },
	{ "pong", "/ping" },
	{ "dangling", "/nothing" },
	{ "root", "/" },
	{ "slashed", "d/e/file/" },
	{ "escape", "/../outside" },
	{ "chain0", "d/e/file" },
};

static int
setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	char name[32], text[32];
	int top_fd, fd;

	assert_non_null(tree);
	(void)strcpy(tree->top, "/tmp/lookup-path.XXXXXX");
	assert_non_null(mkdtemp(tree->top));
	top_fd = open(tree->top, O_PATH | O_CLOEXEC);
	assert_int_equal(mkdirat(top_fd, "root", 0700), 0);
	fd = openat(top_fd, "outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(close(fd), 0);
	tree->root_fd = openat(top_fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(close(top_fd), 0);
	assert_int_equal(mkdirat(tree->root_fd, "d", 0700), 0);
	assert_int_equal(mkdirat(tree->root_fd, "d/e", 0700), 0);
	fd = openat(tree->root_fd, "d/e/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		assert_int_equal(symlinkat(links[i].text, tree->root_fd, links[i].name), 0);
	for (int i = 1; i <= 40; i++) {
		(void)snprintf(name, sizeof(name), "chain%d", i);
		(void)snprintf(text, sizeof(text), "chain%d", i - 1);
		assert_int_equal(symlinkat(text, tree->root_fd, name), 0);
	}
	*state = tree;
	return 0;
}

static int
teardown(void **state)
{
	struct tree *tree = *state;
	char command[96];

	(void)close(tree->root_fd);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", tree->top);
	assert_int_equal(system(command), 0);
	free(tree);
	return 0;
}

/* path leads to what stands at place, a plain path below the root. */
static void
leads_to(const struct tree *tree, const char *path, const char *place)
{
	_close_ int fd = path_open(tree->root_fd, path);
	struct stat there, expected;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(-fd));
	assert_int_equal(fstat(fd, &there), 0);
	assert_int_equal(fstatat(tree->root_fd, place, &expected, 0), 0);
	if (there.st_ino != expected.st_ino || there.st_dev != expected.st_dev)
		fail_msg("%s is not %s", path, place);
	/* Only to be looked at. */
	assert_true((fcntl(fd, F_GETFL) & O_PATH) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void
test_found(void **state)
{
	static const char *const files[] = { "/d/e/file", "d/e/file", "//d///e/./file",
		"/../../d/e/file", "/absolute", "/d/relative", "/d/e/up", "/directory/file",
		"/directory/../e/file", "/root/d/e/file", "/root/../d/../../d/e/file", "/chain0",
		"/chain39" };
	static const char *const roots[] = { "/", "//", ".", "..", "/d/..", "/root", "/root/" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		leads_to(*state, files[i], "d/e/file");
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		leads_to(*state, roots[i], ".");
	leads_to(*state, "/directory/", "d/e");
}

static void
test_refused(void **state)
{
	static const struct {
		const char *path;
		int error;
	} refused[] = {
		{ "", ENOENT },
		{ "/nothing", ENOENT },
		{ "/dangling", ENOENT },
		{ "/escape", ENOENT },
		{ "/../outside", ENOENT },
		{ "/d/nothing/..", ENOENT },
		{ "/d/e/file/", ENOTDIR },
		{ "/d/e/file/x", ENOTDIR },
		{ "/d/e/file/..", ENOTDIR },
		{ "/d/e/file/.", ENOTDIR },
		{ "/slashed", ENOTDIR },
		{ "/loop", ELOOP },
		{ "/ping", ELOOP },
		{ "/chain40", ELOOP },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		int fd = path_open(tree->root_fd, refused[i].path);

		if (fd != -refused[i].error)
			fail_msg("%s: %d", refused[i].path, fd);
	}
}

static void
test_long(void **state)
{
	const struct tree *tree = *state;
	char path[5000], link[4096];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(path_open(tree->root_fd, path), -ENAMETOOLONG);
	path[300] = '\0';
	assert_int_equal(path_open(tree->root_fd, path), -ENAMETOOLONG);
	/* A link that grows what is left each time it is followed. */
	memset(link, '/', sizeof(link));
	memcpy(link, "/grow", 5);
	memcpy(link + 3000, "/d", 3);
	assert_int_equal(symlinkat(link, tree->root_fd, "grow"), 0);
	assert_int_equal(path_open(tree->root_fd, "/grow"), -ENAMETOOLONG);
}

static void
test_links_of_proc(void **state)
{
	_close_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(path_open(root_fd, "/proc/self/exe"), -EXDEV);
	assert_int_equal(path_open(root_fd, "/proc/1/../self"), -EXDEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long, setup, teardown),
		cmocka_unit_test(test_links_of_proc),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
