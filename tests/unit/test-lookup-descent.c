/* SPDX-License-Identifier: MIT */
/*
 * What follows from a process's ancestors: what is a unit's own, who logged in, where it comes
 * from; and each excuse with one thing of it imitated.
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
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lookup-fake.h"
#include "lookup/descent.h"
#include "lookup/kin.h"
#include "lookup/own-file.h"
#include "lookup/worker.h"
#include "skip.h"

#define ANCESTORS_MAX 4

/* Below this directory lie programs of root's, and in open/ those that others may replace. */
static char programs[] = "/run/overstay-test-XXXXXX";

/* An ancestor, or the process itself. */
struct member {
	const char *program;   /* below the directory */
	const char *arguments; /* joined by '|'; "" = the program */
	uint32_t uid;
	bool has_terminal;
	bool young; /* started after its child */
};

static const struct situation {
	const char *name;
	struct member self;
	struct member ancestors[ANCESTORS_MAX]; /* the parent first */
	int main;		/* which of them is the main process; 0 = the process, -1 = none */
	const char *other_main; /* a main process that is none of them */
	const char *unit, *session, *container, *cgroup;
	bool logged_in; /* an audit session */
	bool own, login;
	enum origin origin;
} situations[] = {
	{ .name = "the main process",
	    .self = { "socat", "", 33 },
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "a worker",
	    .self = { "apache2", "", 33 },
	    .ancestors = { { "apache2" } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "a relay below a service",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "apache2", "", 33 }, { "apache2" } },
	    .main = 2,
	    .origin = ORIGIN_UNIT },
	{ .name = "a shell below a service",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "sh|-c|x", 33 }, { "apache2", "", 33 }, { "apache2" } },
	    .main = 3,
	    .origin = ORIGIN_UNIT },
	{ .name = "what a shell as the main program starts",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "sh|-c|socat x", 33 } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "what a shell of somebody's starts",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "open/sh", "sh|-c|socat x", 33 } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "below a parent that is younger",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "sh|-c|socat x", 33, false, true } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "left behind: its parents have gone",
	    .self = { "socat", "", 33 },
	    .main = -1,
	    .origin = ORIGIN_UNIT },

	{ .name = "below monit",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "sh|-c|x", 33 }, { "monit" } },
	    .main = 2,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below runit",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "runsv" }, { "runsvdir" } },
	    .main = 2,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below s6",
	    .self = { "python3", "python3|-c|x", 33 },
	    .ancestors = { { "s6-supervise" }, { "s6-svscan" } },
	    .main = 2,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below supervisord",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "python3", "python3|@supervisord|-n" } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below supervisord of a user, who may write any arguments",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "python3", "python3|@supervisord|-n", 33 } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "below a supervisor that only its unit tells",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "sh|-c|x", 1000 },
		{ "python3", "PM2 v5.3.0: God Daemon (/home/alice/.pm2)", 1000 } },
	    .main = 2,
	    .unit = "pm2-alice.service",
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below another unit's program of that title",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "sh|-c|x", 1000 },
		{ "python3", "PM2 v5.3.0: God Daemon (/home/alice/.pm2)", 1000 } },
	    .main = 2,
	    .origin = ORIGIN_UNIT },
	{ .name = "a SAP instance",
	    .self = { "python3", "python3|-c|x", 1000 },
	    .ancestors = { { "open/sapstartsrv", "", 1000 } },
	    .main = 1,
	    .unit = "SAPPRD_00.service",
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below another script of that name",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "python3", "python3|@open/supervisord|-n" } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "below a program that calls itself monit",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "apache2", "monit" } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "below somebody's own monit",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "open/monit" } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "below what a supervisor started",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "sh|-c|x", 33 }, { "apache2", "", 33 }, { "monit" } },
	    .main = 3,
	    .origin = ORIGIN_UNIT },

	{ .name = "Python's worker",
	    .self = { "python3",
		"python3|-c|from multiprocessing.spawn import spawn_main; "
		"spawn_main(tracker_fd=5, pipe_handle=7)|--multiprocessing-fork",
		33 },
	    .ancestors = { { "python3", "python3|/srv/app.py", 33 } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "Python's worker below a wrapper",
	    .self = { "python3",
		"python3|-c|from multiprocessing.spawn import spawn_main; "
		"spawn_main(tracker_fd=5, pipe_handle=7)|--multiprocessing-fork",
		33 },
	    .ancestors = { { "python3", "python3|/srv/app.py", 33 }, { "sh", "sh|/srv/run", 33 } },
	    .main = 2,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "code beside a worker's",
	    .self = { "python3",
		"python3|-c|x|from multiprocessing.spawn import spawn_main; "
		"spawn_main(tracker_fd=5, pipe_handle=7)",
		33 },
	    .ancestors = { { "python3", "python3|/srv/app.py", 33 } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "a worker of another interpreter",
	    .self = { "python3",
		"python3|-c|from multiprocessing.spawn import spawn_main; "
		"spawn_main(tracker_fd=5, pipe_handle=7)",
		33 },
	    .ancestors = { { "apache2", "", 33 } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "code below a script",
	    .self = { "python3", "python3|-c|x", 33 },
	    .ancestors = { { "python3", "python3|/srv/app.py", 33 } },
	    .main = 1,
	    .origin = ORIGIN_UNIT },
	{ .name = "a fork of code",
	    .self = { "python3", "python3|-c|x", 33 },
	    .ancestors = { { "python3", "python3|-c|x", 33 } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },

	{ .name = "in a container, below its shell",
	    .self = { "socat", "", 101 },
	    .ancestors = { { "sh", "sh|/run.sh", 101 } },
	    .main = 1,
	    .unit = "",
	    .container = "web",
	    .own = true,
	    .origin = ORIGIN_CONTAINER },

	{ .name = "below sshd, at a terminal",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "-sh", 1000, true }, { "sshd", "", 1000 }, { "sshd" },
		{ "sshd" } },
	    .main = 4,
	    .unit = "ssh.service",
	    .login = true,
	    .origin = ORIGIN_SSH },
	{ .name = "below sshd, in an audit session",
	    .self = { "socat", "" },
	    .ancestors = { { "sh", "-sh" }, { "sshd" }, { "sshd" } },
	    .main = 3,
	    .unit = "ssh.service",
	    .logged_in = true,
	    .login = true,
	    .origin = ORIGIN_SSH },
	{ .name = "root below sshd, and nothing says that somebody logged in",
	    .self = { "socat", "" },
	    .ancestors = { { "sh", "-sh" }, { "sshd" }, { "sshd" } },
	    .main = 3,
	    .unit = "ssh.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "root moved into sshd's unit",
	    .self = { "socat", "" },
	    .main = -1,
	    .other_main = "sshd",
	    .unit = "ssh.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "a person left in sshd's unit",
	    .self = { "socat", "", 1000 },
	    .main = -1,
	    .other_main = "sshd",
	    .unit = "ssh.service",
	    .login = true,
	    .origin = ORIGIN_SSH },
	{ .name = "a person in a unit of somebody's sshd",
	    .self = { "socat", "", 1000 },
	    .main = -1,
	    .other_main = "open/sshd",
	    .unit = "ssh.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "root left in sshd's unit, in an audit session",
	    .self = { "socat", "" },
	    .main = -1,
	    .other_main = "sshd",
	    .logged_in = true,
	    .unit = "ssh.service",
	    .login = true,
	    .origin = ORIGIN_SSH },
	{ .name = "a person left in sshd's unit, which has ended",
	    .self = { "socat", "", 1000 },
	    .main = -1,
	    .unit = "ssh.service",
	    .login = true,
	    .origin = ORIGIN_SSH },
	{ .name = "a service account left in sshd's unit",
	    .self = { "socat", "", 33 },
	    .main = -1,
	    .other_main = "sshd",
	    .unit = "ssh.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "below somebody's own sshd",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "-sh", 1000, true }, { "open/sshd" } },
	    .main = 2,
	    .unit = "odd.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "at a console",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "-sh", 1000, true }, { "login" } },
	    .main = 2,
	    .unit = "getty@tty1.service",
	    .login = true,
	    .origin = ORIGIN_CONSOLE },
	{ .name = "by su, after a login",
	    .self = { "socat", "" },
	    .ancestors = { { "sh", "sh", 0, true }, { "su" }, { "sh", "-sh", 1000, true },
		{ "sshd" } },
	    .main = -1,
	    .unit = "session-3.scope",
	    .session = "3",
	    .login = true,
	    .origin = ORIGIN_SU },
	{ .name = "a session whose parents have gone",
	    .self = { "socat", "", 1000 },
	    .main = -1,
	    .unit = "session-3.scope",
	    .session = "3",
	    .login = true,
	    .origin = ORIGIN_UNKNOWN },

	{ .name = "a session that PAM opened for a job",
	    .self = { "socat", "" },
	    .ancestors = { { "sh", "sh|-c|x" }, { "cron" } },
	    .main = -1,
	    .unit = "session-5.scope",
	    .session = "5",
	    .origin = ORIGIN_CRON },
	{ .name = "a unit of screen",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "screen", "", 1000, true } },
	    .main = 1,
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "by cron",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "sh|-c|x", 1000 }, { "cron" }, { "cron" } },
	    .main = 3,
	    .unit = "cron.service",
	    .origin = ORIGIN_CRON },
	{ .name = "by cron, its parents have gone",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "sh", 1000 } },
	    .main = -1,
	    .other_main = "cron",
	    .unit = "cron.service",
	    .origin = ORIGIN_CRON },
	{ .name = "by what is called cron",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "open/cron" } },
	    .main = 1,
	    .unit = "cron.service",
	    .origin = ORIGIN_UNIT },
	{ .name = "by at",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "sh", "sh", 1000 }, { "atd" } },
	    .main = 2,
	    .unit = "atd.service",
	    .origin = ORIGIN_AT },
	{ .name = "a job runner's job",
	    .self = { "socat", "", 1600 },
	    .ancestors = { { "sh", "sh|-c|x", 1600 }, { "gitlab-runner", "", 1600 } },
	    .main = 2,
	    .unit = "gitlab-runner.service",
	    .origin = ORIGIN_CI },
	{ .name = "a job of a runner in its user's home",
	    .self = { "socat", "", 1600 },
	    .ancestors = { { "open/Runner.Worker", "", 1600 }, { "sh", "sh|run.sh", 1600 } },
	    .main = 2,
	    .unit = "actions.runner.acme-shop.web1.service",
	    .origin = ORIGIN_CI },
	{ .name = "below a job runner that an intruder started",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "gitlab-runner", "", 33 }, { "apache2", "", 33 }, { "apache2" } },
	    .main = 3,
	    .origin = ORIGIN_UNIT },
	{ .name = "below sshd that an intruder started",
	    .self = { "socat", "", 33 },
	    .ancestors = { { "sh", "-sh", 33, true }, { "sshd", "", 33 }, { "apache2" } },
	    .main = 3,
	    .origin = ORIGIN_UNIT },
	{ .name = "the runner itself",
	    .self = { "gitlab-runner", "", 1600 },
	    .unit = "gitlab-runner.service",
	    .own = true,
	    .origin = ORIGIN_UNIT },
	{ .name = "below Slurm",
	    .self = { "socat", "", 1000 },
	    .ancestors = { { "slurmstepd" } },
	    .main = -1,
	    .unit = "slurmstepd.scope",
	    .origin = ORIGIN_SLURM },
	{ .name = "in a job's cgroup of Slurm's",
	    .self = { "socat", "", 1000 },
	    .main = -1,
	    .unit = "slurmstepd.scope",
	    .cgroup = "/system.slice/slurmstepd.scope/job_7/step_0/user/task_0",
	    .origin = ORIGIN_SLURM },
	{ .name = "in a cgroup that looks like it",
	    .self = { "socat", "", 33 },
	    .main = -1,
	    .unit = "web.service",
	    .cgroup = "/system.slice/web.service/slurmstepd.scope/job_7",
	    .origin = ORIGIN_UNIT },
};

