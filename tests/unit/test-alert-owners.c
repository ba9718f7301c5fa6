/* SPDX-License-Identifier: MIT */
/*
 * Owners in the line: programs, interpreters and their scripts, containers, sockets
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

/* Of a unit's name; 41 bytes. */
#define LONG_PART "dev\\x2ddisk\\x2dby\\x2did\\x2dnvme\\x2dabcdef"

/* What the line has of the owner, in this order. */
#define check_owner(owner, context, ...)                                         \
	check_pieces_under(report_of(EVENT_APPEARED, "0.0.0.0", owner), context, \
	    "APPEARED tcp 0.0.0.0:60855 ", " 10min 4s", __VA_ARGS__)

static void
test_programs(void **state)
{
	struct owner *owner;

	(void)state;
	check_owner(report_process("/usr/bin/ncat", "ncat|-l|60855", "apache2.service"), &host,
	    "/usr/bin/ncat \"-l 60855\" [4242]", "alice", "apache2.service");
	check_owner(report_process("/usr/bin/python3.11", "python3", ""), &host,
	    ": /usr/bin/python3.11 [4242]", "alice");
	check_owner(report_process("/tmp/python3.11", "python3|x", ""), &host,
	    ": /tmp/python3.11 x [4242]", "alice");
	check_owner(report_process("/usr/bin/pythonic", "p|x", ""), &host,
	    ": /usr/bin/pythonic x [4242]", "alice");
	/* A title in place of the arguments. */
	check_owner(report_process("/usr/sbin/nginx", "nginx: worker process||||", ""), &host,
	    ": /usr/sbin/nginx ", " \"nginx: worker process\" [4242]", "alice");
	check_owner(report_process("/usr/bin/ruby3.1", "puma 5.6.5 (tcp://0.0.0.0:1)", ""), &host,
	    ": /usr/bin/ruby3.1 ", " \"puma 5.6.5 (tcp://0.0.0.0:1)\" [4242]", "alice");
	check_owner(report_process("/usr/bin/php8.2", "php||||", ""), &host,
	    ": /usr/bin/php8.2 [4242]", "alice");
	/* An interpreter that only says it is one keeps its path. */
	owner = report_process("/usr/bin/python3.11", "python3|x", "");
	owner->processes[0]->exe_trust = EXE_UNVERIFIED;
	check_owner(owner, &host, ": /usr/bin/python3.11 x [4242]", "alice");
	owner = report_process("/tmp/x", "x|-d", "");
	owner->processes[0]->exe_deleted = true;
	owner->holders = 3;
	check_owner(owner, &host, ": /tmp/x (", ") -d [4242 ", " 2 ", "]", "alice");
	owner = report_process("", NULL, "user@1000.service");
	owner->processes[0]->place.user_unit = strdup("app-x.scope");
	check_owner(owner, &host, " [4242]", "alice", "app-x.scope");
	check_owner(report_process("/usr/bin/x", "x", "dev-disk\\x2dby.service"), &host,
	    ": /usr/bin/x [4242]", "alice", "dev-disk\\x2dby.service");
	/* A long one is cut, and what is left of it still as systemctl(1) prints it. */
	check_owner(
	    report_process("/usr/bin/x", "x", LONG_PART LONG_PART LONG_PART LONG_PART "@a.service"),
	    &host, ": /usr/bin/x [4242]", "alice", " " LONG_PART LONG_PART LONG_PART "de...");
}

/* A secret is shown only where the whole command line is wanted, and none where it is off. */
static void
test_arguments(void **state)
{
	struct message_context off = host, bare = { .cmdline = CMDLINE_FULL };

	(void)state;
	off.cmdline = CMDLINE_OFF;
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &host,
	    ": /usr/bin/ncat \"--token ***\" [4242]", "alice");
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &bare,
	    ": /usr/bin/ncat \"--token x\" [4242]", "1000");
	check_owner(report_process("/usr/bin/ncat", "ncat|--token|x", ""), &off,
	    ": /usr/bin/ncat [4242]", "alice");
	check_owner(report_process("/usr/bin/python3.11", "python3|x", ""), &off,
	    ": /usr/bin/python3.11 [4242]", "alice");
}

