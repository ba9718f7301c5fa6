/* SPDX-License-Identifier: MIT */
/*
 * The values of model/: listeners and endpoints, ranges, severities, owners and reports.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "model/condition.h"
#include "model/range.h"
#include "model/report.h"

static void
exposure_is_how_it_is_bound(void **state)
{
	static const struct {
		const char *address;
		enum exposure exposure;
	} cases[] = {
		{ "0.0.0.0", EXPOSURE_ANY },
		{ "127.0.0.1", EXPOSURE_LOOPBACK },
		{ "127.255.255.254", EXPOSURE_LOOPBACK },
		{ "128.0.0.1", EXPOSURE_LOCAL },
		{ "126.255.255.255", EXPOSURE_LOCAL },
		{ "0.0.0.1", EXPOSURE_LOCAL },
		{ "192.0.2.1", EXPOSURE_LOCAL },
		{ "::", EXPOSURE_ANY },
		{ "::1", EXPOSURE_LOOPBACK },
		{ "::2", EXPOSURE_LOCAL },
		{ "100::1", EXPOSURE_LOCAL },
		{ "fe80::1", EXPOSURE_LOCAL },
		{ "::ffff:0.0.0.0", EXPOSURE_ANY },
		{ "::ffff:127.0.0.1", EXPOSURE_LOOPBACK },
		{ "::ffff:192.0.2.1", EXPOSURE_LOCAL },
		{ "::127.0.0.1", EXPOSURE_LOCAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listener listener = help_listener(PROTOCOL_TCP, cases[i].address, 50000, 1);
		assert_int_equal(endpoint_exposure(&listener.endpoint), cases[i].exposure);
		/* SO_BINDTODEVICE: lo is number 1 everywhere, no other device changes anything. */
		listener.endpoint.interface = 1;
		assert_int_equal(endpoint_exposure(&listener.endpoint), EXPOSURE_LOOPBACK);
		listener.endpoint.interface = 2;
		assert_int_equal(endpoint_exposure(&listener.endpoint), cases[i].exposure);
	}
	assert_string_equal(exposure_name(EXPOSURE_LOOPBACK), "loopback");
	assert_string_equal(exposure_name(EXPOSURE_LOCAL), "local");
	assert_string_equal(exposure_name(EXPOSURE_ANY), "any");
	assert_string_equal(protocol_name(PROTOCOL_TCP), "tcp");
	assert_string_equal(protocol_name(PROTOCOL_UDP), "udp");
	assert_string_equal(choice_name(CHOICE_UNKNOWN), "unknown");
	assert_string_equal(choice_name(CHOICE_ASKED), "asked");
	assert_string_equal(choice_name(CHOICE_AUTO), "auto");
}

static void
endpoints_are_written_as_ss_does(void **state)
{
	static const struct {
		const char *address, *text;
		uint16_t port;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0:60855", 60855 },
		{ "255.255.255.255", "255.255.255.255:65535", 65535 },
		{ "::", "[::]:1", 1 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 65535 },
		{ "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:50000", 50000 },
	};
	char text[ENDPOINT_TEXT_MAX + 1] = { 0 };
	struct listener strange = help_listener(PROTOCOL_TCP, "0.0.0.0", 7, 1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct listener listener =
		    help_listener(PROTOCOL_TCP, cases[i].address, cases[i].port, 1);
		assert_string_equal(endpoint_format(&listener.endpoint, text), cases[i].text);
		assert_string_equal(endpoint_format_address(&listener.endpoint, text),
		    cases[i].address);
	}
	strange.endpoint.family = 77;
	assert_string_equal(endpoint_format(&strange.endpoint, text), "?:7");
}

/* Few different values in each part, so that all kinds of equality come about. */
static struct listener
random_listener(uint64_t *seed)
{
	static const char *const addresses[] = { "0.0.0.0", "0.0.0.1", "1.0.0.0", "::", "::1",
		"100::" };
	struct listener listener = help_listener((enum protocol)help_below(seed, 2),
	    addresses[help_below(seed, ARRAY_SIZE(addresses))],
	    (uint16_t)(help_below(seed, 3) * 32767),
	    help_below(seed, 3) << (help_below(seed, 2) * 62));

	listener.endpoint.netns = help_below(seed, 2) << 63;
	listener.endpoint.interface = (uint32_t)help_below(seed, 2) << 31;
	return listener;
}

