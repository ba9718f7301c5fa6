/* SPDX-License-Identifier: MIT */
/*
 * Port sets against a plain array of booleans, and the reading of port ranges.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/port-set.h"
#include "help.h"

static void
expect_runs(const struct port_set *set, const bool members[PORT_COUNT])
{
	struct port_range run = { 0 };
	uint32_t port = 0;
	unsigned count = 0;

	for (uint32_t from = 0; port_set_next(set, from, &run); from = run.last + 1U) {
		assert_true(run.first >= from && run.first <= run.last);
		for (; port < run.first; port++)
			assert_false(members[port]);
		for (; port <= run.last; port++, count++)
			assert_true(members[port]);
		/* A run is as long as can be. */
		assert_true(run.last == PORT_COUNT - 1 || !members[run.last + 1]);
	}
	for (; port < PORT_COUNT; port++)
		assert_false(members[port]);
	assert_int_equal(port_set_count(set), count);
}

static void
the_ends_belong_to_it(void **state)
{
	struct port_set set, other;
	struct port_range run;

	(void)state;
	port_set_clear(&set);
	assert_int_equal(port_set_count(&set), 0);
	assert_false(port_set_next(&set, 0, &run));
	port_set_add(&set, 65535, 65535);
	port_set_add(&set, 0, 0);
	assert_true(port_set_has(&set, 0) && port_set_has(&set, 65535));
	assert_false(port_set_has(&set, 1) || port_set_has(&set, 65534));
	assert_true(port_set_next(&set, 1, &run));
	assert_int_equal(run.first, 65535);
	assert_int_equal(run.last, 65535);
	assert_false(port_set_next(&set, PORT_COUNT, &run));
	port_set_add(&set, 0, 65535);
	assert_int_equal(port_set_count(&set), PORT_COUNT);
	assert_true(port_set_next(&set, 0, &run));
	assert_true(run.first == 0 && run.last == 65535);
	port_set_clear(&other);
	assert_false(port_set_equal(&set, &other));
	port_set_union(&other, &set);
	assert_true(port_set_equal(&set, &other));
}

static void
as_an_array_of_booleans(void **state)
{
	static bool members[PORT_COUNT], more[PORT_COUNT];
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct port_set set, other;
		unsigned ranges = (unsigned)help_below(&seed, 20);

		port_set_clear(&set);
		port_set_clear(&other);
		memset(members, 0, sizeof(members));
		memset(more, 0, sizeof(more));
		for (unsigned i = 0; i < ranges; i++) {
			uint16_t first = (uint16_t)help_random(&seed);
			uint32_t length = (uint32_t)help_below(&seed, 1U << help_below(&seed, 14));
			uint16_t last = (uint16_t)(first + length > 65535 ? 65535 : first + length);
			bool second = i % 3 == 0;

			port_set_add(second ? &other : &set, first, last);
			for (uint32_t port = first; port <= last; port++)
				(second ? more : members)[port] = true;
		}
		expect_runs(&set, members);
		expect_runs(&other, more);
		port_set_union(&set, &other);
		for (uint32_t port = 0; port < PORT_COUNT; port++) {
			members[port] |= more[port];
			assert_int_equal(port_set_has(&set, (uint16_t)port), members[port]);
		}
		expect_runs(&set, members);
	}
}

static void
reads_ranges(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint16_t first, last;
	} cases[] = {
		{ "1", 0, 1, 1 },
		{ "65535", 0, 65535, 65535 },
		{ "49152-65535", 0, 49152, 65535 },
		{ "80-80", 0, 80, 80 },
		{ "00080", 0, 80, 80 },
		{ "0", -EINVAL, 0, 0 },
		{ "0-5", -EINVAL, 0, 0 },
		{ "5-0", -EINVAL, 0, 0 },
		{ "65536", -EINVAL, 0, 0 },
		{ "1-65536", -EINVAL, 0, 0 },
		{ "4294967377", -EINVAL, 0, 0 },
		{ "18446744073709551617", -EINVAL, 0, 0 },
		{ "9-8", -ERANGE, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ "-", -EINVAL, 0, 0 },
		{ "-5", -EINVAL, 0, 0 },
		{ "5-", -EINVAL, 0, 0 },
		{ "1-2-3", -EINVAL, 0, 0 },
		{ " 5", -EINVAL, 0, 0 },
		{ "5 ", -EINVAL, 0, 0 },
		{ "1 - 2", -EINVAL, 0, 0 },
		{ "http", -EINVAL, 0, 0 },
		{ "0x50", -EINVAL, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct port_range range = { 7, 9 };

		assert_int_equal(port_range_parse(cases[i].text, &range), cases[i].r);
		assert_int_equal(range.first, cases[i].r == 0 ? cases[i].first : 7);
		assert_int_equal(range.last, cases[i].r == 0 ? cases[i].last : 9);
	}
}

static void
writes_ranges(void **state)
{
	struct port_set set = { 0 };
	char text[64], small[16];

	(void)state;
	assert_true(port_set_format(&set, text, sizeof(text)));
	assert_string_equal(text, "");
	assert_true(port_set_format(&set, small, 1));
	port_set_add(&set, 8080, 8080);
	port_set_add(&set, 9000, 9010);
	port_set_add(&set, 65534, 65535);
	assert_true(port_set_format(&set, text, sizeof(text)));
	assert_string_equal(text, "8080,9000-9010,65534-65535");
	assert_true(port_set_format(&set, text, strlen(text) + 1));
	assert_string_equal(text, "8080,9000-9010,65534-65535");
	/* A byte less: no half of a run. */
	assert_false(port_set_format(&set, text, strlen(text)));
	assert_string_equal(text, "8080,9000-9010");
	assert_false(port_set_format(&set, small, 4));
	assert_string_equal(small, "");
	port_set_add(&set, 0, 0);
	assert_true(port_set_format(&set, text, sizeof(text)));
	assert_string_equal(text, "0,8080,9000-9010,65534-65535");
	port_set_add(&set, 0, 65535);
	assert_true(port_set_format(&set, text, sizeof(text)));
	assert_string_equal(text, "0-65535");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ends_belong_to_it),
		cmocka_unit_test(as_an_array_of_booleans),
		cmocka_unit_test(reads_ranges),
		cmocka_unit_test(writes_ranges),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-port-set", tests, NULL, NULL);
}
