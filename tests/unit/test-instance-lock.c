/* SPDX-License-Identifier: MIT */
/*
 * Whether one overstayd sees another: while that one lives, in the same network namespace, whoever
 * came first, and not because of a file alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "instance-lock.h"
#include "skip.h"

static char parent[] = "/tmp/overstay-lock.XXXXXX";
static char directory[sizeof(parent) + 8];
static char path[sizeof(directory) + sizeof(INSTANCE_LOCK)];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(parent) == NULL)
		return -1;
	(void)snprintf(directory, sizeof(directory), "%s/run", parent);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, INSTANCE_LOCK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)rmdir(directory);
	return rmdir(parent);
}

/* Another process that takes the lock and lives until it is killed, and what it saw. */
struct other {
	pid_t pid;
	int fd;
	struct instance saw;
};

static struct other
start(enum instance_kind self, bool own_namespace)
{
	struct other other = { .fd = -1 };
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (own_namespace && unshare(CLONE_NEWNET) < 0)
			_exit(77);
		other.fd = instance_lock_take(directory, self, &other.saw);
		if (write(fds[1], &other, sizeof(other)) == (ssize_t)sizeof(other))
			(void)pause();
		_exit(1);
	}
	(void)close(fds[1]);
	if (read(fds[0], &other, sizeof(other)) == (ssize_t)sizeof(other))
		assert_true(other.fd >= 0);
	(void)close(fds[0]);
	other.pid = pid;
	return other;
}

static void
end(const struct other *other)
{
	assert_int_equal(kill(other->pid, SIGKILL), 0);
	assert_int_equal(waitpid(other->pid, NULL, 0), other->pid);
}

static void
expect_seen(const struct other *other, enum instance_kind kind, pid_t pid)
{
	assert_int_equal(other->saw.kind, kind);
	assert_int_equal(other->saw.pid, pid);
}

static void
each_sees_who_is_there(void **state)
{
	struct other first = start(INSTANCE_BY_HAND, false), second, third, service;
	struct stat status;

	(void)state;
	expect_seen(&first, INSTANCE_NONE, 0);
	/* Only root can open it, so only root can hold it. */
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	second = start(INSTANCE_BY_HAND, false);
	expect_seen(&second, INSTANCE_BY_HAND, first.pid);
	service = start(INSTANCE_SERVICE, false);
	assert_int_equal(service.saw.kind, INSTANCE_BY_HAND);
	/* The first one's death does not hide the second one. */
	end(&first);
	third = start(INSTANCE_BY_HAND, false);
	expect_seen(&third, INSTANCE_SERVICE, service.pid);
	end(&service);
	end(&third);
	third = start(INSTANCE_SERVICE, false);
	expect_seen(&third, INSTANCE_BY_HAND, second.pid);
	end(&third);
	end(&second);
	/* All died: the file is there, and nobody. */
	assert_int_equal(access(path, F_OK), 0);
	first = start(INSTANCE_SERVICE, false);
	expect_seen(&first, INSTANCE_NONE, 0);
	end(&first);
}

static void
another_namespace_is_not_this_one(void **state)
{
	struct other first = start(INSTANCE_SERVICE, false), second;

	(void)state;
	second = start(INSTANCE_BY_HAND, true);
	if (second.fd < 0) {
		assert_int_equal(waitpid(second.pid, NULL, 0), second.pid);
		end(&first);
		skip_because("a network namespace needs root");
	}
	expect_seen(&second, INSTANCE_NONE, 0);
	end(&second);
	end(&first);
}

static void
what_is_no_lock(void **state)
{
	struct instance other;

	(void)state;
	assert_int_equal(instance_lock_take("/nonexistent/run", INSTANCE_SERVICE, &other), -ENOENT);
	assert_int_equal(other.kind, INSTANCE_NONE);
	(void)unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(instance_lock_take(directory, INSTANCE_BY_HAND, &other), -ELOOP);
	assert_int_equal(other.kind, INSTANCE_NONE);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sees_who_is_there),
		cmocka_unit_test(another_namespace_is_not_this_one),
		cmocka_unit_test(what_is_no_lock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("instance-lock", tests, set_up, tear_down);
}