static int
sign(int r)
{
	return (r > 0) - (r < 0);
}

static void
the_order_is_total(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct listener a = random_listener(&seed), b = random_listener(&seed),
				c = random_listener(&seed);
		int ab = listener_compare(&a, &b), bc = listener_compare(&b, &c);
		bool same = memcmp(&a.endpoint, &b.endpoint, sizeof(a.endpoint)) == 0;

		assert_int_equal(listener_compare(&a, &a), 0);
		assert_int_equal(sign(ab), -sign(listener_compare(&b, &a)));
		assert_int_equal(endpoint_compare(&a.endpoint, &b.endpoint) == 0, same);
		assert_int_equal(ab == 0, same && a.cookie == b.cookie);
		if (ab <= 0 && bc <= 0) {
			assert_true(listener_compare(&a, &c) <= 0);
			if (ab < 0 || bc < 0)
				assert_true(listener_compare(&a, &c) < 0);
		}
		if (a.endpoint.port < b.endpoint.port)
			assert_true(ab < 0);
	}
}

static struct ranges
resolve(bool iana, bool kernel, uint16_t first, uint16_t last)
{
	struct range_wanted wanted = { .iana = iana, .kernel = kernel };
	struct port_range range = { first, last };
	struct ranges ranges;

	ranges_resolve(&wanted, &range, &ranges);
	return ranges;
}

static void
kernel_range_below_its_floor(void **state)
{
	char text[128];
	struct ranges ranges = resolve(true, true, 32768, 60999);

	(void)state;
	ranges_format(&ranges, text, sizeof(text));
	assert_string_equal(text, "32768-65535");
	assert_int_equal(ranges_source(&ranges, 32768), RANGE_KERNEL);
	assert_int_equal(ranges_source(&ranges, 50000), RANGE_KERNEL | RANGE_IANA);
	assert_int_equal(ranges_source(&ranges, 61000), RANGE_IANA);
	assert_int_equal(ranges_source(&ranges, 32767), 0);
	assert_int_equal(port_set_count(&ranges.filter.auto_ports), 0);

	/* Tuned to reach down: there only what the kernel picked itself. */
	ranges = resolve(false, true, 1024, 65000);
	ranges_format(&ranges, text, sizeof(text));
	assert_string_equal(text, "32768-65000,1024-32767 (picked by the kernel only)");
	assert_false(port_set_has(&ranges.filter.ports, 32767));
	assert_true(port_set_has(&ranges.filter.auto_ports, 32767));
	assert_false(port_set_has(&ranges.filter.auto_ports, 32768));
	assert_int_equal(ranges_source(&ranges, 5432), RANGE_KERNEL);

	/* Wholly below, and only just. */
	ranges = resolve(false, true, 20000, 30000);
	assert_int_equal(port_set_count(&ranges.filter.ports), 0);
	assert_int_equal(port_set_count(&ranges.filter.auto_ports), 10001);
	ranges = resolve(false, true, 32767, 32768);
	assert_int_equal(port_set_count(&ranges.filter.ports), 1);
	assert_int_equal(port_set_count(&ranges.filter.auto_ports), 1);
	ranges = resolve(false, true, 32768, 32768);
	assert_int_equal(port_set_count(&ranges.filter.auto_ports), 0);
}

