/* SPDX-License-Identifier: MIT */
/*
 * How overstayd gets a connection to one of its helpers: by the socket that systemd listens on, or
 * by starting the helper itself.
 *
 * What it never does: wait, reap. connect_spawn() is the only place where overstayd forks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/connect.h"

/* The descriptor on which a started helper finds its connection. */
#define CHILD_FD 3

int
connect_path(const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_close_ int fd = -1;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* A full backlog is EAGAIN, not a wait. */
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

/*
 * The child, between fork() and execve(): only what is allowed there with other threads
 * around. The environment stays behind, so NOTIFY_SOCKET and LISTEN_FDS keep meaning
 * overstayd.
 */
static void
become_helper(const char *binary, int fd)
{
	static const char *const environment[] = { "LC_ALL=C", NULL };
	static const char number[] = { '0' + CHILD_FD, '\0' };
	const char *const arguments[] = { binary, "--fd", number, NULL };
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;
	int null_fd;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &standard, NULL);
	/* What is sent to overstayd's group, by a terminal or timeout(1), is not for its helpers:
	 * they end after it, when the connection does. */
	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0)
		return;
	/* Were it that number already, dup2() would leave it to be closed by execve(). */
	if (fd == CHILD_FD ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, CHILD_FD) < 0)
		return;
	/* Before Linux 5.9 nothing but O_CLOEXEC closes them, and everything has it. */
	(void)syscall(SYS_close_range, CHILD_FD + 1, ~0U, 0);
	(void)execve(binary, (char *const *)arguments, (char *const *)environment);
}

int
connect_spawn(const char *binary, pid_t *ret_pid)
{
	_close_ int own = -1, other = -1;
	sigset_t all, before;
	int pair[2], r;
	pid_t pid;

	if (access(binary, X_OK) < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	own = pair[0];
	other = pair[1];
	/*
	 * No handler of ours may run in the child: it would write to the loop's own pipe.
	 */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0) {
		become_helper(binary, other);
		_exit(127);
	}
	r = pid < 0 ? -errno : 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	*ret_pid = pid;
	return take_fd(&own);
}
