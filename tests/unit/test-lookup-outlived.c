/* SPDX-License-Identifier: MIT */
/*
 * What a process has outlived: each fact alone, and what looks like it and is not.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-fake.h"
#include "lookup/outlived.h"
#include "lookup/place.h"

#define SESSION "/user.slice/user-1000.slice/session-3.scope"
#define USER	"/user.slice/user-1000.slice/user@1000.service/"
#define SERVICE "/system.slice/app.service"
#define DOCKER                                                  \
	"/system.slice/docker-0123456789abcdef0123456789abcdef" \
	"0123456789abcdef0123456789abcdef.scope"

#define MANAGER	 PID(50) /* the user's */
#define SHELL	 PID(51)
#define IMITATOR PID(52) /* somebody's child in the manager's cgroup */
#define PROCESS	 PID(60)

static const struct situation {
	const char *name;
	const char *cgroup; /* NULL = SESSION */
	int parent;	    /* 0 = SHELL */
	bool is_main;	    /* of its unit */
	int session_id;	    /* of a unit whose main process is not known; 0 = it is */
	uint32_t uid;	    /* 0 = 1000 */
	const char *stdio[3];
	const char *session; /* logind's file; NULL = that of one which goes on, "" = no file */
	bool no_logind;
	uint8_t outlived;
} situations[] = {
	{ .name = "a program in a terminal",
	    .stdio = { "/dev/pts/3", "/dev/pts/3", "/dev/pts/3" } },
	{ .name = "the terminal is closed",
	    .stdio = { "/dev/pts/3 (deleted)", "/dev/pts/3 (deleted)", "/dev/pts/3 (deleted)" },
	    .outlived = OUTLIVED_TERMINAL },
	{ .name = "only errors went there",
	    .stdio = { "/dev/null", "/tmp/out", "/dev/pts/12 (deleted)" },
	    .outlived = OUTLIVED_TERMINAL },
	{ .name = "a file that is called so",
	    .stdio = { "/tmp/dev/pts/3 (deleted)", "/dev/pts/x (deleted)",
		"/dev/pts/ (deleted)" } },
	{ .name = "a deleted file", .stdio = { "/tmp/out (deleted)", "pipe:[1]", "socket:[2]" } },

	{ .name = "the session is closing",
	    .session = "UID=1000\nSTATE=closing\nREMOTE=1\n",
	    .outlived = OUTLIVED_SESSION },
	{ .name = "the session is gone", .session = "", .outlived = OUTLIVED_SESSION },
	{ .name = "the session is not in front", .session = "UID=1000\nSTATE=online\n" },
	{ .name = "a desktop that is called so",
	    .session = "DESKTOP=STATE=closing\nSTATE=active\n" },
	{ .name = "half a line", .session = "STATE=closing" },
	{ .name = "no logind", .session = "", .no_logind = true },
	{ .name = "no session", .session = "", .cgroup = SERVICE, .is_main = true, .parent = 1 },

	{ .name = "left to PID 1 in a session", .parent = 1, .outlived = OUTLIVED_PARENT },
	{ .name = "left to PID 1 as the oldest of the session",
	    .parent = 1,
	    .is_main = true,
	    .outlived = OUTLIVED_PARENT },
	{ .name = "a service", .cgroup = SERVICE, .parent = 1, .is_main = true },
	{ .name = "left behind in a service",
	    .cgroup = SERVICE,
	    .parent = 1,
	    .outlived = OUTLIVED_PARENT },
	{ .name = "a child in a service", .cgroup = SERVICE },
	{ .name = "a service of the user's",
	    .cgroup = USER "app.slice/x.service",
	    .parent = MANAGER,
	    .is_main = true },
	{ .name = "a service of the user's by its session",
	    .cgroup = USER "app.slice/x.service",
	    .parent = MANAGER,
	    .session_id = PROCESS },
	{ .name = "left behind in a service of the user's, in another's session",
	    .cgroup = USER "app.slice/x.service",
	    .parent = MANAGER,
	    .session_id = PID(61),
	    .outlived = OUTLIVED_PARENT },
	{ .name = "left behind in a service of the user's",
	    .cgroup = USER "app.slice/x.service",
	    .parent = MANAGER,
	    .outlived = OUTLIVED_PARENT },
	{ .name = "left to the user's manager in a scope",
	    .cgroup = USER "app.slice/vte-spawn-1.scope",
	    .parent = MANAGER,
	    .is_main = true,
	    .outlived = OUTLIVED_PARENT },
	{ .name = "another user's below that manager",
	    .cgroup = USER "app.slice/vte-spawn-1.scope",
	    .parent = MANAGER,
	    .uid = 1001 },
	{ .name = "left to somebody in the manager's cgroup", .parent = IMITATOR },
	{ .name = "the user's manager itself",
	    .cgroup = USER "init.scope",
	    .parent = 1,
	    .is_main = true },
	{ .name = "in a container", .cgroup = DOCKER, .parent = 1 },
	{ .name = "in no unit", .cgroup = "/", .parent = 1 },
};