/* The false name, escaped, bounded and masked; nothing about an honest one. */
static void
test_claims(void **state)
{
	static const char title[] = "nginx: worker --token x";
	struct message_context off = host, full = host;
	_free_ struct message *message = NULL, *quiet = NULL, *whole = NULL, *honest = NULL;
	struct owner *owner;

	(void)state;
	off.cmdline = CMDLINE_OFF;
	full.cmdline = CMDLINE_FULL;
	owner = report_process("/home/alice/x", title, "");
	check_owner(owner_ref(owner), &host, ": /home/alice/x [4242]", "alice", "nginx: worker",
	    "***");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner_ref(owner)));
	assert_non_null(strstr(value(message, "OVERSTAY_CALLED"), "nginx: worker"));
	assert_null(strstr(value(message, "OVERSTAY_CALLED"), "--token x"));
	quiet = render_under(report_of(EVENT_OVERSTAY, "0.0.0.0", owner_ref(owner)), &off);
	assert_string_equal(value(quiet, "OVERSTAY_CALLED"), "nginx:");
	whole = render_under(report_of(EVENT_OVERSTAY, "0.0.0.0", owner), &full);
	assert_string_equal(value(whole, "OVERSTAY_CALLED"), title);
	owner = report_process("/home/alice/x", "[kworker/0:1]\n\033\"", "");
	check_owner(owner, &host, ": /home/alice/x [4242]", "alice",
	    " \"[kworker/0:1]\\n\\x1b\\\"\"");
	honest = render(
	    report_of(EVENT_OVERSTAY, "0.0.0.0", report_process("/usr/sbin/nginx", title, "")));
	assert_null(value(honest, "OVERSTAY_CALLED"));
}

/* A copy of one of the host's programs; what it runs is what a rule would have to name. */
static void
test_copies(void **state)
{
	_free_ struct message *message = NULL;
	struct owner *owner = report_process("/opt/acme/helper", "helper|-c|x", "acme.service");

	(void)state;
	owner->processes[0]->known_as = strdup("bash");
	check_owner(owner_ref(owner), &host, ": /opt/acme/helper (", "bash", ") \"-c x\" [4242]",
	    "alice");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_string_equal(value(message, "OVERSTAY_COPY_OF"), "bash");
}

/* A title is escaped, bounded and masked, and cannot end itself. */
static void
test_titles(void **state)
{
	static char long_title[400];
	struct message_context off = host;

	(void)state;
	off.cmdline = CMDLINE_OFF;
	check_owner(report_process("/opt/x", "acme \" [1] of root\x1b\\||", ""), &host, ": /opt/x ",
	    " \"acme \\\" [1] of root\\x1b\\\\\" [4242]", "alice");
	check_owner(report_process("/opt/x", "acme --token x password=y||", ""), &host, ": /opt/x ",
	    " \"acme --token *** password=***\" [4242]", "alice");
	check_owner(report_process("/opt/x", "acme --token x||", ""), &off, ": /opt/x [4242]",
	    "alice");
	memset(long_title, 'z', sizeof(long_title) - 1);
	memcpy(long_title, "acme ", 5);
	check_owner(report_process("/opt/x", long_title, ""), &host, ": /opt/x ", "zzz...\" [4242]",
	    "alice");
}

