/* SPDX-License-Identifier: MIT */
/*
 * Growing arrays and the binary search, against what is written out here.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/search.h"
#include "failing-memory.h"

static void
an_array_keeps_what_is_in_it(void **state)
{
	uint32_t *items = NULL;
	size_t room = 0, moves = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		size_t before = room;

		assert_int_equal(array_reserve(&items, &room, i + 1, 100000), 0);
		assert_true(room > i && room <= 100000);
		moves += room != before;
		items[i] = i;
	}
	for (uint32_t i = 0; i < 100000; i++)
		assert_int_equal(items[i], i);
	/* By a half each time, not by one. */
	assert_true(moves < 25);
	assert_int_equal(array_reserve(&items, &room, 100001, 100000), -E2BIG);
	assert_int_equal(room, 100000);
	free(items);
}

static void
there_is_room_for_what_is_wanted_and_for_no_more_than_the_most(void **state)
{
	char *text = NULL;
	size_t room = 0;

	(void)state;
	assert_int_equal(array_reserve(&text, &room, 10, 10), 0);
	assert_int_equal(room, 10);
	assert_int_equal(array_reserve(&text, &room, 1000000, SIZE_MAX), 0);
	assert_int_equal(room, 1000000);
	memset(text, 'z', room);
	assert_int_equal(array_fit(&text, 3), 0);
	assert_memory_equal(text, "zzz", 3);
	free(text);
}

static void
room_that_cannot_be_counted_is_refused(void **state)
{
	uint64_t *items = NULL;
	size_t room = 0;

	(void)state;
	assert_int_equal(array_reserve(&items, &room, 1, ARRAY_UNBOUNDED), 0);
	items[0] = 4711;
	assert_int_equal(array_reserve(&items, &room, SIZE_MAX / 8 + 1, ARRAY_UNBOUNDED), -ENOMEM);
	assert_int_equal(array_reserve(&items, &room, SIZE_MAX, ARRAY_UNBOUNDED), -ENOMEM);
	assert_int_equal(array_fit(&items, SIZE_MAX / 4), -ENOMEM);
	assert_int_equal(items[0], 4711);
	free(items);
	/* Half as much again would be more than there are numbers. */
	items = NULL;
	room = SIZE_MAX - 1;
	assert_int_equal(array_reserve(&items, &room, SIZE_MAX, ARRAY_UNBOUNDED), -ENOMEM);
	assert_int_equal(room, SIZE_MAX - 1);
}

static void
without_memory_nothing_changes(void **state)
{
	uint32_t *items = NULL;
	size_t room = 0, full;

	(void)state;
	assert_int_equal(array_reserve(&items, &room, 1, 1000), 0);
	items[0] = 7;
	full = room;
	memory_arm(1);
	assert_int_equal(array_reserve(&items, &room, full + 1, 1000), -ENOMEM);
	assert_int_equal(memory_disarm(), 1);
	assert_int_equal(room, full);
	assert_int_equal(items[0], 7);
	assert_int_equal(array_reserve(&items, &room, full + 1, 1000), 0);
	assert_int_equal(items[0], 7);
	free(items);
}

static int
compare_numbers(const void *key, const void *element)
{
	int left = *(const int *)key, right = *(const int *)element;

	return left < right ? -1 : left > right;
}

static void
a_search_finds_the_first_that_is_not_less(void **state)
{
	int numbers[40];

	(void)state;
	assert_int_equal(search_bound(&(int){ 1 }, NULL, 0, sizeof(int), compare_numbers), 0);
	assert_null(search_find(&(int){ 1 }, NULL, 0, sizeof(int), compare_numbers));
	/* 0 0 0 3 3 3 6 6 6 ..., cut at every length. */
	for (int i = 0; i < 40; i++)
		numbers[i] = i / 3 * 3;
	for (size_t count = 0; count <= 40; count++)
		for (int key = -1; key < 42; key++) {
			size_t first = 0;

			while (first < count && numbers[first] < key)
				first++;
			assert_int_equal(
			    search_bound(&key, numbers, count, sizeof(int), compare_numbers),
			    first);
			assert_ptr_equal(
			    search_find(&key, numbers, count, sizeof(int), compare_numbers),
			    first < count && numbers[first] == key ? &numbers[first] : NULL);
		}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_keeps_what_is_in_it),
		cmocka_unit_test(there_is_room_for_what_is_wanted_and_for_no_more_than_the_most),
		cmocka_unit_test(room_that_cannot_be_counted_is_refused),
		cmocka_unit_test(without_memory_nothing_changes),
		cmocka_unit_test(a_search_finds_the_first_that_is_not_less),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-array", tests, NULL, NULL);
}
