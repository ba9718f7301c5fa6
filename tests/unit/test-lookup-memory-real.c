/* SPDX-License-Identifier: MIT */
/*
 * Requests answered out of this host's own /proc while memory is short: about a socket of the
 * test's, which a child and a shell on the network hold, too, and about one that nobody has.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lookup-help.h"
#include "lookup-short.h"
#include "lookup/files.h"
#include "skip.h"

static int
open_host(void *argument, struct host *ret)
{
	(void)argument;
	return host_open(ret);
}

static void
close_host(struct host *host)
{
	(void)close(host->proc_fd);
	if (host->cgroup_fd >= 0)
		(void)close(host->cgroup_fd);
	if (host->systemd_fd >= 0)
		(void)close(host->systemd_fd);
	free(host->known);
	free(host->ledger);
}

/* Starts a shell that reads from in_fd, and returns when it is that. */
static pid_t
start_shell(int in_fd)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(in_fd, STDIN_FILENO);
		(void)dup2(ready[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", "-c", "echo; exec >/dev/null; read line",
		    (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	/* It reads next. */
	assert_int_equal(read(ready[0], &byte, 1), 0);
	(void)close(ready[0]);
	return pid;
}

/* Two ends of a connection on the loopback. */
static void
connect_pair(int pair[2])
{
	uint32_t inode;
	int listener = help_listen(&inode);
	struct sockaddr_in address;
	socklen_t length = sizeof(address);

	assert_true(listener >= 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(pair[0], (struct sockaddr *)&address, length), 0);
	pair[1] = accept(listener, NULL, NULL);
	assert_true(pair[1] >= 0);
	(void)close(listener);
}

static void
test_real(void **state)
{
	struct wire_question questions[2] = { { .uid = 0 }, { .inode = UINT32_MAX } };
	const struct short_request request = {
		.questions = questions,
		.count = 2,
		.path = "/bin/sh",
		.open = open_host,
		.close = close_host,
	};
	int pair[2], listener, status;
	pid_t pid;

	(void)state;
	help_need_init();
	listener = help_listen(&questions[0].inode);
	assert_true(listener >= 0);
	connect_pair(pair);
	pid = start_shell(pair[1]);
	short_check(&request);
	questions[0].flags = LOOKUP_THOROUGH | LOOKUP_CHECKSUM;
	short_check(&request);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)close(pair[0]);
	(void)close(pair[1]);
	(void)close(listener);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
