/* SPDX-License-Identifier: MIT */
/*
 * Who may stand in a unit, somebody's jobs, programs of their own account, mounts of one's own: a
 * row a situation, evil and benign side by side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "engine-situation.h"

static const struct situation situations[] = {
	/* The main program of a unit is its own, however the unit is hardened. */
	{ .name = "a relay as a unit's main program",
	    .exe = "/usr/bin/socat",
	    .unit = "forward.service",
	    .uid = 65534,
	    .class = CLASS_SERVICE },
	{ .name = "the same under DynamicUser=",
	    .exe = "/usr/bin/socat",
	    .unit = "forward.service",
	    .uid = 61200,
	    .class = CLASS_SERVICE },
	{ .name = "code as a unit's main program",
	    .exe = "/usr/bin/dash",
	    .cmdline = "sh|-c|x",
	    .unit = "hook.service",
	    .uid = 33,
	    .class = CLASS_SERVICE },
	{ .name = "what a supervisor started",
	    .exe = "/usr/bin/socat",
	    .unit = "supervisor.service",
	    .main_exe = "/usr/bin/python3.11",
	    .uid = 33,
	    .evidence = EVIDENCE_UNIT_OWN,
	    .class = CLASS_SERVICE },
	{ .name = "a relay below a service of that account",
	    .exe = "/usr/bin/socat",
	    .unit = "web.service",
	    .main_exe = "/usr/sbin/web",
	    .uid = 33,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a relay left behind by root, of the main program's file",
	    .exe = "/usr/bin/socat",
	    .unit = "forward.service",
	    .main_exe = "/usr/bin/socat",
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a relay of root's where the main program is not known",
	    .exe = "/usr/bin/socat",
	    .unit = "forward.service",
	    .main_unknown = true,
	    .class = CLASS_SERVICE },
	{ .name = "a relay of a service account where it is not",
	    .exe = "/usr/bin/socat",
	    .unit = "forward.service",
	    .main_unknown = true,
	    .uid = 33,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a relay as a container's main program",
	    .exe = "/usr/bin/socat",
	    .container = "0123456789ab",
	    .uid = 101,
	    .class = CLASS_SERVICE },
	{ .name = "a relay in PID 1's unit",
	    .exe = "/usr/bin/socat",
	    .unit = "init.scope",
	    .main_unknown = true,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a person's program in PID 1's unit",
	    .exe = "/usr/local/bin/x",
	    .unit = "init.scope",
	    .main_unknown = true,
	    .uid = 1000,
	    .class = CLASS_UNKNOWN },

	/* Jobs. */
	{ .name = "a person's job by cron",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|-c|x",
	    .unit = "cron.service",
	    .main_exe = "/usr/sbin/cron",
	    .uid = 1000,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_USER },
	{ .name = "root's script by cron",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|/srv/x.py",
	    .unit = "cron.service",
	    .main_exe = "/usr/sbin/cron",
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SERVICE },
	{ .name = "root's relay by cron",
	    .exe = "/usr/bin/socat",
	    .unit = "cron.service",
	    .main_exe = "/usr/sbin/cron",
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "root's script by cron, in a session that PAM opened",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|/srv/x.py",
	    .unit = "session-5.scope",
	    .session = "5",
	    .main_unknown = true,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SERVICE },
	{ .name = "root's relay by cron, in a session that PAM opened",
	    .exe = "/usr/bin/socat",
	    .unit = "session-5.scope",
	    .session = "5",
	    .main_unknown = true,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a person's relay by cron, in a session that PAM opened",
	    .exe = "/usr/bin/socat",
	    .unit = "session-5.scope",
	    .session = "5",
	    .main_unknown = true,
	    .uid = 1000,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_USER },
	{ .name = "root's script by a cron that is no unit",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|/srv/x.py",
	    .main_unknown = true,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SERVICE },
	{ .name = "a service account's relay by cron",
	    .exe = "/usr/bin/socat",
	    .unit = "cron.service",
	    .main_exe = "/usr/sbin/cron",
	    .uid = 33,
	    .origin = ORIGIN_CRON,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_STRANGER) },
	{ .name = "a person's job by at",
	    .exe = "/usr/bin/ncat",
	    .unit = "atd.service",
	    .main_exe = "/usr/sbin/atd",
	    .uid = 1000,
	    .origin = ORIGIN_AT,
	    .class = CLASS_USER },
	{ .name = "a job of Slurm's",
	    .exe = "/usr/bin/python3.11",
	    .cmdline = "python3|-c|x",
	    .unit = "slurmstepd.scope",
	    .main_unknown = true,
	    .uid = 1000,
	    .origin = ORIGIN_SLURM,
	    .class = CLASS_USER },
	{ .name = "a job runner's job",
	    .exe = "/usr/bin/ncat",
	    .unit = "gitlab-runner.service",
	    .main_exe = "/usr/bin/gitlab-runner",
	    .uid = 998,
	    .origin = ORIGIN_CI,
	    .class = CLASS_USER },
	{ .name = "a person by su",
	    .exe = "/usr/bin/ncat",
	    .unit = "odd.scope",
	    .main_unknown = true,
	    .uid = 1000,
	    .origin = ORIGIN_SU,
	    .class = CLASS_USER },

	/* Programs that their own account may change. */
	{ .name = "a program of the service's account",
	    .exe = "/var/www/x",
	    .unit = "apache2.service",
	    .main_exe = "/usr/sbin/apache2",
	    .uid = 33,
	    .exe_uid = 33,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_OWN_FILE) },
	{ .name = "the same, new",
	    .exe = "/var/www/x",
	    .unit = "apache2.service",
	    .main_exe = "/usr/sbin/apache2",
	    .uid = 33,
	    .exe_uid = 33,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_EXE_NEW,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_OWN_FILE) },
	{ .name = "the same, new, in /tmp",
	    .exe = "/tmp/x",
	    .unit = "apache2.service",
	    .main_exe = "/usr/sbin/apache2",
	    .uid = 33,
	    .exe_uid = 33,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_EXE_NEW | EVIDENCE_EXE_TEMPORARY,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_OWN_FILE_NEW) | BIT(REASON_TEMPORARY) },
	{ .name = "old, in /tmp",
	    .exe = "/tmp/x",
	    .unit = "apache2.service",
	    .main_exe = "/usr/sbin/apache2",
	    .uid = 33,
	    .exe_uid = 33,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_EXE_TEMPORARY,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_OWN_FILE) | BIT(REASON_TEMPORARY) },
	{ .name = "an installation of one account, as Oracle's",
	    .exe = "/u01/dbhome/bin/oracle",
	    .unit = "oracle.service",
	    .main_exe = "/u01/dbhome/bin/tnslsnr",
	    .uid = 999,
	    .exe_uid = 999,
	    .exe_mode = 06751,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_MAIN_OWN,
	    .address = "0.0.0.0",
	    .choice = CHOICE_AUTO,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_EXPOSED) },
	{ .name = "a wrapper's own java",
	    .exe = "/srv-of-app/jdk/bin/java",
	    .cmdline = "java|-jar|/srv/app.jar",
	    .unit = "app.service",
	    .main_exe = "/usr/bin/bash",
	    .uid = 998,
	    .exe_uid = 998,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_UNIT_OWN,
	    .class = CLASS_UNKNOWN },
	{ .name = "the main program itself",
	    .exe = "/var/lib/app/app",
	    .unit = "app.service",
	    .uid = 998,
	    .exe_uid = 998,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN | EVIDENCE_EXE_NEW,
	    .class = CLASS_UNKNOWN },
	{ .name = "a person's own program",
	    .exe = "/home/alice/x",
	    .uid = 1000,
	    .exe_uid = 1000,
	    .exe_mode = 0755,
	    .evidence = KNOWN | EVIDENCE_EXE_OWN,
	    .class = CLASS_USER },

	/* Mounts of its own. */
	{ .name = "a sandbox of the unit's",
	    .exe = "/usr/sbin/x",
	    .unit = "x.service",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "PrivateUsers=",
	    .exe = "/usr/sbin/x",
	    .unit = "x.service",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_USERS,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "mounts that a service made for itself",
	    .exe = "/usr/sbin/apache2",
	    .unit = "apache2.service",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_USERS | EVIDENCE_OWN_USERS,
	    .exe_mode = 0755,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_OWN_MOUNTS) },
	{ .name = "mounts that a person made for herself",
	    .exe = "/usr/bin/x",
	    .uid = 1000,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_USERS | EVIDENCE_OWN_USERS,
	    .exe_mode = 0755,
	    .class = CLASS_USER },
	{ .name = "those of a container",
	    .exe = "/usr/bin/x",
	    .container = "web",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_OTHER_USERS | EVIDENCE_OWN_USERS,
	    .exe_mode = 0755,
	    .class = CLASS_SERVICE },
	{ .name = "a file of /dev/shm over another",
	    .exe = "/usr/sbin/apache2",
	    .unit = "apache2.service",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_EXE_SHM,
	    .exe_mode = 0755,
	    .class = CLASS_SUSPECT,
	    .reasons = BIT(REASON_SHM) },
	{ .name = "a file of /tmp over another",
	    .exe = "/usr/sbin/apache2",
	    .unit = "apache2.service",
	    .uid = 33,
	    .evidence = KNOWN | EVIDENCE_OTHER_MOUNTS | EVIDENCE_EXE_TEMPORARY,
	    .exe_mode = 0755,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_TEMPORARY) },
	{ .name = "a path below /usr that others may write to",
	    .exe = "/usr/local/everybodys/x",
	    .unit = "x.service",
	    .evidence = KNOWN | EVIDENCE_EXE_OPEN_PATH,
	    .exe_mode = 0775,
	    .class = CLASS_UNKNOWN,
	    .reasons = BIT(REASON_TEMPORARY) },
};

