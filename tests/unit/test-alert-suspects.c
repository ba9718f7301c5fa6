/* SPDX-License-Identifier: MIT */
/*
 * SUSPECT, HOPPING and ADVICE, and what other lines say of reasons (the words are tests/golden's).
 * And the longest line and the most fields that there can be, from owners who wrote every string to
 * do harm: every part a person needs is still there, and each field is one bounded line of plain
 * text.
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
#include "base/cleanup.h"
#include "model/hint.h"

#define NCAT "/usr/bin/ncat -l [4242]", "alice", "apache2.service"

static struct report *
make(enum event_kind kind, uint32_t reasons)
{
	struct report *report = report_of(kind, "0.0.0.0",
	    report_process("/usr/bin/ncat", "ncat|-l", "apache2.service"));
	struct report_stay *stay = report->stay;
	struct classification classification;

	classify_reasons(reasons, CLASS_SERVICE, false, &classification);
	stay->age_usec = stay->age_max_usec = 6 * USEC_PER_SEC;
	stay->class = classification.class;
	stay->class_otherwise = classification.otherwise;
	stay->reasons = classification.reasons;
	return report;
}

static struct report *
suspect(uint32_t reasons)
{
	return make(EVENT_SUSPECT, reasons);
}

static void
test_suspect(void **state)
{
	struct report *report = suspect(1U << REASON_STRANGER);

	(void)state;
	report->stay->owner->processes[0]->parent_comm = strdup("apache2");
	check_pieces(report, "SUSPECT tcp 0.0.0.0:60855 ", " 6s", NCAT,
	    reason_text(REASON_STRANGER), "(strong)", "apache2 [801]", HINT);
	/* Strong ones first, then the weak; a parent without a name, or none. */
	check_pieces(suspect(1U << REASON_DELETED | 1U << REASON_SHM | 1U << REASON_STRANGER),
	    "SUSPECT tcp 0.0.0.0:60855 ", " 6s", NCAT, reason_text(REASON_SHM),
	    reason_text(REASON_STRANGER), reason_text(REASON_DELETED), "(strong)", " [801]", HINT);
	report = suspect(1U << REASON_DELETED | 1U << REASON_TEMPORARY);
	report->stay->owner->processes[0]->parent_pid = 0;
	report->stay->would_allow = strdup("the\nweb");
	check_pieces(report, "SUSPECT tcp 0.0.0.0:60855 ", " 6s", NCAT, reason_text(REASON_DELETED),
	    reason_text(REASON_TEMPORARY), "(weak)", "\"the\\nweb\"", HINT);
}

static void
test_nobody(void **state)
{
	struct owner *owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS);
	struct report *report = report_of(EVENT_SUSPECT, "0.0.0.0", owner);

	(void)state;
	owner->place.unit = strdup("apache2.service");
	report->stay->class = CLASS_SUSPECT;
	report->stay->reasons = 1U << REASON_NO_OWNER;
	check_pieces(report, "SUSPECT tcp 0.0.0.0:60855 ", " 10min 4s", "apache2.service", "alice",
	    reason_text(REASON_NO_OWNER), "(strong)", HINT);
}

