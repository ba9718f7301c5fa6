/* SPDX-License-Identifier: MIT */
/*
 * Fields to the letter, and what a text has of its report (the words are tests/golden's); and that
 * whatever a process calls itself, every field stays one bounded line of valid UTF-8 without
 * control characters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "alert-render.h"
#include "alert/events.h"
#include "alert/message.h"
#include "base/cleanup.h"
#include "model/hint.h"

static struct owner *
python(void)
{
	return report_process("/usr/bin/python3.11", "python3|/home/alice/srv.py",
	    "session-3.scope");
}

static struct report *
overstay(const char *address)
{
	return report_of(EVENT_OVERSTAY, address, python());
}

#define DAY_BEFORE_SEC ((uint32_t)((REPORT_REALTIME_USEC - USEC_PER_DAY) / USEC_PER_SEC))

#define PYTHON "python3.11 /home/alice/srv.py [4242]", "alice", "session-3.scope"

static void
test_overstay(void **state)
{
	struct report *report = overstay("0.0.0.0");

	(void)state;
	check_pieces(report, "OVERSTAY tcp 0.0.0.0:60855 ", " 10min 4s", " 10min", PYTHON, HINT);
	report = overstay("127.0.0.1");
	report->stay->endpoint.protocol = PROTOCOL_UDP;
	report->stay->rule = strdup("developers' \"shells\"");
	report->stay->threshold_usec = 8 * USEC_PER_HOUR;
	report->stay->age_usec = 8 * USEC_PER_HOUR + 5;
	check_pieces(report, "OVERSTAY udp 127.0.0.1:60855 ", " 8h", " 8h",
	    "\"developers' \"shells\"\"", PYTHON, HINT);
	report = overstay("127.0.0.1");
	report->stay->rule = strdup("x");
	report->stay->note = strdup("ask in the developers' room\nfirst");
	check_pieces(report, "OVERSTAY tcp 127.0.0.1:60855 ", " 10min 4s", " 10min", "\"x\"",
	    "ask in the developers' room\\nfirst", PYTHON, HINT);
	report = overstay("10.1.2.3");
	report->stay->age_max_usec = USEC_NEVER;
	check_pieces(report, "OVERSTAY tcp 10.1.2.3:60855 ", " 10min 4s", " 10min", PYTHON, HINT);
}

/* Several listeners of one owner are one line, each with its port. */
static void
test_group(void **state)
{
	struct report *report = overstay("0.0.0.0");

	(void)state;
	report_set_group(report, 2, 3);
	_free_ struct message *message = render(report);
	assert_non_null(strstr(message->text, "tcp 0.0.0.0 ports 60855, 60856, 60857 ("));
	check_end(message, HINT);
	assert_string_equal(value(message, "OVERSTAY_PORTS"), "60855 60856 60857");
	assert_string_equal(value(message, "OVERSTAY_PORT"), "60855");
	assert_string_equal(value(message, "OVERSTAY_GROUP"), "ffeeddccbbaa99887766554433221100");
	assert_null(value(message, "OVERSTAY_JOINED_USEC"));
	assert_null(strstr(message->text, "joined"));
	/* It joined another owner's sockets. */
	report = overstay("0.0.0.0");
	report_set_group(report, 0, 1);
	report->stay->group->joined_usec = REPORT_REALTIME_USEC - 90 * USEC_PER_SEC;
	_free_ struct message *joined = render(report);
	assert_non_null(strstr(joined->text, "; joined 1min 30s ago;"));
	assert_string_equal(value(joined, "OVERSTAY_JOINED_USEC"), "1767322955000000");
	/* Other addresses, the same port twice. */
	report = overstay("0.0.0.0");
	report_set_group(report, 2, 2);
	report->stay->group->others[0].protocol = PROTOCOL_UDP;
	report->stay->group->others[1].family = AF_INET6;
	report->stay->group->others[1].port = 60855;
	_free_ struct message *elsewhere = render(report);
	assert_non_null(strstr(elsewhere->text, "tcp 0.0.0.0:60855 ("));
	assert_non_null(strstr(elsewhere->text, "udp 0.0.0.0:60856, tcp [::]:60855"));
	assert_string_equal(value(elsewhere, "OVERSTAY_PORTS"), "60855 60856");
	/* What is not named is counted; one alone has no list. */
	report = overstay("0.0.0.0");
	report_set_group(report, 0, 10);
	_free_ struct message *more = render(report);
	assert_non_null(strstr(more->text, " 10 "));
	assert_null(value(more, "OVERSTAY_PORTS"));
	report = overstay("0.0.0.0");
	report_set_group(report, 30, 31);
	report->stay->group->more_processes = true;
	_free_ struct message *many = render(report);
	assert_non_null(strstr(many->text, "60862"));
	assert_null(strstr(many->text, "60880"));
	assert_non_null(strstr(value(many, "OVERSTAY_PORTS"), " 60885"));
}

