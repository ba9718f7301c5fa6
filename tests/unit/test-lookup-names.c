/* SPDX-License-Identifier: MIT */
/*
 * What real processes are called and what they are: honest and false names of real files, before
 * and after an upgrade; copies of the host's programs; the files that arguments name. What needs a
 * PID 1 that may be looked at is left out without.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-child.h"
#include "lookup/known.h"
#include "skip.h"

/* Root's, and nobody else may write to it or on the way to it. */
#define DIRECTORY "/usr/local/lib/overstay-test-names"
#define NAMES	  (EVIDENCE_NAME_OTHER | EVIDENCE_COMM_OTHER | EVIDENCE_NAME_OWN)

static void
run_command(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

static int
names_setup(void **state)
{
	if (geteuid() == 0 && system("rm -rf " DIRECTORY "; mkdir " DIRECTORY) != 0)
		return -1;
	return fixture_setup(state);
}

static int
names_teardown(void **state)
{
	if (geteuid() == 0 && system("rm -rf " DIRECTORY) != 0)
		return -1;
	return fixture_teardown(state);
}

static void
check_names(struct fixture *fixture, uint32_t wanted)
{
	const struct process *process = ask_child(fixture);

	if ((process->evidence & NAMES) != wanted)
		fail_msg("evidence is %#x, exe %s, called %s", process->evidence, process->exe,
		    process->cmdline);
}

/* Runs the program at path under this argv[0], and ends it. */
static void
check_called(struct fixture *fixture, const char *path, const char *argument, uint32_t wanted)
{
	start_child(fixture, path, argument, NULL);
	check_names(fixture, wanted);
	end_child(&fixture->child);
}

/* A program with links to it, as alternatives and multi-call binaries have them. */
static void
test_links(void **state)
{
	struct fixture *fixture = *state;
	char path[128], link[128];

	help_need_init();
	run_command("cd " DIRECTORY
		    " && cp /bin/sleep suite && ln -s suite tool && ln -s ../suite/../tool far"
		    " && mkdir bin && ln -s ../suite bin/other && ln suite hard");
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/tool", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/tool -x y", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/bin/other", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/hard", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", "tool", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", "tool: worker", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite", "./tool", EVIDENCE_NAME_OWN);
	/* Its own name needs no proof; what is not there is none. */
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/suite", 0);
	check_called(fixture, DIRECTORY "/suite", "suite-7", 0);
	check_called(fixture, DIRECTORY "/suite", DIRECTORY "/gone", 0);
	check_called(fixture, DIRECTORY "/suite", "/bin/cat", EVIDENCE_NAME_OTHER);
	/* In a directory that everybody may write to anybody makes links: no excuse, no lie. */
	(void)snprintf(path, sizeof(path), "%s/suite", fixture->directory);
	(void)snprintf(link, sizeof(link), "%s/sshd", fixture->directory);
	assert_int_equal(copy_file(fixture->program, path), 0);
	assert_int_equal(symlink("suite", link), 0);
	check_called(fixture, path, link, 0);
	check_called(fixture, path, "sshd", 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(link), 0);
}

/* The beginning of another program's name is not its name. */
static void
test_beginnings(void **state)
{
	struct fixture *fixture = *state;
	static const char *const names[] = { "c", "ca", "catt" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", fixture->directory, names[i]);
		assert_int_equal(copy_file(fixture->program, path), 0);
		check_called(fixture, path, "/bin/cat", EVIDENCE_NAME_OTHER);
		check_called(fixture, path, "cat", EVIDENCE_NAME_OTHER);
		assert_int_equal(unlink(path), 0);
	}
}

/* As passt runs passt.avx2 under the name that it was called by, and a launcher of a package. */
static void
test_variants(void **state)
{
	struct fixture *fixture = *state;

	help_need_init();
	run_command("cd " DIRECTORY " && cp /bin/sleep suite.avx2 && cp /bin/cat suite"
		    " && ln -s suite pasta && cp /bin/cat launcher && mkdir far"
		    " && cp /bin/cat far/suite && ln -s far/suite elsewhere");
	check_called(fixture, DIRECTORY "/suite.avx2", DIRECTORY "/pasta", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite.avx2", "pasta", EVIDENCE_NAME_OWN);
	check_called(fixture, DIRECTORY "/suite.avx2", DIRECTORY "/launcher", 0);
	/* In another directory it is another program. */
	check_called(fixture, DIRECTORY "/suite.avx2", DIRECTORY "/elsewhere", EVIDENCE_NAME_OTHER);
	/* Where all programs are, that they are beside each other says nothing. */
	run_command("cp /bin/sleep /usr/local/bin/overstay-test-x");
	check_called(fixture, "/usr/local/bin/overstay-test-x", "/usr/local/bin/overstay-test-y",
	    0);
	run_command("cp /bin/cat /usr/local/bin/overstay-test-y");
	start_child(fixture, "/usr/local/bin/overstay-test-x", "/usr/local/bin/overstay-test-y",
	    NULL);
	run_command("rm /usr/local/bin/overstay-test-[xy]");
	run_command("cp /bin/sleep /usr/local/bin/overstay-test-x; "
		    "cp /bin/cat /usr/local/bin/overstay-test-y");
	end_child(&fixture->child);
	check_called(fixture, "/usr/local/bin/overstay-test-x", "/usr/local/bin/overstay-test-y",
	    EVIDENCE_NAME_OTHER);
	run_command("rm /usr/local/bin/overstay-test-[xy]");
}

/* Started by a name that was given to another file since. */
static void
test_upgrades(void **state)
{
	struct fixture *fixture = *state;

	help_need_init();
	run_command("cd " DIRECTORY " && cp /bin/sleep suite && ln -s suite server");
	start_child(fixture, DIRECTORY "/server", DIRECTORY "/server", NULL);
	check_names(fixture, EVIDENCE_NAME_OWN);
	/* The program is replaced, the link is not. */
	run_command("cd " DIRECTORY " && cp /bin/cat new && mv new suite");
	check_names(fixture, EVIDENCE_NAME_OWN);
	/* The link is a file of its own now, as redis-server became one. */
	run_command("cd " DIRECTORY " && sleep .1 && cp /bin/cat new && mv new server");
	check_names(fixture, EVIDENCE_NAME_OWN);
	/* Or leads to the next version's. */
	run_command("cd " DIRECTORY " && mkdir 2 && cp /bin/cat 2/suite && ln -sf 2/suite server");
	check_names(fixture, EVIDENCE_NAME_OWN);
	end_child(&fixture->child);

	/* What was there before is another program, whatever was upgraded. */
	run_command("cd " DIRECTORY " && cp /bin/sleep suite && ln -sf 2/suite server && sleep .1");
	start_child(fixture, DIRECTORY "/suite", DIRECTORY "/2/suite", NULL);
	check_names(fixture, 0);
	end_child(&fixture->child);
	run_command("cd " DIRECTORY " && cp /bin/cat 2/daemon && cp /bin/sleep suite; sleep .1");
	start_child(fixture, DIRECTORY "/suite", DIRECTORY "/2/daemon", NULL);
	check_names(fixture, EVIDENCE_NAME_OTHER);
	run_command("cd " DIRECTORY " && cp /bin/cat new && mv new suite");
	check_names(fixture, EVIDENCE_NAME_OTHER);
	/* A newer link of root's forgives no program that others could have put there. */
	end_child(&fixture->child);
	run_command("cd " DIRECTORY " && ln -s 2/daemon link");
	start_child(fixture, fixture->copy, DIRECTORY "/link", NULL);
	run_command("cd " DIRECTORY " && ln -sf 2/daemon link");
	check_names(fixture, EVIDENCE_NAME_OTHER);
}

/* ---- copies ------------------------------------------------------------------------------- */

static char copy_path[4096];

/* A shell that waits, whatever its file is called. */
static int
be_copied_shell(struct fixture *fixture)
{
	(void)fixture;
	(void)execl(copy_path, "helper", "-c", "kill -STOP $$; exit", (char *)NULL);
	return -1;
}

/* Starts what stops itself once it has read its script. */
static void
start_stopping(struct fixture *fixture, const char *argument, prepare_function *prepare)
{
	int status;

	start_child(fixture, "/bin/sh", argument, prepare);
	assert_int_equal(waitpid(fixture->child, &status, WUNTRACED), fixture->child);
	assert_true(WIFSTOPPED(status));
}

static void
append(const char *path)
{
	_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "program", 7), 7);
}

