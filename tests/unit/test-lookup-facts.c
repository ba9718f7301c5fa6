/* SPDX-License-Identifier: MIT */
/*
 * The facts about a program and its process, of real ones: where its file lies and who may
 * write to it, what its descriptors and children are, what it calls itself, its namespaces,
 * its checksum. What needs root, or a PID 1 that may be looked at, is left out without.
 */
#include <fcntl.h>
#include <nettle/sha2.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-child.h"
#include "skip.h"

static void
check_evidence(struct fixture *fixture, uint32_t wanted, uint32_t unwanted)
{
	const struct process *process = ask_child(fixture);

	if ((process->evidence & wanted) != wanted || (process->evidence & unwanted) != 0)
		fail_msg("evidence is %#x, exe %s", process->evidence, process->exe);
}

/* Starts a child, looks at its facts and ends it. */
static void
check_child(struct fixture *fixture, const char *path, const char *argument,
    prepare_function *prepare, uint32_t wanted, uint32_t unwanted)
{
	start_child(fixture, path, argument, prepare);
	check_evidence(fixture, wanted, unwanted);
	end_child(&fixture->child);
}

static void
test_file_facts(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	struct stat status;

	help_need_init();
	assert_int_equal(stat(fixture->program, &status), 0);
	start_child(fixture, fixture->program, "sleep", NULL);
	check_evidence(fixture, EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_ROOTS,
	    (uint32_t)EVIDENCE_ALL &
		~(uint32_t)(EVIDENCE_EXE_KNOWN | EVIDENCE_EXE_ROOTS | EVIDENCE_TERMINAL |
		    EVIDENCE_STDIO_NETWORK));
	process = ask_child(fixture);
	assert_int_equal(process->exe_uid, 0);
	assert_int_equal(process->exe_mode, status.st_mode);
	assert_true(process->exe_inode == status.st_ino);
	end_child(&fixture->child);

	/* The test's directory lies in /tmp. */
	check_child(fixture, fixture->copy, "x", NULL,
	    EVIDENCE_EXE_OPEN_PATH | EVIDENCE_EXE_TEMPORARY,
	    EVIDENCE_EXE_OPEN | EVIDENCE_EXE_ROOTS);
	assert_int_equal(chmod(fixture->copy, 0757), 0);
	check_child(fixture, fixture->copy, "x", NULL, EVIDENCE_EXE_OPEN, 0);
	assert_int_equal(chmod(fixture->copy, 0775), 0);
	check_child(fixture, fixture->copy, "x", NULL, 0, EVIDENCE_EXE_OPEN);
	assert_int_equal(chown(fixture->copy, 65534, 65534), 0);
	check_child(fixture, fixture->copy, "x", NULL, EVIDENCE_EXE_OPEN, 0);
}

/* An upgrade puts a new file in the old one's place; below /tmp that proves nothing. */
static void
test_updated(void **state)
{
	struct fixture *fixture = *state;
	static const char directory[] = "/usr/local/lib/overstay-test";
	char name[128];

	help_need_init();
	if (mkdir(directory, 0755) < 0)
		skip_because("no directory can be made in /usr/local/lib");
	(void)snprintf(name, sizeof(name), "%s/program", directory);
	assert_int_equal(copy_file(fixture->program, name), 0);
	start_child(fixture, name, "x", NULL);
	check_evidence(fixture, 0, EVIDENCE_EXE_UPDATED);
	assert_int_equal(unlink(name), 0);
	check_evidence(fixture, 0, EVIDENCE_EXE_UPDATED);
	assert_int_equal(copy_file(fixture->program, name), 0);
	check_evidence(fixture, EVIDENCE_EXE_UPDATED, EVIDENCE_EXE_OPEN_PATH);
	assert_int_equal(chmod(name, 0644), 0);
	check_evidence(fixture, 0, EVIDENCE_EXE_UPDATED);
	assert_int_equal(chmod(name, 0757), 0);
	check_evidence(fixture, 0, EVIDENCE_EXE_UPDATED);
	assert_int_equal(chmod(name, 0755), 0);
	assert_int_equal(chmod(directory, 01777), 0);
	check_evidence(fixture, EVIDENCE_EXE_OPEN_PATH, EVIDENCE_EXE_UPDATED);
	end_child(&fixture->child);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(directory), 0);

	start_child(fixture, fixture->copy, "x", NULL);
	assert_int_equal(unlink(fixture->copy), 0);
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	check_evidence(fixture, EVIDENCE_EXE_OPEN_PATH, EVIDENCE_EXE_UPDATED);
}

