/* SPDX-License-Identifier: MIT */
/*
 * The filter, in children that install it as the program does and then try what it forbids.
 * Each deed is tried without the filter too: where it fails with EPERM there as well, it
 * proves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "lookup/path.h"
#include "lookup/privileges.h"
#include "lookup/syscalls.h"
#include "skip.h"

/* What no kernel has at hand: a pointer and a descriptor that lead nowhere. */
#define NOWHERE 8L
#define NO_FD	(-1L)

struct deed {
	const char *name;
	long number;
	long arguments[6];
};

/* Arguments are such that the kernel, if it ran the call, would say anything but EPERM. */
static const struct deed deeds[] = {
/* clang-format off */
#define OPEN(flags) { "openat " #flags, SYS_openat, { NO_FD, NOWHERE, (flags), 0600 } }
#define DEED(name, ...) { #name, SYS_##name, { __VA_ARGS__ } }
	/* clang-format on */
	OPEN(O_WRONLY),
	OPEN(O_RDWR),
	OPEN(O_ACCMODE),
	OPEN(O_CREAT),
	OPEN(O_TRUNC),
	OPEN(O_TMPFILE),
	OPEN(O_APPEND),
	OPEN(O_CREAT | O_PATH),
	OPEN(O_EXCL),
	/* The kernel looks at the lower half of the argument alone. */
	{ "openat above", SYS_openat, { NO_FD, NOWHERE, (long)(1ULL << 32 | O_TRUNC) } },
	DEED(openat2, NO_FD, NOWHERE, NOWHERE, 24),
	DEED(open_by_handle_at, NO_FD, NOWHERE, 0),
	DEED(io_uring_setup, 1, NOWHERE),
	DEED(io_setup, 1, NOWHERE),
	DEED(truncate, NOWHERE, 0),
	DEED(ftruncate, NO_FD, 0),
	DEED(fallocate, NO_FD),
	DEED(mkdirat, NO_FD, NOWHERE),
	DEED(mknodat, NO_FD, NOWHERE, 0100600),
	DEED(linkat, NO_FD, NOWHERE, NO_FD, NOWHERE),
	DEED(symlinkat, NOWHERE, NO_FD, NOWHERE),
	DEED(renameat2, NO_FD, NOWHERE, NO_FD, NOWHERE, 0),
	DEED(unlinkat, NO_FD, NOWHERE),
	DEED(fchmod, NO_FD, 0),
	DEED(fchmodat, NO_FD, NOWHERE, 0),
	DEED(fchown, NO_FD, 0, 0),
	DEED(fchownat, NO_FD, NOWHERE, 0, 0),
	DEED(setxattr, NOWHERE, NOWHERE),
	DEED(fsetxattr, NO_FD, NOWHERE),
	DEED(removexattr, NOWHERE, NOWHERE),
	DEED(utimensat, NO_FD, NOWHERE, NOWHERE),
	DEED(flock, NO_FD),
	DEED(ioctl, NO_FD, 0),
	DEED(fcntl, NO_FD, F_SETLK, NOWHERE),
	DEED(fcntl, NO_FD, F_SETOWN, 1),
	DEED(ptrace, 16, 1 << 30),
	DEED(process_vm_readv, 1 << 30, NOWHERE, 1, NOWHERE, 1),
	DEED(process_vm_writev, 1 << 30, NOWHERE, 1, NOWHERE, 1),
	DEED(pidfd_getfd, NO_FD),
	DEED(pidfd_open, 1 << 30),
	DEED(kill, 1 << 30),
	DEED(tgkill, 1 << 30, 1 << 30),
	DEED(tkill, 1 << 30),
	DEED(execve, NOWHERE),
	DEED(execveat, NO_FD, NOWHERE),
	DEED(clone, 1 << 16),
	DEED(socket, 99),
	DEED(socketpair, 99),
	DEED(connect, NO_FD),
	DEED(bind, NO_FD),
	DEED(listen, NO_FD),
	DEED(sendmsg, NO_FD),
	DEED(recvmsg, NO_FD),
	DEED(memfd_create, NOWHERE, 0),
	DEED(fgetxattr, NO_FD, NOWHERE),
	DEED(prctl, 0x7fffffff),
	DEED(seccomp, 99),
	DEED(unshare, 1),
	DEED(setns, NO_FD),
	DEED(splice, NO_FD, 0, NO_FD, 0, 1),
	DEED(prlimit64, 1 << 30, 0, 0, NOWHERE),
};