static void
every_situation(void **state)
{
	(void)state;
	situations_check(situations, ARRAY_SIZE(situations));
}

/* Who holds a socket only beside the unit's own, which was there before. */
static void
further_holders(void **state)
{
	static const struct {
		const char *name, *unit;
		uint32_t evidence; /* of the older one */
		bool is_main, stranger;
	} rows[] = {
		{ "a hook", "player.service", 0, true, false },
		{ "a hook of a worker", "player.service", EVIDENCE_UNIT_OWN, false, false },
		{ "beside another unit's", "other.service", 0, true, true },
		{ "beside something else", "player.service", 0, false, true },
		{ "beside another program of the host's", "player.service", EVIDENCE_EXE_ROOTS,
		    false, false },
	};
	struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
		struct circumstances circumstances = { .listener = &listener, .owner = owner };
		struct process *older = owner->processes[0], *hook = owner->processes[1];
		struct classification found;

		owner->holders = 2;
		for (int j = 0; j < 2; j++) {
			struct process *process = owner->processes[j];

			process->pid = 100 + j;
			process->start_usec = 1000 + (uint64_t)j;
			process->uid = 33;
			process->main_pid = rows[i].is_main ? 100 : 50;
			assert_int_equal(owner_text_set(&process->place.unit,
					     j == 0 ? rows[i].unit : "player.service"),
			    0);
		}
		hook->main_pid = 100 + 900 * !rows[i].is_main;
		older->evidence = rows[i].evidence;
		assert_int_equal(owner_text_set(&older->exe, "/usr/sbin/player"), 0);
		assert_int_equal(owner_text_set(&hook->exe, "/usr/bin/dash"), 0);
		classify(&circumstances, &found);
		if ((found.reasons != 0) != rows[i].stranger)
			fail_msg("%s: %#x", rows[i].name, found.reasons);
		/* A holder that was there before is no hook. */
		hook->start_usec = 999;
		classify(&circumstances, &found);
		assert_int_equal(found.reasons, BIT(REASON_STRANGER));
		(void)owner_unref(owner);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_situation),
		cmocka_unit_test(further_holders),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