/* Since when nobody knows, and an age of milliseconds says nothing. */
static void
test_at_start(void **state)
{
	struct report *report = overstay("10.1.2.3");

	(void)state;
	report->stay->age_max_usec = USEC_NEVER;
	report->stay->age_usec = 80000;
	_free_ struct message *message = render(report);
	assert_null(strstr(message->text, "80ms"));
}

/* What was found of it beside, and counts for nothing; with the reasons that a line has. */
static void
test_hints(void **state)
{
	struct report *report = overstay("0.0.0.0");

	(void)state;
	report->stay->hints = 1U << HINT_TERMINAL | 1U << HINT_UNUSED;
	report->stay->use = (struct report_use){ DAY_BEFORE_SEC, 240, false };
	check_pieces(report, "OVERSTAY tcp 0.0.0.0:60855 ", " 10min 4s", " 10min", PYTHON,
	    hint_text(HINT_TERMINAL), hint_text(HINT_UNUSED), " 240 ", " UTC", HINT);
	report = overstay("0.0.0.0");
	report->kind = EVENT_APPEARED;
	report->stay->reasons = 1U << REASON_DELETED;
	report->stay->hints = (1U << HINT_COUNT) - 1;
	check_pieces(report, "APPEARED tcp 0.0.0.0:60855 ", " 10min", PYTHON,
	    reason_text(REASON_DELETED), hint_text(HINT_TERMINAL), hint_text(HINT_SESSION),
	    hint_text(HINT_PARENT), hint_text(HINT_DIRECTORY), hint_text(HINT_NEWER),
	    hint_text(HINT_UNUSED), hint_text(HINT_SHELL));
	report = overstay("0.0.0.0");
	report->kind = EVENT_SUSPECT;
	report->stay->class = CLASS_SUSPECT;
	report->stay->reasons = 1U << REASON_SHM;
	report->stay->hints = 1U << HINT_PARENT;
	check_pieces(report, "SUSPECT tcp 0.0.0.0:60855 ", PYTHON, reason_text(REASON_SHM),
	    "(strong)", " [801]", hint_text(HINT_PARENT), HINT);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *address, *wanted, *then, *last;
		enum v6only v6only;
		uint32_t interface, sockets, users;
	} cases[] = {
		{ "::", "[::]:60855 (", "", "", V6ONLY_NO, 0, 1, 1 },
		{ "::", "[::]:60855 (", "", "", V6ONLY_YES, 0, 1, 1 },
		{ "::", "[::]:60855 (", "", "", V6ONLY_UNKNOWN, 0, 1, 1 },
		{ "::ffff:0.0.0.0", "[::ffff:0.0.0.0]:60855 (", "", "", V6ONLY_NO, 0, 1, 1 },
		{ "::1", "[::1]:60855 (", "", "", V6ONLY_NO, 0, 1, 1 },
		{ "fe80::1", "[fe80::1%eth0]:60855 ", "", "", V6ONLY_NO, 2, 1, 1 },
		{ "fe80::1", "[fe80::1%", "7]:60855 ", "", V6ONLY_NO, 7, 1, 1 },
		{ "0.0.0.0", "0.0.0.0%eth0:60855 (", "eth0", ")", 0, 2, 1, 1 },
		{ "0.0.0.0", "0.0.0.0:60855 (", " 4 ", ")", 0, 0, 4, 1 },
		{ "127.0.0.1", "127.0.0.1:60855 (", " 4 ", " 2 ", 0, 0, 4, 2 },
		{ "10.0.0.1", "10.0.0.1:60855 (", "2 ", ")", 0, 0, 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct report *report = overstay(cases[i].address);
		char wanted[256];

		report->stay->v6only = (enum v6only)cases[i].v6only;
		report->stay->endpoint.interface = cases[i].interface;
		report->stay->sockets = cases[i].sockets;
		report->stay->users = cases[i].users;
		(void)snprintf(wanted, sizeof(wanted), "OVERSTAY tcp %s", cases[i].wanted);
		check_pieces(report, wanted, cases[i].then, cases[i].last, " 10min 4s", PYTHON,
		    HINT);
	}
}