static long
try(const struct deed *deed)
{
	const long *arguments = deed->arguments;

	return syscall(deed->number, arguments[0], arguments[1], arguments[2], arguments[3],
		   arguments[4], arguments[5]) < 0 ?
	    errno :
	    0;
}

/* Runs function in a child, with the filter or without. Returns its wait status. */
static int
in_child(bool filtered, int (*function)(const struct deed *), const struct deed *deed)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (filtered && (privileges_lock() < 0 || syscalls_restrict() < 0))
			_exit(126);
		_exit(function(deed));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int
error_of(const struct deed *deed)
{
	return (int)try(deed);
}

static void
test_forbidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		int without = in_child(false, error_of, &deeds[i]);
		int with = in_child(true, error_of, &deeds[i]);

		if (!WIFEXITED(with) || WEXITSTATUS(with) != EPERM)
			fail_msg("%s: status %x with the filter", deeds[i].name, with);
		if (WIFEXITED(without) && WEXITSTATUS(without) == EPERM)
			fail_msg("%s: EPERM without the filter", deeds[i].name);
	}
}

/* The very deed of an intruder: a file that everybody may write, by way of /proc. */
static int
empty_by_proc(const struct deed *deed)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)getppid(), deed->name);
	return open(path, O_RDONLY | O_TRUNC | O_CLOEXEC) < 0 ? errno : 0;
}

static void
test_not_emptied(void **state)
{
	char path[] = "/tmp/lookup-syscalls.XXXXXX";
	int fd = mkstemp(path);
	struct deed deed = { .name = path };

	(void)state;
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(WEXITSTATUS(in_child(true, empty_by_proc, &deed)), EPERM);
	assert_int_equal(lseek(fd, 0, SEEK_END), 1);
	assert_int_equal(in_child(false, empty_by_proc, &deed), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
}

#if defined(__x86_64__)
static int
foreign(const struct deed *deed)
{
	long result;

	if (deed->number != 0)
		return syscall(deed->number) < 0 ? 1 : 0;
	/* getpid of i386 */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(20L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0;
}

static void
test_foreign_abi(void **state)
{
	/* getpid of x32 */
	const struct deed numbers[] = { { .number = 0x40000000 + 39 }, { .number = 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		int status = in_child(true, foreign, &numbers[i]);

		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}
#else
static void
test_foreign_abi(void **state)
{
	(void)state;
	skip_because("only x86-64 has another ABI to be refused");
}
#endif

static int
work(const struct deed *deed)
{
	char byte;
	void *memory = malloc(1 << 22);
	int root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	(void)deed;
	free(memory);
	if (memory == NULL || root_fd < 0 || fd < 0 || read(fd, &byte, 1) != 1)
		return 1;
	if (path_open(root_fd, "/proc/1") < 0)
		return 2;
	if (getxattr("/proc/self/stat", "user.none", &byte, 1) >= 0 || errno == EPERM)
		return 4;
	return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILES, 0, 0) == 0 ? 0 : 3;
}

static int
end_by_abort(const struct deed *deed)
{
	(void)deed;
	abort();
}

static void
test_allowed(void **state)
{
	int status;

	(void)state;
	assert_int_equal(in_child(true, work, NULL), 0);
	status = in_child(true, end_by_abort, NULL);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_not_emptied),
		cmocka_unit_test(test_foreign_abi),
		cmocka_unit_test(test_allowed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
