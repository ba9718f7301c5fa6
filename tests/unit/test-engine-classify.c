/* SPDX-License-Identifier: MIT */
/*
 * Classes and reasons: a row a situation, evil and benign side by side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine-situation.h"
#include "help.h"

static const struct situation situations[] = {
	{ .name = "a web server in a unit",
	    .exe = "/usr/sbin/nginx",
	    .unit = "nginx.service",
	    .uid = 33,
	    .evidence = KNOWN,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "python -m of a person in a unit",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|-m|http.server",
	    .unit = "odd.service",
	    .uid = 1000,
	    .class = CLASS_SERVICE },
	{ .name = "root's own program below /srv",
	    .exe = "/srv/app/run",
	    .unit = "app.service",
	    .evidence = KNOWN,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "a unit that runs what a user owns",
	    .exe = "/home/deploy/run",
	    .uid = 1001,
	    .unit = "app.service",
	    .evidence = KNOWN,
	    .exe_uid = 1001,
	    .exe_mode = 0755,
	    .class = CLASS_UNKNOWN },
	{ .name = "a container",
	    .exe = "/app/server",
	    .container = "0123456789ab",
	    .uid = 101,
	    .unit = "docker-0123456789ab.scope",
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "a person's shell program",
	    .exe = "/usr/bin/python3.11",
	    .session = "3",
	    .unit = "session-3.scope",
	    .cmdline = "python3|-c|x",
	    .uid = 1000,
	    .class = CLASS_USER },
	{ .name = "root in a session",
	    .exe = "/usr/bin/nc",
	    .session = "3",
	    .unit = "session-3.scope",
	    .class = CLASS_USER },
	{ .name = "a desktop program",
	    .exe = "/usr/bin/spotify",
	    .unit = "user@1000.service",
	    .user_unit = "app-spotify.scope",
	    .uid = 1000,
	    .class = CLASS_USER },
	{ .name = "a person without a session",
	    .exe = "/usr/bin/nc",
	    .uid = 1000,
	    .class = CLASS_USER },
	{ .name = "root without a unit", .exe = "/usr/bin/nc", .class = CLASS_UNKNOWN },

	/* A title over the arguments: what it hides is no code from standard input. */
	{ .name = "puma",
	    .exe = "/usr/bin/ruby3.1",
	    .unit = "puma.service",
	    .uid = 998,
	    .cmdline = "puma 5.6.5 (tcp://0.0.0.0:50080) [shop]|||||||",
	    .class = CLASS_SERVICE },
	{ .name = "gunicorn",
	    .exe = "/usr/bin/python3.11",
	    .unit = "app.service",
	    .uid = 33,
	    .cmdline = "gunicorn: master [app]",
	    .class = CLASS_SERVICE },
	{ .name = "celery",
	    .exe = "/usr/bin/python3.11",
	    .unit = "celery.service",
	    .uid = 998,
	    .cmdline = "[celeryd: w1@host:MainProcess] -active- (-A tasks)|||",
	    .class = CLASS_SERVICE },
	{ .name = "postgrey",
	    .exe = "/usr/bin/perl",
	    .unit = "postgrey.service",
	    .uid = 110,
	    .cmdline = "/usr/sbin/postgrey --inet=50023",
	    .class = CLASS_SERVICE },
	{ .name = "node with a title below a wrapper",
	    .exe = "/usr/bin/node",
	    .unit = "api.service",
	    .uid = 33,
	    .main_exe = "/usr/bin/bash",
	    .cmdline = "my-api||||||||||",
	    .class = CLASS_SERVICE },
	{ .name = "code from standard input",
	    .exe = "/usr/bin/python3.11",
	    .main_exe = "/usr/sbin/apache2",
	    .uid = 33,
	    .unit = "apache2.service",
	    .cmdline = "python3",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a title of another program",
	    .exe = "/usr/bin/perl",
	    .uid = 33,
	    .unit = "apache2.service",
	    .cmdline = "sshd: alice [priv]||||",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_DISGUISE) },

	/* What is called as systemd's own programs are is no service manager by that. */
	{ .name = "called systemd",
	    .exe = "/dev/shm/x/systemd",
	    .parent_pid = 1,
	    .uid = 1000,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHM) },
	{ .name = "a memfd called systemd",
	    .exe = "/memfd:x/systemd",
	    .parent_pid = 1,
	    .uid = 33,
	    .unit = "apache2.service",
	    .deleted = true,
	    .exe_uid = 33,
	    .evidence = KNOWN | EVIDENCE_EXE_IN_MEMORY,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_MEMORY) },
	{ .name = "called as an executor",
	    .exe = "/tmp/systemd-executor",
	    .parent_pid = 1,
	    .uid = 33,
	    .unit = "apache2.service",
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_TEMPORARY) },

	{ .name = "memfd",
	    .exe = "/memfd:x",
	    .uid = 1000,
	    .deleted = true,
	    .evidence = KNOWN | EVIDENCE_EXE_IN_MEMORY | EVIDENCE_EXE_OPEN,
	    .exe_uid = 1000,
	    .exe_mode = 0777,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_MEMORY) },
	{ .name = "a directory called memfd:",
	    .exe = "/memfd:/x",
	    .uid = 1000,
	    .class = CLASS_USER },
	{ .name = "busybox in /dev/shm",
	    .exe = "/dev/shm/busybox",
	    .cmdline = "busybox|nc",
	    .uid = 1000,
	    .evidence = EVIDENCE_EXE_OPEN_PATH,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHM) },
	{ .name = "a kernel thread's name",
	    .exe = "/home/alice/x",
	    .comm = "kworker/0:1",
	    .uid = 1000,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_DISGUISE) },
	{ .name = "another program's title",
	    .exe = "/usr/bin/perl",
	    .cmdline = "/usr/sbin/sshd",
	    .uid = 1000,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_DISGUISE) },
	{ .name = "argv[0] of another file",
	    .exe = "/opt/x",
	    .evidence = EVIDENCE_NAME_OTHER,
	    .uid = 1000,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_DISGUISE) },
	{ .name = "its own title",
	    .exe = "/usr/lib/postgresql/15/bin/postgres",
	    .uid = 110,
	    .cmdline = "postgres: checkpointer",
	    .unit = "postgresql@15-main.service",
	    .class = CLASS_SERVICE },
	{ .name = "a shell on a socket",
	    .exe = "/usr/bin/dash",
	    .cmdline = "sh|-i",
	    .uid = 1000,
	    .evidence = EVIDENCE_STDIO_NETWORK,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHELL) },
	{ .name = "busybox' shell on a socket",
	    .exe = "/usr/bin/busybox",
	    .cmdline = "ash",
	    .uid = 1000,
	    .evidence = EVIDENCE_STDIO_NETWORK,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHELL) },
	{ .name = "a server that inetd started",
	    .exe = "/usr/sbin/in.fingerd",
	    .uid = 1000,
	    .evidence = EVIDENCE_STDIO_NETWORK,
	    .class = CLASS_USER },
	{ .name = "a child shell on a socket",
	    .exe = "/usr/bin/ncat",
	    .uid = 1000,
	    .evidence = EVIDENCE_SHELL_BELOW,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHELL) },
	{ .name = "ncat and a shell by pipes",
	    .exe = "/usr/bin/ncat",
	    .uid = 1000,
	    .evidence = EVIDENCE_SHELL_PIPED,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHELL) },
	{ .name = "code without a file and a shell by pipes",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|-c|x",
	    .uid = 1000,
	    .evidence = EVIDENCE_SHELL_PIPED,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHELL) },
	{ .name = "a terminal in a browser",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|/usr/bin/jupyter-lab",
	    .script = "/usr/bin/jupyter-lab",
	    .uid = 1000,
	    .evidence = EVIDENCE_SHELL_PIPED,
	    .class = CLASS_USER },
	{ .name = "a super-server's script, waited for",
	    .exe = "/usr/bin/bash",
	    .cmdline = "/bin/bash|/usr/local/bin/agent",
	    .script = "/usr/local/bin/agent",
	    .unit = "xinetd.service",
	    .main_exe = "/usr/sbin/xinetd",
	    .evidence = KNOWN | EVIDENCE_STDIO_NETWORK | EVIDENCE_SUPER_SERVER,
	    .exe_mode = 0755,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a super-server's shell",
	    .exe = "/usr/bin/bash",
	    .cmdline = "/bin/bash|-i",
	    .unit = "xinetd.service",
	    .main_exe = "/usr/sbin/xinetd",
	    .evidence = EVIDENCE_STDIO_NETWORK | EVIDENCE_SUPER_SERVER,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) | BIT(REASON_SHELL) },
	{ .name = "ncat under a service account",
	    .exe = "/usr/bin/ncat",
	    .uid = 33,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "ncat of nobody",
	    .exe = "/usr/bin/ncat",
	    .uid = 65534,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "ncat under DynamicUser=",
	    .exe = "/usr/bin/ncat",
	    .uid = 61200,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "inline code below a service",
	    .exe = "/usr/bin/python3.11",
	    .uid = 1000,
	    .cmdline = "python3|-c|x",
	    .unit = "app.service",
	    .main_exe = "/usr/sbin/app",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a script below a service",
	    .exe = "/usr/bin/python3.11",
	    .uid = 1000,
	    .cmdline = "python3|/srv/x.py",
	    .unit = "app.service",
	    .main_exe = "/usr/sbin/app",
	    .class = CLASS_SERVICE },
	{ .name = "Python's own helper",
	    .exe = "/usr/bin/python3.11",
	    .uid = 33,
	    .cmdline = "python3|-c|from multiprocessing.spawn import spawn_main; spawn_main()",
	    .unit = "app.service",
	    .main_exe = "/usr/bin/python3.11",
	    .evidence = EVIDENCE_UNIT_OWN,
	    .class = CLASS_SERVICE },
	{ .name = "inline code that says so",
	    .exe = "/usr/bin/python3.11",
	    .uid = 33,
	    .cmdline = "python3|-c|from multiprocessing.spawn import x",
	    .unit = "app.service",
	    .main_exe = "/usr/sbin/app",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "whoever logged in without logind",
	    .exe = "/usr/bin/nc",
	    .uid = 1000,
	    .unit = "ssh.service",
	    .main_exe = "/usr/sbin/sshd",
	    .evidence = EVIDENCE_LOGIN,
	    .origin = ORIGIN_SSH,
	    .class = CLASS_USER },
	{ .name = "root, logged in without logind",
	    .exe = "/usr/bin/nc",
	    .unit = "ssh.service",
	    .main_exe = "/usr/sbin/sshd",
	    .evidence = EVIDENCE_LOGIN,
	    .class = CLASS_USER },
	{ .name = "moved into sshd's unit",
	    .exe = "/usr/bin/nc",
	    .unit = "ssh.service",
	    .main_exe = "/usr/sbin/sshd",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a unit called as a session",
	    .exe = "/usr/bin/nc",
	    .unit = "session-3.service",
	    .main_exe = "/usr/sbin/app",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a service account's login",
	    .exe = "/usr/bin/nc",
	    .uid = 33,
	    .unit = "ssh.service",
	    .main_exe = "/usr/sbin/sshd",
	    .evidence = EVIDENCE_LOGIN,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },

	{ .name = "a deleted program",
	    .exe = "/opt/x",
	    .deleted = true,
	    .uid = 1000,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_DELETED) },
	{ .name = "an upgraded service",
	    .exe = "/usr/sbin/x",
	    .deleted = true,
	    .unit = "x.service",
	    .evidence = KNOWN | EVIDENCE_EXE_UPDATED,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "an upgraded service that takes any port",
	    .exe = "/usr/sbin/x",
	    .deleted = true,
	    .unit = "x.service",
	    .evidence = KNOWN | EVIDENCE_EXE_UPDATED,
	    .exe_mode = 0755,
	    .address = "0.0.0.0",
	    .choice = CHOICE_AUTO,
	    .class = CLASS_SERVICE,
	    .reasons = BIT(REASON_EXPOSED) },
	{ .name = "deleted, and open to all",
	    .exe = "/opt/x",
	    .deleted = true,
	    .uid = 1000,
	    .address = "0.0.0.0",
	    .choice = CHOICE_AUTO,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_DELETED) | BIT(REASON_EXPOSED) },
	{ .name = "in /tmp",
	    .exe = "/tmp/x",
	    .uid = 1000,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "go run",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_uid = 1000,
	    .parent_exe = "/usr/lib/go-1.19/bin/go",
	    .parent_trust = EXE_SAME,
	    .address = "0.0.0.0",
	    .choice = CHOICE_AUTO,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_EXPOSED) },
	{ .name = "a directory that is called like go's",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_uid = 1000,
	    .parent_exe = "/usr/bin/bash",
	    .parent_trust = EXE_SAME,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "below a program that is called like go",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_uid = 1000,
	    .parent_exe = "/home/alice/go",
	    .parent_trust = EXE_SAME,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "below a path of mounts of one's own",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_uid = 1000,
	    .parent_exe = "/usr/bin/go",
	    .parent_trust = EXE_UNVERIFIED,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "go test",
	    .exe = "/tmp/go-build123/b001/x.test",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_uid = 1000,
	    .parent_exe = "/usr/local/go/bin/go",
	    .parent_trust = EXE_SAME,
	    .class = CLASS_USER },
	{ .name = "somebody else's go run",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 1000,
	    .parent_exe = "/usr/bin/go",
	    .parent_trust = EXE_SAME,
	    .evidence = KNOWN,
	    .exe_uid = 1001,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "go run of a service account",
	    .exe = "/tmp/go-build123/b001/exe/main",
	    .uid = 33,
	    .parent_exe = "/usr/bin/go",
	    .parent_trust = EXE_SAME,
	    .evidence = KNOWN,
	    .exe_uid = 33,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "an AppImage",
	    .exe = "/tmp/.mount_AppAbCdEf/usr/bin/app",
	    .uid = 1000,
	    .evidence = EVIDENCE_EXE_HIDDEN_MOUNT,
	    .class = CLASS_USER },
	{ .name = "a directory that looks like one",
	    .exe = "/tmp/.mount_AppAbCdEf/app",
	    .uid = 1000,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "a file others may write",
	    .exe = "/opt/x",
	    .uid = 1000,
	    .exe_uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN,
	    .exe_mode = 0777,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_WRITABLE) },
	{ .name = "root runs what is alice's",
	    .exe = "/home/alice/x",
	    .exe_uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN,
	    .exe_mode = 0755,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_FOREIGN) },
	{ .name = "the same, and all may write it",
	    .exe = "/home/alice/x",
	    .exe_uid = 1000,
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN,
	    .exe_mode = 0777,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_FOREIGN) | BIT(REASON_WRITABLE) },
	{ .name = "another program than before",
	    .exe = "/usr/bin/x",
	    .uid = 1000,
	    .changed = true,
	    .class = CLASS_USER,
	    .reasons = BIT(REASON_CHANGED) },
	{ .name = "a resolver's port",
	    .exe = "/usr/sbin/unbound",
	    .unit = "unbound.service",
	    .uid = 112,
	    .address = "0.0.0.0",
	    .choice = CHOICE_AUTO,
	    .protocol = PROTOCOL_UDP,
	    .class = CLASS_SERVICE },
	{ .name = "a test runner's port",
	    .exe = "/usr/bin/node",
	    .cmdline = "node|t.js",
	    .uid = 1000,
	    .choice = CHOICE_AUTO,
	    .class = CLASS_USER },
};