/* Each event's line; a process that is much older than its listener is said to be. */
static void
test_events(void **state)
{
	struct report *report = report_of(EVENT_ENDED, "0.0.0.0", python());

	(void)state;
	report->stay->age_usec = 3 * USEC_PER_HOUR + 12 * USEC_PER_MIN;
	report->stay->overstayed = true;
	check_pieces(report, "ENDED tcp 0.0.0.0:60855 ", " 3h 12min", "python3.11",
	    "session-3.scope");
	check_pieces(report_of(EVENT_VANISHED, "::1", python()), "VANISHED tcp [::1]:60855 ",
	    " 10min 4s", "python3.11", "session-3.scope");
	report = report_of(EVENT_REBOUND, "0.0.0.0", python());
	report->stay->away_usec = 40 * USEC_PER_SEC;
	check_pieces(report, "REBOUND tcp 0.0.0.0:60855 ", " 40s", " 10min 4s", " 10min", PYTHON);
	report = report_of(EVENT_REBOUND, "127.0.0.1", python());
	report->stay->away_usec = 3 * USEC_PER_SEC;
	report_set_ports(report, 40999, 1);
	check_pieces(report, "REBOUND tcp 127.0.0.1:60855 ", " 3s", "40999", " 10min 4s", " 10min",
	    PYTHON);
	report = report_of(EVENT_CLEARED, "0.0.0.0", python());
	report->stay->threshold_usec = USEC_NEVER;
	report->stay->rule = strdup("kubelet");
	check_pieces(report, "CLEARED tcp 0.0.0.0:60855 ", " 10min 4s", "\"kubelet\"", PYTHON);
	report = report_of(EVENT_CLEARED, "0.0.0.0", python());
	report->stay->threshold_usec = 8 * USEC_PER_HOUR;
	check_pieces(report, "CLEARED tcp 0.0.0.0:60855 ", " 10min 4s", " 8h", PYTHON);
	report = report_of(EVENT_CLEARED, "0.0.0.0", python());
	report->stay->unwatched = true;
	check_pieces(report, "CLEARED tcp 0.0.0.0:60855 ", " 10min 4s", PYTHON);
	report = report_of(EVENT_APPEARED, "0.0.0.0", python());
	report->stay->owner->processes[0]->start_usec = REPORT_BOOTTIME_USEC - 212 * USEC_PER_DAY;
	check_pieces(report, "APPEARED tcp 0.0.0.0:60855 ", " 10min 4s", " 212d", " 10min", PYTHON);
	check_pieces(report_text("a\nb \x1b[31m \xff"), "CONFIG a\\nb \\x1b[31m \\xff");
}

/* All that a process may have beside what report_process() gives it. */
static void
fill_stay(struct report_stay *stay)
{
	stay->v6only = V6ONLY_NO;
	stay->endpoint.interface = 2;
	stay->sockets = 2;
	stay->rule = strdup("a \\ b");
	stay->note = strdup("ask\nfirst");
	stay->would_allow = strdup("\x1b");
	stay->class = CLASS_SERVICE;
	stay->reasons = 1U << REASON_SHM | 1U << REASON_DELETED;
	stay->hints = 1U << HINT_TERMINAL | 1U << HINT_UNUSED;
	stay->use = (struct report_use){ DAY_BEFORE_SEC, 240, true };
	stay->peers = report_peers(7, 1);
}