/* Logind's files, where PID 1 has them. */
static void
make_session(struct fake *fake, const char *text, bool no_logind)
{
	static const char directory[] = "root/run/systemd/sessions";

	(void)unlinkat(fake->fd, "1/root/run/systemd/sessions/3", 0);
	(void)unlinkat(fake->fd, "1/root/run/systemd/sessions", AT_REMOVEDIR);
	if (no_logind)
		return;
	make_directory(fake, 1, directory);
	if (text == NULL)
		text = "UID=1000\nSTATE=active\n";
	if (text[0] != '\0')
		make_file(fake, 1, "root/run/systemd/sessions/3", text, strlen(text));
}

static void
put_in(struct fake *fake, int pid, const char *cgroup)
{
	char line[512];
	int length = snprintf(line, sizeof(line), "0::%s\n", cgroup);

	make_file(fake, pid, "cgroup", line, (size_t)length);
}

static uint8_t
ask_outlived(struct fake *fake, const struct situation *situation)
{
	const char *cgroup = situation->cgroup != NULL ? situation->cgroup : SESSION;
	struct proc_stat stat = { .parent_pid = situation->parent != 0 ? situation->parent : SHELL,
		.session_id = situation->session_id };
	_close_ int task_fd = -1;
	struct process process;
	struct view view;
	size_t group;
	uint8_t found;

	make_session(fake, situation->session, situation->no_logind);
	for (int fd = 0; fd < 3; fd++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "fd/%d", fd);
		make_link(fake, PROCESS, name,
		    situation->stdio[fd] != NULL ? situation->stdio[fd] : "/dev/null");
	}
	assert_int_equal(view_open(&view, &fake->host), 0);
	task_fd = proc_open(fake->fd, PROCESS);
	assert_true(task_fd >= 0);
	process_init(&process);
	process.pid = PROCESS;
	process.uid = situation->uid != 0 ? situation->uid : 1000;
	process.main_pid = situation->is_main ? PROCESS : PID(70);
	if (situation->session_id != 0)
		process.main_pid = 0;
	assert_int_equal(place_parse(cgroup, &process.place, &group), 0);
	assert_int_equal(proc_read_cwd(task_fd, &process), 0);
	outlived_read(&view, task_fd, &stat, &process);
	found = process.outlived;
	process_clear(&process);
	view_close(&view);
	return found;
}

static void
each_fact_alone(void **state)
{
	struct fake *fake = *state;

	make_process(fake, 1, "systemd", 0);
	make_directory(fake, 1, "root");
	make_directory(fake, 1, "root/run");
	make_directory(fake, 1, "root/run/systemd");
	put_in(fake, 1, "/init.scope");
	make_process(fake, MANAGER, "systemd", 100);
	put_in(fake, MANAGER, USER "init.scope");
	make_process(fake, SHELL, "bash", 200);
	put_in(fake, SHELL, SESSION);
	make_process(fake, IMITATOR, "bash", 200);
	make_stat_full(fake, IMITATOR, "bash", 200, MANAGER, 0);
	put_in(fake, IMITATOR, USER "init.scope");
	make_process(fake, PROCESS, "srv", 300);
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++) {
		uint8_t found = ask_outlived(fake, &situations[i]);

		if (found != situations[i].outlived)
			fail_msg("%s: %#x, not %#x", situations[i].name, found,
			    situations[i].outlived);
	}
}

/* A directory that is only called so; and one whose name is all that is left of it. */
static void
directories_that_are_there(void **state)
{
	static const struct situation elsewhere = { .name = "", .no_logind = true };
	struct fake *fake = *state;
	char path[64] = "/tmp/outlived-XXXXXX", named[96];

	make_process(fake, 1, "systemd", 0);
	make_process(fake, PROCESS, "srv", 300);
	assert_non_null(mkdtemp(path));
	(void)snprintf(named, sizeof(named), "%s (deleted)", path);
	make_link(fake, PROCESS, "cwd", path);
	assert_int_equal(ask_outlived(fake, &elsewhere), 0);
	assert_int_equal(rename(path, named), 0);
	make_link(fake, PROCESS, "cwd", named);
	assert_int_equal(ask_outlived(fake, &elsewhere), 0);
	assert_int_equal(rmdir(named), 0);
	assert_int_equal(ask_outlived(fake, &elsewhere), 0);
}

/* Only the kernel makes links to what is no more. */
static void
a_real_directory(void **state)
{
	char path[64] = "/tmp/outlived-XXXXXX";
	_close_ int before_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), self_fd = -1;
	struct fake *fake = *state;
	struct proc_stat stat = { .parent_pid = 2 };
	struct process process;
	struct view view;

	assert_true(before_fd >= 0);
	make_process(fake, 1, "systemd", 0);
	assert_int_equal(view_open(&view, &fake->host), 0);
	self_fd = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(self_fd >= 0);
	process_init(&process);
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	assert_int_equal(proc_read_cwd(self_fd, &process), 0);
	outlived_read(&view, self_fd, &stat, &process);
	assert_int_equal(process.outlived & OUTLIVED_DIRECTORY, 0);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(proc_read_cwd(self_fd, &process), 0);
	outlived_read(&view, self_fd, &stat, &process);
	assert_int_equal(process.outlived & OUTLIVED_DIRECTORY, OUTLIVED_DIRECTORY);
	assert_int_equal(fchdir(before_fd), 0);
	process_clear(&process);
	view_close(&view);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_fact_alone, fake_setup, fake_teardown),
		cmocka_unit_test_setup_teardown(directories_that_are_there, fake_setup,
		    fake_teardown),
		cmocka_unit_test_setup_teardown(a_real_directory, fake_setup, fake_teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