/* ---- programs ----------------------------------------------------------------------------- */

static void
make_program(const char *name, bool open)
{
	char path[128];
	_close_ int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/%s%s", programs, open ? "open/" : "", name);
	fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	assert_true(fd >= 0);
}

static int
setup(void **state)
{
	static const char *const names[] = { "socat", "apache2", "sh", "monit", "runsv", "runsvdir",
		"s6-supervise", "s6-svscan", "python3", "supervisord", "sshd", "login", "su",
		"screen", "cron", "atd", "gitlab-runner", "slurmstepd" };
	static const char *const open_names[] = { "sh", "monit", "supervisord", "sshd", "cron",
		"Runner.Worker", "sapstartsrv" };
	char path[64];

	if (geteuid() == 0) {
		/* Where anybody may write, nothing is root's. */
		if (mkdtemp(programs) == NULL || chmod(programs, 0755) < 0)
			return -1;
		(void)snprintf(path, sizeof(path), "%s/open", programs);
		if (mkdir(path, 0755) < 0 || chmod(path, 01777) < 0)
			return -1;
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			make_program(names[i], false);
		for (size_t i = 0; i < ARRAY_SIZE(open_names); i++)
			make_program(open_names[i], true);
	}
	return fake_setup(state);
}

static int
teardown(void **state)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", programs);
	if (geteuid() == 0 && system(command) != 0)
		return -1;
	return fake_teardown(state);
}