static void
fill_process(struct process *process)
{
	process->exe_deleted = true;
	process->has_checksum = true;
	process->checksum[0] = 0xa5;
	process->checksum[OWNER_CHECKSUM_BYTES - 1] = 0xff;
	process->script = strdup("/home/alice/srv.py");
	process->cwd = strdup("/home/\t");
	process->login_uid = 1001;
	process->parent_comm = strdup("bash");
	process->place.slice = strdup("user-1000.slice");
	process->place.session = strdup("3");
	process->place.container = strdup("web");
	process->place.container_kind = CONTAINER_LXC;
	process->origin = ORIGIN_CRON;
	process->forwards_to = strdup("0123");
	process->forwards_kind = CONTAINER_DOCKER;
}

/* All that a stay may be judged by. */
static void
test_fields(void **state)
{
	static const struct {
		const char *name, *wanted;
	} cases[] = {
		{ "MESSAGE_ID", "8f5e14af3d2148a293da9dcc5f2ddc7c" },
		{ "PRIORITY", "4" },
		{ "SYSLOG_IDENTIFIER", "overstayd" },
		{ "SYSLOG_FACILITY", "3" },
		{ "OVERSTAY_SCHEMA", "1" },
		{ "OVERSTAY_EVENT", "overstay" },
		{ "OVERSTAY_NUMBER", "7" },
		{ "OVERSTAY_CONFIG", "0123abcd" },
		{ "OVERSTAY_STAY", "00112233445566778899aabbccddeeff" },
		{ "OVERSTAY_SEQUENCE", "2" },
		{ "OVERSTAY_STATE", "overstaying" },
		{ "OVERSTAY_SEVERITY", "warning" },
		{ "OVERSTAY_PROTOCOL", "tcp" },
		{ "OVERSTAY_ADDRESS", "::" },
		{ "OVERSTAY_PORT", "60855" },
		{ "OVERSTAY_INTERFACE", "eth0" },
		{ "OVERSTAY_V6ONLY", "no" },
		{ "OVERSTAY_EXPOSURE", "any" },
		{ "OVERSTAY_CHOICE", "asked" },
		{ "OVERSTAY_NETNS_COOKIE", "1" },
		{ "OVERSTAY_AGE_USEC", "604000000" },
		{ "OVERSTAY_AGE_MAX_USEC", "609000000" },
		{ "OVERSTAY_AWAY_USEC", NULL },
		{ "OVERSTAY_THRESHOLD_USEC", "600000000" },
		{ "OVERSTAY_FIRST_SEEN_USEC", "1767322441000000" },
		{ "OVERSTAY_RANGE", "both" },
		{ "OVERSTAY_CLASS", "service" },
		{ "OVERSTAY_REASONS", "shm deleted" },
		{ "OVERSTAY_REASON", "shm" },
		{ "OVERSTAY_STRENGTH", "strong" },
		{ "OVERSTAY_HINTS", "terminal-ended unused" },
		{ "OVERSTAY_LAST_USED_USEC", "1767236645000000" },
		{ "OVERSTAY_RULE", "a \\\\ b" },
		{ "OVERSTAY_NOTE", "ask\\nfirst" },
		{ "OVERSTAY_WOULD_ALLOW", "\\x1b" },
		{ "OVERSTAY_ADVICE", NULL },
		{ "OVERSTAY_PEERS", "192.0.2.1:4444" },
		{ "OVERSTAY_PEER", "192.0.2.1:4444" },
		{ "OVERSTAY_PEER_COUNT", "7" },
		{ "OVERSTAY_PORT_BEFORE", NULL },
		{ "OVERSTAY_PORTS", NULL },
		{ "OVERSTAY_HOPS", NULL },
		{ "OVERSTAY_SOCKETS", "2" },
		{ "OVERSTAY_COOKIE", "8193" },
		{ "OVERSTAY_INODE", "123456" },
		{ "OVERSTAY_OWNER", "process" },
		{ "OVERSTAY_OWNER_REASON", NULL },
		{ "OVERSTAY_OBSERVED_USEC", "1767323043000000" },
		{ "OVERSTAY_HOLDERS", "1" },
		{ "OVERSTAY_PIDS", "4242" },
		{ "OVERSTAY_PID", "4242" },
		{ "OVERSTAY_COMM", "python3.11" },
		{ "OVERSTAY_EXE", "/usr/bin/python3.11" },
		{ "OVERSTAY_EXE_DELETED", "yes" },
		{ "OVERSTAY_EXE_SHA256",
		    "a5000000000000000000000000000000000000000000000000000000000000ff" },
		{ "OVERSTAY_SCRIPT", "/home/alice/srv.py" },
		{ "OVERSTAY_CMDLINE", "python3 /home/alice/srv.py" },
		{ "OVERSTAY_CWD", "/home/\\t" },
		{ "OVERSTAY_UID", "1000" },
		{ "OVERSTAY_USER", "alice" },
		{ "OVERSTAY_LOGINUID", "1001" },
		{ "OVERSTAY_PARENT", "801" },
		{ "OVERSTAY_PARENT_COMM", "bash" },
		{ "OVERSTAY_STARTED_USEC", "1767322145000000" },
		{ "OVERSTAY_UNIT", "session-3.scope" },
		{ "OVERSTAY_USER_UNIT", NULL },
		{ "OVERSTAY_SLICE", "user-1000.slice" },
		{ "OVERSTAY_SESSION", "3" },
		{ "OVERSTAY_ORIGIN", "cron" },
		{ "OVERSTAY_CONTAINER", "web" },
		{ "OVERSTAY_CONTAINER_KIND", "lxc" },
		{ "OVERSTAY_FORWARDS_TO", "0123" },
		{ "OBJECT_PID", NULL },
		{ "OBJECT_SYSTEMD_UNIT", "session-3.scope" },
	};
	struct report *report = overstay("::");
	_free_ struct message *message = NULL;
	size_t wanted = 0;

	(void)state;
	fill_stay(report->stay);
	fill_process(report->stay->owner->processes[0]);
	report->stay->owner->observed_usec = REPORT_BOOTTIME_USEC - 2 * USEC_PER_SEC;
	message = render(report);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		wanted += cases[i].wanted != NULL;
		const char *got = value(message, cases[i].name);
		if (cases[i].wanted == NULL ? got != NULL :
					      got == NULL || strcmp(got, cases[i].wanted) != 0)
			fail_msg("%s is %s, wanted %s", cases[i].name, got == NULL ? "absent" : got,
			    cases[i].wanted == NULL ? "absent" : cases[i].wanted);
	}
	/* MESSAGE= and those of the table that are not absent: nothing else. */
	assert_string_equal(nth_value(message, "OVERSTAY_REASON", 1), "deleted");
	assert_int_equal(message->field_count, 1 + wanted + 1);
}

