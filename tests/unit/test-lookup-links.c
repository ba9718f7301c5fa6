/* SPDX-License-Identifier: MIT */
/*
 * Where the paths of a request lead below PID 1's root, in a tree made here.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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
#include "lookup/links.h"
#include "model/link.h"
#include "wire/client.h"

struct tree {
	char top[PATH_MAX];
	struct host host;
	struct view view;
};

static int
setup(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));
	char name[] = "/tmp/lookup-links.XXXXXX";
	int fd;

	assert_non_null(tree);
	assert_non_null(mkdtemp(name));
	assert_non_null(realpath(name, tree->top));
	tree->host.proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = open(tree->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree->host.proc_fd >= 0 && fd >= 0);
	tree->view = (struct view){ .host = &tree->host, .init_root_fd = fd };
	assert_int_equal(mkdirat(fd, "usr", 0755), 0);
	assert_int_equal(mkdirat(fd, "usr/bin", 0755), 0);
	assert_int_equal(mkdirat(fd, "jvm", 0755), 0);
	assert_int_equal(symlinkat("usr/bin", fd, "bin"), 0);
	assert_int_equal(symlinkat("/jvm/java-17", fd, "alternative"), 0);
	assert_int_equal(symlinkat("/alternative", fd, "usr/bin/java"), 0);
	assert_int_equal(symlinkat("loop", fd, "loop"), 0);
	assert_int_equal(close(openat(fd, "usr/bin/nc", O_WRONLY | O_CREAT | O_CLOEXEC, 0755)), 0);
	assert_int_equal(close(openat(fd, "jvm/java-17", O_WRONLY | O_CREAT | O_CLOEXEC, 0755)), 0);
	*state = tree;
	return 0;
}

static int
teardown(void **state)
{
	struct tree *tree = *state;
	char command[PATH_MAX + 16];

	(void)snprintf(command, sizeof(command), "rm -rf -- '%s'", tree->top);
	assert_int_equal(close(tree->host.proc_fd), 0);
	if (tree->view.init_root_fd >= 0)
		assert_int_equal(close(tree->view.init_root_fd), 0);
	assert_int_equal(system(command), 0);
	free(tree);
	return 0;
}

/* What is answered for one path, without the top of the tree; "" = nowhere, "unknown". */
static const char *
resolve(const struct tree *tree, const char *path)
{
	static char packet[LOOKUP_PACKET_MAX], target[LINK_PATH_MAX];
	static struct lookup_client_packet answer;
	uint32_t length = (uint32_t)strlen(path);
	char request[LINK_PATH_MAX + sizeof(length)];
	const size_t top = strlen(tree->top);

	memcpy(request, &length, sizeof(length));
	memcpy(request + sizeof(length), path, length);
	assert_int_equal(lookup_client_parse(packet,
			     links_answer(&tree->view,
				 (struct wire_paths){ .at = request, .count = 1 }, 3, packet),
			     &answer),
	    0);
	assert_int_equal(answer.id, 3);
	assert_int_equal(answer.link_count, 1);
	assert_int_equal(answer.links[0].path_length, length);
	assert_memory_equal(answer.links[0].path, path, length);
	if (answer.links[0].target_length == 0)
		return answer.links[0].target == NULL ? "unknown" : "";
	memcpy(target, answer.links[0].target, answer.links[0].target_length);
	target[answer.links[0].target_length] = '\0';
	assert_memory_equal(target, tree->top, top);
	return target + top;
}

static void
where_paths_lead(void **state)
{
	static const struct {
		const char *path, *target;
	} cases[] = {
		{ "/bin", "/usr/bin" },
		{ "/bin/nc", "/usr/bin/nc" },
		{ "/usr/bin/nc", "/usr/bin/nc" },
		{ "/usr//bin/./nc", "/usr/bin/nc" },
		{ "/bin/java", "/jvm/java-17" },
		{ "/../bin/nc", "/usr/bin/nc" },
		/* What is not there is there again after an upgrade. */
		{ "/bin/gone", "/usr/bin/gone" },
		{ "/bin/gone/", "" },
		{ "/gone/x", "" },
		{ "/loop", "unknown" },
		{ "/bin/nc/x", "" },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (strcmp(resolve(tree, cases[i].path), cases[i].target) != 0)
			fail_msg("%s: %s", cases[i].path, resolve(tree, cases[i].path));
}

static void
each_time_anew(void **state)
{
	struct tree *tree = *state;
	int fd = tree->view.init_root_fd;

	assert_string_equal(resolve(tree, "/usr/bin/java"), "/jvm/java-17");
	assert_int_equal(close(openat(fd, "jvm/java-21", O_WRONLY | O_CREAT | O_CLOEXEC, 0755)), 0);
	assert_int_equal(unlinkat(fd, "alternative", 0), 0);
	assert_int_equal(symlinkat("/jvm/java-21", fd, "alternative"), 0);
	assert_string_equal(resolve(tree, "/usr/bin/java"), "/jvm/java-21");
	/* Where PID 1's root may not be opened, nobody knows. */
	assert_int_equal(close(fd), 0);
	tree->view.init_root_fd = -EACCES;
	assert_string_equal(resolve(tree, "/bin"), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(where_paths_lead, setup, teardown),
		cmocka_unit_test_setup_teardown(each_time_anew, setup, teardown),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
