/* SPDX-License-Identifier: MIT */
/*
 * overstay-lookup itself, as a process: how it is started, whom it serves, how it ends, and
 * what it gave up.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "helper-process.h"
#include "lookup-help.h"
#include "skip.h"

#define CONNECTIONS_MAX 8 /* wire/server.h */

struct service {
	char directory[64];
	struct sockaddr_un address;
	pid_t pid;
};

/* Starts the binary as systemd does: the listening socket is descriptor 3. */
static void
start(struct service *service, int listener)
{
	service->pid = fork();
	assert_true(service->pid >= 0);
	if (service->pid == 0) {
		char pid[16];
		(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
		(void)setenv("LISTEN_PID", pid, 1);
		(void)setenv("LISTEN_FDS", "1", 1);
		if (listener != 3 && dup2(listener, 3) < 0)
			_exit(126);
		(void)execl(help_binary(), "overstay-lookup", (char *)NULL);
		_exit(127);
	}
}

static int
setup(void **state)
{
	static struct service service;
	_close_ int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)snprintf(service.directory, sizeof(service.directory), "/tmp/overstay-server-XXXXXX");
	if (mkdtemp(service.directory) == NULL)
		return -1;
	service.address.sun_family = AF_UNIX;
	(void)snprintf(service.address.sun_path, sizeof(service.address.sun_path), "%s/socket",
	    service.directory);
	if (bind(listener, (struct sockaddr *)&service.address, sizeof(service.address)) < 0 ||
	    listen(listener, 32) < 0)
		return -1;
	start(&service, listener);
	*state = &service;
	return 0;
}

/* SIGTERM ends it, with 0. */
static int
teardown(void **state)
{
	struct service *service = *state;
	int status;

	(void)kill(service->pid, SIGTERM);
	if (waitpid(service->pid, &status, 0) != service->pid)
		return -1;
	(void)unlink(service->address.sun_path);
	(void)rmdir(service->directory);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

/* Asks for a listener of this process. */
static void
check_answer(struct lookup_client *owners)
{
	struct lookup_question question = { .uid = geteuid() };
	struct help_answers answers = { 0 };
	_close_ int fd = help_listen(&question.inode);
	const struct process *process;

	assert_true(fd >= 0);
	assert_int_equal(help_ask(owners, &question, 1, &answers), 0);
	process = owner_first(help_owner(&answers, question.inode));
	assert_non_null(process);
	assert_int_equal(process->pid, getpid());
	help_release(&answers);
}

static int
connect_raw(const struct service *service)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&service->address, sizeof(service->address)), 0);
	return fd;
}

/* The other end closes the connection, and says nothing before. */
static void
check_closed(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	char byte;

	assert_int_equal(poll(&poll_fd, 1, HELP_WAIT_MSEC), 1);
	assert_true(recv(fd, &byte, 1, 0) <= 0);
}

struct answered {
	uint32_t inode;
	size_t count;
	int32_t pid; /* who holds it */
};

static void
on_answer(uint32_t inode, struct owner *owner, void *argument)
{
	struct answered *answered = argument;

	answered->count++;
	if (inode == answered->inode && owner->kind == OWNER_PROCESS)
		answered->pid = owner->processes[0]->pid;
}

static void
test_serves(void **state)
{
	struct service *service = *state;
	struct lookup_client *first, *second;

	assert_int_equal(lookup_client_open_path(service->address.sun_path, &first), 0);
	assert_int_equal(lookup_client_open_path(service->address.sun_path, &second), 0);
	assert_int_equal(lookup_client_pid(first), 0);
	check_answer(first);
	check_answer(second);
	check_answer(first);
	lookup_client_close(first);
	check_answer(second);
	lookup_client_close(second);
	/* It stays when the last one went. */
	assert_int_equal(lookup_client_open_path(service->address.sun_path, &first), 0);
	check_answer(first);
	lookup_client_close(first);
}

static void
test_nonsense(void **state)
{
	struct service *service = *state;
	static char garbage[LOOKUP_PACKET_MAX];
	static const size_t lengths[] = { 1, 16, 100, sizeof(garbage) };
	struct lookup_client *owners;

	assert_int_equal(lookup_client_open_path(service->address.sun_path, &owners), 0);
	memset(garbage, 1, sizeof(garbage));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		_close_ int fd = connect_raw(service);
		assert_int_equal(send(fd, garbage, lengths[i], MSG_NOSIGNAL), lengths[i]);
		check_closed(fd);
	}
	/* Nobody else is touched by that. */
	check_answer(owners);
	lookup_client_close(owners);
}

/* So long a host may be too busy for the asker to read. */
static void
pause_long(void)
{
	const struct timespec pause = { .tv_sec = 6 };

	(void)nanosleep(&pause, NULL); /* pause: the asker's own */
}

/* Questions of more packets than the connection takes at once, as are the answers; one of them has
 * a holder. The asker reads late. */