/* ---- processes ---------------------------------------------------------------------------- */

/* "a|b" as arguments; "@" stands for the directory of programs. Returns their length. */
static size_t
make_arguments(const struct member *member, char *text, size_t size)
{
	const char *from = member->arguments == NULL || member->arguments[0] == '\0' ?
	    member->program :
	    member->arguments;
	size_t used = 0;

	for (; *from != '\0' && used + sizeof(programs) + 2 < size; from++)
		if (*from == '@')
			used += (size_t)snprintf(text + used, size - used, "%s/", programs);
		else
			text[used++] = *from == '|' ? '\0' : *from;
	text[used++] = '\0';
	return used;
}

static void
make_member(struct fake *fake, int pid, int parent, const struct member *member, unsigned start)
{
	char text[512], path[128];
	size_t length = make_arguments(member, text, sizeof(text));

	make_directory(fake, pid, "");
	make_file(fake, pid, "cmdline", text, length);
	length = (size_t)snprintf(text, sizeof(text),
	    "%d (x) S %d 1 1 %d 0 0 0 0 0 0 0 0 0 0 0 0 "
	    "1 0 %u 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0\n",
	    pid, parent, member->has_terminal ? 34816 : 0, start);
	make_file(fake, pid, "stat", text, length);
	length = (size_t)snprintf(text, sizeof(text), "Uid:\t%u\t%u\t%u\t%u\n", member->uid,
	    member->uid, member->uid, member->uid);
	make_file(fake, pid, "status", text, length);
	(void)snprintf(path, sizeof(path), "%s/%s", programs, member->program);
	make_link(fake, pid, "exe", path);
	make_link(fake, pid, "cwd", "/");
}

