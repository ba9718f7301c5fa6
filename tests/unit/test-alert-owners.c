/* SPDX-License-Identifier: MIT */
/*
 * Owners in words, to the letter: programs, interpreters and their scripts, containers, sockets
 * that a service manager holds for others, and nobody. And `journalctl -u` finds the message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert-render.h"
#include "base/cleanup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The owner's part of the line. */
static void
check_owner(struct owner *owner, const struct message_context *context, const char *wanted)
{
	char line[MESSAGE_TEXT_MAX];
	_free_ struct message *message =
	    render_under(report_of(EVENT_APPEARED, "0.0.0.0", owner), context);

	(void)snprintf(line, sizeof(line),
	    "APPEARED tcp 0.0.0.0:60855 (all addresses) for 10min 4s, limit 10min: %s", wanted);
	assert_string_equal(message->text, line);
}

static void
test_owners(void **state)
{
	struct message_context off = host, bare = { .cmdline = CMDLINE_FULL };
	struct owner *owner;

	(void)state;
	off.cmdline = CMDLINE_OFF;
	check_owner(report_process("/usr/bin/ncat", "ncat|-l|60855", "apache2.service"), &host,
	    "/usr/bin/ncat -l 60855 [4242] of alice in apache2.service");
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &host,
	    "/usr/bin/ncat --token *** [4242] of alice");
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &bare,
	    "/usr/bin/ncat --token x [4242] of uid 1000");
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &off,
	    "/usr/bin/ncat [4242] of alice");
	check_owner(report_process("/usr/bin/python3.11", "python3|x", ""), &off,
	    "/usr/bin/python3.11 [4242] of alice");
	check_owner(report_process("/usr/bin/python3.11", "python3", ""), &host,
	    "/usr/bin/python3.11 [4242] of alice");
	check_owner(report_process("/tmp/python3.11", "python3|x", ""), &host,
	    "/tmp/python3.11 x [4242] of alice");
	check_owner(report_process("/usr/bin/pythonic", "p|x", ""), &host,
	    "/usr/bin/pythonic x [4242] of alice");
	/* A title in place of the arguments. */
	check_owner(report_process("/usr/sbin/nginx", "nginx: worker process||||", ""), &host,
	    "/usr/sbin/nginx [4242] of alice");
	/* An interpreter that only says it is one keeps its path. */
	owner = report_process("/usr/bin/python3.11", "python3|x", "");
	owner->processes[0].exe_trust = EXE_UNVERIFIED;
	check_owner(owner, &host, "/usr/bin/python3.11 x [4242] of alice");
	owner = report_process("/tmp/x", "x|-d", "");
	owner->processes[0].exe_deleted = true;
	owner->holders = 3;
	check_owner(owner, &host, "/tmp/x (deleted) -d [4242 and 2 more] of alice");
	owner = report_process("", NULL, "user@1000.service");
	owner->processes[0].place.user_unit = strdup("app-x.scope");
	check_owner(owner, &host, "a process [4242] of alice in user unit app-x.scope");
	check_owner(report_process("/usr/bin/x", "x", "dev-disk\\x2dby.service"), &host,
	    "/usr/bin/x [4242] of alice in dev-disk\\x2dby.service");
	check_owner(report_nobody(OWNER_KERNEL, OWNER_REASON_NONE), &host,
	    "the kernel itself, no process");
	check_owner(report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP), &host,
	    "owner unknown (overstay-lookup is not running), socket made by alice");
	check_owner(report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS), &bare,
	    "owner unknown (no process holds the socket), socket made by uid 1000");
}