/* A shell by another name is that shell; what is behind its end changes nothing. */
static void
test_copied_shell(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char shell[4096];

	help_need_init();
	assert_non_null(realpath("/bin/sh", shell));
	(void)snprintf(copy_path, sizeof(copy_path), "%s/helper", fixture->directory);
	assert_int_equal(copy_file(shell, copy_path), 0);
	start_stopping(fixture, "helper", be_copied_shell);
	process = ask_child(fixture);
	assert_string_equal(process->known_as, strrchr(shell, '/') + 1);
	assert_int_equal(process->evidence & EVIDENCE_EXE_APPENDED, 0);
	/* The file is known by what runs, not by its path. */
	assert_int_equal(unlink(copy_path), 0);
	assert_string_equal(ask_child(fixture)->known_as, strrchr(shell, '/') + 1);
	end_child(&fixture->child);
	assert_int_equal(copy_file(shell, copy_path), 0);
	append(copy_path);
	start_stopping(fixture, "helper", be_copied_shell);
	process = ask_child(fixture);
	assert_string_equal(process->known_as, strrchr(shell, '/') + 1);
	assert_int_equal(process->evidence & EVIDENCE_EXE_APPENDED, 0);
	end_child(&fixture->child);
	assert_int_equal(unlink(copy_path), 0);
	/* Under its own name nothing is said, and of another program neither. */
	(void)snprintf(copy_path, sizeof(copy_path), "%s", shell);
	start_stopping(fixture, "helper", be_copied_shell);
	assert_string_equal(ask_child(fixture)->known_as, "");
	end_child(&fixture->child);
	start_child(fixture, fixture->copy, "x", NULL);
	assert_string_equal(ask_child(fixture)->known_as, "");
}

