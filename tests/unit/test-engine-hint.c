/* SPDX-License-Identifier: MIT */
/*
 * Which hints hold, and for whom they are reported; when surveys of a port are a hint. What another
 * process brings, and all of it through the engine, is scenario's (hint-*.scenario, rule-hint).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/hint.h"
#include "engine/usage.h"
#include "help.h"

#define BIT(name) (1U << HINT_##name)

static const struct {
	const char *name;
	enum listener_class class;
	uint8_t outlived;
	uint32_t evidence;
	bool newer, unused;
	uint32_t hints;
} cases[] = {
	{ "nothing", CLASS_USER, 0, 0, false, false, 0 },
	{ "a terminal", CLASS_USER, OUTLIVED_TERMINAL, 0, false, false, BIT(TERMINAL) },
	{ "a session", CLASS_UNKNOWN, OUTLIVED_SESSION, 0, false, false, BIT(SESSION) },
	{ "a parent", CLASS_UNKNOWN, OUTLIVED_PARENT, 0, false, false, BIT(PARENT) },
	{ "a directory", CLASS_USER, OUTLIVED_DIRECTORY, 0, false, false, BIT(DIRECTORY) },
	{ "a newer one", CLASS_USER, 0, 0, true, false, BIT(NEWER) },
	{ "nobody is connected", CLASS_UNKNOWN, 0, 0, false, true, BIT(UNUSED) },
	{ "all", CLASS_USER, OUTLIVED_ALL, 0, true, true,
	    BIT(TERMINAL) | BIT(SESSION) | BIT(PARENT) | BIT(DIRECTORY) | BIT(NEWER) |
		BIT(UNUSED) },
	{ "a service", CLASS_SERVICE, OUTLIVED_ALL, 0, true, true, 0 },
	{ "the kernel's", CLASS_KERNEL, 0, 0, false, true, 0 },
	{ "a service manager", CLASS_USER, OUTLIVED_ALL, EVIDENCE_MANAGER, false, false, 0 },
	{ "a shell of a user's", CLASS_USER, 0, EVIDENCE_SHELL_PIPED, false, false, BIT(SHELL) },
	{ "a shell of a service", CLASS_SERVICE, OUTLIVED_ALL, EVIDENCE_SHELL_PIPED, true, true,
	    BIT(SHELL) },
	{ "a shell on the network", CLASS_SERVICE, 0, EVIDENCE_SHELL_BELOW, false, false, 0 },
};

static void
hints_are_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
		struct hint_facts facts = {
			.owner = owner,
			.otherwise = cases[i].class,
			.newer = cases[i].newer,
			.unused = cases[i].unused,
		};
		uint16_t found;

		assert_non_null(owner);
		owner->processes[0]->pid = 4242;
		owner->processes[0]->outlived = cases[i].outlived;
		owner->processes[0]->evidence = cases[i].evidence;
		found = hint_find(&facts);
		if (found != cases[i].hints)
			fail_msg("%s: %#x, not %#x", cases[i].name, found, cases[i].hints);
		(void)owner_unref(owner);
	}
}

/* They are about the process that is named: the first one, and nobody without one. */
static void
hints_are_of_whom_is_named(void **state)
{
	struct owner *two = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 2);
	struct owner *nobody = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PERMISSION, 0);
	struct hint_facts facts = { .owner = two, .otherwise = CLASS_USER };

	(void)state;
	assert_non_null(two);
	assert_non_null(nobody);
	two->processes[0]->pid = 10;
	two->processes[1]->pid = 11;
	two->processes[1]->outlived = OUTLIVED_ALL;
	assert_int_equal(hint_find(&facts), 0);
	two->processes[0]->outlived = OUTLIVED_TERMINAL;
	assert_int_equal(hint_find(&facts), BIT(TERMINAL));
	/* A shell may be anybody's, unless that is a reason. */
	two->processes[1]->evidence = EVIDENCE_SHELL_PIPED;
	assert_int_equal(hint_find(&facts), BIT(TERMINAL) | BIT(SHELL));
	facts.reasons = 1U << REASON_SHELL;
	assert_int_equal(hint_find(&facts), BIT(TERMINAL));
	facts = (struct hint_facts){ .owner = nobody, .otherwise = CLASS_UNKNOWN, .unused = true };
	assert_int_equal(hint_find(&facts), BIT(UNUSED));
	(void)owner_unref(two);
	(void)owner_unref(nobody);
}

static void
hints_have_names(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HINT_COUNT; i++) {
		assert_true(strlen(hint_name((enum hint)i)) > 0);
		assert_true(strlen(hint_text((enum hint)i)) > 0);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(hint_name((enum hint)i), hint_name((enum hint)j));
		if (i == HINT_SHELL)
			continue;
		/* A suspect is of the class that it has without its reasons. */
		assert_int_equal(hints_of_class(CLASS_SUSPECT) >> i & 1,
		    hints_of_class(CLASS_KERNEL) >> i & 1);
	}
}

/* ---- surveys ------------------------------------------------------------------------------ */

#define BEGIN_USEC (1000 * USEC_PER_SEC)

struct surveys {
	struct usage usage;
	struct track track;
	struct stay *stays[1];
	struct stay_tally tally;
	struct moment moment; /* of the last survey */
};

static void
begin(struct surveys *surveys, enum protocol protocol)
{
	struct listener listener = {
		.endpoint = { .port = 50000, .protocol = (uint8_t)protocol },
		.cookie = 1,
	};

	*surveys = (struct surveys){ 0 };
	surveys->stays[0] = stay_new(&surveys->tally, &listener, BEGIN_USEC);
	assert_non_null(surveys->stays[0]);
	surveys->track = (struct track){ .stays = surveys->stays, .count = 1 };
	surveys->moment.boottime_usec = BEGIN_USEC;
}

