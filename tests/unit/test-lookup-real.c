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
#include "lookup-help.h"

/* The program that children run: it does nothing, for long enough. */
#define PROGRAM "/bin/sleep"
#define SECONDS "600"

struct fixture {
	struct owners *owners;
	struct help_answers answers;
	char directory[64];
	char program[4096];	/* the real path of PROGRAM */
	char copy[96];		/* a copy of it, in directory */
	pid_t child;
	uint32_t inode;
};

static int
copy_file(const char *from, const char *to)
{
	_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_close_ int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t length;

	if (in < 0 || out < 0)
		return -1;
	while ((length = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)length) != length)
			return -1;
	return length < 0 ? -1 : fchmod(out, 0755);
}

static int
setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	fixture.owners = help_spawn();
	(void)snprintf(fixture.directory, sizeof(fixture.directory),
	    "/tmp/overstay-real-XXXXXX");
	if (fixture.owners == NULL || mkdtemp(fixture.directory) == NULL ||
	    chmod(fixture.directory, 0755) < 0 ||
	    realpath(PROGRAM, fixture.program) == NULL)
		return -1;
	(void)snprintf(fixture.copy, sizeof(fixture.copy), "%s/a) S 1 (\n\033[2J\xff",
	    fixture.directory);
	*state = &fixture;
	return copy_file(fixture.program, fixture.copy);
}

static void
end_child(pid_t *child)
{
	if (*child > 0) {
		(void)kill(*child, SIGKILL);
		(void)waitpid(*child, NULL, 0);
	}
	*child = 0;
}

static int
teardown(void **state)
{
	struct fixture *fixture = *state;

	end_child(&fixture->child);
	help_release(&fixture->answers);
	(void)unlink(fixture->copy);
	(void)rmdir(fixture->directory);
	return help_end(fixture->owners) == 0 ? 0 : -1;
}

static void
wait_a_little(void)
{
	(void)usleep(1000);
}

/* Waits until the child's first argument is this: it runs the program then. */
static void
wait_for_argument(pid_t pid, const char *argument)
{
	size_t length = strlen(argument) < 1000 ? strlen(argument) : 1000;
	char path[64], text[1000];

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	for (int i = 0; i < HELP_WAIT_MSEC; i++) {
		_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, text, sizeof(text)) >= (ssize_t)length &&
		    memcmp(text, argument, length) == 0)
			return;
		wait_a_little();
	}
	fail_msg("the child did not run its program");
}

/* What a child does before it runs the program. Returns 0, or -1: give up. */
typedef int prepare_function(struct fixture *fixture);

/* Starts a child that holds a listener and runs the program at path under this argv[0]. */
static void
start_child(struct fixture *fixture, const char *path, const char *argument,
    prepare_function *prepare)
{
	_close_ int fd = help_listen(&fixture->inode);

	assert_true(fd >= 0);
	fixture->child = fork();
	assert_true(fixture->child >= 0);
	if (fixture->child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (prepare == NULL || prepare(fixture) == 0)
			(void)execl(path, argument, SECONDS, (char *)NULL);
		_exit(127);
	}
	wait_for_argument(fixture->child, argument);
}

/* Asks for the child's listener. */
static const struct owner *
ask(struct fixture *fixture, uint32_t uid)
{
	const struct owner_question question = { fixture->inode, uid };
	const struct owner *owner;

	help_release(&fixture->answers);
	assert_int_equal(help_ask(fixture->owners, &question, 1, &fixture->answers), 0);
	owner = help_owner(&fixture->answers, fixture->inode);
	assert_non_null(owner);
	return owner;
}

static const struct process *
ask_child(struct fixture *fixture)
{
	const struct owner *owner = ask(fixture, geteuid());

	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0].pid, fixture->child);
	return &owner->processes[0];
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
	assert_in_range(process->start_usec + 20 * USEC_PER_MSEC, before,
	    after + USEC_PER_SEC);
	assert_true(process->start_usec <= after);
	assert_string_equal(process->comm, strrchr(fixture->program, '/') + 1);
	assert_string_equal(process->exe, fixture->program);
	assert_false(process->exe_deleted);
	assert_int_equal(process->cmdline_length, sizeof(cmdline));
	assert_memory_equal(process->cmdline, cmdline, sizeof(cmdline));
	assert_false(process->cmdline_cut);
	assert_int_equal(process->uid, geteuid());
	assert_int_equal(process->gid, getegid());
	/* Only with a look at PID 1's root. */
	assert_int_equal(process->exe_trust, help_sees_init() ? EXE_SAME : EXE_UNVERIFIED);
	assert_int_equal(fixture->answers.answers[0].owner->observed_usec / USEC_PER_MIN,
	    clock_boottime_usec() / USEC_PER_MIN);
}

static void
test_hostile_names(void **state)
{
	struct fixture *fixture = *state;
	static const char argument[] =
	    "sshd: /usr/sbin/sshd\n<0>forged\033]0;x\a\xc0\xff\xfe";
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

/* What an upgrade leaves: the file is gone, and only root could have put it there. */
static void
test_deleted(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	start_child(fixture, fixture->copy, "x", NULL);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->copy);
	assert_true(process->exe_deleted);
	if (geteuid() != 0 || !help_sees_init())
		skip();
	assert_int_equal(process->exe_trust, EXE_REPLACED);

	/* A new file of that name is another one. */
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	process = ask_child(fixture);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_REPLACED);

	assert_int_equal(chmod(fixture->directory, 0777), 0);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(chmod(fixture->directory, 0755), 0);
}