static void
test_large_request(void **state)
{
	static struct lookup_question questions[LOOKUP_QUESTIONS_MAX];
	static struct answered answered;
	struct service *service = *state;
	struct lookup_client *owners;
	uint32_t inode;
	_close_ int listener = -1;
	int r;

	assert_int_equal(lookup_client_open_path(service->address.sun_path, &owners), 0);
	check_answer(owners);
	need_root();
	listener = help_listen(&inode);
	assert_true(listener >= 0);
	/* Numbers of inodes that no socket has, so soon. */
	for (uint32_t i = 0; i < LOOKUP_QUESTIONS_MAX; i++)
		questions[i].inode = UINT32_MAX - i;
	questions[5].inode = inode;
	answered = (struct answered){ .inode = inode };
	r = lookup_client_ask(owners, questions, LOOKUP_QUESTIONS_MAX);
	while (r == 1) {
		struct pollfd poll_fd = { .fd = lookup_client_fd(owners), .events = POLLOUT };

		assert_int_equal(poll(&poll_fd, 1, HELP_WAIT_MSEC), 1);
		r = lookup_client_ask_on(owners);
	}
	assert_int_equal(r, 0);
	pause_long();
	do {
		struct pollfd poll_fd = { .fd = lookup_client_fd(owners), .events = POLLIN };

		assert_int_equal(poll(&poll_fd, 1, HELP_WAIT_MSEC), 1);
		r = lookup_client_step(owners, 1, on_answer, &answered);
	} while (r == 1 || r == -EAGAIN);
	assert_int_equal(r, 0);
	assert_int_equal(answered.count, LOOKUP_QUESTIONS_MAX);
	assert_int_equal(answered.pid, getpid());
	lookup_client_close(owners);
}

/* Who sends half a request is waited for for a while, and then disconnected. */
static void
test_half_a_request(void **state)
{
	static struct wire_question questions[LOOKUP_INODES_MAX];
	static char packet[LOOKUP_PACKET_MAX];
	struct wire_request request = { .count = LOOKUP_INODES_MAX, .left = 1 };
	const size_t length = sizeof(struct wire_header) + sizeof(request) + sizeof(questions);
	const struct wire_header header = { LOOKUP_VERSION, LOOKUP_REQUEST, 1, (uint32_t)length };
	struct service *service = *state;
	struct lookup_client *owners;
	_close_ int fd = connect_raw(service);

	for (uint32_t i = 0; i < LOOKUP_INODES_MAX; i++)
		questions[i].inode = i + 1;
	memcpy(packet, &header, sizeof(header));
	memcpy(packet + sizeof(header), &request, sizeof(request));
	memcpy(packet + sizeof(header) + sizeof(request), questions, sizeof(questions));
	assert_int_equal(send(fd, packet, length, MSG_NOSIGNAL), length);
	assert_int_equal(lookup_client_open_path(service->address.sun_path, &owners), 0);
	check_closed(fd);
	check_answer(owners);
	lookup_client_close(owners);
}

static void
test_many(void **state)
{
	struct service *service = *state;
	struct lookup_client *owners[CONNECTIONS_MAX];
	_close_ int fd = -1;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		assert_int_equal(lookup_client_open_path(service->address.sun_path, &owners[i]), 0);
		check_answer(owners[i]);
	}
	fd = connect_raw(service);
	check_closed(fd);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		check_answer(owners[i]);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		lookup_client_close(owners[i]);
}

/*
 * A connection of an ordinary user is closed: this socket is for root and the service's
 * user.
 */
static void
test_stranger(void **state)
{
	struct service *service = *state;
	struct lookup_client *owners;
	int status;
	pid_t pid;

	/* The service's own user is served. */
	assert_int_equal(lookup_client_open_path(service->address.sun_path, &owners), 0);
	check_answer(owners);
	lookup_client_close(owners);
	need_root();
	assert_int_equal(chmod(service->directory, 0711), 0);
	assert_int_equal(chmod(service->address.sun_path, 0666), 0);
	pid = fork();
	if (pid == 0) {
		struct pollfd poll_fd = { .events = POLLIN };
		char byte;
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		if (setgid(65534) < 0 || setuid(65534) < 0 ||
		    connect(fd, (struct sockaddr *)&service->address, sizeof(service->address)) < 0)
			_exit(1);
		poll_fd.fd = fd;
		if (poll(&poll_fd, 1, HELP_WAIT_MSEC) != 1 || recv(fd, &byte, 1, 0) > 0)
			_exit(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
test_ends_with_connection(void **state)
{
	struct lookup_client *owners = help_spawn();
	int status;

	(void)state;
	assert_non_null(owners);
	check_answer(owners);
	status = help_end(owners);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/*
 * Ctrl-C in a terminal reaches it too; overstayd decides when it ends. SIGTERM does end it.
 */
static void
test_signals(void **state)
{
	struct lookup_client *owners = help_spawn();
	int status;

	(void)state;
	assert_non_null(owners);
	check_answer(owners);
	assert_int_equal(kill(lookup_client_pid(owners), SIGINT), 0);
	check_answer(owners);
	assert_int_equal(kill(lookup_client_pid(owners), SIGTERM), 0);
	status = help_end(owners);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* It cannot be started: the first step tells. */
static void
test_no_program(void **state)
{
	struct lookup_question question = { 1, 0 };
	struct help_answers answers = { 0 };
	struct lookup_client *owners = NULL;
	int r;

	(void)state;
	/* A file that execve(2) takes and that is no overstay-lookup. */
	assert_int_equal(lookup_client_spawn("/bin/true", &owners), 0);
	r = help_ask(owners, &question, 1, &answers);
	assert_true(r == -EPIPE || r == -ECONNRESET);
	(void)help_end(owners);
	help_release(&answers);
}

/* Started by root: an ordinary user with two capabilities, in a network of its own. */
static void
test_privileges(void **state)
{
	/* CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH. */
	const uint64_t kept = 1ULL << 19 | 1ULL << 2;
	struct lookup_client *owners;

	(void)state;
	need_root();
	owners = help_spawn();
	assert_non_null(owners);
	check_answer(owners);
	helper_expect_privileges(lookup_client_pid(owners), kept);
	(void)help_end(owners);
}

static void
test_usage(void **state)
{
	(void)state;
	helper_expect_usage("overstay-lookup");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_serves, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_a_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stranger, setup, teardown),
		cmocka_unit_test(test_ends_with_connection),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_no_program),
		cmocka_unit_test(test_privileges),
		cmocka_unit_test(test_usage),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
