/* SPDX-License-Identifier: MIT */
/*
 * The interface: messages of every kind have each field that the table of fields promises for that
 * kind, of the type it promises (render() holds every message against that); and what holds them
 * finds what is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert-notices.h"
#include "alert-render.h"
#include "alert/events.h"
#include "base/cleanup.h"
#include "field-check.h"
#include "model/hint.h"
#include "skip.h"

#define FIELDS_MAX 192

/* Which entries of the table were seen. */
struct seen {
	bool entries[FIELDS_MAX];
};

static void
note(struct seen *seen, const struct message *message)
{
	struct field_entry entry;

	for (size_t i = 0; fields_entry(i, &entry); i++) {
		assert_true(i < FIELDS_MAX);
		if (value(message, entry.name) != NULL)
			seen->entries[i] = true;
	}
}

static void
note_report(struct seen *seen, struct report *report, const struct message_context *context)
{
	_free_ struct message *message = NULL;

	assert_non_null(report);
	report->number = 7;
	message = render_for(NULL, report, context);
	note(seen, message);
}

static void
fill_stay(struct report_stay *stay)
{
	stay->endpoint.interface = 2;
	stay->v6only = V6ONLY_YES;
	stay->sockets = 3;
	stay->rule = strdup("rule \"x\"");
	stay->note = strdup("a note");
	stay->would_allow = strdup("other");
	stay->advice = strdup("net.ipv4.ip_local_reserved_ports = 60855");
	stay->class = CLASS_SUSPECT;
	stay->reasons = (1U << REASON_COUNT) - 1;
	stay->hints = (1U << HINT_COUNT) - 1;
	stay->use = (struct report_use){ 1767236645, 240, true };
	stay->away_usec = 4 * USEC_PER_SEC;
	stay->hops = 3;
	stay->peers = report_peers(20, REPORT_PEERS_MAX);
}

static void
fill_process(struct process *process)
{
	process->exe_deleted = true;
	process->has_checksum = true;
	process->script = strdup("/home/alice/srv.py");
	process->known_as = strdup("python3.11");
	process->cwd = strdup("/home/alice");
	process->login_uid = 1001;
	process->parent_comm = strdup("bash");
	process->place.user_unit = strdup("app.service");
	process->place.slice = strdup("user-1000.slice");
	process->place.session = strdup("3");
	process->place.container = strdup("web");
	process->place.container_kind = CONTAINER_LXC;
	process->origin = ORIGIN_CRON;
	process->forwards_to = strdup("0123");
	process->forwards_kind = CONTAINER_DOCKER;
}

/* With all that a stay and its owner may have. */
static struct report *
full(enum event_kind kind, uint32_t ports)
{
	struct report *report = report_of(kind, "::1",
	    report_process("/usr/bin/python3.11", "python3|srv.py", "session-3.scope"));

	fill_stay(report->stay);
	fill_process(report->stay->owner->processes[0]);
	report->stay->owner->observed_usec = REPORT_BOOTTIME_USEC - USEC_PER_SEC;
	report->stay->owner->unsearched = ports > 1;
	report->stay->owner->unsearched_uid = 65534;
	report_set_ports(report, 50001, ports);
	report_set_group(report, 2, 3);
	report->stay->group->joined_usec = REPORT_REALTIME_USEC - USEC_PER_SEC;
	report->stay->group->takers = strdup("/opt/a");
	report->stay->group->taker_count = 1;
	return report;
}

static void
note_stays(struct seen *seen, enum event_kind kind)
{
	struct message_context whole = host;
	struct report *report;

	whole.cmdline = CMDLINE_FULL;
	note_report(seen, full(kind, 3), &host);
	note_report(seen, full(kind, 1), &whole);
	/* One that calls itself what it is not. */
	report = report_of(kind, "0.0.0.0", report_process("/home/alice/x", "nginx: worker", ""));
	report->stay->reasons = 1U << REASON_DISGUISE;
	/* Of somebody else's socket. */
	report->stay->uid = 1001;
	report_set_ports(report, 50001, 1);
	note_report(seen, report, &host);
	report = report_of(kind, "0.0.0.0", report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP));
	report->stay->reasons = 1U << REASON_NO_OWNER;
	report_set_ports(report, 50001, 1);
	note_report(seen, report, &host);
}