/* Deleted, but not an upgrade's: another user's file, and one that others may write. */
static void
test_deleted_of_others(void **state)
{
	struct fixture *fixture = *state;

	if (geteuid() != 0 || !help_sees_init())
		skip();
	for (int round = 0; round < 2; round++) {
		const struct process *process;

		if (round == 0)
			assert_int_equal(chown(fixture->copy, 65534, 65534), 0);
		else
			assert_int_equal(chmod(fixture->copy, 0775), 0);
		start_child(fixture, fixture->copy, "x", NULL);
		assert_int_equal(unlink(fixture->copy), 0);
		process = ask_child(fixture);
		assert_true(process->exe_deleted);
		assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
		end_child(&fixture->child);
		assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	}
}

/* A file that is called so is not deleted, whatever its name says. */
static void
test_called_deleted(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char name[128], other[128];

	if (geteuid() != 0 || !help_sees_init())
		skip();
	(void)snprintf(name, sizeof(name), "%s (deleted)", fixture->copy);
	(void)snprintf(other, sizeof(other), "%s/other", fixture->directory);
	assert_int_equal(rename(fixture->copy, name), 0);
	start_child(fixture, name, "x", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->exe, name);
	assert_false(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_SAME);

	/* Now it is deleted indeed, while another name keeps the file. */
	assert_int_equal(link(name, other), 0);
	assert_int_equal(unlink(name), 0);
	process = ask_child(fixture);
	assert_string_equal(process->exe, name);
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	assert_int_equal(unlink(other), 0);
}

/* An ordinary user's way to look like another program: mounts of its own. */
static int
imitate(struct fixture *fixture)
{
	if (setgid(65534) < 0 || setuid(65534) < 0 ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(fixture->copy, fixture->program, NULL, MS_BIND, NULL) < 0 ? -1 : 0;
}

/* The same as root, where users may not have namespaces. */
static int
imitate_as_root(struct fixture *fixture)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(fixture->copy, fixture->program, NULL, MS_BIND, NULL) < 0 ? -1 : 0;
}

static int
own_mounts(struct fixture *fixture)
{
	(void)fixture;
	return unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -1 : 0;
}

static bool
users_have_namespaces(void)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(setuid(65534) < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static void
test_imitation(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;

	if (geteuid() != 0 || !help_sees_init())
		skip();
	start_child(fixture, fixture->program, "sleep",
	    users_have_namespaces() ? imitate : imitate_as_root);
	process = ask_child(fixture);
	assert_string_equal(process->exe, fixture->program);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	end_child(&fixture->child);

	/* Mounts of its own alone are no imitation: services with PrivateTmp= have them. */
	start_child(fixture, fixture->program, "sleep", own_mounts);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_SAME);
	end_child(&fixture->child);

	/* But what they hide is not known to be an upgrade's. */
	start_child(fixture, fixture->copy, "sleep", own_mounts);
	assert_int_equal(unlink(fixture->copy), 0);
	process = ask_child(fixture);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
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
	    "%*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks), 1);
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
		assert_int_equal(owner->processes[i].start_usec,
		    ticks[i] * USEC_PER_SEC / (unsigned long long)sysconf(_SC_CLK_TCK));
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
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec data = { .iov_base = (char[]){ "x" }, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	const struct owner *owner;

	assert_true(fd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	(void)close(fd);

	owner = ask(fixture, 1000);
	assert_int_equal(owner->kind, OWNER_UNKNOWN);
	assert_int_equal(owner->reason,
	    help_sees_init() ? OWNER_REASON_NO_PROCESS : OWNER_REASON_NO_PERMISSION);
	/*
	 * Of root's socket the kernel is the honest guess, where everything could be seen.
	 */
	owner = ask(fixture, 0);
	assert_int_equal(owner->kind, help_sees_init() ? OWNER_KERNEL : OWNER_UNKNOWN);
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

/* A child of another user, who looks around by its own means. */
static void
look_as_user(uint32_t inode)
{
	const struct owner_question question = { inode, 0 };
	static struct help_answers answers;
	struct owners *owners;
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

	if (geteuid() != 0)
		skip();
	start_child(fixture, fixture->program, "sleep", NULL);
	pid = fork();
	if (pid == 0)
		look_as_user(fixture->inode);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
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
	static const char *const trees[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	const struct process *process;
	char unit[128], path[192], procs[256];
	bool moved = false;

	start_child(fixture, fixture->program, "sleep", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->place.user_unit, "");
	if (geteuid() != 0 || access("/run/systemd/system", F_OK) == 0)
		skip();
	(void)snprintf(unit, sizeof(unit), "overstay-test-%d.service", (int)getpid());
	for (size_t i = 0; i < ARRAY_SIZE(trees) && !moved; i++) {
		FILE *file;

		(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", trees[i]);
		(void)snprintf(path, sizeof(path), "%s/%s", trees[i], unit);
		if (access(procs, W_OK) < 0 || mkdir(path, 0755) < 0)
			continue;
		(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
		file = fopen(procs, "we");
		moved = file != NULL && fprintf(file, "%d\n", (int)fixture->child) > 0 &&
		    fflush(file) == 0;
		if (file != NULL)
			(void)fclose(file);
		if (!moved)
			(void)rmdir(path);
	}
	if (!moved)
		skip();
	process = ask_child(fixture);
	end_child(&fixture->child);
	assert_int_equal(rmdir(path), 0);
	assert_string_equal(process->place.unit, unit);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_listener, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_cmdline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deleted_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_called_deleted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_imitation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_workers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_flight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_permission, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unit, setup, teardown),
	};

	help_isolate();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