static void
fill_process(const struct situation *situation, int pid, int main_pid, struct process *process)
{
	char text[512], path[128];
	struct stat file;

	process->pid = pid;
	process->uid = situation->self.uid;
	process->main_pid = main_pid;
	process->login_uid = situation->logged_in ? 1000 : UINT32_MAX;
	process->cmdline_length = (uint32_t)make_arguments(&situation->self, text, sizeof(text));
	process->cmdline = malloc(process->cmdline_length);
	assert_non_null(process->cmdline);
	memcpy(process->cmdline, text, process->cmdline_length);
	(void)snprintf(path, sizeof(path), "%s/%s", programs, situation->self.program);
	assert_int_equal(owner_text_set(&process->exe, path), 0);
	assert_int_equal(stat(path, &file), 0);
	process->exe_device = (uint64_t)major(file.st_dev) << 32 | minor(file.st_dev);
	process->exe_inode = file.st_ino;
	assert_int_equal(owner_text_set(&process->place.unit,
			     situation->unit == NULL ? "web.service" : situation->unit),
	    0);
	assert_int_equal(owner_text_set(&process->place.session, situation->session), 0);
	assert_int_equal(owner_text_set(&process->place.container, situation->container), 0);
	if (situation->container != NULL)
		process->place.container_kind = CONTAINER_DOCKER;
}

/* Makes the ancestors. Returns the pid of the main process, 0 = none. */
static int
make_ancestors(struct fake *fake, const struct situation *situation, int pid)
{
	int main_pid = situation->main == 0 ? pid : 0;

	if (situation->other_main != NULL) {
		main_pid = pid + ANCESTORS_MAX + 1;
		make_member(fake, main_pid, 1, &(struct member){ situation->other_main }, 900);
	}
	for (int i = 0; i < ANCESTORS_MAX && situation->ancestors[i].program != NULL; i++) {
		const struct member *member = &situation->ancestors[i];
		bool last = i + 1 == ANCESTORS_MAX || situation->ancestors[i + 1].program == NULL;

		make_member(fake, pid + i + 1, last ? 1 : pid + i + 2, member,
		    member->young ? 2000 : 1000 - (unsigned)i);
		if (situation->main == i + 1)
			main_pid = pid + i + 1;
	}
	return main_pid;
}