static void
ranges_that_are_not_there(void **state)
{
	struct range_wanted wanted = { .kernel = true };
	struct ranges ranges = resolve(true, false, 1024, 65000);
	char text[128];

	(void)state;
	assert_int_equal(ranges.kernel.last, 0);
	assert_int_equal(port_set_count(&ranges.filter.ports), 16384);
	assert_int_equal(ranges_source(&ranges, 2000), 0);
	ranges_resolve(&wanted, NULL, &ranges);
	assert_int_equal(port_set_count(&ranges.filter.ports), 0);
	ranges_format(&ranges, text, sizeof(text));
	assert_string_equal(text, "");
	port_set_add(&wanted.explicit_ports, 80, 80);
	port_set_add(&wanted.explicit_ports, 60000, 60001);
	wanted.iana = true;
	ranges_resolve(&wanted, NULL, &ranges);
	ranges_format(&ranges, text, sizeof(text));
	assert_string_equal(text, "80,49152-65535");
	assert_int_equal(ranges_source(&ranges, 80), RANGE_EXPLICIT);
	assert_int_equal(ranges_source(&ranges, 60000), RANGE_EXPLICIT | RANGE_IANA);
	assert_string_equal(range_source_name(RANGE_EXPLICIT), "explicit");
	assert_string_equal(range_source_name(RANGE_IANA), "iana");
	assert_string_equal(range_source_name(RANGE_KERNEL | RANGE_EXPLICIT), "kernel");
	assert_string_equal(range_source_name(RANGE_IANA | RANGE_KERNEL), "both");
}

static void
long_ranges_are_cut_once(void **state)
{
	struct range_wanted wanted = { .kernel = true };
	struct port_range kernel = { 1024, 2048 };
	struct ranges ranges;

	(void)state;
	for (uint16_t port = 40000; port < 42000; port += 2)
		port_set_add(&wanted.explicit_ports, port, port);
	ranges_resolve(&wanted, &kernel, &ranges);
	for (size_t size = 1; size < 300; size++) {
		char text[301];
		const char *dots;

		memset(text, '#', sizeof(text));
		ranges_format(&ranges, text, size);
		assert_true(strlen(text) < size);
		assert_int_equal(text[size], '#');
		dots = strstr(text, "...");
		assert_true(size < 4 || dots != NULL);
		if (dots != NULL)
			assert_string_equal(dots, "...");
	}
}

static void
severities(void **state)
{
	static const char *const names[] = { "emerg", "alert", "crit", "err", "warning", "notice",
		"info", "debug", "off" };
	enum severity severity = SEVERITY_CRIT;

	(void)state;
	for (int i = 0; i <= SEVERITY_OFF; i++) {
		assert_string_equal(severity_name((enum severity)i), names[i]);
		assert_int_equal(severity_parse(names[i], &severity), 0);
		assert_int_equal(severity, i);
	}
	severity = SEVERITY_CRIT;
	assert_int_equal(severity_parse("Warning", &severity), -EINVAL);
	assert_int_equal(severity_parse("", &severity), -EINVAL);
	assert_int_equal(severity, SEVERITY_CRIT);
}

/* Replaces one string of an owner's first process. */
static void
rename_to(char **place, const char *name)
{
	assert_int_equal(owner_text_set(place, name), 0);
}

static void
same_owner(void **state)
{
	struct owner *a = help_owner("/usr/bin/nc", 1000), *b = help_owner("/usr/bin/nc", 1000);
	struct owner *kernel = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
	struct owner *unknown = owner_new(OWNER_UNKNOWN, OWNER_REASON_TIMEOUT, 0);

	(void)state;
	assert_true(owner_same(a, a));
	b->processes[0]->pid = 999;
	b->processes[0]->start_usec = 5;
	b->processes[0]->exe_trust = EXE_REPLACED;
	assert_true(owner_same(a, b) && owner_same(b, a));
	rename_to(&b->processes[0]->cmdline, "nc -l");
	assert_true(owner_same(a, b));
	b->processes[0]->uid = 1001;
	assert_false(owner_same(a, b));
	b->processes[0]->uid = 1000;
	rename_to(&b->processes[0]->exe, "/usr/bin/ncat");
	assert_false(owner_same(a, b));
	rename_to(&b->processes[0]->exe, "/usr/bin/nc");
	rename_to(&b->processes[0]->place.unit, "x.service");
	assert_false(owner_same(a, b));
	rename_to(&a->processes[0]->place.unit, "x.service");
	assert_true(owner_same(a, b));
	rename_to(&a->processes[0]->place.user_unit, "y.service");
	assert_false(owner_same(a, b));
	/* Nobody knows what it runs: not even the same as itself. */
	rename_to(&b->processes[0]->exe, "");
	assert_false(owner_same(b, b));
	assert_false(owner_same(unknown, unknown));
	assert_false(owner_same(unknown, a) || owner_same(a, unknown));
	assert_true(owner_same(kernel, kernel));
	assert_false(owner_same(kernel, a) || owner_same(a, kernel));
	assert_string_equal(owner_kind_name(unknown->kind), "unknown");
	assert_string_equal(owner_reason_name(unknown->reason), "timeout");
	assert_null(owner_unref(a));
	assert_null(owner_unref(b));
	/* Somebody may hold it beside the one that was found. */
	b = help_owner("/usr/bin/nc", 1000);
	a = help_owner("/usr/bin/nc", 1000);
	b->unsearched = true;
	assert_true(owner_same(a, b) && owner_same(b, a));
	b->processes[0]->pid++;
	assert_false(owner_same(a, b) || owner_same(b, a));
	b->unsearched = false;
	assert_true(owner_same(a, b));
	assert_null(owner_unref(a));
	assert_null(owner_unref(b));
	assert_null(owner_unref(kernel));
	assert_null(owner_unref(unknown));
}