/* A unit and a container, and which of them is said. */
static void
test_containers(void **state)
{
	static const struct {
		const char *unit, *user_unit, *container, *kind_shown, *shown;
		enum container_kind kind;
	} cases[] = {
		{ "docker-" ID ".scope", "", ID, "docker", "0123456789ab", CONTAINER_DOCKER },
		{ "", "", ID, "docker", "0123456789ab", CONTAINER_DOCKER },
		{ "user@1000.service", "libpod-" ID ".scope", ID, "podman", "0123456789ab",
		    CONTAINER_PODMAN },
		{ "cri-containerd-" ID ".scope", "", ID, "containerd", "0123456789ab",
		    CONTAINER_CONTAINERD },
		{ "lxc.service", "", "web", "lxc.service, lxc", "web", CONTAINER_LXC },
		{ "", "", "a\nb", "nspawn", "a\\nb", CONTAINER_NSPAWN },
		{ "x.service", "", ID, "x.service, crio", "0123456789ab", CONTAINER_CRIO },
		{ "", "", "0123", "", "0123", CONTAINER_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = report_process("/usr/bin/x", "x", cases[i].unit);
		struct place *place = &owner->processes[0]->place;

		place->user_unit = strdup(cases[i].user_unit);
		place->container = strdup(cases[i].container);
		place->container_kind = (enum container_kind)cases[i].kind;
		_free_ struct message *message =
		    render(report_of(EVENT_APPEARED, "0.0.0.0", owner));
		const char *kind = strstr(message->text, cases[i].kind_shown);
		assert_non_null(kind);
		assert_non_null(strstr(kind, cases[i].shown));
		/* Neither whole nor in a unit's name. */
		assert_null(strstr(message->text, ID));
	}
}

static void
test_forwarding(void **state)
{
	struct owner *owner = report_process("/usr/bin/docker-proxy",
	    "docker-proxy|-host-port|60855", "docker.service");

	(void)state;
	owner->processes[0]->forwards_to = strdup(ID);
	owner->processes[0]->forwards_kind = CONTAINER_DOCKER;
	check_owner(owner, &host, ": /usr/bin/docker-proxy \"-host-port 60855\" [4242]", "alice",
	    "docker.service", "docker", "0123456789ab");
}

/* PID 1, or a user's manager, that alone holds a socket of another unit. */
static struct owner *
manager(int32_t pid, const char *unit, const char *user_unit)
{
	struct owner *owner = report_process("/usr/lib/systemd/systemd", "/sbin/init",
	    user_unit[0] == '\0' ? "init.scope" : "user@1000.service");

	owner->processes[0]->pid = pid;
	owner->processes[0]->evidence |= EVIDENCE_MANAGER;
	owner->place.unit = strdup(unit);
	owner->place.user_unit = strdup(user_unit);
	if (user_unit[0] != '\0')
		owner->processes[0]->place.user_unit = strdup("init.scope");
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
	check_owner(owner_ref(owner), &host, ": foo.socket,", "systemd [1]");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner_ref(owner)));
	assert_string_equal(value(message, "OVERSTAY_UNIT"), "foo.socket");
	assert_string_equal(value(message, "OBJECT_SYSTEMD_UNIT"), "foo.socket");
	/* journald would describe the manager, whose unit is another. */
	context.cmdline = CMDLINE_FULL;
	context.process_runs = always_runs;
	full = render_under(report_of(EVENT_OVERSTAY, "0.0.0.0", owner), &context);
	assert_string_equal(value(full, "OBJECT_SYSTEMD_UNIT"), "foo.socket");
	owner = manager(812, "user@1000.service", "foo.socket");
	check_owner(owner_ref(owner), &host, "foo.socket", "alice", "systemd [812]");
	user = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_string_equal(value(user, "OVERSTAY_USER_UNIT"), "foo.socket");
	assert_string_equal(value(user, "OVERSTAY_UNIT"), "user@1000.service");
	/* Once the service runs and holds it too, it is the service's. */
	owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
	assert_non_null(owner);
	owner->holders = 2;
	owner->thorough = true;
	owner->place.unit = strdup("foo.socket");
	owner->processes[0]->pid = 1;
	owner->processes[1]->pid = 5;
	owner->processes[1]->exe = strdup("/usr/bin/foo");
	owner->processes[1]->uid = 0;
	owner->processes[1]->place.unit = strdup("foo.service");
	check_owner(owner, &host, ": /usr/bin/foo [5 ", " 1 ", "]", "root", "foo.service");
	/* What PID 1 holds for no .socket unit is its own. */
	check_owner(manager(1, "", ""), &host, ": /usr/lib/systemd/systemd [1]", "alice",
	    "init.scope");
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
	check_owner(owner_ref(owner), &host, "(", ")", "apache2.service", "alice");
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_string_equal(value(message, "OBJECT_SYSTEMD_UNIT"), "apache2.service");
	assert_string_equal(value(message, "OVERSTAY_OBSERVED_USEC"), "1767323045000000");
	owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_OTHER_PIDS);
	owner->place.container = strdup(ID);
	owner->place.container_kind = CONTAINER_DOCKER;
	check_owner(owner, &host, "(", ")", "docker", "0123456789ab", "alice");
}

