/* SPDX-License-Identifier: MIT */
/*
 * The program's own system call filter (seccomp(2)). The two capabilities let their owner
 * into every process's /proc/PID/root and with that out of any mount namespace, where no
 * sandbox made of mounts counts: a file of the host that everybody may write could be
 * emptied, one could be made in /tmp. So nothing can be opened but for reading: openat(2)
 * passes only with flags of which none writes, makes or empties, seen in the call's
 * argument. openat2(2) keeps its flags in memory, where no filter sees them, and io_uring
 * opens without a system call: neither passes.
 *
 * It is a list of what passes: what a later kernel brings is refused until it stands here.
 * The list is what the C library and the sanitizers' and valgrind's run times use for
 * reading, for memory and to end, whatever the machine; names a machine or
 * libseccomp does not know are passed over. Calls of another ABI of the same machine (i386,
 * x32), which have other numbers, end the process.
 *
 * What stays is reading, by the nature of the capabilities: every file, the memory and the
 * environment of every process. A pipe or terminal that is read has been read.
 *
 * Cost: a millisecond at the start, then some 50 ns a system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <unistd.h>

#include "lookup/syscalls.h"

/* All that openat(2) may be asked for; an access mode other than O_RDONLY is no part. */
#define OPEN_FLAGS \
	(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_LARGEFILE)

static const char *const allowed_calls[] = {
	/* looking */
	"access", "close", "faccessat", "faccessat2", "fstat", "fstat64", "fstatat64", "fstatfs",
	"fstatfs64", "getdents", "getdents64", "getxattr", "kcmp", "lseek", "_llseek", "lstat",
	"lstat64", "newfstatat", "pread64", "read", "readlink", "readlinkat", "readv", "stat",
	"stat64", "statfs", "statfs64", "statx",
	/* serving what is open */
	"accept", "accept4", "alarm", "getsockopt", "poll", "ppoll", "ppoll_time64", "recv",
	"recvfrom", "send", "sendto", "setitimer", "signalfd", "signalfd4", "write", "writev",
	/* itself */
	"brk", "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "exit", "exit_group", "futex", "futex_time64",
	"getcpu", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getpid",
	"getppid", "getrandom", "getrlimit", "gettid", "gettimeofday", "getuid", "getuid32",
	"madvise", "mmap", "mmap2", "mprotect", "mremap", "munmap", "nanosleep", "restart_syscall",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "sched_getaffinity", "sched_yield", "sigaction", "sigaltstack",
	"sigprocmask", "sigreturn", "sysinfo", "time", "ugetrlimit", "uname"
};

/* fcntl(2) could also lock others' files and have signals sent. */
static const int allowed_fcntl[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD, F_DUPFD_CLOEXEC };

/* Lets a call pass where the condition holds. Returns 0 or -errno. */
static int
allow_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp condition)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition);
}

static int
allow_calls(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed_calls); i++) {
		int number = seccomp_syscall_resolve_name(allowed_calls[i]);
		int r;

		if (number == __NR_SCMP_ERROR)
			continue;
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 0, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

static int
allow_conditions(scmp_filter_ctx filter)
{
	static const char *const fcntl_names[] = { "fcntl", "fcntl64" };
	/* The kernel takes the flags as an int: the upper half of the register is idle. */
	const scmp_datum_t forbidden = (uint32_t)~OPEN_FLAGS;
	int r;

	r = allow_if(filter, "openat", SCMP_A2(SCMP_CMP_MASKED_EQ, forbidden, 0));
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fcntl_names); i++)
		for (size_t j = 0; r == 0 && j < ARRAY_SIZE(allowed_fcntl); j++)
			r = allow_if(filter, fcntl_names[i],
			    SCMP_A1(SCMP_CMP_MASKED_EQ, UINT32_MAX,
				(scmp_datum_t)allowed_fcntl[j]));
	/* abort(3) signals itself; nobody else is to be signalled. */
	if (r == 0)
		r = allow_if(filter, "tgkill",
		    SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (scmp_datum_t)getpid()));
	return r;
}

int
syscalls_restrict(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r;

	if (filter == NULL)
		return -ENOMEM;
	/* privileges_lock() did; a second time needs what the unit may not leave. */
	r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (r == 0)
		r = allow_calls(filter);
	if (r == 0)
		r = allow_conditions(filter);
	if (r == 0)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}