static void
set_arguments(struct process *process, const char *arguments, size_t length)
{
	free(process->cmdline);
	process->cmdline = malloc(length);
	assert_non_null(process->cmdline);
	memcpy(process->cmdline, arguments, length);
	process->cmdline_length = (uint32_t)length - 1;
}

static void
other_code_is_another_owner(void **state)
{
	static const char one[] = "python3\0-c\0serve(1)\0", next[] = "python3\0-c\0serve(2)\0",
			  other[] = "python3\0-c\0evil(1)\0",
			  module[] = "python3\0-m\0http.server\0", title[] = "worker 1 of 2\0\0\0",
			  other_title[] = "what I like\0";
	struct owner *a = help_owner("/usr/bin/python3.11", 1000);
	struct owner *b = help_owner("/usr/bin/python3.11", 1000);
	struct process *p = a->processes[0], *q = b->processes[0];

	(void)state;
	set_arguments(p, one, sizeof(one));
	set_arguments(q, next, sizeof(next));
	assert_true(owner_same(a, b));
	set_arguments(q, other, sizeof(other));
	assert_false(owner_same(a, b));
	set_arguments(q, module, sizeof(module));
	assert_false(owner_same(a, b));
	/* Nobody knows what that one runs, but that it is what it was while it lives. */
	set_arguments(q, title, sizeof(title));
	assert_true(owner_same(a, b) && owner_same(b, a));
	q->pid++;
	assert_false(owner_same(a, b) || owner_same(b, a));
	set_arguments(p, title, sizeof(title));
	assert_true(owner_same(a, b));
	set_arguments(q, other_title, sizeof(other_title));
	assert_false(owner_same(a, b));
	q->pid--;
	assert_true(owner_same(a, b));
	/* Nor is what was cut off known, but while it lives. */
	set_arguments(p, one, sizeof(one));
	set_arguments(q, next, sizeof(next));
	q->cmdline_cut = true;
	assert_true(owner_same(a, b) && owner_same(b, a));
	q->pid++;
	assert_false(owner_same(a, b) || owner_same(b, a));
	q->cmdline_cut = false;
	assert_true(owner_same(a, b));
	q->pid--;
	set_arguments(p, title, sizeof(title));
	set_arguments(q, other_title, sizeof(other_title));
	rename_to(&p->script, "/srv/a.py");
	assert_true(owner_same(a, b));
	q->start_usec++;
	assert_false(owner_same(a, b) || owner_same(b, a));
	rename_to(&q->script, "/srv/b.py");
	assert_false(owner_same(a, b));
	rename_to(&q->script, "/srv/a.py");
	rename_to(&q->forwards_to, "db");
	assert_false(owner_same(a, b));
	assert_null(owner_unref(a));
	assert_null(owner_unref(b));
}

static void
code_from_standard_input_is_its_process(void **state)
{
	static const char none[] = "", input[] = "python3\0-\0";
	struct owner *a = help_owner("/usr/bin/python3.11", 1000);
	struct owner *b = help_owner("/usr/bin/python3.11", 1000);

	(void)state;
	set_arguments(a->processes[0], input, sizeof(input));
	set_arguments(b->processes[0], input, sizeof(input));
	assert_true(owner_same(a, b));
	b->processes[0]->pid++;
	assert_false(owner_same(a, b));
	/* No arguments were seen. */
	set_arguments(a->processes[0], none, sizeof(none));
	assert_false(owner_same(a, b) || owner_same(b, a));
	set_arguments(b->processes[0], none, sizeof(none));
	assert_false(owner_same(a, b));
	b->processes[0]->pid--;
	assert_true(owner_same(a, b));
	assert_null(owner_unref(a));
	assert_null(owner_unref(b));
}