/* A child that is such a copy, and has the network as its input. */
static int
start_copied_shell(struct fixture *fixture)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid = fork();

	(void)fixture;
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)dup2(fd, STDIN_FILENO);
		/* Only its parent is to hold the listener. */
		for (int i = STDERR_FILENO + 1; i < 256; i++)
			(void)close(i);
		(void)execl(copy_path, "helper", "-c", "kill -STOP $$; exit", (char *)NULL);
		_exit(127);
	}
	(void)close(fd);
	/* Till it stops it may be this program yet. */
	return pid > 0 && waitpid(pid, NULL, WUNTRACED) == pid ? 0 : -1;
}

static void
test_copied_child(void **state)
{
	struct fixture *fixture = *state;
	char shell[4096];

	help_need_init();
	assert_non_null(realpath("/bin/sh", shell));
	(void)snprintf(copy_path, sizeof(copy_path), "%s/helper", fixture->directory);
	assert_int_equal(copy_file(shell, copy_path), 0);
	start_child(fixture, fixture->program, "x", start_copied_shell);
	assert_true((ask_child(fixture)->evidence & EVIDENCE_SHELL_BELOW) != 0);
	end_child(&fixture->child);
	assert_int_equal(unlink(copy_path), 0);
}

/* By ld.so what it is given is the program. */
static int
be_loaded_shell(struct fixture *fixture)
{
	static const char *const loaders[] = { "/lib64/ld-linux-x86-64.so.2",
		"/lib/ld-linux-aarch64.so.1" };

	(void)fixture;
	for (size_t i = 0; i < ARRAY_SIZE(loaders); i++)
		(void)execl(loaders[i], "ld.so", copy_path, "-c", "kill -STOP $$; exit",
		    (char *)NULL);
	return -1;
}