static void
check(struct fake *fake, struct view *view, const struct situation *situation, int pid)
{
	struct proc_stat stat = { .start_usec = 11 * USEC_PER_SEC };
	struct main_facts main = { 0 };
	struct process process;
	bool own, login;

	process_init(&process);
	fill_process(situation, pid, make_ancestors(fake, situation, pid), &process);
	stat.parent_pid = situation->ancestors[0].program != NULL ? pid + 1 : 1;
	descent_read(view, &stat, situation->cgroup == NULL ? "" : situation->cgroup, &main,
	    &process);
	own = (process.evidence & EVIDENCE_UNIT_OWN) != 0;
	login = (process.evidence & EVIDENCE_LOGIN) != 0;
	if (own != situation->own || login != situation->login ||
	    process.origin != situation->origin)
		fail_msg("%s: own %d, login %d, origin %s", situation->name, own, login,
		    origin_name(process.origin));
	process_clear(&process);
}

static void
every_situation(void **state)
{
	struct fake *fake = *state;
	struct view view;

	need_root();
	make_directory(fake, 1, "");
	make_link(fake, 1, "root", "/");
	assert_int_equal(view_open(&view, &fake->host), 0);
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
		check(fake, &view, &situations[i], PID(-10 * (int)i));
	kin_forget(&view);
	view_close(&view);
}

/* ---- the pure parts ----------------------------------------------------------------------- */

#define SPAWN \
	"from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)"

static void
workers(void **state)
{
	static const struct {
		const char *arguments;
		bool worker;
	} rows[] = {
		{ "python3|-c|" SPAWN "|--multiprocessing-fork", true },
		{ "python3|-c|" SPAWN, true },
		{ "python3|-E|-s|-W|-X|dev|-c|" SPAWN, true },
		{ "python3|-Wignore|-Xdev|-OO|-c|" SPAWN, true },
		{ "python3|-c|from multiprocessing.resource_tracker import main;main(5)", true },
		{ "python3|-c|from multiprocessing.semaphore_tracker import main;main(5)", true },
		{ "python3|-c|from multiprocessing.forkserver import main; main(5, 6, "
		  "['__main__', \"it's\"], **{'sys_path': ['/a', '/b'], 'main_path': None})",
		    true },

		{ "python3|-c|import os|" SPAWN, false },
		{ "python3|-c|import os|-c|" SPAWN, false },
		{ "python3|-cimport os|-c|" SPAWN, false },
		{ "python3|-Icimport os|-c|" SPAWN, false },
		{ "python3|-X|-c|import os|-c|" SPAWN, false },
		{ "python3|-m|x|-c|" SPAWN, false },
		{ "python3|x.py|-c|" SPAWN, false },
		{ "python3|-c|" SPAWN "; import os", false },
		{ "python3|-c|" SPAWN "\nimport os", false },
		{ "python3|-c|from multiprocessing.spawn import spawn_main; spawn_main(x())",
		    false },
		{ "python3|-c|from multiprocessing.spawn import spawn_main; spawn_main(a=1, b=)",
		    false },
		{ "python3|-c|from multiprocessing.forkserver import main; main(5, x())", false },
		{ "python3|-c|from multiprocessing.forkserver import main; main('a' x)", false },
		{ "python3|-c|from multiprocessing.forkserver import main; main('a\\')", false },
		{ "python3|-c|from multiprocessing. import x", false },
		{ "python3|-c", false },
		{ "python3", false },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t length = strlen(rows[i].arguments) + 1;

		memcpy(text, rows[i].arguments, length);
		for (size_t j = 0; j < length; j++)
			if (text[j] == '|')
				text[j] = '\0';
		if (worker_is_python(text, length) != rows[i].worker)
			fail_msg("%s", rows[i].arguments);
	}
	assert_false(worker_is_python("", 0));
	assert_false(worker_is_python("python3", 7));
}

/* The host's root is mapped only by who is that. */
static void
maps(void **state)
{
	static const struct {
		const char *text;
		bool root;
	} rows[] = {
		{ "         0          0 4294967295\n", true },
		{ "         0          0          1\n        33         33          1\n", true },
		{ "        33         33          1\n         0          0          1\n", true },
		{ "         0       1000          1\n", false },
		{ "         0       1000          1\n         1     100000      65536\n", false },
		{ "         0     100000      65536\n", false },
		{ "", false },
		{ "0\n", false },
		{ "0 0\n", false },
		{ "0 0 0\n", false },
		{ "x\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (own_file_maps_root(rows[i].text, strlen(rows[i].text)) != rows[i].root)
			fail_msg("%s", rows[i].text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_situation, setup, teardown),
		cmocka_unit_test(workers),
		cmocka_unit_test(maps),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
