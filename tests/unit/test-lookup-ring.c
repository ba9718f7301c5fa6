/* SPDX-License-Identifier: MIT */
/*
 * Sockets that only an io_uring holds: the text of its fdinfo, and a real ring.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-help.h"
#include "lookup/ring.h"
#include "skip.h"

struct seen {
	uint32_t inodes[8];
	size_t count, max;
};

static bool
on_inode(uint32_t inode, void *argument)
{
	struct seen *seen = argument;

	assert_true(seen->count < seen->max);
	seen->inodes[seen->count++] = inode;
	return seen->count < seen->max;
}

/* Takes the text in pieces of this size. */
static struct ring_text
take(const char *text, size_t piece, struct seen *seen)
{
	struct ring_text ring = { 0 };
	size_t length = strlen(text);
	bool more = true;

	seen->count = 0;
	for (size_t at = 0; at < length && more; at += piece)
		more = ring_take(&ring, text + at, at + piece < length ? piece : length - at,
		    on_inode, seen);
	return ring;
}

/* As Linux 6.18 writes it. */
static const char numbered[] =
    "pos:\t0\nflags:\t02000002\nSqMask:\t0x7\nSQEs:\t1\n"
    "    0: opcode:READ, fd:5, flags:0, off:0, addr:0x0, rw_flags:0x0, buf_index:0\n"
    "CQEs:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t5\n"
    "    0: socket:[4711]\n    1: /tmp/socket:[1]\n    2: <none>\n"
    "    3: /tmp/a\\012socket:[2]\n    4: socket:[4712]\nUserBufs:\t1\n"
    "    5: socket:[3]\nPollList:\n  op=6, task_works=0\n";

static void
numbers_are_found(void **state)
{
	struct seen seen = { .max = 8 };

	(void)state;
	for (size_t piece = 1; piece < sizeof(numbered); piece++) {
		struct ring_text ring = take(numbered, piece, &seen);

		assert_int_equal(seen.count, 2);
		assert_int_equal(seen.inodes[0], 4711);
		assert_int_equal(seen.inodes[1], 4712);
		assert_true(ring.has_files);
		assert_false(ring.no_files);
		assert_int_equal(ring.hidden, 0);
	}
	/* Whoever has heard enough hears no more. */
	seen.max = 1;
	(void)take(numbered, 7, &seen);
	assert_int_equal(seen.count, 1);
}

static void
old_kernels_show_the_protocol(void **state)
{
	static const struct {
		const char *text;
		uint32_t hidden;
		bool has_files, no_files;
	} cases[] = {
		{ "UserFiles:\t1\n    0: TCP\nUserBufs:\t0\n", 1U << LOOKUP_TCP, true, false },
		{ "UserFiles:\t2\n    0: UDPv6\n    1: TCPv6\n",
		    1U << LOOKUP_TCP | 1U << LOOKUP_UDP, true, false },
		{ "UserFiles:\t1\n    0: TCPs\n", 0, true, false },
		{ "UserFiles:\t1\n    0: UNIX-STREAM\n", 0, true, false },
		{ "UserFiles:\t0\nUserBufs:\t0\n", 0, false, true },
		{ "UserFiles:\t1\nUserBufs:\t0\n", 0, false, false },
		{ "    0: TCP\n", 0, false, false },
		{ "UserFiles:\t1\n    0:TCP\n", 0, false, false },
		{ "UserFiles:\t1\n    0: TCP", 0, false, false },
		{ "", 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seen seen = { .max = 8 };
		struct ring_text ring = take(cases[i].text, 3, &seen);

		assert_int_equal(seen.count, 0);
		assert_int_equal(ring.hidden, cases[i].hidden);
		assert_int_equal(ring.has_files, cases[i].has_files);
		assert_int_equal(ring.no_files, cases[i].no_files);
	}
}

/* A line longer than any that is read is cut, and the next one is read. */
static void
long_lines_are_cut(void **state)
{
	struct seen seen = { .max = 8 };
	char text[4096] = "UserFiles:\t2\n    0: /";
	size_t length = strlen(text);

	(void)state;
	memset(text + length, 'x', 2000);
	(void)snprintf(text + length + 2000, 100, "socket:[9]\n    1: socket:[10]\n");
	(void)take(text, 100, &seen);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.inodes[0], 10);
}

/* Registers fd with a new ring. Returns the ring's descriptor, less than 0 where there is none. */
static int
make_ring(int fd)
{
	struct io_uring_params parameters = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &parameters);

	if (ring >= 0 && syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1) < 0)
		return -1;
	return ring;
}

/* A child that holds the listener by a ring alone. */
static pid_t
start_child(uint32_t *ret_inode)
{
	int fd = help_listen(ret_inode), ready[2];
	char done = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		done = make_ring(fd) >= 0;
		(void)close(fd);
		if (write(ready[1], &done, 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(fd);
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &done, 1), 1);
	(void)close(ready[0]);
	if (done == 0) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		skip_because("no io_uring can be made");
	}
	return pid;
}

static bool
shows_numbers(pid_t pid, uint32_t inode)
{
	char path[64];
	bool shows = false;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	_close_ int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (int i = 3; i < 64 && !shows; i++)
		shows = ring_has(fd, i, inode);
	return shows;
}

static void
a_ring_holds_a_listener(void **state)
{
	static struct help_answers answers;
	struct lookup_client *owners;
	const struct owner *owner;
	uint32_t inode;
	pid_t pid;

	(void)state;
	help_need_init();
	pid = start_child(&inode);
	owners = help_spawn();
	assert_non_null(owners);
	for (int thorough = 0; thorough < 2; thorough++) {
		const struct lookup_question question = { .inode = inode,
			.uid = geteuid(),
			.thorough = thorough != 0 };

		assert_int_equal(help_ask(owners, &question, 1, &answers), 0);
		owner = help_owner(&answers, inode);
		assert_non_null(owner);
		if (shows_numbers(pid, inode)) {
			assert_int_equal(owner->kind, OWNER_PROCESS);
			assert_int_equal(owner->holders, 1);
			assert_int_equal(owner->processes[0]->pid, pid);
		} else
			assert_int_equal(owner->reason, OWNER_REASON_IO_URING);
		help_release(&answers);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(help_end(owners), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found),
		cmocka_unit_test(old_kernels_show_the_protocol),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(a_ring_holds_a_listener),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
