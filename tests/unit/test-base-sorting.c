/* SPDX-License-Identifier: MIT */
/*
 * A sort in slices of any length: the order is that of a stable sort; who gives up has all items.
 */
#include "config-expect.h"

#include <stdlib.h>

#include "base/macros.h"
#include "base/sorting.h"

struct item {
	unsigned key, number;
	char more[5]; /* no size that a word has */
};

static struct item items[1000];

static void
fill(size_t count)
{
	for (size_t i = 0; i < count; i++)
		items[i] = (struct item){ (unsigned)rand() % 100, (unsigned)i, "abcd" };
}

static int
compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static bool
no_more(void *argument)
{
	++*(size_t *)argument;
	return false;
}

static void
check(size_t count)
{
	for (size_t i = 1; i < count; i++)
		assert_true(items[i - 1].key < items[i].key ||
		    (items[i - 1].key == items[i].key && items[i - 1].number < items[i].number));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(items[i].more, "abcd");
}

static void
in_slices(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 7, 8, 9, 100, 999, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		for (uint32_t every = 1; every < 300; every = every * 3 + 1) {
			struct sorting sorting;
			size_t slices = 0;
			struct slice slice;

			fill(counts[i]);
			sorting_begin(&sorting, items, counts[i], sizeof(items[0]), compare);
			do
				slice = slice_of(every, no_more, &slices);
			while (!sorting_go_on(&sorting, &slice));
			check(counts[i]);
			if (counts[i] > 2 && every == 1)
				assert_true(slices > counts[i]);
		}
}

static void
given_up(void **state)
{
	enum { COUNT = 100 };

	(void)state;
	for (uint32_t every = 1; every < 700; every++) {
		bool seen[COUNT] = { false };
		struct sorting sorting;
		size_t slices = 0;
		struct slice slice = slice_of(every, no_more, &slices);

		fill(COUNT);
		sorting_begin(&sorting, items, COUNT, sizeof(items[0]), compare);
		(void)sorting_go_on(&sorting, &slice);
		sorting_clear(&sorting);
		for (size_t i = 0; i < COUNT; i++) {
			assert_false(seen[items[i].number]);
			seen[items[i].number] = true;
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_slices),
		cmocka_unit_test(given_up),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sorting", tests, NULL, NULL);
}