static void
every_situation(void **state)
{
	(void)state;
	situations_check(situations, ARRAY_SIZE(situations));
}

static void
nobody_holds_it(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1);
	struct owner *owner = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0);
	struct circumstances circumstances = { .listener = &listener, .owner = owner };
	struct classification found;

	(void)state;
	owner->thorough = true;
	classify(&circumstances, &found);
	assert_int_equal(found.class, CLASS_UNKNOWN);
	circumstances.seen_since = true;
	classify(&circumstances, &found);
	assert_int_equal(found.class, CLASS_SUSPECT);
	assert_int_equal(found.reasons, BIT(REASON_NO_OWNER));
	assert_true(found.strong);
	/* Only where everything was seen. */
	owner->thorough = false;
	classify(&circumstances, &found);
	assert_int_equal(found.class, CLASS_UNKNOWN);
	owner->thorough = true;
	for (unsigned i = 0; i < OWNER_REASON_COUNT; i++) {
		owner->reason = (enum owner_reason)i;
		classify(&circumstances, &found);
		assert_int_equal(found.class == CLASS_SUSPECT, i == OWNER_REASON_NO_PROCESS);
	}
	/* What may be the kernel's is told, and nothing adds up with it. */
	owner->reason = OWNER_REASON_KERNEL_UNPROVED;
	listener = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 1);
	listener.choice = CHOICE_AUTO;
	classify(&circumstances, &found);
	assert_int_equal(found.reasons, BIT(REASON_KERNEL_UNPROVED) | BIT(REASON_EXPOSED));
	assert_int_equal(found.class, CLASS_UNKNOWN);
	assert_false(found.strong);
	owner->kind = OWNER_KERNEL;
	listener.choice = CHOICE_AUTO;
	classify(&circumstances, &found);
	assert_int_equal(found.class, CLASS_KERNEL);
	assert_int_equal(found.reasons, 0);
	(void)owner_unref(owner);
}