static int
run_from_memory(struct fixture *fixture)
{
	char name[] = "kworker", seconds[] = SECONDS;
	char *const arguments[] = { name, seconds, NULL };
	int fd = memfd_create("nginx", MFD_CLOEXEC);
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || chmod(path, 0755) < 0)
		return -1;
	{
		_close_ int in = open(fixture->program, O_RDONLY | O_CLOEXEC);
		char buffer[65536];
		ssize_t length;
		while ((length = read(in, buffer, sizeof(buffer))) > 0)
			if (write(fd, buffer, (size_t)length) != length)
				return -1;
	}
	(void)fexecve(fd, arguments, environ);
	return -1;
}

static void
test_memory(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char name[128], directory[96];

	start_child(fixture, fixture->program, "kworker", run_from_memory);
	check_evidence(fixture, EVIDENCE_EXE_IN_MEMORY, EVIDENCE_EXE_UPDATED);
	process = ask_child(fixture);
	assert_string_equal(process->exe, "/memfd:nginx");
	assert_true(process->exe_deleted);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	end_child(&fixture->child);

	/* A file that is only called so. */
	(void)snprintf(directory, sizeof(directory), "%s/memfd:", fixture->directory);
	(void)snprintf(name, sizeof(name), "%s/nginx", directory);
	assert_int_equal(mkdir(directory, 0755), 0);
	assert_int_equal(copy_file(fixture->program, name), 0);
	start_child(fixture, name, "x", NULL);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(rmdir(directory), 0);
	check_evidence(fixture, 0, EVIDENCE_EXE_IN_MEMORY);
}

/*
 * A file system of its user's own, into which nobody else may look, as an AppImage mounts for
 * itself. Where squashfuse(1) is.
 */
static void
test_hidden_mount(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char command[5120], name[128];

	help_need_init();
	(void)snprintf(name, sizeof(name), "%s/mnt/x", fixture->directory);
	(void)snprintf(command, sizeof(command),
	    "cd %s && mkdir files mnt && cp %s files/x && "
	    "mksquashfs files image -quiet -no-progress >/dev/null 2>&1 && "
	    "squashfuse image mnt 2>/dev/null",
	    fixture->directory, fixture->program);
	if (system(command) == 0) {
		start_child(fixture, name, "x", NULL);
		check_evidence(fixture, EVIDENCE_EXE_HIDDEN_MOUNT, EVIDENCE_EXE_KNOWN);
		process = ask_child(fixture);
		assert_string_equal(process->exe, name);
		assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
		end_child(&fixture->child);
	} else
		print_message("# no squashfuse\n");
	(void)snprintf(command, sizeof(command),
	    "cd %s && { umount mnt 2>/dev/null; "
	    "rm -rf files image; rmdir mnt; }",
	    fixture->directory);
	assert_int_equal(system(command), 0);
}

static int
tie_network(struct fixture *fixture)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	(void)fixture;
	return fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ? -1 : 0;
}

static int
tie_journal(struct fixture *fixture)
{
	int pair[2];

	(void)fixture;
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || dup2(pair[0], i) < 0)
			return -1;
	return 0;
}

/* Only the child is to hold the listener, not what it starts. */
static void
keep_nothing(void)
{
	for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* A shell whose input is the network, and which goes no further. */
static void
be_shell(int fd)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(fd, STDIN_FILENO);
	keep_nothing();
	(void)execl("/bin/sh", "sh", "-c", "kill -STOP $$; exit", (char *)NULL);
	_exit(127);
}

