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
#include "helper-process.h"
#include "skip.h"
#include "wire/connect.h"
#include "wire/names-link.h"

#define WAIT_USEC (20 * USEC_PER_SEC)

static const char *
binary(void)
{
	return helper_binary("overstay-names");
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

/* Started by root: an ordinary user without a capability, in a network of its own. */
static void
test_privileges(void **state)
{
	pid_t pid;
	int fd;

	(void)state;
	need_root();
	fd = connect_spawn(binary(), &pid);
	assert_int_equal(ask_root(fd), 0);
	helper_expect_privileges(pid, 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
test_usage(void **state)
{
	(void)state;
	helper_expect_usage("overstay-names");
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
