/* SPDX-License-Identifier: MIT */
/*
 * Time spans: what is read, what is refused, and that what is written reads back as the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/duration.h"
#include "help.h"

#define CENTURY_USEC (36525ULL * USEC_PER_DAY)

static void
reads_spans(void **state)
{
	static const struct {
		const char *text;
		uint64_t usec;
	} cases[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "5", 5 * USEC_PER_SEC },
		{ "90s", 90 * USEC_PER_SEC },
		{ "  7 s  ", 7 * USEC_PER_SEC },
		{ "10min", 10 * USEC_PER_MIN },
		{ "10m", 10 * USEC_PER_MIN },
		{ "1h 30min", 90 * USEC_PER_MIN },
		{ "1h30min", 90 * USEC_PER_MIN },
		{ "30min 1h", 90 * USEC_PER_MIN },
		{ "1h 5", USEC_PER_HOUR + 5 * USEC_PER_SEC },
		{ "2d", 2 * USEC_PER_DAY },
		{ "1 week 2 days 3 hours 4 minutes 5 seconds 6 msec 7 usec",
		    9 * USEC_PER_DAY + 3 * USEC_PER_HOUR + 4 * USEC_PER_MIN + 5 * USEC_PER_SEC +
			6 * USEC_PER_MSEC + 7 },
		{ "1w1d1hr1sec1ms1us", 8 * USEC_PER_DAY + USEC_PER_HOUR + USEC_PER_SEC + 1001 },
		{ "36525d", CENTURY_USEC },
		{ "3155760000s", CENTURY_USEC },
		{ "never", USEC_NEVER },
		{ "infinity", USEC_NEVER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t usec = 42;
		assert_int_equal(duration_parse(cases[i].text, &usec), 0);
		assert_int_equal(usec, cases[i].usec);
	}
}

static void
refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		int error;
	} cases[] = {
		{ "", -EINVAL },
		{ "   ", -EINVAL },
		{ "s", -EINVAL },
		{ "-1s", -EINVAL },
		{ "+1s", -EINVAL },
		{ "1.5h", -EINVAL },
		{ "1h,", -EINVAL },
		{ "1 fortnight", -EINVAL },
		{ "1S", -EINVAL },
		{ "10 min!", -EINVAL },
		{ "1h never", -EINVAL },
		{ "never 1h", -EINVAL },
		{ "Never", -EINVAL },
		{ "0x10s", -EINVAL },
		{ "1s\n", -EINVAL },
		{ "1\xc2\xa0s", -EINVAL },
		{ "36525d 1us", -ERANGE },
		{ "36526d", -ERANGE },
		{ "3155760001", -ERANGE },
		{ "99999999999999999999999999", -ERANGE },
		{ "18446744073709551616us", -ERANGE },
		{ "20000d 20000d", -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t usec = 42;
		assert_int_equal(duration_parse(cases[i].text, &usec), cases[i].error);
		/* Not clobbered. */
		assert_int_equal(usec, 42);
	}
}

static void
writes_exactly(void **state)
{
	static const struct {
		uint64_t usec;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 1, "1us" },
		{ 1500 * USEC_PER_MSEC, "1s 500ms" },
		{ 90 * USEC_PER_MIN, "1h 30min" },
		{ 7 * USEC_PER_DAY, "7d" },
		{ USEC_PER_DAY + 1, "1d 1us" },
		{ CENTURY_USEC, "36525d" },
		{ USEC_NEVER, "never" },
	};
	char buffer[DURATION_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(duration_format(cases[i].usec, buffer), cases[i].text);
}

static void
writes_for_a_person(void **state)
{
	static const struct {
		uint64_t usec;
		const char *text;
	} cases[] = {
		{ 0, "0s" },
		{ 999, "999us" },
		{ 1999, "1ms" },
		{ 350 * USEC_PER_MSEC + 7, "350ms" },
		{ USEC_PER_SEC - 1, "999ms" },
		{ USEC_PER_SEC, "1s" },
		{ 10 * USEC_PER_MIN + 4 * USEC_PER_SEC + 999999, "10min 4s" },
		{ USEC_PER_HOUR + 4 * USEC_PER_SEC, "1h" },
		{ 212 * USEC_PER_DAY + 3 * USEC_PER_HOUR + 59 * USEC_PER_MIN, "212d 3h" },
		{ USEC_NEVER, "unknown" },
	};
	char buffer[DURATION_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(duration_format_short(cases[i].usec, buffer), cases[i].text);
}

static void
any_span_reads_back(void **state)
{
	uint64_t seed = help_seed();
	char buffer[DURATION_TEXT_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		/* All magnitudes alike. */
		uint64_t usec = help_random(&seed) >> help_below(&seed, 64), back = 1;

		buffer[DURATION_TEXT_MAX] = '#';
		assert_true(strlen(duration_format(usec, buffer)) < DURATION_TEXT_MAX);
		assert_int_equal(buffer[DURATION_TEXT_MAX], '#');
		if (usec == USEC_NEVER || usec <= CENTURY_USEC) {
			assert_int_equal(duration_parse(buffer, &back), 0);
			assert_int_equal(back, usec);
		} else
			assert_int_equal(duration_parse(buffer, &back), -ERANGE);
		assert_true(strlen(duration_format_short(usec, buffer)) < DURATION_TEXT_MAX);
		if (usec <= CENTURY_USEC) {
			assert_int_equal(duration_parse(buffer, &back), 0);
			assert_true(back <= usec);
			/* Two units are most of it. */
			assert_true(usec - back <= usec / 2);
		}
	}
}

static void
any_text_is_survived(void **state)
{
	static const char letters[] = "0123456789 smhdw usecinfty-.\xff";
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		char text[24], written[DURATION_TEXT_MAX];
		size_t length = help_below(&seed, sizeof(text));
		uint64_t usec = 42, back = 0;
		int r;

		for (size_t c = 0; c < length; c++)
			text[c] = letters[help_below(&seed, sizeof(letters) - 1)];
		text[length] = '\0';
		r = duration_parse(text, &usec);
		if (r < 0) {
			assert_true(r == -EINVAL || r == -ERANGE);
			assert_int_equal(usec, 42);
			continue;
		}
		assert_int_equal(duration_parse(duration_format(usec, written), &back), 0);
		assert_int_equal(back, usec);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_spans),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(writes_exactly),
		cmocka_unit_test(writes_for_a_person),
		cmocka_unit_test(any_span_reads_back),
		cmocka_unit_test(any_text_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-duration", tests, NULL, NULL);
}
