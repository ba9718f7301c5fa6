/* SPDX-License-Identifier: MIT */
/*
 * overstayd --check and --dump-config while memory is short: each allocation fails once. The
 * command ends with the code and the output that it has when nothing fails, or with "failure" and
 * the reason on stderr.
 */
#include "config-expect.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands.h"
#include "config-tree.h"
#include "failing-memory.h"

static struct config_tree tree;

struct config_paths __wrap_command_line_config_paths(const struct command_line *line);

struct config_paths
__wrap_command_line_config_paths(const struct command_line *line)
{
	(void)line;
	return tree.paths;
}

static int
set_up(void **state)
{
	(void)state;
	assert_int_equal(clock_load_zone(), 0);
	if (config_tree_make(&tree, "/tmp") < 0)
		return -1;
	config_tree_write(&tree, "overstay.yaml",
	    "threshold: 1h\nrules:\n"
	    "  - {name: a, match: {unit: nginx, user: alice}, threshold: 2h, note: here}\n");
	config_tree_write(&tree, "rules.d/1.yaml",
	    "rules:\n  - {name: b, match: {port: [80-90, 99]}, action: allow}\n");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return config_tree_remove(&tree);
}

typedef int command_function(const struct command_line *line);

struct outcome {
	size_t allocations;
	char *out, *error; /* what was written */
};

/* Reads a file of the tree, to be freed. */
static char *
read_file(const char *name)
{
	char path[128], *text = calloc(1, 65536);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", tree.root, name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) < 65535);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* Lets what is written to fd go to a file of the tree. Returns where it went before. */
static int
redirect(int fd, const char *name)
{
	char path[128];
	int before = fcntl(fd, F_DUPFD_CLOEXEC, 3), file;

	(void)snprintf(path, sizeof(path), "%s/%s", tree.root, name);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(before >= 0 && file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	assert_int_equal(close(file), 0);
	return before;
}

static void
put_back(int fd, int before)
{
	assert_int_equal(dup2(before, fd), fd);
	assert_int_equal(close(before), 0);
}

/* Runs the command, one allocation failing. Returns its exit code. */
static int
run(command_function *command, const struct command_line *line, size_t failing, struct outcome *ret)
{
	int out, error, code;

	(void)fflush(stdout);
	out = redirect(STDOUT_FILENO, "out");
	error = redirect(STDERR_FILENO, "error");
	memory_arm(failing);
	code = command(line);
	ret->allocations = memory_disarm();
	(void)fflush(stdout);
	put_back(STDOUT_FILENO, out);
	put_back(STDERR_FILENO, error);
	ret->out = read_file("out");
	ret->error = read_file("error");
	return code;
}

static void
outcome_clear(struct outcome *outcome)
{
	free(outcome->out);
	free(outcome->error);
}

/* Makes each allocation fail once; code is that of the command when none fails. */
static void
fail_each(command_function *command, const struct command_line *line, int code)
{
	struct outcome whole, other;
	size_t refused = 0;

	assert_int_equal(run(command, line, 0, &whole), code);
	for (size_t failing = 1; failing <= whole.allocations; failing++) {
		int got = run(command, line, failing, &other);

		assert_true(other.allocations >= failing);
		refused += got == EXIT_FAILURE;
		if (got == EXIT_FAILURE) {
			assert_non_null(strstr(other.error, strerror(ENOMEM)));
		} else {
			assert_int_equal(got, code);
			assert_string_equal(other.out, whole.out);
			assert_string_equal(other.error, whole.error);
		}
		outcome_clear(&other);
	}
	print_message("# of %zu allocations %zu make an error, %zu are not noticed\n",
	    whole.allocations, refused, whole.allocations - refused);
	assert_true(refused > 0);
	outcome_clear(&whole);
}

static void
test_check(void **state)
{
	const struct command_line all = { .command = COMMAND_CHECK };
	const struct command_line one = { .check_path = tree.main_file };

	(void)state;
	fail_each(command_check, &all, EXIT_SUCCESS);
	config_tree_write(&tree, "overstay.yaml", "interval: 1x\nfoo: bar\n");
	fail_each(command_check, &all, EXIT_USAGE);
	fail_each(command_check, &one, EXIT_USAGE);
}

static void
test_dump_config(void **state)
{
	const struct command_line line = { .command = COMMAND_DUMP_CONFIG };

	(void)state;
	fail_each(command_dump_config, &line, EXIT_SUCCESS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_check, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dump_config, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("commands-memory", tests, NULL, NULL);
}