/* What is not known is absent, never empty or a guess. */
static void
test_unknown(void **state)
{
	static const char *const absent[] = { "OVERSTAY_CONFIG", "OVERSTAY_INTERFACE",
		"OVERSTAY_V6ONLY", "OVERSTAY_CHOICE", "OVERSTAY_NETNS_COOKIE",
		"OVERSTAY_AGE_MAX_USEC", "OVERSTAY_THRESHOLD_USEC", "OVERSTAY_RANGE",
		"OVERSTAY_RULE", "OVERSTAY_SOCKETS", "OVERSTAY_COOKIE", "OVERSTAY_INODE",
		"OVERSTAY_HOLDERS", "OVERSTAY_PID", "OVERSTAY_COMM", "OVERSTAY_EXE",
		"OVERSTAY_CMDLINE", "OVERSTAY_USER", "OVERSTAY_PARENT", "OVERSTAY_REASONS",
		"OVERSTAY_STRENGTH", "OVERSTAY_HINTS", "OVERSTAY_LAST_USED_USEC", "OVERSTAY_SCRIPT",
		"OVERSTAY_CWD", "OVERSTAY_LOGINUID", "OVERSTAY_PARENT_COMM", "OVERSTAY_SLICE",
		"OVERSTAY_SESSION", "OVERSTAY_CONTAINER", "OVERSTAY_CONTAINER_KIND",
		"OVERSTAY_FORWARDS_TO", "OVERSTAY_EXE_SHA256", "OVERSTAY_EXE_DELETED",
		"OVERSTAY_PEERS", "OVERSTAY_PEER", "OVERSTAY_PEER_COUNT", "OVERSTAY_OBSERVED_USEC",
		"OVERSTAY_NOTE", "OVERSTAY_WOULD_ALLOW", "OVERSTAY_PORTS", "OVERSTAY_HOPS",
		"OVERSTAY_PORT_BEFORE", "OVERSTAY_ADVICE", "OVERSTAY_STARTED_USEC", "OVERSTAY_UNIT",
		"OVERSTAY_USER_UNIT", "OBJECT_PID", "OBJECT_SYSTEMD_UNIT" };
	struct message_context nothing = { .cmdline = CMDLINE_MASKED };
	struct report *report = report_of(EVENT_OVERSTAY, "0.0.0.0",
	    report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP));
	_free_ struct message *message = NULL;

	(void)state;
	report->stay->endpoint.netns = 0;
	report->stay->choice = CHOICE_UNKNOWN;
	report->stay->age_max_usec = USEC_NEVER;
	report->stay->threshold_usec = USEC_NEVER;
	report->stay->range = 0;
	report->stay->cookie = COOKIE_IS_INODE | 1165;
	report->stay->inode = 0;
	message = render_under(report, &nothing);
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (value(message, absent[i]) != NULL)
			fail_msg("%s is there", absent[i]);
	assert_string_equal(value(message, "OVERSTAY_OWNER"), "unknown");
	assert_string_equal(value(message, "OVERSTAY_OWNER_REASON"), "no-lookup");
	assert_string_equal(value(message, "OVERSTAY_UID"), "1000");
	assert_string_equal(value(message, "OVERSTAY_CLASS"), "unknown");
}

