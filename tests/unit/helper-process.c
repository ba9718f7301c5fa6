/* SPDX-License-Identifier: MIT */
/*
 * What is the same of overstay-lookup and overstay-names as processes: where they are, what they
 * give up, their command line.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "helper-process.h"

const char *
helper_binary(const char *name)
{
	static char path[4096];
	const char *directory = getenv("abs_top_builddir");

	(void)snprintf(path, sizeof(path), "%s/%s", directory != NULL ? directory : ".", name);
	return path;
}

/* The line of /proc/PID/status that begins with key, behind it. */
static const char *
status_line(const char *text, const char *key)
{
	const char *found = strstr(text, key);

	if (found == NULL)
		fail_msg("no %s", key);
	return found + strlen(key);
}

static void
read_network(const char *process, char buffer[64])
{
	char path[64];
	ssize_t length;

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/net", process);
	length = readlink(path, buffer, 63);
	assert_true(length > 0);
	buffer[length] = '\0';
}

void
helper_expect_privileges(pid_t pid, uint64_t kept)
{
	static const char *const sets[] = { "\nCapEff:", "\nCapPrm:", "\nCapInh:", "\nCapAmb:" };
	char path[64], process[16], text[4096], network[64], own_network[64];
	const char *groups;
	size_t length;
	FILE *file;

	(void)snprintf(process, sizeof(process), "%d", (int)pid);
	(void)snprintf(path, sizeof(path), "/proc/%s/status", process);
	file = fopen(path, "re");
	assert_non_null(file);
	length = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		assert_int_equal(strtoull(status_line(text, sets[i]), NULL, 16), i < 2 ? kept : 0);
	assert_int_equal(strtoull(status_line(text, "\nCapBnd:"), NULL, 16) & ~kept, 0);
	assert_int_equal(strtoul(status_line(text, "\nNoNewPrivs:"), NULL, 10), 1);
	assert_int_not_equal(strtoul(status_line(text, "\nUid:"), NULL, 10), 0);
	assert_int_not_equal(strtoul(status_line(text, "\nGid:"), NULL, 10), 0);
	groups = status_line(text, "\nGroups:");
	assert_int_equal(groups[strspn(groups, "\t ")], '\n');
	read_network(process, network);
	read_network("self", own_network);
	assert_string_not_equal(network, own_network);
}

/* Runs the program with one or two arguments. Returns its exit status. */
static int
run(const char *name, const char *first, const char *second)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)unsetenv("LISTEN_FDS");
		(void)!freopen("/dev/null", "w", stdout);
		(void)!freopen("/dev/null", "w", stderr);
		(void)execl(helper_binary(name), name, first, second, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

void
helper_expect_usage(const char *name)
{
	assert_int_equal(run(name, "--help", NULL), 0);
	assert_int_equal(run(name, "--version", NULL), 0);
	assert_int_equal(run(name, NULL, NULL), 2);
	assert_int_equal(run(name, "--what", NULL), 2);
	assert_int_equal(run(name, "--fd", NULL), 2);
	assert_int_equal(run(name, "--fd", "x"), 2);
	assert_int_equal(run(name, "--fd", "2"), 2);
	assert_int_equal(run(name, "argument", NULL), 2);
	/* No socket there. */
	assert_int_equal(run(name, "--fd", "777"), 1);
}