static void
test_peers(void **state)
{
	static const struct {
		uint32_t count, kept;
		bool complete;
		const char *wanted;
	} cases[] = {
		{ 0, 0, true, "" },
		{ 1, 1, true, ": 192.0.2.1:4444; " },
		{ 3, 3, true, ": 192.0.2.1:4444, 192.0.2.2:4445, 192.0.2.3:4446; " },
		{ 4, 4, true, ": 192.0.2.1:4444, 192.0.2.2:4445, 192.0.2.3:4446, ... (4); " },
		{ 900, 16, false, ": 192.0.2.1:4444, 192.0.2.2:4445, 192.0.2.3:4446, ... (" },
		{ 1, 1, false, ": 192.0.2.1:4444 (" },
		{ 5, 0, true, ": ... (5); " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_free_ struct message *message = NULL;
		struct report *report = suspect(1U << REASON_SHELL);
		char count[16];

		report->stay->owner->processes[0]->parent_pid = 0;
		report->stay->peers = report_peers(cases[i].count, cases[i].kept);
		report->stay->peers->complete = cases[i].complete;
		message = render(report);
		assert_non_null(strstr(message->text, cases[i].wanted));
		assert_int_equal(strstr(message->text, "192.0.2.1:") != NULL, cases[i].kept > 0);
		check_end(message, HINT);
		(void)snprintf(count, sizeof(count), "%u", cases[i].count);
		assert_string_equal(value(message, "OVERSTAY_PEER_COUNT"), count);
		for (uint32_t n = 0; n < cases[i].kept; n++)
			assert_non_null(nth_value(message, "OVERSTAY_PEER", n));
		assert_null(nth_value(message, "OVERSTAY_PEER", cases[i].kept));
	}
}

static void
test_peer_addresses(void **state)
{
	struct report *report = suspect(1U << REASON_SHELL);
	_free_ struct message *message = NULL;

	(void)state;
	report->stay->peers = report_peers(1, 1);
	report->stay->peers->peers[0] = (struct report_peer){
		.address = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		.port = 4444,
		.family = AF_INET6,
	};
	message = render(report);
	assert_non_null(strstr(message->text, ": [2001:db8::1]:4444; "));
	assert_string_equal(value(message, "OVERSTAY_PEERS"), "[2001:db8::1]:4444");
}

/* One weak reason is only told; a suspect whose time is not over is called one. */
static void
test_notes(void **state)
{
	struct report *report;
	_free_ struct message *message = render(make(EVENT_OVERSTAY, 1U << REASON_WRITABLE));

	(void)state;
	assert_string_equal(value(message, "OVERSTAY_CLASS"), "service");
	assert_string_equal(value(message, "OVERSTAY_STRENGTH"), "weak");
	check_pieces(make(EVENT_OVERSTAY, 1U << REASON_DELETED), "OVERSTAY tcp 0.0.0.0:60855 ",
	    " 6s", " 10min", NCAT, reason_text(REASON_DELETED), HINT);
	check_pieces(make(EVENT_APPEARED, 1U << REASON_CHANGED), "APPEARED tcp 0.0.0.0:60855 ",
	    " 6s", " 10min", NCAT, reason_text(REASON_CHANGED));
	check_pieces(make(EVENT_APPEARED, 1U << REASON_DELETED | 1U << REASON_WRITABLE),
	    "APPEARED tcp 0.0.0.0:60855 ", " 6s", " 10min", NCAT, class_name(CLASS_SUSPECT),
	    reason_text(REASON_DELETED), reason_text(REASON_WRITABLE));
	report = make(EVENT_ENDED, 1U << REASON_SHM);
	report->stay->overstayed = true;
	check_pieces(report, "ENDED tcp 0.0.0.0:60855 ", " 6s", class_name(CLASS_SUSPECT));
	report = make(EVENT_ENDED, 1U << REASON_DELETED);
	report->stay->overstayed = true;
	check_pieces(report, "ENDED tcp 0.0.0.0:60855 ", " 6s (");
}

static struct report *
hopping(uint32_t count, uint32_t hops)
{
	struct report *report = make(EVENT_HOPPING, 0);

	report->stay->span_usec = 12 * USEC_PER_MIN;
	report->stay->hops = hops;
	report_set_ports(report, 50001, count);
	return report;
}

static void
test_hopping(void **state)
{
	_free_ struct message *message = render(hopping(3, 2));

	(void)state;
	check_end(message, ": 50001, 50002, 50003");
	assert_string_equal(value(message, "OVERSTAY_PORTS"), "50001 50002 50003");
	assert_string_equal(value(message, "OVERSTAY_HOPS"), "2");
	/* Beside the age of the stay that it is about. */
	assert_string_equal(value(message, "OVERSTAY_SPAN_USEC"), "720000000");
	assert_string_equal(value(message, "OVERSTAY_AGE_USEC"), "6000000");
	assert_null(value(message, "OVERSTAY_PORT_BEFORE"));
	check_pieces(hopping(2, 1), "HOPPING tcp ", NCAT, " 1 ", " 12min", " 10min",
	    ": 50001, 50002");
	check_pieces(hopping(8, 7), "HOPPING tcp ", NCAT, " 7 ", " 12min", " 10min",
	    ": 50001, 50002, 50003, 50004, 50005, 50006, 50007, 50008");
	check_pieces(hopping(32, 99), "HOPPING tcp ", NCAT, " 99 ", " 12min", " 10min",
	    ": 50001, 50002, 50003, 50004, 50005, 50006, 50007, ..., 50032");
}

/* Of programs with these names, each ended by a NUL. */
static struct report *
turns(const char *names, size_t size, uint8_t count, bool more)
{
	struct report *report = make(EVENT_TURNS, 0);

	report->stay->span_usec = 12 * USEC_PER_MIN;
	report->stay->hops = 86;
	report_set_group(report, 0, 1);
	report->stay->group->takers = malloc(size);
	assert_non_null(report->stay->group->takers);
	memcpy(report->stay->group->takers, names, size);
	report->stay->group->taker_count = count;
	report->stay->group->more_takers = more;
	return report;
}

static void
test_turns(void **state)
{
	static const char two[] = "/opt/a\0/opt/b c\n";
	_free_ struct message *message = render(turns(two, sizeof(two), 2, false));

	(void)state;
	assert_string_equal(value(message, "OVERSTAY_EVENT"), "turns");
	assert_string_equal(value(message, "OVERSTAY_TURNS"), "86");
	assert_string_equal(nth_value(message, "OVERSTAY_TAKER", 0), "/opt/a");
	assert_string_equal(nth_value(message, "OVERSTAY_TAKER", 1), "/opt/b c\\n");
	assert_null(nth_value(message, "OVERSTAY_TAKER", 2));
	assert_string_equal(value(message, "OVERSTAY_SPAN_USEC"), "720000000");
	assert_null(value(message, "OVERSTAY_HOPS"));
	assert_null(value(message, "OVERSTAY_PORTS"));
	check_pieces(turns(two, sizeof(two), 2, false), "TURNS tcp ", " 12min ",
	    " 86 turns of /opt/a, \"/opt/b c\\n\", threshold 10min", NCAT, HINT);
	check_pieces(turns(two, sizeof(two), 2, true), "TURNS tcp ", "/opt/b c\\n\" and others, ",
	    NCAT, HINT);
	check_pieces(turns("/opt/a", 7, 1, false), "TURNS tcp ", " 86 turns of /opt/a, ", NCAT,
	    HINT);
}

static void
test_rebound_fields(void **state)
{
	struct report *report = make(EVENT_REBOUND, 0);
	_free_ struct message *message = NULL;

	(void)state;
	report_set_ports(report, 40999, 1);
	message = render(report);
	assert_string_equal(value(message, "OVERSTAY_PORT_BEFORE"), "40999");
	assert_null(value(message, "OVERSTAY_PORTS"));
	assert_null(value(message, "OVERSTAY_HOPS"));
}

#define FILE_NAME "/etc/sysctl.d/60-overstay.conf"

static void
test_reservation(void **state)
{
	struct report *report = make(EVENT_ADVICE, 0);
	_free_ struct message *message = NULL;
	char line[701];

	(void)state;
	report->stay->advice = strdup("net.ipv4.ip_local_reserved_ports = 60000-60010,60855");
	message = render(report);
	assert_non_null(strstr(message->text, "/usr/bin/ncat"));
	check_end(message, FILE_NAME ": net.ipv4.ip_local_reserved_ports = 60000-60010,60855");
	assert_string_equal(value(message, "OVERSTAY_ADVICE"),
	    "net.ipv4.ip_local_reserved_ports = 60000-60010,60855");
	/* One that is too long for a line is not there by half. */
	memset(line, '1', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	report = make(EVENT_ADVICE, 0);
	report->stay->advice = strdup(line);
	(void)owner_unref(report->stay->owner);
	report->stay->owner = report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP);
	_free_ struct message *long_one = render(report);
	assert_non_null(strstr(long_one->text, FILE_NAME));
	assert_non_null(strstr(long_one->text, " 60855 "));
	assert_null(strstr(long_one->text, "1111"));
	check_end(long_one, "OVERSTAY_ADVICE");
	assert_string_equal(value(long_one, "OVERSTAY_ADVICE"), line);
}

static void
set(char **string, const char *bytes)
{
	assert_int_equal(owner_text_set(string, bytes), 0);
}

/* An owner whose every string is these bytes. */
static struct owner *
evil_owner(const char *bytes)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, OWNER_PROCESSES_MAX);
	struct process *process;

	assert_non_null(owner);
	process = owner->processes[0];
	char **const strings[] = {
		&process->comm,
		&process->exe,
		&process->cwd,
		&process->script,
		&process->parent_comm,
		&process->forwards_to,
		&process->place.unit,
		&process->place.user_unit,
		&process->place.slice,
		&process->place.session,
		&process->place.container,
		&process->cmdline,
	};
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		set(strings[i], bytes);
	for (uint32_t i = 0; i < OWNER_PROCESSES_MAX; i++)
		owner->processes[i]->pid = INT32_MAX;
	owner->holders = UINT32_MAX;
	owner->observed_usec = 1;
	process->cmdline_length = (uint32_t)strlen(bytes) + 1;
	process->parent_pid = INT32_MAX;
	process->uid = 666;
	process->login_uid = UINT32_MAX - 1;
	process->start_usec = 0;
	process->exe_deleted = process->has_checksum = true;
	process->forwards_kind = process->place.container_kind = CONTAINER_CONTAINERD;
	process->origin = ORIGIN_CONSOLE; /* the longest */
	return owner;
}

