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

#include "alert-notices.h"
#include "alert-render.h"
#include "alert/events.h"
#include "base/cleanup.h"
#include "engine/snapshot.h"
#include "model/condition.h"
#include "model/gap.h"
#include "model/range.h"

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

/* Of two facts that exclude each other, the one that is not there. */
static enum fact_name
one_of_two(enum notice notice)
{
	/* The lookup is a unit or a program. */
	if (notice == NOTICE_LOOKUP_FAILED || notice == NOTICE_LOOKUP_NOT_PERMITTED)
		return FACT_PROGRAM;
	return notice == NOTICE_STARTED ? FACT_UNWATCHED_MAX_USEC : FACT_NAME_COUNT;
}

static void
every_notice(void **state)
{
	(void)state;
	for (int i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++) {
		enum notice notice = (enum notice)i;
		enum fact_name missing = one_of_two(notice);
		_free_ struct message *message = render(notice_report(notice, missing));
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
	_free_ struct message *program = render(notice_report(NOTICE_LOOKUP_FAILED, FACT_UNIT));
	_free_ struct message *nothing = render(report_new(NOTICE_SUMMARY, SEVERITY_INFO,
	    FACTS(fact_number(FACT_LISTENERS, 4), fact_number(FACT_OVERSTAYING, 0),
		fact_number(FACT_SUSPECTS, 0), fact_number(FACT_ALLOWED, 4),
		fact_owners(FACT_OWNERS, NULL, 0, 0), fact_owners(FACT_FOLLOWED, NULL, 0, 0))));

	(void)state;
	assert_non_null(strstr(program->text, "/usr/libexec/overstay-lookup"));
	assert_null(strstr(program->text, "systemctl"));
	assert_null(strpbrk(nothing->text, ":;[]"));
}

/* One sentence for each reason why nobody watched, and for what is measured, bounded or unknown. */
static void
why_nobody_watched(void **state)
{
	static const struct {
		enum gap_reason reason;
		enum fact_name length; /* FACT_NAME_COUNT = none */
		const char *word;
	} cases[] = {
		{ GAP_FIRST_START, FACT_NAME_COUNT, "first-start" },
		{ GAP_UNKNOWN, FACT_NAME_COUNT, "unknown" },
		{ GAP_STOPPED, FACT_UNWATCHED_USEC, "stopped" },
		{ GAP_KILLED, FACT_UNWATCHED_USEC, "killed" },
		{ GAP_KILLED, FACT_UNWATCHED_MAX_USEC, "killed" },
		{ GAP_HOST_DOWN, FACT_UNWATCHED_USEC, "host-down" },
		{ GAP_HOST_DOWN, FACT_UNWATCHED_MAX_USEC, "host-down" },
		{ GAP_HOST_DOWN, FACT_NAME_COUNT, "host-down" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fact facts[FACT_NAME_COUNT];
		size_t count = 0;

		for (int name = 0; name < FACT_UNWATCHED_USEC; name++)
			if (notice_carries(NOTICE_STARTED, (enum fact_name)name) &&
			    name != FACT_LEFT_OUT)
				facts[count++] = notice_fact((enum fact_name)name);
		facts[count++] = fact_number(FACT_UNWATCHED_REASON, cases[i].reason);
		if (cases[i].length != FACT_NAME_COUNT)
			facts[count++] = notice_fact(cases[i].length);
		_free_ struct message *message =
		    render(report_new(NOTICE_STARTED, SEVERITY_INFO, facts, count));
		assert_string_equal(value(message, "OVERSTAY_UNWATCHED_REASON"), cases[i].word);
		assert_int_equal(value(message, "OVERSTAY_UNWATCHED_USEC") != NULL,
		    cases[i].length == FACT_UNWATCHED_USEC);
		assert_int_equal(value(message, "OVERSTAY_UNWATCHED_MAX_USEC") != NULL,
		    cases[i].length == FACT_UNWATCHED_MAX_USEC);
	}
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
		notice_fact(FACT_OWNERS)));
	_free_ struct message *message = render(report);
	assert_null(strstr(message->text, "1111"));
	assert_string_equal(value(message, "OVERSTAY_ADVICE"), line);
	_free_ struct message *longer =
	    render(report_new(NOTICE_PORTS_NOT_RESERVED, SEVERITY_NOTICE,
		FACTS(fact_number(FACT_COUNT, 2), fact_text(FACT_ADVICE, ""),
		    notice_fact(FACT_OWNERS))));
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

/* In a list, too, a name ends where it can be seen. */
static void
owners_have_ends(void **state)
{
	struct fact_owner owners[] = {
		{ report_process("/opt/x of root 22, /opt/y\"", NULL, "a.service"), 0, 1, 1 },
		{ report_process("/usr/bin/python3.11", NULL, "a.service"), 0, 1, 2 },
	};

	(void)state;
	assert_int_equal(owner_text_set(&owners[1].owner->processes[0]->script, "/a b.py"), 0);
	_free_ struct message *message =
	    render(report_new(NOTICE_OVERSTAYS_AT_START, SEVERITY_WARNING,
		FACTS(fact_number(FACT_COUNT, 2), fact_number(FACT_PROGRAMS, 2),
		    fact_owners(FACT_OWNERS, owners, ARRAY_SIZE(owners), 2))));
	for (size_t i = 0; i < ARRAY_SIZE(owners); i++)
		(void)owner_unref(owners[i].owner);
	assert_non_null(strstr(message->text, " \"/opt/x of root 22, /opt/y\\\"\" "));
	assert_non_null(strstr(message->text, " python3.11 \"a b.py\" "));
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
		cmocka_unit_test(why_nobody_watched),
		cmocka_unit_test(one_is_no_plural),
		cmocka_unit_test(long_advice),
		cmocka_unit_test(owners_are_bounded),
		cmocka_unit_test(owners_have_ends),
		cmocka_unit_test(hostile_values),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("say", tests, NULL, NULL);
}
