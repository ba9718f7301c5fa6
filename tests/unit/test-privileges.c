/* SPDX-License-Identifier: MIT */
/*
 * What overstayd takes from itself at its start, in children that do it and then try. Each deed is
 * tried before, too: where it fails there, it proves nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "privileges.h"
#include "skip.h"

#define CONFINED 100

static struct sockaddr_un abstract = { .sun_family = AF_UNIX };

static int
make(int family, int type)
{
	int fd = socket(family, type, 0);

	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

static int
stream(void)
{
	return make(AF_UNIX, SOCK_STREAM);
}

static int
stream_with_flags(void)
{
	return make(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* The kernel looks at the lower half of each argument alone. */
static int
stream_above(void)
{
	long fd =
	    syscall(SYS_socket, (long)(1ULL << 32 | AF_UNIX), (long)(1ULL << 32 | SOCK_STREAM), 0);

	return fd < 0 ? -errno : close((int)fd);
}

static int
datagram(void)
{
	return make(AF_UNIX, SOCK_DGRAM);
}

static int
packet(void)
{
	return make(AF_UNIX, SOCK_SEQPACKET);
}

static int
netlink(void)
{
	return make(AF_NETLINK, SOCK_RAW);
}

static int
connect_abstract(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return connect(fd, (const struct sockaddr *)&abstract, sizeof(abstract)) < 0 ? -errno :
										       close(fd);
}

static int
signal_parent(void)
{
	return kill(getppid(), 0) < 0 ? -errno : 0;
}

static int
signal_itself(void)
{
	return kill(getpid(), 0) < 0 ? -errno : 0;
}

/* The result of a deed in a child, as confined as overstayd is or not. */
static int
try(int (*deed)(void), bool confined)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int r = confined ? privileges_drop() : 0;

		if (r == 0 && confined)
			r = privileges_confine();
		if (r < 0)
			_exit(CONFINED);
		_exit(-deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), CONFINED);
	return -WEXITSTATUS(status);
}

static void
stream_sockets_are_refused(void **state)
{
	static int (*const refused[])(void) = { stream, stream_with_flags, stream_above };
	static int (*const left[])(void) = { datagram, packet, netlink };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(try(refused[i], false), 0);
		assert_int_equal(try(refused[i], true), -EPERM);
	}
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		assert_int_equal(try(left[i], true), 0);
}

static void
others_are_out_of_reach(void **state)
{
	int fd;

	(void)state;
	if (syscall(444, NULL, 0, 1U) < 6)
		skip_because("the kernel has no scopes of Landlock");
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	(void)snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1, "test-privileges-%d",
	    getpid());
	assert_int_equal(bind(fd, (const struct sockaddr *)&abstract, sizeof(abstract)), 0);
	assert_int_equal(try(connect_abstract, false), 0);
	assert_int_equal(try(connect_abstract, true), -EPERM);
	assert_int_equal(try(signal_parent, false), 0);
	assert_int_equal(try(signal_parent, true), -EPERM);
	assert_int_equal(try(signal_itself, true), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_sockets_are_refused),
		cmocka_unit_test(others_are_out_of_reach),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
