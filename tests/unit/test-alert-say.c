/* SPDX-License-Identifier: MIT */
/*
 * Messages about no single stay: each notice has a sentence, and its fields are its facts. The
 * words stand in tests/golden/messages.txt.
 */
#include <errno.h>
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
#include "base/cleanup.h"
#include "engine/snapshot.h"
#include "model/condition.h"
#include "model/range.h"

static const struct endpoint endpoints[] = {
	{ .family = AF_INET, .port = 50000, .protocol = PROTOCOL_TCP },
};

static struct fact_owner owners[] = {
	{ .uid = 33, .listeners = 1, .port = 50080 },
	{ .uid = 1000, .listeners = 5, .port = 50001 },
	{ .uid = 0, .listeners = 2, .port = 32768 },
	{ .uid = 0, .listeners = 1, .port = 51820 },
	{ .uid = 1000, .listeners = 1, .port = 50002 },
};

/* A service, a person's script, a proxy of a container, the kernel; one is not known. */
static int
make_owners(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct owner *script =
	    report_process("/usr/bin/python3.11", "python3.11|srv.py", "session-3.scope");
	struct owner *proxy = report_process("/usr/bin/docker-proxy", NULL, "docker.service");

	(void)state;
	owners[0].owner = report_process("/usr/sbin/nginx", NULL, "nginx.service");
	script->processes[0].script = strdup("/home/alice/srv.py");
	owners[1].owner = script;
	proxy->processes[0].forwards_to = strdup(id);
	proxy->processes[0].forwards_kind = CONTAINER_DOCKER;
	owners[2].owner = proxy;
	owners[3].owner = report_nobody(OWNER_KERNEL, OWNER_REASON_NONE);
	owners[4].owner = NULL;
	return 0;
}

static int
drop_owners(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		owners[i].owner = owner_unref(owners[i].owner);
	return 0;
}

/* What a fact may be. */
static struct fact
example(enum fact_name name)
{
	static const char *const texts[FACT_NAME_COUNT] = {
		[FACT_VERSION] = "1.2",
		[FACT_RANGES] = "32768-65535",
		[FACT_HASH] = "0123abcd",
		[FACT_HASH_BEFORE] = "4567cdef",
		[FACT_LEFT_OUT] = "/etc/overstay/conf.d/50-x.yaml",
		[FACT_ADVICE] = "net.ipv4.ip_local_reserved_ports = 50000-50001",
		[FACT_DIAGNOSTIC] = "/etc/overstay.yaml:3:1: error: no option \"x\"",
		[FACT_PROGRAM] = "/usr/libexec/overstay-lookup",
		[FACT_UNIT] = "overstay-lookup.service",
		[FACT_PATH] = "/var/lib/overstay",
	};
	static const uint64_t numbers[FACT_NAME_COUNT] = {
		[FACT_COUNT] = 12,
		[FACT_LISTENERS] = 43,
		[FACT_PROGRAMS] = 6,
		[FACT_TCP] = 40,
		[FACT_UDP] = 3,
		[FACT_OVERSTAYING] = 5,
		[FACT_SUSPECTS] = 1,
		[FACT_ALLOWED] = 9,
		[FACT_LONGEST_HOLD_USEC] = 1234,
		[FACT_SEVERITY] = SEVERITY_WARNING,
		[FACT_OLDEST_AGE] = 3 * USEC_PER_HOUR + 12 * USEC_PER_MIN,
		[FACT_FIRST_PORT] = 1024,
		[FACT_LAST_PORT] = 4999,
		[FACT_ODDITIES] = RANGE_REACHES_LOW | RANGE_IS_SMALL,
		[FACT_PROTOCOL] = PROTOCOL_UDP,
		[FACT_PORTS] = 120,
		[FACT_SOCKETS] = 4000,
		[FACT_APPEARED] = 7,
		[FACT_PERSISTED] = 110,
		[FACT_CHANGED] = 3,
		[FACT_VANISHED] = 2,
		[FACT_TIME_WAIT] = 99,
		[FACT_CPU_USEC] = 850,
		[FACT_ERRORS] = 2,
		[FACT_ERROR] = ENOSPC,
		[FACT_OWNER_REASON] = OWNER_REASON_NO_LOOKUP,
		[FACT_POLLS] = 3,
		[FACT_INCOMPLETE] = INCOMPLETE_OVERRUN,
	};

	if (fact_type(name) == FACT_TYPE_ENDPOINTS)
		return fact_endpoints(name, endpoints, 1, 1);
	if (fact_type(name) == FACT_TYPE_OWNERS)
		return fact_owners(name, owners, ARRAY_SIZE(owners), 6);
	return texts[name] != NULL ? fact_text(name, texts[name]) :
				     fact_number(name, numbers[name]);
}