/* A process of which nothing but its number could be read; not all holders were looked for. */
static void
test_unknown_process(void **state)
{
	static const char *const absent[] = { "OVERSTAY_UID", "OVERSTAY_USER", "OVERSTAY_LOGINUID",
		"OVERSTAY_HOLDERS", "OVERSTAY_PARENT", "OVERSTAY_STARTED_USEC", "OVERSTAY_COMM",
		"OVERSTAY_EXE" };
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	_free_ struct message *message = NULL;

	(void)state;
	assert_non_null(owner);
	owner->holders = 2;
	owner->processes[0]->pid = 7;
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_non_null(strstr(message->text, " [7 "));
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		if (value(message, absent[i]) != NULL)
			fail_msg("%s is there", absent[i]);
}

static void
test_many_processes(void **state)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, OWNER_PROCESSES_MAX);
	_free_ struct message *message = NULL;

	(void)state;
	assert_non_null(owner);
	owner->holders = 40;
	owner->thorough = true;
	for (uint32_t i = 0; i < OWNER_PROCESSES_MAX; i++) {
		struct process *process = owner->processes[i];
		process->pid = (int32_t)(100 + i);
		process->uid = 0;
		process->comm = strdup("worker");
		process->exe = strdup("/usr/sbin/worker");
	}
	message = render(report_of(EVENT_OVERSTAY, "0.0.0.0", owner));
	assert_non_null(strstr(message->text, "/usr/sbin/worker [100 "));
	assert_non_null(strstr(message->text, " 39 "));
	assert_string_equal(value(message, "OVERSTAY_PIDS"),
	    "100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115");
	assert_string_equal(nth_value(message, "OVERSTAY_PID", 0), "100");
	assert_string_equal(nth_value(message, "OVERSTAY_PID", 15), "115");
	assert_null(nth_value(message, "OVERSTAY_PID", 16));
	assert_string_equal(value(message, "OVERSTAY_HOLDERS"), "40");
	assert_null(value(message, "OVERSTAY_STARTED_USEC"));
}