static void
test_loaded_shell(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char shell[4096];

	help_need_init();
	if (access("/lib64/ld-linux-x86-64.so.2", X_OK) < 0 &&
	    access("/lib/ld-linux-aarch64.so.1", X_OK) < 0)
		skip_because("ld.so is called something else");
	assert_non_null(realpath("/bin/sh", shell));
	(void)snprintf(copy_path, sizeof(copy_path), "%s/helper", fixture->directory);
	assert_int_equal(copy_file(shell, copy_path), 0);
	start_stopping(fixture, "ld.so", be_loaded_shell);
	process = ask_child(fixture);
	assert_string_equal(process->script, copy_path);
	assert_string_equal(process->known_as, strrchr(shell, '/') + 1);
	assert_int_equal(process->script_evidence, SCRIPT_PLACED | SCRIPT_OPEN_PATH);
	assert_int_equal(process->evidence & (EVIDENCE_NAME_OTHER | EVIDENCE_COMM_OTHER), 0);
	end_child(&fixture->child);
	assert_int_equal(unlink(copy_path), 0);
}

/* The host's are read again when they have changed. */
static void
test_known_changes(void **state)
{
	static const char place[] = "/usr/local/bin/lua5.9";
	struct fixture *fixture = *state;
	char path[128];

	help_need_init();
	(void)snprintf(path, sizeof(path), "%s/helper", fixture->directory);
	assert_int_equal(copy_file(fixture->program, path), 0);
	start_child(fixture, path, "helper", NULL);
	assert_string_equal(ask_child(fixture)->known_as, "");
	assert_int_equal(copy_file(fixture->program, place), 0);
	assert_string_equal(ask_child(fixture)->known_as, "lua5.9");
	/* Others could choose what is known. */
	assert_int_equal(chmod(place, 0777), 0);
	assert_string_equal(ask_child(fixture)->known_as, "");
	assert_int_equal(unlink(place), 0);
	assert_int_equal(copy_file(fixture->program, place), 0);
	assert_string_equal(ask_child(fixture)->known_as, "lua5.9");
	assert_int_equal(unlink(place), 0);
	assert_string_equal(ask_child(fixture)->known_as, "");
	end_child(&fixture->child);
	assert_int_equal(unlink(path), 0);
}

/* A runtime with a program behind it; of one without there is only the runtime. */
static void
test_appended(void **state)
{
	static const char place[] = "/usr/local/bin/deno";
	struct fixture *fixture = *state;
	const struct process *process;
	char path[128];

	help_need_init();
	if (access(place, F_OK) == 0)
		skip_because("there is a deno");
	(void)snprintf(path, sizeof(path), "%s/server", fixture->directory);
	assert_int_equal(copy_file(fixture->program, place), 0);
	assert_int_equal(copy_file(fixture->program, path), 0);
	start_child(fixture, path, "./server", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->known_as, "deno");
	assert_int_equal(process->evidence & EVIDENCE_EXE_APPENDED, 0);
	end_child(&fixture->child);
	append(path);
	start_child(fixture, path, "./server", NULL);
	process = ask_child(fixture);
	assert_string_equal(process->known_as, "deno");
	assert_int_equal(process->evidence & EVIDENCE_EXE_APPENDED, EVIDENCE_EXE_APPENDED);
	end_child(&fixture->child);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(place), 0);
}

/* ---- scripts ------------------------------------------------------------------------------ */

static const char *script_argument, *script_directory;

/* A shell that runs the script from there. */
static int
be_script(struct fixture *fixture)
{
	(void)fixture;
	if (script_directory == NULL || chdir(script_directory) == 0)
		(void)execl("/bin/sh", "sh", script_argument, (char *)NULL);
	return -1;
}

static void
write_script(const char *path, mode_t mode)
{
	_fclose_ FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs("kill -STOP $$\nexit\n", file) >= 0);
	assert_int_equal(fchmod(fileno(file), mode), 0);
}

static void
check_script(struct fixture *fixture, const char *directory, const char *argument, uint32_t wanted)
{
	const struct process *process;

	script_argument = argument;
	script_directory = directory;
	start_stopping(fixture, "sh", be_script);
	process = ask_child(fixture);
	if (process->script_evidence != wanted)
		fail_msg("%s: %#x, not %#x", process->script, process->script_evidence, wanted);
	end_child(&fixture->child);
}