static void
the_service_is_named_and_not_its_activator(void **state)
{
	struct owner *owner = help_owner_of("/usr/sbin/sshd", 0, 2);
	struct owner *alone = help_owner("/usr/lib/systemd/systemd", 0);
	struct owner *empty = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 0);

	(void)state;
	assert_int_equal(owner_first(owner)->pid, 100);
	owner->processes[0]->pid = 1;
	assert_int_equal(owner_first(owner)->pid, 101);
	alone->processes[0]->pid = 1;
	assert_int_equal(owner_first(alone)->pid, 1);
	/* What systemd forked for a service is not yet the service. What has its name alone is. */
	alone->processes[0]->pid = 100;
	alone->processes[0]->parent_pid = 1;
	assert_false(process_is_init(alone->processes[0]));
	alone->processes[0]->evidence |= EVIDENCE_MANAGER;
	assert_true(process_is_init(alone->processes[0]));
	alone->processes[0]->parent_pid = 99;
	assert_false(process_is_init(alone->processes[0]));
	/* What it forks to start the generators forks, too. */
	assert_int_equal(owner_text_set(&alone->processes[0]->place.unit, "init.scope"), 0);
	assert_true(process_is_init(alone->processes[0]));
	alone->processes[0]->evidence = 0;
	assert_false(process_is_init(alone->processes[0]));
	assert_null(owner_first(empty));
	assert_false(owner_is_managers(empty));
	assert_false(owner_same(empty, empty));
	assert_null(owner_new(OWNER_PROCESS, OWNER_REASON_NONE, OWNER_PROCESSES_MAX + 1));
	assert_null(owner_ref(NULL));
	assert_null(owner_unref(NULL));
	assert_ptr_equal(owner_ref(owner), owner);
	(void)owner_unref(owner);
	assert_int_equal(owner->process_count, 2);
	(void)owner_unref(owner);
	(void)owner_unref(alone);
	(void)owner_unref(empty);
}

static void
every_name_is_there(void **state)
{
	(void)state;
	for (int i = 0; i < EVENT_COUNT; i++)
		assert_true(strlen(event_kind_name((enum event_kind)i)) > 3);
	for (int i = 0; i < STAY_STATE_COUNT; i++)
		assert_true(strlen(stay_state_name((enum stay_state)i)) >= 3);
	for (int i = 0; i < OWNER_REASON_COUNT; i++) {
		assert_int_equal(strlen(owner_reason_name((enum owner_reason)i)) > 0, i > 0);
		assert_int_equal(strlen(owner_reason_text((enum owner_reason)i)) > 0, i > 0);
	}
	for (unsigned bit = 1; bit <= INCOMPLETE_TIMEOUT; bit <<= 1)
		assert_string_not_equal(incomplete_text(bit), incomplete_text(0));
	assert_string_equal(event_kind_name(EVENT_OVERSTAY), "overstay");
	assert_string_equal(stay_state_name(STAY_PERSISTING), "persisting");
}

static void
reports_own_what_they_say(void **state)
{
	struct owner *owner = help_owner("/usr/bin/x", 1000);
	struct fact_owner item = { owner, 1000, 3, 50000 };
	char text[] = "many";
	struct report *report = report_new(NOTICE_PORTS_NOT_RESERVED, SEVERITY_NOTICE,
	    FACTS(fact_number(FACT_COUNT, 7), fact_text(FACT_ADVICE, text),
		fact_owners(FACT_OWNERS, &item, 1, 7), fact_number(FACT_TCP, 1)));

	(void)state;
	assert_non_null(report);
	text[0] = 'x';
	item.port = 1;
	(void)owner_unref(owner);
	assert_string_equal(event_kind_name(report->kind), "advice");
	assert_int_equal(report_fact(report, FACT_COUNT)->number, 7);
	assert_string_equal(report_fact(report, FACT_ADVICE)->text, "many");
	assert_int_equal(report_fact(report, FACT_OWNERS)->owners.items[0].port, 50000);
	assert_int_equal(report_fact(report, FACT_OWNERS)->owners.items[0].owner->holders, 1);
	/* The notice does not carry it. */
	assert_null(report_fact(report, FACT_TCP));
	assert_null(report->stay);
	/* Freed with the last reference, whoever gives it back. */
	assert_ptr_equal(report_ref(report), report);
	assert_null(report_unref(report));
	assert_int_equal(report_fact(report, FACT_COUNT)->number, 7);
	assert_null(report_unref(report));
	assert_null(report_ref(NULL));
	assert_null(report_unref(NULL));
}

