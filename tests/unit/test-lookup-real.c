/* SPDX-License-Identifier: MIT */
/*
 * overstay-lookup and the real /proc: processes that hold a listener in every way there is,
 * with names as hostile as the kernel lets them be. What needs root is skipped without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "lookup-child.h"
#include "model/listener.h"
#include "skip.h"

#define NO_CGROUP "no control group may be made for a unit here, or systemd runs"

/* What a child has from the test. */
static void
check_surroundings(const struct process *process)
{
	char cwd[4096], exe[4096] = "", comm[32] = "";
	_fclose_ FILE *file = fopen("/proc/self/comm", "re");

	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_string_equal(process->cwd, cwd);
	assert_non_null(file);
	assert_non_null(fgets(comm, sizeof(comm), file));
	comm[strcspn(comm, "\n")] = '\0';
	assert_string_equal(process->parent_comm, comm);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_string_equal(process->parent_exe, strlen(exe) < OWNER_PARENT_MAX ? exe : "");
	if (process->parent_exe[0] != '\0')
		assert_int_equal(process->parent_trust,
		    help_sees_init() ? EXE_SAME : EXE_UNVERIFIED);
	assert_int_equal(process->login_known, access("/proc/self/loginuid", R_OK) == 0);
}

static void
test_listener(void **state)
{
	struct fixture *fixture = *state;
	uint64_t before = clock_boottime_usec(), after;
	const struct process *process;
	static const char cmdline[] = "sleep\0" SECONDS;

	start_child(fixture, fixture->program, "sleep", NULL);
	after = clock_boottime_usec();
	process = ask_child(fixture);
	assert_int_equal(process->parent_pid, getpid());
	/* The kernel's tick is 10 ms. */
	assert_true(process->start_usec + 20 * USEC_PER_MSEC >= before);
	assert_true(process->start_usec <= after);
	assert_string_equal(process->comm, strrchr(fixture->program, '/') + 1);
	assert_string_equal(process->exe, fixture->program);
	assert_false(process->exe_deleted);
	assert_int_equal(process->cmdline_length, sizeof(cmdline));
	assert_memory_equal(process->cmdline, cmdline, sizeof(cmdline));
	assert_false(process->cmdline_cut);
	assert_int_equal(process->uid, geteuid());
	assert_int_equal(process->gid, getegid());
	check_surroundings(process);
	/* Only with a look at PID 1's root. */
	assert_int_equal(process->exe_trust, help_sees_init() ? EXE_SAME : EXE_UNVERIFIED);
	assert_int_equal(fixture->answers.answers[0].owner->observed_usec / USEC_PER_MIN,
	    clock_boottime_usec() / USEC_PER_MIN);
}

static void
test_hostile_names(void **state)
{
	struct fixture *fixture = *state;
	static const char argument[] = "sshd: /usr/sbin/sshd\n<0>forged\033]0;x\a\xc0\xff\xfe";
	const struct process *process;

	start_child(fixture, fixture->copy, argument, NULL);
	process = ask_child(fixture);
	assert_string_equal(process->comm, "a) S 1 (\n\033[2J\xff");
	assert_string_equal(process->exe, fixture->copy);
	assert_string_equal(process->cmdline, argument);
	assert_int_equal(process->cmdline_length, sizeof(argument) + sizeof(SECONDS));
}

static void
test_long_cmdline(void **state)
{
	struct fixture *fixture = *state;
	/* The kernel's limit of one argument is 128 KiB (MAX_ARG_STRLEN). */
	static char argument[128 * 1024];
	const struct process *process;

	memset(argument, 'A', sizeof(argument) - 1);
	start_child(fixture, fixture->program, argument, NULL);
	process = ask_child(fixture);
	assert_true(process->cmdline_cut);
	assert_int_equal(process->cmdline_length, OWNER_CMDLINE_MAX);
	assert_memory_equal(process->cmdline, argument, OWNER_CMDLINE_MAX - 1);
	assert_int_equal(process->cmdline[OWNER_CMDLINE_MAX - 1], '\0');
}

