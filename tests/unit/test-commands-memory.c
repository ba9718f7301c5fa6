/* SPDX-License-Identifier: MIT */
/*
 * overstayd --check and --dump-config while memory is short: each allocation fails once. The
 * command ends with the code and the output that it has when nothing fails, or with "failure" and
 * the reason on stderr.
 */
#include "config-expect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands.h"
#include "failing-memory.h"

static struct {
	char root[64];
	char main_file[96], rules_dir[96];
} fixture;

struct config_paths __wrap_command_line_config_paths(const struct command_line *line);

struct config_paths
__wrap_command_line_config_paths(const struct command_line *line)
{
	(void)line;
	return (struct config_paths){
		.main_file = fixture.main_file,
		.rules_dir = fixture.rules_dir,
		.resolve = resolve_fake,
	};
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fchmod(fileno(file), 0644), 0);
	assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
	char path[128];

	(void)state;
	assert_int_equal(clock_load_zone(), 0);
	(void)snprintf(fixture.root, sizeof(fixture.root), "/tmp/overstay-commands.XXXXXX");
	if (mkdtemp(fixture.root) == NULL)
		return -1;
	(void)snprintf(fixture.main_file, sizeof(fixture.main_file), "%s/main.yaml", fixture.root);
	(void)snprintf(fixture.rules_dir, sizeof(fixture.rules_dir), "%s/rules.d", fixture.root);
	if (mkdir(fixture.rules_dir, 0755) < 0)
		return -1;
	write_file(fixture.main_file,
	    "threshold: 1h\nrules:\n"
	    "  - {name: a, match: {unit: nginx, user: alice}, threshold: 2h, note: here}\n");
	(void)snprintf(path, sizeof(path), "%s/1.yaml", fixture.rules_dir);
	write_file(path, "rules:\n  - {name: b, match: {port: [80-90, 99]}, action: allow}\n");
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf -- '%s'", fixture.root);
	return system(command);
}

typedef int command_function(const struct command_line *line);

struct outcome {
	size_t allocations;
	char *out, *error; /* what was written */
};

/* Reads a file of the fixture, to be freed. */
static char *
read_file(const char *name)
{
	char path[128], *text = calloc(1, 65536);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture.root, name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) < 65535);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* Lets what is written to fd go to a file of the fixture. Returns where it went before. */
static int
redirect(int fd, const char *name)
{
	char path[128];
	int before = fcntl(fd, F_DUPFD_CLOEXEC, 3), file;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture.root, name);
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
	const struct command_line one = { .check_path = fixture.main_file };

	(void)state;
	fail_each(command_check, &all, EXIT_SUCCESS);
	write_file(fixture.main_file, "interval: 1x\nfoo: bar\n");
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
