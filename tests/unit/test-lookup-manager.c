/* SPDX-License-Identifier: MIT */
/*
 * Who is a service manager: systemd's own processes as they are, and each with one thing of it
 * imitated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "lookup-fake.h"
#include "lookup/manager.h"

#define USER	"/user.slice/user-1000.slice/user@1000.service/"
#define SERVICE "/system.slice/apache2.service"

/* The user's manager that others are children of. */
#define MANAGER PID(50)

/* A fork of PID 1's, and what is no more. */
#define FORKED PID(51)
#define GONE   PID(52)
#define ENDED  PID(53)

/* Where PID 1's stack and arguments begin, where those of the manager do. */
#define INIT_STACK    7000
#define MANAGER_STACK 8000

static const struct situation {
	const char *name;
	const char *exe, *cgroup; /* NULL = systemd's own, SERVICE */
	int parent;		  /* 0 = PID 1 */
	uint32_t uid;
	uint64_t stack;
	uint32_t old_sec; /* since it was started */
	bool other_file;  /* not the file that PID 1 runs */
	bool unverified;
	uint32_t file_uid, file_mode; /* mode 0 = 0755 */
	bool ended;
	bool is_manager;
} situations[] = {
	{ .name = "a user's manager",
	    .cgroup = USER "init.scope",
	    .uid = 1000,
	    .stack = 1,
	    .old_sec = 600,
	    .is_manager = true },
	{ .name = "forked by PID 1", .stack = INIT_STACK, .old_sec = 60, .is_manager = true },
	{ .name = "forked by PID 1, another user already",
	    .stack = INIT_STACK,
	    .uid = 33,
	    .is_manager = true },
	{ .name = "forked by a user's manager",
	    .parent = MANAGER,
	    .stack = MANAGER_STACK,
	    .uid = 1000,
	    .cgroup = USER "app.slice/x.service",
	    .is_manager = true },
	{ .name = "forked by a fork of PID 1's",
	    .parent = FORKED,
	    .stack = INIT_STACK,
	    .cgroup = "/init.scope",
	    .is_manager = true },
	{ .name = "forked by a fork that has ended",
	    .parent = GONE,
	    .stack = INIT_STACK,
	    .cgroup = "/init.scope",
	    .is_manager = true },
	{ .name = "forked by a fork that nobody has waited for",
	    .parent = ENDED,
	    .stack = INIT_STACK,
	    .cgroup = "/init.scope",
	    .is_manager = true },
	{ .name = "forked by PID 1, and ended",
	    .stack = INIT_STACK,
	    .ended = true,
	    .is_manager = true },
	{ .name = "an executor",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .stack = 5,
	    .other_file = true,
	    .is_manager = true },
	{ .name = "an executor of a user's manager",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .parent = MANAGER,
	    .uid = 1000,
	    .stack = 5,
	    .other_file = true,
	    .cgroup = USER "app.slice/x.service",
	    .is_manager = true },

	{ .name = "a name",
	    .exe = "/dev/shm/x/systemd",
	    .stack = 5,
	    .other_file = true,
	    .unverified = true },
	{ .name = "a name in memory",
	    .exe = "/memfd:x/systemd",
	    .stack = 5,
	    .other_file = true,
	    .unverified = true },
	{ .name = "a name, root's", .exe = "/opt/x/systemd", .stack = 5, .other_file = true },
	{ .name = "a name in the manager's cgroup",
	    .exe = "/home/alice/systemd",
	    .cgroup = USER "init.scope",
	    .uid = 1000,
	    .stack = 5,
	    .other_file = true,
	    .file_uid = 1000 },
	{ .name = "a file others may write",
	    .cgroup = USER "init.scope",
	    .uid = 1000,
	    .stack = 1,
	    .file_mode = 0775 },
	{ .name = "systemd's file, started again", .stack = 5 },
	{ .name = "systemd's file in a unit of alice's",
	    .cgroup = USER "app.slice/x.service",
	    .uid = 1000,
	    .stack = 5 },
	{ .name = "systemd's file in another's init.scope",
	    .cgroup = USER "init.scope",
	    .uid = 1001,
	    .stack = 5 },
	{ .name = "systemd's file below a user's manager, started again",
	    .parent = MANAGER,
	    .uid = 1000,
	    .cgroup = USER "init.scope",
	    .stack = 5 },
	{ .name = "another user below a user's manager",
	    .parent = MANAGER,
	    .uid = 0,
	    .cgroup = USER "app.slice/x.service",
	    .stack = MANAGER_STACK },
	{ .name = "below somebody", .parent = PID(60), .stack = 9000 },
	{ .name = "another file with PID 1's stack", .stack = INIT_STACK, .other_file = true },
	{ .name = "a stack nobody may read", .stack = 0 },
	{ .name = "an executor that stays",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .stack = 5,
	    .other_file = true,
	    .old_sec = 60 },
	{ .name = "an executor of another user's, left to PID 1",
	    .uid = 33,
	    .stack = 5,
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .other_file = true },
	{ .name = "an executor of somebody's",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .parent = PID(60),
	    .stack = 5,
	    .other_file = true },
	{ .name = "systemd's file below a fork of PID 1's", .parent = FORKED, .stack = 5 },
	{ .name = "systemd's file below what has ended", .parent = GONE, .stack = 5 },
	{ .name = "PID 1's stack below somebody", .parent = PID(60), .stack = INIT_STACK },
	{ .name = "an executor below what has ended",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .parent = GONE,
	    .stack = 5,
	    .other_file = true },
	{ .name = "an executor below a fork of PID 1's",
	    .exe = "/usr/lib/systemd/systemd-executor",
	    .parent = FORKED,
	    .stack = 5,
	    .other_file = true },
	{ .name = "another program", .exe = "/usr/sbin/apache2", .stack = INIT_STACK },
};