static int
start_shell(struct fixture *fixture)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char path[64], exe[4096];
	pid_t pid;

	if (tie_journal(fixture) < 0 || fd < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		be_shell(fd);
	(void)close(fd);
	/* Till it stops it may be this program yet. */
	if (pid < 0 || waitpid(pid, NULL, WUNTRACED) != pid)
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, exe, sizeof(exe)) > 0 ? 0 : -1;
}

static int
start_other(struct fixture *fixture)
{
	pid_t pid;
	int ready[2];
	char byte;

	if (tie_journal(fixture) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)tie_network(fixture);
		keep_nothing();
		(void)execl(PROGRAM, "sh", SECONDS, (char *)NULL);
		_exit(127);
	}
	(void)close(ready[1]);
	/* Closed by the execve(2). */
	return pid < 0 || read(ready[0], &byte, 1) != 0 ? -1 : 0;
}

static void
test_shells(void **state)
{
	struct fixture *fixture = *state;
	const char *path = fixture->program;

	check_child(fixture, path, "x", tie_network, EVIDENCE_STDIO_NETWORK, EVIDENCE_SHELL_BELOW);
	check_child(fixture, path, "x", tie_journal, 0,
	    EVIDENCE_STDIO_NETWORK | EVIDENCE_SHELL_BELOW);
	check_child(fixture, path, "x", start_other, 0,
	    EVIDENCE_STDIO_NETWORK | EVIDENCE_SHELL_BELOW);
	check_child(fixture, path, "x", start_shell, EVIDENCE_SHELL_BELOW, EVIDENCE_STDIO_NETWORK);
}

static void
test_called(void **state)
{
	struct fixture *fixture = *state;
	const char *path = fixture->program;
	char script[128];
	FILE *file;
	static const struct {
		const char *name;
		bool interpreter;
	} names[] = {
		{ "python3.12", true },
		{ "lua5.4", true },
		{ "beam.smp", true },
		{ "lua-implant", false },
		{ "node_x", false },
		{ "javaws", false },
		{ "perlfoo", false },
		{ "dash", false },
	};

	/* Programs that every host has, and that are not this one. */
	check_child(fixture, path, "/bin/cat", NULL, EVIDENCE_NAME_OTHER, 0);
	check_child(fixture, path, "/bin/cat -x", NULL, EVIDENCE_NAME_OTHER, 0);
	check_child(fixture, path, "cat", NULL, EVIDENCE_NAME_OTHER, 0);
	check_child(fixture, path, "cat: worker", NULL, EVIDENCE_NAME_OTHER, 0);
	/* An interpreter's title may be any word; what only begins like one's name is none. */
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char program[128];

		(void)snprintf(program, sizeof(program), "%s/%s", fixture->directory,
		    names[i].name);
		assert_int_equal(copy_file(path, program), 0);
		check_child(fixture, program, "cat", NULL,
		    names[i].interpreter ? 0 : EVIDENCE_NAME_OTHER,
		    names[i].interpreter ? EVIDENCE_NAME_OTHER : 0);
		assert_int_equal(unlink(program), 0);
	}
	check_child(fixture, path, "./cat", NULL, 0, EVIDENCE_NAME_OTHER);
	check_child(fixture, path, "no-such-program", NULL, 0, EVIDENCE_NAME_OTHER);
	check_child(fixture, path, "/bin/nothing", NULL, 0, EVIDENCE_NAME_OTHER);
	check_child(fixture, path, PROGRAM, NULL, 0, EVIDENCE_NAME_OTHER);
	check_child(fixture, path, fixture->copy, NULL, 0, EVIDENCE_NAME_OTHER);
	(void)snprintf(script, sizeof(script), "%s/script", fixture->directory);
	file = fopen(script, "we");
	assert_non_null(file);
	assert_true(fputs("#!/bin/sh\n", file) >= 0);
	assert_int_equal(fclose(file), 0);
	check_child(fixture, path, script, NULL, 0, EVIDENCE_NAME_OTHER);
	assert_int_equal(unlink(script), 0);
	/* A FIFO must not hold the reader. */
	assert_int_equal(mkfifo(script, 0666), 0);
	check_child(fixture, path, script, NULL, 0, EVIDENCE_NAME_OTHER);
	assert_int_equal(unlink(script), 0);
}