/* A unit and a container, and which of them is said. */
static void
test_containers(void **state)
{
	static const struct {
		const char *unit, *user_unit, *container, *wanted;
		enum container_kind kind;
	} cases[] = {
		{ "docker-" ID ".scope", "", ID, " in docker container 0123456789ab",
		    CONTAINER_DOCKER },
		{ "", "", ID, " in docker container 0123456789ab", CONTAINER_DOCKER },
		{ "user@1000.service", "libpod-" ID ".scope", ID,
		    " in podman container 0123456789ab", CONTAINER_PODMAN },
		{ "cri-containerd-" ID ".scope", "", ID, " in containerd container 0123456789ab",
		    CONTAINER_CONTAINERD },
		{ "lxc.service", "", "web", " in lxc.service, lxc container web", CONTAINER_LXC },
		{ "", "", "a\nb", " in nspawn container a\\nb", CONTAINER_NSPAWN },
		{ "x.service", "", ID, " in x.service, crio container 0123456789ab",
		    CONTAINER_CRIO },
		{ "", "", "0123", " in container 0123", CONTAINER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = report_process("/usr/bin/x", "x", cases[i].unit);
		struct place *place = &owner->processes[0].place;
		char wanted[256];

		place->user_unit = strdup(cases[i].user_unit);
		place->container = strdup(cases[i].container);
		place->container_kind = (enum container_kind)cases[i].kind;
		(void)snprintf(wanted, sizeof(wanted), "/usr/bin/x [4242] of alice%s",
		    cases[i].wanted);
		check_owner(owner, &host, wanted);
	}
}

static void
test_forwarding(void **state)
{
	struct owner *owner =
	    report_process("/usr/bin/docker-proxy", "docker-proxy|-host-port|60855",
		"docker.service");

	(void)state;
	owner->processes[0].forwards_to = strdup(ID);
	owner->processes[0].forwards_kind = CONTAINER_DOCKER;
	check_owner(owner, &host, "/usr/bin/docker-proxy -host-port 60855 [4242] of alice in "
	    "docker.service for docker container 0123456789ab");
}

/* PID 1, or a user's manager, that alone holds a socket of another unit. */
static struct owner *
manager(int32_t pid, const char *unit, const char *user_unit)
{
	struct owner *owner = report_process("/usr/lib/systemd/systemd", "/sbin/init",
	    user_unit[0] == '\0' ? "init.scope" : "user@1000.service");

	owner->processes[0].pid = pid;
	owner->processes[0].evidence |= EVIDENCE_MANAGER;
	owner->place.unit = strdup(unit);
	owner->place.user_unit = strdup(user_unit);
	if (user_unit[0] != '\0')
		owner->processes[0].place.user_unit = strdup("init.scope");
	return owner;
}

static bool
always_runs(const struct process *process, void *argument)
{
	(void)process;
	(void)argument;
	return true;
}

static void
test_activation(void **state)
{
	_free_ struct message *message = NULL, *user = NULL, *full = NULL;
	struct message_context context = host;
	struct owner *owner = manager(1, "foo.socket", "");

	(void)state;
	check_owner(owner_ref(owner), &host, "foo.socket, held by systemd [1]");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner_ref(owner)));
	assert_string_equal(value(message, "OVERSTAY_UNIT"), "foo.socket");
	assert_string_equal(value(message, "OBJECT_SYSTEMD_UNIT"), "foo.socket");
	/* journald would describe the manager, whose unit is another. */
	context.cmdline = CMDLINE_FULL;
	context.process_runs = always_runs;
	full = render_under(report_of(EVENT_OVERSTAY, "0.0.0.0", owner), &context);
	assert_string_equal(value(full, "OBJECT_SYSTEMD_UNIT"), "foo.socket");
	owner = manager(812, "user@1000.service", "foo.socket");
	check_owner(owner_ref(owner), &host,
	    "user unit foo.socket of alice, held by systemd [812]");
	user = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_string_equal(value(user, "OVERSTAY_USER_UNIT"), "foo.socket");
	assert_string_equal(value(user, "OVERSTAY_UNIT"), "user@1000.service");
	/* Once the service runs and holds it too, it is the service's. */
	owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
	assert_non_null(owner);
	owner->holders = 2;
	owner->thorough = true;
	owner->place.unit = strdup("foo.socket");
	owner->processes[0].pid = 1;
	owner->processes[1].pid = 5;
	owner->processes[1].exe = strdup("/usr/bin/foo");
	owner->processes[1].uid = 0;
	owner->processes[1].place.unit = strdup("foo.service");
	check_owner(owner, &host, "/usr/bin/foo [5 and 1 more] of root in foo.service");
	/* What PID 1 holds for no .socket unit is its own. */
	check_owner(manager(1, "", ""), &host,
	    "/usr/lib/systemd/systemd [1] of alice in init.scope");
}

/* Nobody is known, but the socket's own cgroup is. */
static void
test_nobody(void **state)
{
	struct owner *owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	_free_ struct message *message = NULL;

	(void)state;
	owner->place.unit = strdup("apache2.service");
	owner->observed_usec = REPORT_BOOTTIME_USEC;
	check_owner(owner_ref(owner), &host,
	    "owner unknown (no process holds the socket), made in apache2.service by alice");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_string_equal(value(message, "OBJECT_SYSTEMD_UNIT"), "apache2.service");
	assert_string_equal(value(message, "OVERSTAY_OBSERVED_USEC"), "1767323045000000");
	owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_OTHER_PIDS);
	owner->place.container = strdup(ID);
	owner->place.container_kind = CONTAINER_DOCKER;
	check_owner(owner, &host, "owner unknown (its processes may be in another PID namespace), "
	    "made in docker container 0123456789ab by alice");
}

/* Where the arguments are not shown, the script still is. */
static void
test_scripts(void **state)
{
	struct message_context off = host;
	struct owner *owner = report_process("/usr/bin/python3.11", "python3|srv.py", "");

	(void)state;
	off.cmdline = CMDLINE_OFF;
	owner->processes[0].script = strdup("/home/alice/srv.py");
	check_owner(owner_ref(owner), &off, "python3.11 /home/alice/srv.py [4242] of alice");
	check_owner(owner, &host, "python3.11 srv.py [4242] of alice");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_forwarding),
		cmocka_unit_test(test_activation),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_scripts),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/owners", tests, NULL, NULL);
}