/* OBJECT_PID only with the full command line, and never beside OBJECT_SYSTEMD_UNIT. */
static void
test_object(void **state)
{
	struct message_context full = host;
	struct owner *dead = python();

	(void)state;
	full.cmdline = CMDLINE_FULL;
	dead->processes[0]->pid = 77;
	_free_ struct message *alive = render_under(overstay("0.0.0.0"), &full);
	_free_ struct message *gone =
	    render_under(report_of(EVENT_OVERSTAY, "0.0.0.0", dead), &full);
	assert_string_equal(value(alive, "OBJECT_PID"), "4242");
	assert_null(value(alive, "OBJECT_SYSTEMD_UNIT"));
	assert_null(value(gone, "OBJECT_PID"));
	assert_string_equal(value(gone, "OBJECT_SYSTEMD_UNIT"), "session-3.scope");
	/* A name that no unit can have is no unit for journald. */
	_free_ struct message *forged = render(report_of(EVENT_OVERSTAY, "0.0.0.0",
	    report_process("/x", "x", "a\nOVERSTAY_EVENT=ended.service")));
	assert_null(value(forged, "OBJECT_SYSTEMD_UNIT"));
	assert_string_equal(value(forged, "OVERSTAY_UNIT"), "a\\nOVERSTAY_EVENT=ended.service");
	assert_null(nth_value(forged, "OVERSTAY_EVENT", 1));
}

/* The facts of a notice are its fields: bounded, escaped, and none of those that are text alone. */
static void
test_facts(void **state)
{
	_free_ struct message *message = NULL;
	_free_ char *long_value = malloc(9001);

	(void)state;
	assert_non_null(long_value);
	memset(long_value, 'x', 9000);
	long_value[9000] = '\0';
	/* Nobody would read 4,000 x. */
	message = render_for(NULL,
	    report_new(NOTICE_STARTED, SEVERITY_INFO,
		FACTS(fact_number(FACT_LISTENERS, 3), fact_text(FACT_VERSION, "a\nb"),
		    fact_text(FACT_RANGES, long_value), fact_text(FACT_HASH, "feed"),
		    fact_number(FACT_SUSPECTS, 9))),
	    &host);
	assert_string_equal(value(message, "OVERSTAY_LISTENERS"), "3");
	assert_string_equal(value(message, "OVERSTAY_VERSION"), "a\\nb");
	assert_true(strlen(value(message, "OVERSTAY_RANGES")) > 3000);
	assert_null(value(message, "OVERSTAY_HASH"));
	/* Not of this notice, and not known. */
	assert_null(value(message, "OVERSTAY_SUSPECTS"));
	assert_null(value(message, "OVERSTAY_TCP"));
	assert_null(value(message, "OVERSTAY_STAY"));
	assert_false(message->cut);
}

/* The longest text a report can bring is one line, marked as cut. */
static void
test_long_text(void **state)
{
	_free_ char *bytes = malloc(5001);
	_free_ struct message *message = NULL;

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'y', 5000);
	bytes[5000] = '\0';
	message = render_for(NULL, report_text(bytes), &host);
	assert_int_equal(strlen(message->text), MESSAGE_TEXT_MAX - 1);
	assert_string_equal(message->text + MESSAGE_TEXT_MAX - 4, "...");
}

/* Ids are 32 digits and no two are the same; each word is the event's name. */
static void
test_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < EVENT_COUNT; i++) {
		const struct event_row *event = event_of((enum event_kind)i);

		assert_int_equal(strspn(event->message_id, "0123456789abcdef"), 32);
		assert_int_equal(strlen(event->message_id), 32);
		assert_int_equal(strcasecmp(event->word, event_kind_name((enum event_kind)i)), 0);
		assert_true((event->fields & FIELDS_ALWAYS) != 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(event->message_id,
			    event_of((enum event_kind)j)->message_id);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overstay),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_at_start),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_unknown_process),
		cmocka_unit_test(test_many_processes),
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_table),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/message", tests, NULL, NULL);
}
