/* SPDX-License-Identifier: MIT */
/*
 * Shared by the tests of the lookup. Nothing here fails a test by itself; it returns what
 * a test can be sure of.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "helper-process.h"
#include "lookup-help.h"
#include "skip.h"

/* PID 1 of the namespace: reaps until the tests end, and ends as they do. */
static void
reap(pid_t tests)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, 0)) != tests)
		if (pid < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

void
help_isolate(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0 || unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return;
	pid = fork();
	if (pid > 0) {
		(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
	}
	if (pid < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		_exit(EXIT_FAILURE);
	pid = fork();
	if (pid != 0)
		reap(pid);
}

void
help_take_turns(void)
{
	/* Open from now on. */
	int fd = geteuid() == 0 ? open("/usr/local", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	while (fd >= 0 && flock(fd, LOCK_EX) < 0 && errno == EINTR)
		;
}

bool
help_sees_init(void)
{
	int fd = open("/proc/1/root", O_PATH | O_CLOEXEC);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

void
help_need_init(void)
{
	need_root();
	if (!help_sees_init())
		skip_because("PID 1 may not be looked at here");
}

void
help_collect(uint32_t inode, struct owner *owner, void *argument)
{
	struct help_answers *answers = argument;

	if (answers->count == HELP_ANSWERS_MAX)
		abort();
	answers->answers[answers->count].inode = inode;
	answers->answers[answers->count++].owner = owner_ref(owner);
}

int
help_finish(struct lookup_client *owners, struct help_answers *answers)
{
	struct pollfd poll_fd = { .fd = lookup_client_fd(owners), .events = POLLIN };
	int r;

	do {
		if (poll(&poll_fd, 1, HELP_WAIT_MSEC) <= 0)
			return -ETIMEDOUT;
		r = lookup_client_step(owners, clock_boottime_usec(), help_collect, answers);
	} while (r == 1 || r == -EAGAIN);
	return r;
}

int
help_ask(struct lookup_client *owners, const struct lookup_question *questions, size_t count,
    struct help_answers *answers)
{
	int r = lookup_client_ask(owners, questions, count);

	answers->count = 0;
	return r < 0 ? r : help_finish(owners, answers);
}

struct owner *
help_owner(const struct help_answers *answers, uint32_t inode)
{
	struct owner *found = NULL;

	for (size_t i = 0; i < answers->count; i++) {
		if (answers->answers[i].inode != inode)
			continue;
		if (found != NULL)
			return NULL;
		found = answers->answers[i].owner;
	}
	return found;
}

void
help_release(struct help_answers *answers)
{
	for (size_t i = 0; i < answers->count; i++)
		owner_unref(answers->answers[i].owner);
	answers->count = 0;
}

int
help_listen(uint32_t *ret_inode)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct stat status;

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0 ||
	    fstat(fd, &status) < 0) {
		(void)close(fd);
		return -1;
	}
	*ret_inode = (uint32_t)status.st_ino;
	return fd;
}

const char *
help_binary(void)
{
	return helper_binary("overstay-lookup");
}

struct lookup_client *
help_spawn(void)
{
	struct lookup_client *owners = NULL;

	return lookup_client_spawn(help_binary(), &owners) < 0 ? NULL : owners;
}

int
help_end(struct lookup_client *owners)
{
	pid_t pid = lookup_client_pid(owners);
	int status;

	lookup_client_close(owners);
	return waitpid(pid, &status, 0) == pid ? status : -1;
}