/* As many takers as there may be, with names as long as they may be. */
static void
set_takers(struct report *report, const char *bytes)
{
	enum { NAME = 256 };
	char *takers = malloc((NAME + 1) * REPORT_TAKERS_MAX);

	assert_non_null(takers);
	report_set_group(report, 0, 1);
	report->stay->group->takers = takers;
	report->stay->group->taker_count = REPORT_TAKERS_MAX;
	report->stay->group->more_takers = true;
	for (size_t i = 0; i < REPORT_TAKERS_MAX; i++) {
		memcpy(&takers[i * (NAME + 1)], bytes, NAME);
		takers[i * (NAME + 1) + NAME] = '\0';
	}
}

/* A stay of which everything is known, and everything is as long as it can be. */
static struct report *
evil_report(enum event_kind kind, const char *bytes)
{
	struct report *report =
	    report_of(kind, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", evil_owner(bytes));
	struct report_stay *stay = report->stay;

	stay->endpoint.interface = UINT32_MAX;
	stay->sockets = stay->users = stay->hops = UINT32_MAX;
	stay->v6only = V6ONLY_NO;
	stay->rule = strdup(bytes);
	stay->note = strdup(bytes);
	stay->would_allow = strdup(bytes);
	stay->advice = malloc(3901);
	assert_non_null(stay->advice);
	memset(stay->advice, '1', 3900);
	stay->advice[3900] = '\0';
	stay->age_usec = 36524 * USEC_PER_DAY + 23 * USEC_PER_HOUR;
	stay->threshold_usec = stay->away_usec = stay->age_usec;
	stay->first_seen_usec = UINT64_MAX - 1;
	stay->class = CLASS_SUSPECT;
	stay->reasons = (1U << REASON_COUNT) - 1;
	stay->hints = (1U << HINT_COUNT) - 1;
	stay->use = (struct report_use){ UINT32_MAX, INT32_MAX, true };
	report_set_ports(report, UINT16_MAX, kind == EVENT_REBOUND ? 1 : REPORT_PORTS_MAX);
	for (uint32_t i = 0; i < stay->port_count; i++)
		stay->ports[i] = UINT16_MAX;
	stay->peers = report_peers(UINT32_MAX, REPORT_PEERS_MAX);
	stay->peers->complete = false;
	if (kind == EVENT_OVERSTAY || kind == EVENT_SUSPECT)
		report_set_group(report, REPORT_PORTS_MAX - 1, UINT32_MAX);
	while (kind == EVENT_OVERSTAY && stay->group->beside_count < REPORT_BESIDE_MAX)
		stay->group->beside[stay->group->beside_count++] = evil_owner(bytes);
	if (kind == EVENT_TURNS)
		set_takers(report, bytes);
	for (uint32_t i = 0; i < REPORT_PEERS_MAX; i++) {
		stay->peers->peers[i].family = AF_INET6;
		memset(stay->peers->peers[i].address, 0xff, 16);
	}
	return report;
}

/* What is at the end of a line of this kind, however long the rest is. */
static const char *
end_of(enum event_kind kind)
{
	return kind == EVENT_OVERSTAY || kind == EVENT_SUSPECT || kind == EVENT_TURNS ? HINT :
	    kind == EVENT_ADVICE   ? "OVERSTAY_ADVICE" :
	    kind == EVENT_HOPPING  ? ": 65535, 65535, 65535, 65535, 65535, 65535, 65535, ..., "
				     "65535" :
	    kind == EVENT_APPEARED ? hint_text(HINT_COUNT - 1) :
				     "";
}

static void
check_evil(enum event_kind kind, const char *bytes)
{
	_free_ struct message *message = render_for(NULL, evil_report(kind, bytes), &host);
	const char *end = end_of(kind);
	char part[128];

	/* No field was left out, and no part of the line. */
	assert_false(message->cut);
	check_end(message, end);
	if (kind != EVENT_SUSPECT)
		return;
	(void)snprintf(part, sizeof(part), ": %s, ", reason_text(0));
	assert_non_null(strstr(message->text, part));
	(void)snprintf(part, sizeof(part), ", %s (strong); ", reason_text(REASON_COUNT - 1));
	assert_non_null(strstr(message->text, part));
	assert_non_null(strstr(message->text, " [2147483647]; "));
	assert_non_null(strstr(message->text, ", ... ("));
	assert_non_null(strstr(message->text, "4294967295); "));
	assert_non_null(nth_value(message, "OVERSTAY_PEER", REPORT_PEERS_MAX - 1));
	assert_non_null(nth_value(message, "OVERSTAY_PID", OWNER_PROCESSES_MAX - 1));
	/* The last of the table that such an owner has. */
	assert_non_null(value(message, "OVERSTAY_FORWARDS_TO"));
}

static void
test_hostile(void **state)
{
	static const char *const evil[] = { "\n", "\x1b]0;owned\a", "\xff\xfe", "\xe2\x80\xae",
		"\xf0\x9f\x98\x80", "\\", "\r", "\xc2\x9b", "%s%n", "\xe2\x80\xa8<0>OVERSTAY ",
		"x" };
	enum { LENGTH = 128 * 1024 };
	_free_ char *bytes = malloc(LENGTH + 1);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < ARRAY_SIZE(evil); i++) {
		size_t piece = strlen(evil[i]);

		for (size_t at = 0; at < LENGTH; at++)
			bytes[at] = evil[i][at % piece];
		bytes[LENGTH] = '\0';
		for (unsigned kind = 0; kind < EVENT_COUNT; kind++)
			check_evil((enum event_kind)kind, bytes);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suspect),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_peer_addresses),
		cmocka_unit_test(test_notes),
		cmocka_unit_test(test_hopping),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_rebound_fields),
		cmocka_unit_test(test_reservation),
		cmocka_unit_test(test_hostile),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/suspects", tests, NULL, NULL);
}