static void
test_scripts(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	help_need_init();
	write_script(DIRECTORY "/x.sh", 0644);
	check_script(fixture, NULL, DIRECTORY "/x.sh", SCRIPT_PLACED);
	check_script(fixture, DIRECTORY, "x.sh", SCRIPT_PLACED);
	check_script(fixture, DIRECTORY, "./../overstay-test-names/x.sh", SCRIPT_PLACED);
	assert_int_equal(chmod(DIRECTORY "/x.sh", 0666), 0);
	check_script(fixture, NULL, DIRECTORY "/x.sh", SCRIPT_PLACED | SCRIPT_OPEN);
	assert_int_equal(chmod(DIRECTORY "/x.sh", 0644), 0);
	assert_int_equal(chown(DIRECTORY "/x.sh", 65534, 65534), 0);
	check_script(fixture, NULL, DIRECTORY "/x.sh", SCRIPT_PLACED | SCRIPT_OPEN);
	/* The test's directory lies in /tmp; a link there does not hide that. */
	(void)snprintf(path, sizeof(path), "%s/x.sh", fixture->directory);
	write_script(path, 0644);
	check_script(fixture, NULL, path, SCRIPT_PLACED | SCRIPT_OPEN_PATH);
	check_script(fixture, fixture->directory, "x.sh", SCRIPT_PLACED | SCRIPT_OPEN_PATH);
	assert_int_equal(symlink(path, DIRECTORY "/link.sh"), 0);
	check_script(fixture, NULL, DIRECTORY "/link.sh", SCRIPT_PLACED | SCRIPT_OPEN_PATH);
	/* It is gone: only a whole path says yet where it was. */
	script_argument = path;
	script_directory = NULL;
	start_stopping(fixture, "sh", be_script);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask_child(fixture)->script_evidence, SCRIPT_PLACED);
	end_child(&fixture->child);
	write_script(path, 0644);
	script_argument = "x.sh";
	script_directory = fixture->directory;
	start_stopping(fixture, "sh", be_script);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ask_child(fixture)->script_evidence, 0);
	end_child(&fixture->child);
}

/* Such a script's name is no lie of the shell's, whatever else is called so. */
static int
be_called_as_script(struct fixture *fixture)
{
	(void)fixture;
	(void)execl(script_argument, "cat", (char *)NULL);
	return -1;
}

static void
test_script_called_as_a_program(void **state)
{
	struct fixture *fixture = *state;
	const struct process *process;
	char path[128];
	FILE *file;

	help_need_init();
	(void)snprintf(path, sizeof(path), "%s/cat", fixture->directory);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("#!/bin/sh\nkill -STOP $$\nexit\n", file) >= 0);
	assert_int_equal(fchmod(fileno(file), 0755), 0);
	assert_int_equal(fclose(file), 0);
	script_argument = path;
	start_stopping(fixture, "/bin/sh", be_called_as_script);
	process = ask_child(fixture);
	assert_string_equal(process->comm, "cat");
	assert_string_equal(process->script, path);
	assert_int_equal(process->evidence & (EVIDENCE_NAME_OTHER | EVIDENCE_COMM_OTHER), 0);
	end_child(&fixture->child);
	assert_int_equal(unlink(path), 0);
}

static void
test_script_in_shm(void **state)
{
	static const char path[] = "/dev/shm/overstay-test.sh";
	struct fixture *fixture = *state;
	struct stat shm, dev;

	help_need_init();
	if (stat("/dev/shm", &shm) < 0 || stat("/dev", &dev) < 0 || shm.st_dev == dev.st_dev)
		skip_because("/dev/shm is no file system of its own");
	write_script(path, 0644);
	check_script(fixture, NULL, path, SCRIPT_PLACED | SCRIPT_OPEN_PATH | SCRIPT_IN_SHM);
	assert_int_equal(symlink(path, DIRECTORY "/shm.sh"), 0);
	check_script(fixture, NULL, DIRECTORY "/shm.sh",
	    SCRIPT_PLACED | SCRIPT_OPEN_PATH | SCRIPT_IN_SHM);
	assert_int_equal(unlink(path), 0);
}

