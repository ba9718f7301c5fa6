/* SPDX-License-Identifier: MIT */
/*
 * overstay-names itself, as a process: what it answers, how it ends, what it gave up.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "skip.h"
#include "wire/connect.h"
#include "wire/names-link.h"

#define WAIT_USEC (20 * USEC_PER_SEC)

static const char *
binary(void)
{
	static char path[4096];
	const char *directory = getenv("abs_top_builddir");

	(void)snprintf(path, sizeof(path), "%s/overstay-names",
	    directory != NULL ? directory : ".");
	return path;
}

/* The same as this process gets from libc. */
static void
test_answers(void **state)
{
	const struct names_options options = { .program = binary() };
	struct named_list list = { 0 };
	struct names_link *link = names_link_new(&options);
	struct named *root = named_list_add(&list, "root", false, ""), *group, *absent;
	const struct group *own_group = getgrgid(0);
	char name[NAMED_MAX + 1];

	(void)state;
	assert_non_null(own_group);
	group = named_list_add(&list, own_group->gr_name, true, "");
	absent = named_list_add(&list, "no-such-user-here", false, "");
	/* More than are answered at once. */
	for (unsigned i = 0; i < 2 * NAMES_OPEN_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "no-such-user-%u", i);
		assert_non_null(named_list_add(&list, name, i % 2 == 0, ""));
	}
	assert_non_null(link);
	assert_int_equal(names_link_resolve(link, &list, WAIT_USEC), 0);
	assert_int_equal(root->state, NAMED_KNOWN);
	assert_int_equal(root->id, 0);
	assert_int_equal(group->state, NAMED_KNOWN);
	assert_int_equal(group->id, 0);
	assert_int_equal(absent->state, NAMED_ABSENT);
	assert_int_equal(named_list_count(&list, NAMED_ABSENT), list.count - 2);
	assert_int_equal(names_link_user(0, name, link), 0);
	assert_string_equal(name, getpwuid(0)->pw_name);
	assert_int_equal(names_link_user(3999999999U, name, link), -ENOENT);
	(void)names_link_free(link);
	named_list_clear(&list);
}

static int
ask_root(int fd)
{
	const struct names_question question = { .key = NAMES_BY_ID, .id = 0 };
	struct names_answer answer;
	char packet[NAMES_PACKET_MAX + 1];
	ssize_t length;
	uint32_t id;

	if (send(fd, packet, names_encode_question(packet, 4, &question), MSG_NOSIGNAL) < 0)
		return -errno;
	do {
		length = recv(fd, packet, sizeof(packet), 0);
		if (length < 0 && errno == EAGAIN)
			(void)usleep(1000);
	} while (length < 0 && errno == EAGAIN);
	return length <= 0 ? -EPIPE : names_decode_answer(packet, (size_t)length, &id, &answer);
}

/* It ends with its connection, and at SIGTERM, but not at the terminal's SIGINT. */
static void
test_ends(void **state)
{
	int status, fd;
	pid_t pid;

	(void)state;
	fd = connect_spawn(binary(), &pid);
	assert_true(fd >= 0);
	assert_int_equal(ask_root(fd), 0);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(ask_root(fd), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fd = connect_spawn(binary(), &pid);
	assert_int_equal(ask_root(fd), 0);
	assert_int_equal(kill(pid, SIGTERM), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(close(fd), 0);
}

/* What is no question ends the connection. */
static void
test_nonsense(void **state)
{
	static char garbage[4096];
	static const size_t lengths[] = { 1, 16, 32, 300, sizeof(garbage) };

	(void)state;
	memset(garbage, 1, sizeof(garbage));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		int status;
		pid_t pid;
		int fd = connect_spawn(binary(), &pid);

		assert_true(fd >= 0);
		assert_int_equal(send(fd, garbage, lengths[i], MSG_NOSIGNAL), lengths[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		assert_int_equal(close(fd), 0);
	}
}

/* The line of /proc/PID/status that begins with key, behind it. */
static const char *
status_line(const char *text, const char *key)
{
	const char *found = strstr(text, key);

	assert_non_null(found);
	return found + strlen(key);
}

/* Started by root: an ordinary user without a capability, in a network of its own. */
static void
test_privileges(void **state)
{
	static const char *const sets[] = { "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:",
		"\nCapAmb:" };
	char path[64], text[4096], network[64], own_network[64];
	ssize_t length;
	FILE *file;
	pid_t pid;
	int fd;

	(void)state;
	need_root();
	fd = connect_spawn(binary(), &pid);
	assert_int_equal(ask_root(fd), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	length = (ssize_t)fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[length] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		assert_int_equal(strtoull(status_line(text, sets[i]), NULL, 16), 0);
	assert_int_equal(strtoul(status_line(text, "\nNoNewPrivs:"), NULL, 10), 1);
	assert_int_not_equal(strtoul(status_line(text, "\nUid:"), NULL, 10), 0);
	assert_int_not_equal(strtoul(status_line(text, "\nGid:"), NULL, 10), 0);
	assert_int_equal(
	    *(status_line(text, "\nGroups:") + strspn(status_line(text, "\nGroups:"), "\t ")),
	    '\n');
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	length = readlink(path, network, sizeof(network) - 1);
	assert_true(length > 0);
	network[length] = '\0';
	length = readlink("/proc/self/ns/net", own_network, sizeof(own_network) - 1);
	own_network[length] = '\0';
	assert_string_not_equal(network, own_network);
	assert_int_equal(close(fd), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Runs the binary with one or two arguments. Returns its exit status. */
static int
run(const char *first, const char *second)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)unsetenv("LISTEN_FDS");
		(void)!freopen("/dev/null", "w", stdout);
		(void)!freopen("/dev/null", "w", stderr);
		(void)execl(binary(), "overstay-names", first, second, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
test_usage(void **state)
{
	(void)state;
	assert_int_equal(run("--help", NULL), 0);
	assert_int_equal(run("--version", NULL), 0);
	assert_int_equal(run(NULL, NULL), 2);
	assert_int_equal(run("--what", NULL), 2);
	assert_int_equal(run("--fd", "x"), 2);
	assert_int_equal(run("--fd", "2"), 2);
	assert_int_equal(run("argument", NULL), 2);
	/* No socket there. */
	assert_int_equal(run("--fd", "777"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_usage),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