/* Of the condition that such a notice is about. */
static enum condition
condition_of(enum notice notice)
{
	static const enum condition conditions[NOTICE_COUNT] = {
		[NOTICE_LOOKUP_FAILED] = CONDITION_LOOKUP,
		[NOTICE_LOOKUP_RECOVERED] = CONDITION_LOOKUP,
		[NOTICE_NO_SOCK_DIAG] = CONDITION_SOURCE,
		[NOTICE_POLLS_INCOMPLETE] = CONDITION_POLLS,
		[NOTICE_POLLS_RECOVERED] = CONDITION_POLLS,
		[NOTICE_KERNEL_RANGE_UNREADABLE] = CONDITION_RANGE,
		[NOTICE_KERNEL_RANGE_RECOVERED] = CONDITION_RANGE,
		[NOTICE_LAST_GOOD_IN_FORCE] = CONDITION_CONFIG,
		[NOTICE_FILES_LEFT_OUT] = CONDITION_CONFIG,
		[NOTICE_CONFIG_RECOVERED] = CONDITION_CONFIG,
		[NOTICE_STATE_NOT_OPENED] = CONDITION_STATE,
		[NOTICE_LAST_GOOD_NOT_SAVED] = CONDITION_STATE,
		[NOTICE_LAST_GOOD_RECOVERED] = CONDITION_STATE,
		[NOTICE_EXECUTABLES_NOT_OPENED] = CONDITION_EXECUTABLES,
		[NOTICE_EXECUTABLES_NOT_SAVED] = CONDITION_EXECUTABLES,
		[NOTICE_EXECUTABLES_DAMAGED] = CONDITION_EXECUTABLES,
		[NOTICE_EXECUTABLES_OTHER_VERSION] = CONDITION_EXECUTABLES,
		[NOTICE_EXECUTABLES_RECOVERED] = CONDITION_EXECUTABLES,
	};

	return conditions[notice];
}

/* A report with all facts that the notice carries but this one. */
static struct report *
report_without(enum notice notice, enum fact_name missing)
{
	struct fact facts[FACT_NAME_COUNT];
	size_t count = 0;

	for (int i = 0; i < FACT_NAME_COUNT; i++)
		if (notice_carries(notice, (enum fact_name)i) && i != (int)missing)
			facts[count++] = i == FACT_CONDITION ?
			    fact_number(FACT_CONDITION, condition_of(notice)) :
			    notice == NOTICE_EXECUTABLES_DAMAGED && i == FACT_PATH ?
			    fact_text(FACT_PATH, "executables.db.corrupt") :
			    notice == NOTICE_EXECUTABLES_OTHER_VERSION && i == FACT_PATH ?
			    fact_text(FACT_PATH, "executables.db.other-version") :
			    example((enum fact_name)i);
	return report_new(notice, SEVERITY_NOTICE, facts, count);
}

static void
expect_fields(const struct message *message, enum notice notice, enum fact_name missing)
{
	for (int i = 0; i < FACT_NAME_COUNT; i++) {
		char name[64];
		bool is_there = notice_carries(notice, (enum fact_name)i) &&
		    fact_is_field((enum fact_name)i) && i != (int)missing;

		(void)snprintf(name, sizeof(name), "OVERSTAY_%s", fact_name((enum fact_name)i));
		if ((value(message, name) != NULL) != is_there)
			fail_msg("%s: \"%s\"", name, message->text);
	}
}

static void
every_notice(void **state)
{
	(void)state;
	for (int i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++) {
		enum notice notice = (enum notice)i;
		/* The lookup is a unit or a program. */
		enum fact_name missing =
		    notice == NOTICE_LOOKUP_FAILED ? FACT_PROGRAM : FACT_NAME_COUNT;
		_free_ struct message *message = render(report_without(notice, missing));
		const char *word = event_of(notice_kind(notice))->word;

		assert_memory_equal(message->text, word, strlen(word));
		if (strlen(message->text) < strlen(word) + 8 ||
		    strpbrk(message->text, "{}") != NULL)
			fail_msg("notice %d: \"%s\"", i, message->text);
		expect_fields(message, notice, missing);
	}
}