/* The same behind a descriptor: what the shell reads, and what its script does. */
static const char *descriptor_script;

static int
be_script_of_descriptor(struct fixture *fixture)
{
	char argument[64];
	int fd = open(script_argument, O_RDONLY);

	(void)fixture;
	(void)snprintf(argument, sizeof(argument), "/dev/fd/%d", fd);
	if (fd < 0)
		return -1;
	if (descriptor_script != NULL)
		(void)execl("/bin/sh", "sh", descriptor_script, argument, (char *)NULL);
	else
		(void)execl("/bin/sh", "sh", argument, (char *)NULL);
	return -1;
}

static void
check_descriptor(struct fixture *fixture, const char *script, uint32_t wanted)
{
	descriptor_script = script;
	start_stopping(fixture, "sh", be_script_of_descriptor);
	assert_int_equal(ask_child(fixture)->script_evidence & SCRIPT_IN_SHM, wanted);
	end_child(&fixture->child);
}

static void
test_descriptor_in_shm(void **state)
{
	static const char path[] = "/dev/shm/overstay-test.sh";
	struct fixture *fixture = *state;
	struct stat shm, dev;
	char other[128];

	help_need_init();
	if (stat("/dev/shm", &shm) < 0 || stat("/dev", &dev) < 0 || shm.st_dev == dev.st_dev)
		skip_because("/dev/shm is no file system of its own");
	(void)snprintf(other, sizeof(other), "%s/x.sh", fixture->directory);
	write_script(path, 0644);
	write_script(other, 0644);
	script_argument = path;
	check_descriptor(fixture, NULL, SCRIPT_IN_SHM);
	/* A file that a script is given is none. */
	check_descriptor(fixture, other, 0);
	script_argument = other;
	check_descriptor(fixture, NULL, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(other), 0);
}

static int
be_script_in_memory(struct fixture *fixture)
{
	static const char text[] = "kill -STOP $$\nexit\n";
	char path[64];
	int fd = memfd_create("x", 0);

	(void)fixture;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, text, sizeof(text) - 1) > 0 && lseek(fd, 0, SEEK_SET) == 0)
		(void)execl("/bin/sh", "sh", path, (char *)NULL);
	return -1;
}

static void
test_script_in_memory(void **state)
{
	struct fixture *fixture = *state;

	start_stopping(fixture, "sh", be_script_in_memory);
	assert_int_equal(ask_child(fixture)->script_evidence, SCRIPT_IN_MEMORY);
	end_child(&fixture->child);
}

/* A FIFO is nothing that could be run, and nothing that holds the reader. A directory has a place
 * as a file has: python and node run what is in it. */
static void
test_no_scripts(void **state)
{
	struct fixture *fixture = *state;
	char path[128];

	help_need_init();
	(void)snprintf(path, sizeof(path), "%s/x.sh", fixture->directory);
	write_script(path, 0644);
	script_argument = path;
	script_directory = NULL;
	start_stopping(fixture, "sh", be_script);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(ask_child(fixture)->script_evidence, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true((ask_child(fixture)->script_evidence & SCRIPT_PLACED) != 0);
	assert_int_equal(rmdir(path), 0);
	end_child(&fixture->child);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, names_setup, names_teardown)
		TEST(test_links),
		TEST(test_beginnings),
		TEST(test_variants),
		TEST(test_upgrades),
		TEST(test_copied_shell),
		TEST(test_copied_child),
		TEST(test_loaded_shell),
		TEST(test_known_changes),
		TEST(test_appended),
		TEST(test_scripts),
		TEST(test_script_called_as_a_program),
		TEST(test_script_in_shm),
		TEST(test_descriptor_in_shm),
		TEST(test_script_in_memory),
		TEST(test_no_scripts),
	};

	help_isolate();
	help_take_turns();
	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
