/* SPDX-License-Identifier: MIT */
/*
 * Whether one that was started by hand sees the service: while another process holds the lock, for
 * the same network namespace, and not because of a file alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
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
#include "service-lock.h"

static char directory[] = "/tmp/overstay-lock.XXXXXX";
static char path[sizeof(directory) + sizeof(SERVICE_LOCK)];

static int
set_up(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/%s", directory, SERVICE_LOCK);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

/* What another process that is started now sees. */
static bool
another_sees(void)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(service_lock_is_taken(directory) ? 1 : 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 1;
}

static void
seen_while_it_runs(void **state)
{
	struct stat status;
	int fd;

	(void)state;
	assert_false(another_sees());
	fd = service_lock_take(directory);
	assert_true(fd >= 0);
	assert_true(another_sees());
	/* Only root can read it, so only root can hold it. */
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	/* To ask is not to take. */
	assert_int_equal(service_lock_take(directory), -EAGAIN);
	/* One that died leaves the file, and no lock. */
	assert_int_equal(close(fd), 0);
	assert_false(another_sees());
	fd = service_lock_take(directory);
	assert_true(fd >= 0);
	service_lock_release(directory, fd);
	assert_false(another_sees());
	assert_int_equal(access(path, F_OK), -1);
	service_lock_release(directory, -ENOENT);
}

static void
another_namespace_is_not_this_one(void **state)
{
	int fd = service_lock_take(directory);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_false(another_sees());
	assert_int_equal(close(fd), 0);
}

static void
what_is_no_lock(void **state)
{
	(void)state;
	assert_false(service_lock_is_taken("/nonexistent"));
	assert_int_equal(service_lock_take("/nonexistent"), -ENOENT);
	(void)unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_false(service_lock_is_taken(directory));
	assert_int_equal(service_lock_take(directory), -ELOOP);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(seen_while_it_runs),
		cmocka_unit_test(another_namespace_is_not_this_one),
		cmocka_unit_test(what_is_no_lock),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("service-lock", tests, set_up, tear_down);
}