/* PID 1 that holds a .socket unit's listener is no stranger and no reason. */
static void
socket_units(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1);
	struct owner *owner = help_owner("/usr/lib/systemd/systemd", 0);
	struct circumstances circumstances = { .listener = &listener, .owner = owner };
	struct classification found;

	(void)state;
	listener.uid = 0;
	owner->processes[0]->pid = 1;
	owner->processes[0]->evidence = EVIDENCE_EXE_ROOTS;
	assert_int_equal(owner_text_set(&owner->processes[0]->place.unit, "init.scope"), 0);
	assert_int_equal(owner_text_set(&owner->place.unit, "foo.socket"), 0);
	classify(&circumstances, &found);
	assert_int_equal(found.class, CLASS_SERVICE);
	assert_int_equal(found.reasons, 0);
	(void)owner_unref(owner);
}

/* Places that nobody chose who installed the unit. */
static bool
is_intruders(enum reason reason)
{
	return reason == REASON_TEMPORARY || reason == REASON_OWN_FILE ||
	    reason == REASON_OWN_MOUNTS;
}

/* Weak reasons by their kind, and of a unit's main program what counts with exposure. */
static void
strength_decides(void **state)
{
	static const char kinds[REASON_COUNT] = {
		[REASON_DELETED] = 'h',
		[REASON_CHANGED] = 'h',
		[REASON_TEMPORARY] = 'p',
		[REASON_WRITABLE] = 'p',
		[REASON_OWN_FILE] = 'p',
		[REASON_OWN_MOUNTS] = 'p',
		[REASON_FOREIGN] = 'p',
		[REASON_EXPOSED] = 'e',
		[REASON_KERNEL_UNPROVED] = 's',
	};
	struct classification found;

	(void)state;
	for (unsigned i = 0; i < REASON_COUNT; i++)
		for (unsigned j = 0; j < REASON_COUNT; j++) {
			bool strong = reason_strength((enum reason)i) == STRENGTH_STRONG ||
			    reason_strength((enum reason)j) == STRENGTH_STRONG;
			bool both =
			    (BIT(i) | BIT(j)) == (BIT(REASON_OWN_FILE) | BIT(REASON_OWN_FILE_NEW));
			bool places = kinds[i] == 'p' || kinds[j] == 'p';
			bool intruders =
			    is_intruders((enum reason)i) || is_intruders((enum reason)j);
			bool exposed = kinds[i] == 'e' || kinds[j] == 'e';
			bool shown = kinds[i] == 's' || kinds[j] == 's';
			bool two = places && !shown && kinds[i] != kinds[j];

			for (unsigned main_program = 0; main_program < 2; main_program++) {
				bool suspect =
				    strong || (two && (!exposed || intruders || main_program == 0));

				classify_reasons(BIT(i) | BIT(j), CLASS_USER, main_program != 0,
				    &found);
				assert_int_equal(found.strong, strong);
				assert_int_equal(found.class, suspect ? CLASS_SUSPECT : CLASS_USER);
				assert_int_equal(found.otherwise, CLASS_USER);
				/* One reason of two strengths is one. */
				assert_int_equal(found.reasons,
				    both ? BIT(REASON_OWN_FILE_NEW) : BIT(i) | BIT(j));
			}
		}
	/* Three: place and history are enough, whatever is exposed. */
	classify_reasons(BIT(REASON_FOREIGN) | BIT(REASON_DELETED) | BIT(REASON_EXPOSED),
	    CLASS_SERVICE, true, &found);
	assert_int_equal(found.class, CLASS_SUSPECT);
	classify_reasons(BIT(REASON_FOREIGN) | BIT(REASON_WRITABLE) | BIT(REASON_EXPOSED),
	    CLASS_SERVICE, true, &found);
	assert_int_equal(found.class, CLASS_SERVICE);
	classify_reasons(BIT(REASON_DELETED) | BIT(REASON_CHANGED) | BIT(REASON_EXPOSED),
	    CLASS_SERVICE, false, &found);
	assert_int_equal(found.class, CLASS_SERVICE);
	classify_reasons(0, CLASS_SERVICE, false, &found);
	assert_int_equal(found.class, CLASS_SERVICE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation),
		cmocka_unit_test(nobody_holds_it),
		cmocka_unit_test(socket_units),
		cmocka_unit_test(strength_decides),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