static void
what_is_not_known_is_left_out(void **state)
{
	_free_ struct message *program = render(report_without(NOTICE_LOOKUP_FAILED, FACT_UNIT));
	_free_ struct message *nothing = render(report_new(NOTICE_SUMMARY, SEVERITY_INFO,
	    FACTS(fact_number(FACT_LISTENERS, 4), fact_number(FACT_OVERSTAYING, 0),
		fact_number(FACT_SUSPECTS, 0), fact_number(FACT_ALLOWED, 4),
		fact_owners(FACT_OWNERS, NULL, 0, 0), fact_owners(FACT_FOLLOWED, NULL, 0, 0))));

	(void)state;
	assert_non_null(strstr(program->text, "/usr/libexec/overstay-lookup"));
	assert_null(strstr(program->text, "systemctl"));
	assert_null(strpbrk(nothing->text, ":;[]"));
}

static void
one_is_no_plural(void **state)
{
	_free_ struct message *message = render(report_new(NOTICE_RELOAD_INVALID, SEVERITY_ERR,
	    FACTS(fact_number(FACT_ERRORS, 1), fact_text(FACT_HASH, "0123abcd"))));

	(void)state;
	assert_null(strstr(message->text, "errors"));
}

/* A line of configuration stands whole in the text or not at all. */
static void
long_advice(void **state)
{
	static char line[3001];
	struct report *report;

	(void)state;
	memset(line, '1', sizeof(line) - 1);
	report = report_new(NOTICE_PORTS_NOT_RESERVED, SEVERITY_NOTICE,
	    FACTS(fact_number(FACT_COUNT, 2), fact_text(FACT_ADVICE, line),
		fact_owners(FACT_OWNERS, owners, 1, 1)));
	_free_ struct message *message = render(report);
	assert_null(strstr(message->text, "1111"));
	assert_string_equal(value(message, "OVERSTAY_ADVICE"), line);
	_free_ struct message *longer =
	    render(report_new(NOTICE_PORTS_NOT_RESERVED, SEVERITY_NOTICE,
		FACTS(fact_number(FACT_COUNT, 2), fact_text(FACT_ADVICE, ""),
		    fact_owners(FACT_OWNERS, owners, 1, 1))));
	assert_non_null(strstr(value(longer, "OVERSTAY_ADVICE"), "/proc/sys/"));
}

/* Everybody is counted, those that there is room for are named. */
static void
owners_are_bounded(void **state)
{
	static struct fact_owner many[64];
	char name[200] = "/";

	(void)state;
	memset(name + 1, 'x', sizeof(name) - 2);
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct fact_owner){ report_process(name, NULL, "a.service"), 0, 1, 1 };
	_free_ struct message *message =
	    render(report_new(NOTICE_OVERSTAYS_AT_START, SEVERITY_WARNING,
		FACTS(fact_number(FACT_COUNT, 90), fact_number(FACT_PROGRAMS, 80),
		    fact_owners(FACT_OWNERS, many, ARRAY_SIZE(many), 80))));
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		(void)owner_unref(many[i].owner);
	assert_true(strlen(message->text) < 1200);
	assert_non_null(strstr(message->text, ", and 6"));
	check_end(message, "OVERSTAY_EVENT=overstay");
}

/* What comes from outside cannot end the line, and an error without a name has its number. */
static void
hostile_values(void **state)
{
	_free_ struct message *message =
	    render(report_new(NOTICE_STATE_NOT_OPENED, SEVERITY_WARNING,
		FACTS(fact_number(FACT_CONDITION, CONDITION_STATE),
		    fact_text(FACT_PATH, "/a\n{HASH}[b"), fact_number(FACT_ERROR, 4095))));

	(void)state;
	assert_non_null(strstr(message->text, "/a\\n{HASH}[b"));
	assert_non_null(strstr(message->text, "4095"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_notice),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(one_is_no_plural),
		cmocka_unit_test(long_advice),
		cmocka_unit_test(owners_are_bounded),
		cmocka_unit_test(hostile_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("say", tests, make_owners, drop_owners);
}