static void
every_field_of_every_kind(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < EVENT_COUNT; kind++) {
		struct seen seen = { 0 };
		struct field_entry entry;

		if ((event_of((enum event_kind)kind)->fields & FIELDS_STAY) != 0)
			note_stays(&seen, (enum event_kind)kind);
		for (unsigned i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++)
			if (notice_kind((enum notice)i) == kind)
				note_report(&seen, notice_report((enum notice)i, FACT_NAME_COUNT),
				    &host);
		for (size_t i = 0; fields_entry(i, &entry); i++)
			if ((entry.kinds >> kind & 1) != 0 && !seen.entries[i])
				fail_msg("no message of %s has %s",
				    event_kind_name((enum event_kind)kind), entry.name);
	}
}

/* In all messages alike. */
static void
one_type_each(void **state)
{
	struct field_entry entry, other;

	(void)state;
	for (size_t i = 0; fields_entry(i, &entry); i++)
		for (size_t j = 0; j < i && fields_entry(j, &other); j++)
			if (strcmp(entry.name, other.name) == 0 &&
			    (entry.type != other.type || entry.repeated != other.repeated))
				fail_msg("%s is %s and %s", entry.name, field_type_name(entry.type),
				    field_type_name(other.type));
}

/* What holds the messages takes no wrong value. */
static void
values(void **state)
{
	static const struct {
		enum field_type type;
		bool right;
		const char *value;
	} cases[] = {
		{ FIELD_INTEGER, true, "0" },
		{ FIELD_INTEGER, true, "18446744073709551615" },
		{ FIELD_INTEGER, false, "" },
		{ FIELD_INTEGER, false, "-1" },
		{ FIELD_INTEGER, false, "007" },
		{ FIELD_INTEGER, false, "50001 50002" },
		{ FIELD_USEC, false, "10min" },
		{ FIELD_TIME, false, "1000" },
		{ FIELD_TIME, true, "1767236645000000" },
		{ FIELD_WORD, true, "no-lookup" },
		{ FIELD_WORD, false, "two words" },
		{ FIELD_WORD, false, "Word" },
		{ FIELD_ID, false, "0123456G" },
		{ FIELD_BOOLEAN, false, "true" },
		{ FIELD_WORDS, true, "shm deleted" },
		{ FIELD_WORDS, false, "shm  deleted" },
		{ FIELD_WORDS, false, " shm" },
		{ FIELD_INTEGERS, true, "1 2 3" },
		{ FIELD_INTEGERS, false, "1,2" },
		{ FIELD_STRINGS, false, "a " },
		{ FIELD_JSON, true, "[]" },
		{ FIELD_JSON, true, "[{\"a\":1,\"b\":\"x\\u001f\\\\\",\"c\":[true,null]},{}]" },
		{ FIELD_JSON, false, "{}" },
		{ FIELD_JSON, false, "[1,]" },
		{ FIELD_JSON, false, "[\"\\x1b\"]" },
		{ FIELD_JSON, false, "[\"a\nb\"]" },
		{ FIELD_JSON, false, "[{\"a\":1}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (field_check_value(cases[i].type, cases[i].value) != cases[i].right)
			fail_msg("%s as %s", cases[i].value, field_type_name(cases[i].type));
}

/* ... and no field that is none of the kind's, or is there twice. */
static void
strangers(void **state)
{
	static char pool[] = "OVERSTAY_PORT_COUNT=3", again[] = "OVERSTAY_PORT=60855";
	static char strange[] = "OVERSTAY_NEW=1";
	static char *const fields[] = { pool, again, strange };
	_free_ struct message *message = render_for(NULL, full(EVENT_OVERSTAY, 0), &host);

	(void)state;
	assert_null(field_check(message));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		message->fields[message->field_count] =
		    (struct iovec){ fields[i], strlen(fields[i]) };
		message->field_count++;
		assert_non_null(field_check(message));
		message->field_count--;
	}
}

/* The catalogue shows these between at signs: journalctl would print the name of one not there. */
static void
explained(void **state)
{
	static const char *const names[] = { "OVERSTAY_OWNER=", "OVERSTAY_EXPOSURE=" };

	(void)state;
	if (getenv("abs_top_srcdir") == NULL)
		skip_because("abs_top_srcdir is not set");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_free_ struct message *message = render_for(NULL, full(EVENT_OVERSTAY, 0), &host);
		size_t length = strlen(names[i]), at = 0;

		while (strncmp(message->fields[at].iov_base, names[i], length) != 0)
			at++;
		message->fields[at] = message->fields[--message->field_count];
		assert_non_null(strstr(field_check_explained(message), "the catalogue shows"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_every_kind),
		cmocka_unit_test(one_type_each),
		cmocka_unit_test(values),
		cmocka_unit_test(strangers),
		cmocka_unit_test(explained),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