/* So many surveys, span_usec after each other; connected: each saw a connection. */
static void
survey(struct surveys *surveys, unsigned count, uint64_t span_usec, bool connected)
{
	for (unsigned i = 0; i < count; i++) {
		struct occupancy *occupancy = occupancy_new(1);

		assert_non_null(occupancy);
		for (unsigned j = 0; j <= connected; j++)
			assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, 50000, j, j == 0),
			    0);
		surveys->moment.boottime_usec += span_usec;
		usage_take(&surveys->usage, &surveys->track, occupancy,
		    surveys->moment.boottime_usec);
		(void)occupancy_free(occupancy);
	}
	surveys->moment.realtime_usec = surveys->moment.boottime_usec + USEC_PER_DAY;
}

static bool
is_unused(const struct surveys *surveys, uint64_t later_usec)
{
	return usage_is_unused(&surveys->usage, surveys->stays[0],
	    surveys->moment.boottime_usec + later_usec);
}

/* What is reported: the number of surveys; -1 = nothing. */
static int64_t
reported(const struct surveys *surveys, uint64_t *ret_since_usec, bool *ret_seen)
{
	struct report_use use = usage_report(&surveys->usage, surveys->stays[0], &surveys->moment);

	*ret_since_usec = use.since_sec == 0 ? 0 : use.since_sec * USEC_PER_SEC - USEC_PER_DAY;
	*ret_seen = use.seen;
	return use.since_sec == 0 ? -1 : (int64_t)use.surveys;
}

static void
surveys_make_a_hint(void **state)
{
	struct surveys surveys;
	uint64_t since_usec;
	bool seen;

	(void)state;
	begin(&surveys, PROTOCOL_TCP);
	assert_false(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), -1);
	/* Ten of them, and five minutes from the first to the last. */
	survey(&surveys, 10, 30 * USEC_PER_SEC, false);
	assert_false(is_unused(&surveys, 0));
	survey(&surveys, 1, 30 * USEC_PER_SEC, false);
	assert_true(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), 11);
	assert_int_equal(since_usec, BEGIN_USEC + 30 * USEC_PER_SEC);
	assert_false(seen);
	/* Nobody knows what it is like when no survey follows. */
	assert_true(is_unused(&surveys, 60 * USEC_PER_SEC));
	assert_false(is_unused(&surveys, 70 * USEC_PER_SEC));
	/* One connection is enough; then they are counted from that one. */
	survey(&surveys, 1, 30 * USEC_PER_SEC, true);
	assert_false(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), 0);
	assert_true(seen);
	survey(&surveys, 9, 30 * USEC_PER_SEC, false);
	assert_false(is_unused(&surveys, 0));
	survey(&surveys, 1, 30 * USEC_PER_SEC, false);
	assert_true(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), 10);
	assert_int_equal(since_usec, BEGIN_USEC + 12 * 30 * USEC_PER_SEC);
	assert_true(seen);
	stay_free(surveys.stays[0]);
}

/* As fast as a second, a minute apart, and beyond. */
static void
the_pace_matters(void **state)
{
	static const struct {
		uint64_t span_usec;
		unsigned least; /* surveys until it is unused, 0 = never */
	} paces[] = {
		{ USEC_PER_SEC, 301 },
		{ 30 * USEC_PER_SEC, 11 },
		{ 60 * USEC_PER_SEC, 10 },
		{ 65 * USEC_PER_SEC, 10 },
		{ 66 * USEC_PER_SEC, 0 },
		{ 10 * USEC_PER_MIN, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paces); i++) {
		struct surveys surveys;
		unsigned count = 0;

		begin(&surveys, PROTOCOL_TCP);
		while (count < 400 && !is_unused(&surveys, 0)) {
			survey(&surveys, 1, paces[i].span_usec, false);
			count++;
		}
		assert_int_equal(count, paces[i].least == 0 ? 400 : paces[i].least);
		stay_free(surveys.stays[0]);
	}
}

/* After a gap (surveys that failed, a host that slept) nothing is known of what was before. */
static void
a_gap_begins_anew(void **state)
{
	struct surveys surveys;
	uint64_t since_usec;
	bool seen;

	(void)state;
	begin(&surveys, PROTOCOL_TCP);
	survey(&surveys, 1, 30 * USEC_PER_SEC, true);
	survey(&surveys, 20, 30 * USEC_PER_SEC, false);
	assert_true(is_unused(&surveys, 0));
	survey(&surveys, 1, 2 * USEC_PER_MIN, false);
	assert_false(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), 1);
	assert_false(seen);
	assert_int_equal(since_usec, surveys.moment.boottime_usec);
	stay_free(surveys.stays[0]);
}

static void
udp_has_no_connections(void **state)
{
	struct surveys surveys;
	uint64_t since_usec;
	bool seen;

	(void)state;
	begin(&surveys, PROTOCOL_UDP);
	survey(&surveys, 100, 30 * USEC_PER_SEC, false);
	assert_false(is_unused(&surveys, 0));
	assert_int_equal(reported(&surveys, &since_usec, &seen), -1);
	stay_free(surveys.stays[0]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints_are_found),
		cmocka_unit_test(hints_are_of_whom_is_named),
		cmocka_unit_test(hints_have_names),
		cmocka_unit_test(surveys_make_a_hint),
		cmocka_unit_test(the_pace_matters),
		cmocka_unit_test(a_gap_begins_anew),
		cmocka_unit_test(udp_has_no_connections),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