static void
make(struct fake *fake, int pid, int parent, uint64_t stack, const char *cgroup, const char *exe)
{
	char text[512];

	make_directory(fake, pid, "");
	(void)snprintf(text, sizeof(text),
	    "%d (systemd) S %d 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 0 1 0 "
	    "100 0 0 0 0 0 %llu 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 %llu 0\n",
	    pid, parent, (unsigned long long)stack, (unsigned long long)(stack + (stack != 0)));
	make_file(fake, pid, "stat", text, strlen(text));
	(void)snprintf(text, sizeof(text), "0::%s\n", cgroup);
	make_file(fake, pid, "cgroup", text, strlen(text));
	make_link(fake, pid, "exe", exe);
}

static void
set_file(struct process *process, const char *path)
{
	struct stat file;

	assert_int_equal(stat(path, &file), 0);
	process->exe_device = (uint64_t)major(file.st_dev) << 32 | minor(file.st_dev);
	process->exe_inode = file.st_ino;
	process->evidence |= EVIDENCE_EXE_KNOWN;
}

static bool
ask_manager(const struct view *view, int pid, const struct situation *situation)
{
	uint64_t now_usec = clock_boottime_usec();
	uint64_t old_usec = situation->old_sec * USEC_PER_SEC;
	struct proc_stat stat = {
		.start_usec = now_usec > old_usec ? now_usec - old_usec : 0,
		.parent_pid = situation->parent != 0 ? situation->parent : 1,
		.stack_start = situation->stack,
		.arguments_start = situation->stack + (situation->stack != 0),
	};
	struct process process;
	bool found;

	process_init(&process);
	process.pid = pid;
	process.uid = situation->uid;
	process.exe_uid = situation->file_uid;
	process.exe_mode = S_IFREG | (situation->file_mode != 0 ? situation->file_mode : 0755);
	process.exe_trust = situation->unverified ? EXE_UNVERIFIED : EXE_SAME;
	assert_int_equal(owner_text_set(&process.exe,
			     situation->exe != NULL ? situation->exe : "/usr/lib/systemd/systemd"),
	    0);
	/* The program of this test stands for another file. */
	set_file(&process, situation->other_file ? "/proc/self/exe" : "/bin/sh");
	manager_read(view, &stat, &process);
	found = process_is_manager(&process);
	process_clear(&process);
	return found;
}

static void
only_systemd_itself(void **state)
{
	struct fake *fake = *state;
	struct view view;

	make(fake, 1, 0, INIT_STACK, "/init.scope", "/bin/sh");
	make(fake, MANAGER, 1, MANAGER_STACK, USER "init.scope", "/bin/sh");
	make(fake, ENDED, 1, 0, "/init.scope", "/bin/sh");
	make(fake, FORKED, 1, INIT_STACK, "/init.scope", "/bin/sh");
	make(fake, PID(60), 1, 9000, SERVICE, "/bin/sh");
	assert_int_equal(view_open(&view, &fake->host), 0);
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++) {
		const struct situation *situation = &situations[i];
		int pid = PID((int)i);
		bool found;

		if (!situation->ended)
			make(fake, pid, situation->parent != 0 ? situation->parent : 1,
			    situation->stack,
			    situation->cgroup != NULL ? situation->cgroup : SERVICE, "/bin/sh");
		found = ask_manager(&view, pid, situation);
		if (found != situation->is_manager)
			fail_msg("%s: %s", situation->name, found ? "a manager" : "none");
	}
	view_close(&view);
}

/* The cgroup that PID 1 makes for a user's manager, and those that look alike. */
static void
only_the_managers_cgroup(void **state)
{
	(void)state;
	assert_true(manager_is_place(USER "init.scope", 1000));
	assert_false(manager_is_place(USER "init.scope", 100));
	assert_false(manager_is_place(USER "init.scope", 0));
	assert_false(manager_is_place(USER "app.slice/init.scope.service", 1000));
	assert_false(manager_is_place("/init.scope", 1000));
	assert_false(manager_is_place("/system.slice/x.service" USER "init.scope", 1000));
	assert_false(manager_is_place("", 1000));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_systemd_itself, fake_setup, fake_teardown),
		cmocka_unit_test(only_the_managers_cgroup),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
