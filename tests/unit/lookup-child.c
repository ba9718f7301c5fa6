/* SPDX-License-Identifier: MIT */
/*
 * Children of the tests, started under any name and after any preparation, and waited for
 * until they run what they are to run.
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-child.h"

int
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

int
fixture_setup(void **state)
{
	static struct fixture fixture;

	memset(&fixture, 0, sizeof(fixture));
	fixture.owners = help_spawn();
	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/overstay-real-XXXXXX");
	if (fixture.owners == NULL || mkdtemp(fixture.directory) == NULL ||
	    chmod(fixture.directory, 0755) < 0 || realpath(PROGRAM, fixture.program) == NULL)
		return -1;
	(void)snprintf(fixture.copy, sizeof(fixture.copy), "%s/a) S 1 (\n\033[2J\xff",
	    fixture.directory);
	*state = &fixture;
	return copy_file(fixture.program, fixture.copy);
}

void
end_child(pid_t *child)
{
	if (*child > 0) {
		(void)kill(*child, SIGKILL);
		(void)waitpid(*child, NULL, 0);
	}
	*child = 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	end_child(&fixture->child);
	help_release(&fixture->answers);
	(void)unlink(fixture->copy);
	(void)rmdir(fixture->directory);
	return help_end(fixture->owners) == 0 ? 0 : -1;
}

void
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

void
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

const struct owner *
ask_question(struct fixture *fixture, struct lookup_question question)
{
	const struct owner *owner;

	question.inode = fixture->inode;
	help_release(&fixture->answers);
	assert_int_equal(help_ask(fixture->owners, &question, 1, &fixture->answers), 0);
	owner = help_owner(&fixture->answers, fixture->inode);
	assert_non_null(owner);
	return owner;
}

const struct owner *
ask(struct fixture *fixture, uint32_t uid)
{
	return ask_question(fixture, (struct lookup_question){ .uid = uid, .thorough = true });
}

const struct process *
ask_child(struct fixture *fixture)
{
	const struct owner *owner = ask(fixture, geteuid());

	assert_int_equal(owner->kind, OWNER_PROCESS);
	assert_int_equal(owner->holders, 1);
	assert_int_equal(owner->processes[0]->pid, fixture->child);
	return owner->processes[0];
}

bool
make_real_cgroup(const char *name, char path[256])
{
	static const char *const trees[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	char procs[256];

	if (geteuid() != 0 || access("/run/systemd/system", F_OK) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", trees[i]);
		(void)snprintf(path, 256, "%s/%s", trees[i], name);
		if (access(procs, W_OK) == 0 && mkdir(path, 0755) == 0)
			return true;
	}
	return false;
}