/* Start time of a process in ticks, as the kernel has it. */
static unsigned long long
start_ticks(pid_t pid)
{
	char path[64], line[1024];
	unsigned long long ticks = 0;
	_fclose_ FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_int_equal(sscanf(strrchr(line, ')') + 2,
			     "%*c %*d %*d %*d %*d %*d %*u %*u %*u "
			     "%*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			     &ticks),
	    1);
	return ticks;
}

#define WORKERS 20

/* Forked workers: all are counted, the oldest are named, oldest first. */
static void
test_workers(void **state)
{
	struct fixture *fixture = *state;
	pid_t workers[WORKERS];
	unsigned long long ticks[WORKERS];
	const struct owner *owner;
	int fd = help_listen(&fixture->inode);

	assert_true(fd >= 0);
	for (int i = 0; i < WORKERS; i++) {
		workers[i] = fork();
		assert_true(workers[i] >= 0);
		if (workers[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				(void)pause();
		}
		ticks[i] = start_ticks(workers[i]);
	}
	(void)close(fd);
	owner = ask(fixture, geteuid());
	for (int i = 0; i < WORKERS; i++)
		end_child(&workers[i]);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->holders, WORKERS);
	assert_int_equal(owner->process_count, OWNER_PROCESSES_MAX);
	for (uint32_t i = 0; i < owner->process_count; i++)
		assert_int_equal(owner->processes[i]->start_usec,
		    ticks[i] * USEC_PER_SEC / (unsigned long long)sysconf(_SC_CLK_TCK));
}

/*
 * Nobody holds it. In a PID namespace of the test's own somebody outside might, unless all
 * processes of the socket's cgroup show here.
 */
static void
check_in_flight(struct fixture *fixture)
{
	const struct owner *owner = ask(fixture, 1000);
	char name[64], path[256];
	struct stat status;

	assert_int_equal(owner->kind, OWNER_UNKNOWN);
	assert_int_equal(owner->reason,
	    !help_sees_init()  ? OWNER_REASON_NO_PERMISSION :
		geteuid() == 0 ? OWNER_REASON_OTHER_PIDS :
				 OWNER_REASON_NO_PROCESS);
	(void)snprintf(name, sizeof(name), "overstay-test-%d.service", (int)getpid());
	help_need_init();
	if (!make_real_cgroup(name, path))
		skip_because(NO_CGROUP);
	assert_int_equal(stat(path, &status), 0);
	/* Of root's socket the same: nothing says that it is the kernel's. */
	for (uint32_t uid = 0; uid <= 1000; uid += 1000) {
		owner = ask_question(fixture,
		    (struct lookup_question){ .uid = uid,
			.cgroup = status.st_ino,
			.endpoint.protocol = PROTOCOL_TCP });
		assert_int_equal(owner->kind, OWNER_UNKNOWN);
		assert_int_equal(owner->reason, OWNER_REASON_NO_PROCESS);
		assert_true(owner->thorough);
		assert_string_equal(owner->place.unit, name);
	}
	assert_int_equal(rmdir(path), 0);
}

/* A socket in a message that nobody received: no process has it, whoever's it is. */
static void
test_in_flight(void **state)
{
	struct fixture *fixture = *state;
	int fd = help_listen(&fixture->inode), pair[2];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = {
			  .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS,
		      } };
	struct iovec data = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	assert_true(fd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	(void)close(fd);

	check_in_flight(fixture);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Two ways to have a socket that /proc/PID/fd does not show. */
static void *
hold_alone(void *argument)
{
	int *pipe_fd = argument;

	if (pipe_fd != NULL && (unshare(CLONE_FILES) < 0 || write(*pipe_fd, "x", 1) != 1))
		_exit(1);
	for (;;)
		(void)pause();
	return NULL;
}

static void
run_thread(bool leader_ends, int socket_fd, int ready[2])
{
	pthread_t thread;
	char byte;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (pthread_create(&thread, NULL, hold_alone, leader_ends ? NULL : &ready[1]) != 0)
		_exit(1);
	if (leader_ends)
		pthread_exit(NULL);
	if (read(ready[0], &byte, 1) != 1)
		_exit(1);
	(void)close(socket_fd);
	/* The name tells the test that it is so far. */
	(void)prctl(PR_SET_NAME, "ready");
	for (;;)
		(void)pause();
}

static bool
stat_has(pid_t pid, const char *needle)
{
	char path[64], line[1024];
	_fclose_ FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	return file != NULL && fgets(line, sizeof(line), file) != NULL &&
	    strstr(line, needle) != NULL;
}

static void
test_threads(void **state)
{
	struct fixture *fixture = *state;
	char own[4096] = "";

	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	for (int leader_ends = 0; leader_ends < 2; leader_ends++) {
		/* What is left of an ended first thread is root's, /proc/PID/fd too. */
		if (leader_ends)
			need_root();
		const char *needle = leader_ends ? ") Z " : "(ready) S ";
		int fd = help_listen(&fixture->inode), ready[2], tries = 0;
		const struct process *process;

		assert_int_equal(pipe(ready), 0);
		fixture->child = fork();
		assert_true(fixture->child >= 0);
		if (fixture->child == 0)
			run_thread(leader_ends, fd, ready);
		(void)close(fd);
		(void)close(ready[0]);
		(void)close(ready[1]);
		while (!stat_has(fixture->child, needle) && tries++ < HELP_WAIT_MSEC)
			wait_a_little();
		assert_true(tries < HELP_WAIT_MSEC);
		process = ask_child(fixture);
		assert_string_equal(process->exe, own);
		assert_true(process->cmdline_length > 0);
		end_child(&fixture->child);
	}
}

/* A process that shows the socket does not hide the thread that serves on it. */
static void
test_thread_beside(void **state)
{
	struct fixture *fixture = *state;
	int fd = help_listen(&fixture->inode), ready[2], tries = 0;
	const struct owner *owner;
	pid_t shown;

	assert_int_equal(pipe(ready), 0);
	shown = fork();
	assert_true(shown >= 0);
	if (shown == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	fixture->child = fork();
	assert_true(fixture->child >= 0);
	if (fixture->child == 0)
		run_thread(false, fd, ready);
	(void)close(fd);
	(void)close(ready[0]);
	(void)close(ready[1]);
	while (!stat_has(fixture->child, "(ready) S ") && tries++ < HELP_WAIT_MSEC)
		wait_a_little();
	owner = ask(fixture, geteuid());
	assert_int_equal(owner->holders, 2);
	assert_int_equal(owner->processes[0]->pid, shown);
	assert_int_equal(owner->processes[1]->pid, fixture->child);
	end_child(&shown);
	assert_true(owner->processes[1]->cmdline_length > 0);
}

/* A child of another user, who looks around by its own means. */
static void
look_as_user(uint32_t inode)
{
	const struct lookup_question question = { .inode = inode };
	static struct help_answers answers;
	struct lookup_client *owners;
	const struct owner *owner;

	if (setgid(65534) < 0 || setuid(65534) < 0)
		_exit(1);
	if (access(help_binary(), X_OK) < 0)
		_exit(77);
	owners = help_spawn();
	if (owners == NULL || help_ask(owners, &question, 1, &answers) != 0)
		_exit(2);
	owner = help_owner(&answers, inode);
	if (owner == NULL || owner->kind != OWNER_UNKNOWN ||
	    owner->reason != OWNER_REASON_NO_PERMISSION)
		_exit(3);
	help_release(&answers);
	(void)help_end(owners);
	_exit(0);
}

static void
test_no_permission(void **state)
{
	struct fixture *fixture = *state;
	int status;
	pid_t pid;

	need_root();
	start_child(fixture, fixture->program, "sleep", NULL);
	pid = fork();
	if (pid == 0)
		look_as_user(fixture->inode);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip_because("another user cannot reach overstay-lookup in this directory");
	assert_int_equal(WEXITSTATUS(status), 0);
}

/*
 * The unit comes from the process's cgroup. Where no systemd runs the tree of cgroup v2 is
 * free for a place that looks like a unit's.
 */
static void
test_unit(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	const struct owner *owner;
	char unit[64], path[256], procs[300];
	struct stat status;
	FILE *file;

	start_child(fixture, fixture->program, "sleep", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->place.user_unit, "");
	(void)snprintf(unit, sizeof(unit), "overstay-test-%d.service", (int)getpid());
	need_root();
	if (!make_real_cgroup(unit, path))
		skip_because(NO_CGROUP);
	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	file = fopen(procs, "we");
	assert_non_null(file);
	assert_true(fprintf(file, "%d\n", (int)fixture->child) > 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(stat(path, &status), 0);
	process = ask_child(fixture);
	assert_string_equal(process->place.unit, unit);
	/* All of the unit is this process. Without its id it is found all the same. */
	assert_int_equal(process->main_pid, fixture->child);
	assert_string_equal(process->main_exe, fixture->program);
	owner = ask_question(fixture, (struct lookup_question){ .cgroup = status.st_ino });
	assert_int_equal(owner->holders, 1);
	assert_false(owner->thorough);
	assert_string_equal(owner->place.unit, unit);
	assert_int_equal(owner->processes[0]->pid, fixture->child);
	owner = ask_question(fixture, (struct lookup_question){ .uid = geteuid() });
	assert_int_equal(owner->processes[0]->pid, fixture->child);
	end_child(&fixture->child);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(test_listener),
		TEST(test_hostile_names),
		TEST(test_long_cmdline),
		TEST(test_workers),
		TEST(test_in_flight),
		TEST(test_threads),
		TEST(test_thread_beside),
		TEST(test_no_permission),
		TEST(test_unit),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
