/* SPDX-License-Identifier: MIT */
/*
 * Looks for owners while they come and go. Each place has one child at a time, which holds
 * a listener of its own, then runs another program, then is killed; the next child of the
 * place gets the same process number where the kernel lets the test choose it (clone3(2),
 * set_tid). So every answer can be held against what is true: this inode was only ever held
 * by that child (and by the test, for the moment before the fork), under those two names.
 *
 * What is counted: wrong = an answer that names another process, start time or command line
 * than the truth. It must be 0. Found = answers that did name the child; there must be
 * many, or the test proved nothing.
 */
#include <errno.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
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

#include "base/clock.h"
#include "lookup-help.h"

#define PLACES	    6
#define ROUNDS_USEC (3 * USEC_PER_SEC)
/* So much is to be found, and so long that may take on a busy host. */
#define FOUND_LEAST  10
#define PATIENT_USEC (60 * USEC_PER_SEC)
#define PROGRAM	     "/bin/sleep"
#define SECONDS	     "600"

/* The kernel's clock of start times ticks every 10 ms. */
#define POLL_USEC (20 * USEC_PER_MSEC)

struct corner {
	pid_t pid;	  /* 0 = empty */
	pid_t wanted_pid; /* the number its children get, 0 = any */
	uint32_t inode;
	char name[32]; /* argv[0] of the program */
	uint64_t start_least_usec, start_most_usec;
};

struct tally {
	struct corner places[PLACES]; /* as they were when the question was put */
	char own_exe[4096], program[4096], own_cmdline[4096];
	size_t own_cmdline_length;
	unsigned answers, found, as_program, wrong;
};

/* fork(), with a process number of choice. */
static pid_t
fork_as(pid_t wanted)
{
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uint64_t)(uintptr_t)&wanted,
		.set_tid_size = 1,
	};
	long pid;

	if (wanted == 0)
		return fork();
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	return pid < 0 ? fork() : (pid_t)pid;
}

static void
start(struct corner *place)
{
	int fd = help_listen(&place->inode);

	assert_true(fd >= 0);
	(void)snprintf(place->name, sizeof(place->name), "place-%u", place->inode);
	place->start_least_usec = clock_boottime_usec() - POLL_USEC;
	place->pid = fork_as(place->wanted_pid);
	assert_true(place->pid >= 0);
	if (place->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(PROGRAM, place->name, SECONDS, (char *)NULL);
		_exit(127);
	}
	place->start_most_usec = clock_boottime_usec();
	(void)close(fd);
}

static void
stop_place(struct corner *place)
{
	if (place->pid == 0)
		return;
	(void)kill(place->pid, SIGKILL);
	assert_int_equal(waitpid(place->pid, NULL, 0), place->pid);
	/* The next one gets that number back. */
	place->wanted_pid = place->pid;
	place->pid = 0;
}

/* Is the process this one, as it was when it held that listener for a moment? */
static bool
is_test(const struct tally *tally, const struct process *process)
{
	return process->pid == getpid() && strcmp(process->exe, tally->own_exe) == 0;
}

/* The child before it ran the program, or after; "" where that was just happening. */
static bool
is_child(const struct tally *tally, const struct corner *place, const struct process *process)
{
	bool before = strcmp(process->exe, tally->own_exe) == 0;
	bool after = strcmp(process->exe, tally->program) == 0;
	bool own = process->cmdline_length == tally->own_cmdline_length &&
	    memcmp(process->cmdline, tally->own_cmdline, tally->own_cmdline_length) == 0;
	bool named = strcmp(process->cmdline, place->name) == 0;

	if (process->pid != place->pid || process->start_usec < place->start_least_usec ||
	    process->start_usec > place->start_most_usec)
		return false;
	if (process->cmdline_length == 0)
		return before || after || process->exe[0] == '\0';
	return (before && own) || (after && named);
}

static void
check(uint32_t inode, struct owner *owner, void *argument)
{
	struct tally *tally = argument;
	const struct corner *place = NULL;

	for (int i = 0; i < PLACES; i++)
		if (tally->places[i].inode == inode)
			place = &tally->places[i];
	tally->answers++;
	if (place == NULL)
		tally->wrong++;
	for (uint32_t i = 0; place != NULL && i < owner->process_count; i++) {
		const struct process *process = owner->processes[i];
		bool child = is_child(tally, place, process);

		tally->found += child;
		tally->as_program += child && strcmp(process->cmdline, place->name) == 0;
		if (child || is_test(tally, process))
			continue;
		tally->wrong++;
		print_message("# inode %u: pid %d (not %d), start %lld..%lld, "
			      "exe \"%s\", \"%s\"\n",
		    inode, process->pid, place->pid,
		    (long long)(process->start_usec - place->start_least_usec),
		    (long long)(place->start_most_usec - process->start_usec), process->exe,
		    process->cmdline);
	}
}

/* Changes one place after another until the answer has come. */
static void
churn_until_done(struct lookup_client *owners, struct corner *places, struct tally *tally)
{
	for (unsigned turn = 0;; turn++) {
		struct pollfd poll_fd = { .fd = lookup_client_fd(owners), .events = POLLIN };
		struct corner *place = &places[turn % PLACES];
		int r;

		stop_place(place);
		start(place);
		if (poll(&poll_fd, 1, 0) == 0)
			continue;
		do
			r = lookup_client_step(owners, 0, check, tally);
		while (r > 0);
		if (r != -EAGAIN) {
			assert_int_equal(r, 0);
			return;
		}
	}
}

static void
read_own(struct tally *tally)
{
	FILE *file = fopen("/proc/self/cmdline", "re");

	assert_non_null(file);
	tally->own_cmdline_length = fread(tally->own_cmdline, 1, sizeof(tally->own_cmdline), file);
	(void)fclose(file);
	assert_true(readlink("/proc/self/exe", tally->own_exe, sizeof(tally->own_exe) - 1) > 0);
	assert_non_null(realpath(PROGRAM, tally->program));
}

static void
test_race(void **state)
{
	static struct tally tally;
	struct corner places[PLACES] = { 0 };
	struct lookup_client *owners = help_spawn();
	uint64_t begun_usec = clock_boottime_usec(), now_usec = begun_usec;

	(void)state;
	assert_non_null(owners);
	read_own(&tally);
	for (int i = 0; i < PLACES; i++)
		start(&places[i]);
	while (now_usec - begun_usec < (tally.found < FOUND_LEAST ? PATIENT_USEC : ROUNDS_USEC)) {
		struct lookup_question questions[PLACES];

		for (int i = 0; i < PLACES; i++)
			questions[i] = (struct lookup_question){
				.inode = places[i].inode,
				.uid = geteuid(),
				.thorough = i % 2 == 0,
			};
		memcpy(tally.places, places, sizeof(places));
		assert_int_equal(lookup_client_ask(owners, questions, PLACES), 0);
		churn_until_done(owners, places, &tally);
		now_usec = clock_boottime_usec();
	}
	for (int i = 0; i < PLACES; i++)
		stop_place(&places[i]);
	(void)help_end(owners);
	print_message("# %u answers, %u named the child, %u its program, %u wrong\n", tally.answers,
	    tally.found, tally.as_program, tally.wrong);
	assert_int_equal(tally.wrong, 0);
	assert_true(tally.found >= FOUND_LEAST);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_race),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
