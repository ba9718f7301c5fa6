/* SPDX-License-Identifier: MIT */
/*
 * Hash tables while memory is short: the program goes on, and the table holds what it says.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/table.h"
#include "engine/verified.h"
#include "failing-memory.h"

/* Enough for a table that grows three times. */
#define COUNT 1000

struct entry {
	uint64_t key;
	UT_hash_handle hh;
};

static struct entry *
find(struct entry *table, uint64_t key)
{
	struct entry *found;

	HASH_FIND(hh, table, &key, sizeof(key), found);
	return found;
}

/* Adds all, the allocation of that number failing. Returns how many allocations there were. */
static size_t
add_all(size_t failing, struct entry entries[COUNT], struct entry **ret)
{
	struct entry *table = NULL;
	size_t allocations;

	memory_arm(failing);
	for (size_t i = 0; i < COUNT; i++) {
		struct entry *entry = &entries[i];

		*entry = (struct entry){ .key = i * 4711 };
		HASH_ADD(hh, table, key, sizeof(entry->key), entry);
	}
	allocations = memory_disarm();
	*ret = table;
	return allocations;
}

static void
a_table_goes_on_without_memory(void **state)
{
	static struct entry entries[COUNT];
	size_t allocations = 1, refused = 0;

	(void)state;
	for (size_t failing = 0; failing <= allocations; failing++) {
		struct entry *table, *entry, *next;
		size_t held = 0;

		allocations = add_all(failing, entries, &table);
		for (size_t i = 0; i < COUNT; i++) {
			assert_ptr_equal(find(table, i * 4711),
			    table_holds(&entries[i]) ? &entries[i] : NULL);
			held += table_holds(&entries[i]);
		}
		assert_int_equal(HASH_COUNT(table), held);
		refused += COUNT - held;
		HASH_ITER (hh, table, entry, next)
			HASH_DEL(table, entry);
	}
	/* The table, its first buckets, and the buckets each time that it grows. */
	assert_true(allocations > 4);
	assert_int_equal(refused, allocations);
}

static void
mark(const struct executable *executable, void *argument)
{
	((bool *)argument)[executable->pid] = true;
}

static void
a_verified_program_is_remembered_or_the_caller_knows(void **state)
{
	char path[] = "/x";
	size_t allocations = 1;

	(void)state;
	for (size_t failing = 1; failing <= allocations; failing++) {
		bool added[100] = { false }, told[100] = { false };
		struct verified verified = { .added = mark, .argument = told };
		size_t refused = 0;

		memory_arm(failing);
		for (int32_t i = 0; i < 100; i++) {
			struct executable executable = { .pid = i, .path = path };
			int r = verified_add(&verified, &executable);

			assert_true(r == 0 || r == -ENOMEM);
			added[i] = r == 0;
			refused += r < 0;
		}
		allocations = memory_disarm();
		verified_tell(&verified);
		assert_memory_equal(told, added, sizeof(told));
		assert_int_equal(refused, 1);
		verified_clear(&verified);
	}
	assert_true(allocations > 200);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_goes_on_without_memory),
		cmocka_unit_test(a_verified_program_is_remembered_or_the_caller_knows),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-table", tests, NULL, NULL);
}