static int
own_pids(struct fixture *fixture)
{
	pid_t pid;

	(void)fixture;
	if (unshare(CLONE_NEWPID) < 0)
		return -1;
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	return 0;
}

/* In a PID namespace of its own the holder is another process than the child. */
static void
test_own_pids(void **state)
{
	struct fixture *fixture = *state;
	_close_ int fd = -1;
	const struct owner *owner;
	pid_t pid;

	help_need_init();
	fd = help_listen(&fixture->inode);
	assert_true(fd >= 0);
	pid = fork();
	if (pid == 0) {
		if (own_pids(fixture) == 0)
			(void)execl(PROGRAM, "sleep", SECONDS, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(take_fd(&fd));
	owner = ask(fixture, 0);
	assert_int_equal(owner->kind, OWNER_PROCESS);
	fixture->child = owner->processes[0]->pid;
	assert_true((owner->processes[0]->evidence & EVIDENCE_OTHER_PIDS) != 0);
	assert_true((owner->processes[0]->evidence & EVIDENCE_OTHER_USERS) == 0);
	(void)kill(fixture->child, SIGKILL);
	fixture->child = 0;
}

static int
own_terminal(struct fixture *fixture)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), terminal;

	(void)fixture;
	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 || setsid() < 0)
		return -1;
	terminal = open(ptsname(fd), O_RDWR);
	return terminal < 0 ? -1 : ioctl(terminal, TIOCSCTTY, 0);
}

static int
no_terminal(struct fixture *fixture)
{
	(void)fixture;
	return setsid() < 0 ? -1 : 0;
}

static void
test_terminal(void **state)
{
	struct fixture *fixture = *state;

	check_child(fixture, fixture->program, "x", no_terminal, 0, EVIDENCE_TERMINAL);
	if (access("/dev/ptmx", R_OK) == 0)
		check_child(fixture, fixture->program, "x", own_terminal, EVIDENCE_TERMINAL, 0);
}

static void
checksum_of(const char *path, uint8_t checksum[OWNER_CHECKSUM_BYTES])
{
	_fclose_ FILE *file = fopen(path, "re");
	struct sha256_ctx context;
	uint8_t buffer[4096];
	size_t length;

	assert_non_null(file);
	sha256_init(&context);
	while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0)
		sha256_update(&context, length, buffer);
	sha256_digest(&context, OWNER_CHECKSUM_BYTES, checksum);
}

/* Of the file that runs, deleted or not, and only where it is asked for. */
static void
test_checksum(void **state)
{
	struct fixture *fixture = *state;
	const struct lookup_question question = { .uid = geteuid(), .checksum = true };
	const struct process *process;
	uint8_t wanted[OWNER_CHECKSUM_BYTES];

	checksum_of(fixture->copy, wanted);
	start_child(fixture, fixture->copy, "x", NULL);
	process = owner_first(ask_question(fixture, question));
	assert_true(process->has_checksum);
	assert_memory_equal(process->checksum, wanted, sizeof(wanted));
	assert_int_equal(unlink(fixture->copy), 0);
	process = owner_first(ask_question(fixture, question));
	assert_true(process->has_checksum);
	assert_memory_equal(process->checksum, wanted, sizeof(wanted));
	assert_false(ask_child(fixture)->has_checksum);
	end_child(&fixture->child);

	/* One that is larger than 64 MiB has none. */
	assert_int_equal(copy_file(fixture->program, fixture->copy), 0);
	assert_int_equal(truncate(fixture->copy, (64 << 20) + 1), 0);
	start_child(fixture, fixture->copy, "x", NULL);
	assert_false(owner_first(ask_question(fixture, question))->has_checksum);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		TEST(test_file_facts),
		TEST(test_updated),
		TEST(test_memory),
		TEST(test_hidden_mount),
		TEST(test_shells),
		TEST(test_called),
		TEST(test_own_pids),
		TEST(test_terminal),
		TEST(test_checksum),
	};

	help_isolate();
	help_take_turns();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