static void
stays_are_reported_with_their_owner(void **state)
{
	struct report *report = report_new_stay(EVENT_OVERSTAY, SEVERITY_WARNING);

	(void)state;
	assert_non_null(report);
	assert_int_equal(report->notice, NOTICE_NONE);
	report->stay->owner = help_owner("/bin/x", 1);
	report->stay->rule = strdup("rule");
	report->stay->ports = calloc(2, sizeof(uint16_t));
	assert_null(report_unref(report));
}

/* Every notice has a kind that a message may have, and carries what its kind promises. */
static void
notices_have_kinds(void **state)
{
	(void)state;
	for (int i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++) {
		enum event_kind kind = notice_kind((enum notice)i);
		unsigned carried = 0;

		for (int j = 0; j < FACT_NAME_COUNT; j++)
			carried += notice_carries((enum notice)i, (enum fact_name)j);
		assert_true(carried > 0);
		assert_int_equal(notice_carries((enum notice)i, FACT_CONDITION),
		    kind == EVENT_DEGRADED || kind == EVENT_RECOVERED);
	}
	for (int i = 0; i < FACT_NAME_COUNT; i++)
		assert_true(strlen(fact_name((enum fact_name)i)) >= 3);
	for (int i = 0; i < CONDITION_COUNT; i++)
		assert_true(strlen(condition_name((enum condition)i)) >= 5);
}

/* Forks of a service manager hold what it holds for a .socket unit, and change nothing. */
static void
forks_of_a_manager_are_no_other_owner(void **state)
{
	struct owner *owner = help_owner_of("/usr/lib/systemd/systemd", 1000, 3);

	(void)state;
	rename_to(&owner->place.unit, "user@1000.service");
	rename_to(&owner->place.user_unit, "web.socket");
	for (size_t i = 0; i < owner->process_count; i++) {
		rename_to(&owner->processes[i]->place.unit, "user@1000.service");
		rename_to(&owner->processes[i]->place.user_unit, "init.scope");
		assert_false(owner_is_managers(owner));
		owner->processes[i]->evidence |= EVIDENCE_MANAGER;
	}
	assert_true(owner_is_managers(owner));
	assert_string_equal(owner_place(owner)->user_unit, "web.socket");
	/* The service that is started is no manager. */
	owner->processes[1]->evidence = 0;
	assert_false(owner_is_managers(owner));
	assert_string_equal(owner_place(owner)->user_unit, "init.scope");
	assert_null(owner_unref(owner));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exposure_is_how_it_is_bound),
		cmocka_unit_test(endpoints_are_written_as_ss_does),
		cmocka_unit_test(the_order_is_total),
		cmocka_unit_test(kernel_range_below_its_floor),
		cmocka_unit_test(ranges_that_are_not_there),
		cmocka_unit_test(long_ranges_are_cut_once),
		cmocka_unit_test(severities),
		cmocka_unit_test(same_owner),
		cmocka_unit_test(other_code_is_another_owner),
		cmocka_unit_test(code_from_standard_input_is_its_process),
		cmocka_unit_test(the_service_is_named_and_not_its_activator),
		cmocka_unit_test(forks_of_a_manager_are_no_other_owner),
		cmocka_unit_test(every_name_is_there),
		cmocka_unit_test(reports_own_what_they_say),
		cmocka_unit_test(stays_are_reported_with_their_owner),
		cmocka_unit_test(notices_have_kinds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-values", tests, NULL, NULL);
}