static void
test_kernel(void **state)
{
	_free_ struct message *message = render(
	    report_of(EVENT_APPEARED, "0.0.0.0", report_nobody(OWNER_KERNEL, OWNER_REASON_NONE)));

	(void)state;
	assert_string_equal(value(message, "OVERSTAY_OWNER"), "kernel");
	/* Nobody is said to have made it. */
	assert_null(strstr(message->text, "alice"));
}

/* Each reason why nobody is known has its own words, and the socket's creator is named. */
static void
test_reasons(void **state)
{
	struct message_context bare = { .cmdline = CMDLINE_FULL };
	struct owner *owner;

	(void)state;
	for (unsigned i = OWNER_REASON_NONE + 1; i < OWNER_REASON_COUNT; i++)
		check_owner(report_nobody(OWNER_UNKNOWN, (enum owner_reason)i), &host,
		    owner_reason_text((enum owner_reason)i), "alice");
	owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_NOT_SEARCHED);
	owner->unsearched = true;
	owner->unsearched_uid = 1000;
	check_owner(owner, &host, "(not searched: alice has too many file descriptors open)",
	    "alice");
	owner = report_process("/usr/bin/sleep", "sleep|1d", "");
	owner->unsearched = true;
	owner->unsearched_uid = 65533;
	check_owner(owner, &host, " 1d [4242]", "alice",
	    ", other holders unknown: uid 65533 has too");
	owner = report_process("/usr/bin/sleep", "sleep|1d", "");
	owner->unjudged = true;
	owner->holders = 40;
	owner->thorough = true;
	check_owner(owner, &host, " 1d [4242 and 39 more]", "alice",
	    ", other holders unknown: too many to describe");
	check_owner(report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS), &bare,
	    owner_reason_text(OWNER_REASON_NO_PROCESS), "1000");
}

/* Where the arguments are not shown, the script still is. */
static void
test_scripts(void **state)
{
	struct message_context off = host;
	struct owner *owner = report_process("/usr/bin/python3.11", "python3|srv.py", "");

	(void)state;
	off.cmdline = CMDLINE_OFF;
	owner->processes[0]->script = strdup("/home/alice/srv.py");
	check_owner(owner_ref(owner), &off, ": python3.11 /home/alice/srv.py [4242]", "alice");
	check_owner(owner, &host, ": python3.11 srv.py [4242]", "alice");
}

/* Leaves out what is in quotes, with the quotes: what overstayd itself says. */
static void
remove_quoted(char *text)
{
	bool quoted = false;
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '"')
			quoted = !quoted;
		else if (quoted && *from == '\\')
			from++;
		else if (!quoted)
			*to++ = *from;
	}
	*to = '\0';
	assert_false(quoted);
}

/* What a process calls itself or was given ends where it can be seen: none goes on with the
 * sentence. */
static void
test_ends(void **state)
{
#define FORGED "/x\" [1] of root in ssh.service, threshold 1d, allowed"
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		_free_ struct message *message = NULL;
		_free_ char *bare = NULL;
		struct owner *owner = report_process(i == 1 ? "" : "/opt/x", "x|" FORGED, "");
		struct process *process = owner->processes[0];
		char **const fields[] = { &process->exe, &process->comm, &process->script,
			&process->parent_comm, &process->place.container, &process->place.unit,
			&process->place.user_unit, &process->known_as };
		struct report *report;

		assert_int_equal(ARRAY_SIZE(fields), 8);
		assert_int_equal(owner_text_set(fields[i], FORGED), 0);
		process->parent_pid = 7;
		report = report_of(EVENT_SUSPECT, "0.0.0.0", owner);
		report->stay->reasons = 1U << REASON_DELETED;
		message = render(report);
		assert_non_null(strstr(message->text, "\"/x\\\" [1] of root in ssh.service, "));
		bare = strdup(message->text);
		assert_non_null(bare);
		remove_quoted(bare);
		assert_null(strstr(bare, "root"));
	}
#undef FORGED
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_titles),
		cmocka_unit_test(test_containers),
		cmocka_unit_test(test_forwarding),
		cmocka_unit_test(test_activation),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/owners", tests, NULL, NULL);
}
