/* SPDX-License-Identifier: MIT */
/*
 * The table of paths that lead elsewhere by links: what of a glob is followed, its order, its
 * bounds, what is news.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/link.h"

static void
what_is_followed(void **state)
{
	static const struct {
		const char *glob;
		size_t length;
	} cases[] = {
		{ "/usr/bin/java", 13 },
		{ "/bin/python3*", 4 },
		{ "/bin/*/x", 4 },
		{ "/opt/j?k/bin/java", 4 },
		{ "/usr/bin/a\\*b", 8 },
		{ "/x*", 0 },
		{ "/*", 0 },
		{ "/", 0 },
		{ "**/nc", 0 },
		{ "", 0 },
	};
	static char far[LINK_PATH_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (link_length(cases[i].glob) != cases[i].length)
			fail_msg("%s: %zu", cases[i].glob, link_length(cases[i].glob));
	memset(far, '/', sizeof(far) - 1);
	assert_int_equal(link_length(far), 0);
	far[LINK_PATH_MAX - 1] = '\0';
	assert_int_equal(link_length(far), LINK_PATH_MAX - 1);
}

static int
add(struct link_table *table, const char *path)
{
	return link_table_add(table, path, strlen(path));
}

static void
each_once_and_in_order(void **state)
{
	static const char *const paths[] = { "/usr/bin/b", "/bin", "/usr/bin", "/usr/bin/b", "/z",
		"/usr/bin/a", "/bin" };
	struct link_table table = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		assert_int_equal(add(&table, paths[i]), 0);
	assert_int_equal(table.count, 5);
	for (size_t i = 1; i < table.count; i++)
		assert_true(strcmp(table.links[i - 1].path, table.links[i].path) < 0);
	/* A part of a text is a path, too. */
	assert_string_equal(link_table_find(&table, "/usr/bin/b", 8)->path, "/usr/bin");
	assert_null(link_table_find(&table, "/usr/bin/b", 4));
	assert_null(link_table_find(&table, "/usr/bin/bc", 11));
	link_table_clear(&table);
	assert_null(link_table_find(&table, "/bin", 4));
}

static void
what_is_news(void **state)
{
	struct link_table table = { 0 }, from = { 0 };
	struct link *link;

	(void)state;
	assert_false(link_table_is_open(&table));
	assert_int_equal(add(&table, "/bin"), 0);
	assert_int_equal(add(&table, "/sbin"), 0);
	assert_int_equal(add(&from, "/bin"), 0);
	assert_int_equal(add(&from, "/lib"), 0);
	assert_true(link_table_is_open(&table));
	/* What nobody asked for is no news. */
	assert_int_equal(link_table_take(&table, &from), 0);
	assert_int_equal(link_set_target(&from.links[0], "/usr/bin/x", 8), 1);
	assert_int_equal(link_set_target(&from.links[0], "/usr/bin", 8), 0);
	assert_int_equal(link_set_target(&from.links[1], "", 0), 1);
	assert_int_equal(link_set_target(&from.links[1], "", 0), 0);
	assert_int_equal(link_table_take(&table, &from), 1);
	assert_int_equal(link_table_take(&table, &from), 0);
	link = link_table_find(&table, "/bin", 4);
	assert_string_equal(link->target, "/usr/bin");
	assert_true(link_table_is_open(&table));
	/* Of what nobody can say it is not asked again by itself. */
	link = link_table_find(&table, "/sbin", 5);
	assert_int_equal(link_set_target(link, NULL, 0), 1);
	assert_int_equal(link_set_target(link, NULL, 0), 0);
	assert_null(link->target);
	assert_false(link_table_is_open(&table));
	link = link_table_find(&table, "/bin", 4);
	/* It leads elsewhere now, and then nowhere. */
	assert_int_equal(link_set_target(&from.links[0], "/usr", 4), 1);
	assert_int_equal(link_table_take(&table, &from), 1);
	assert_string_equal(link->target, "/usr");
	assert_int_equal(link_set_target(&from.links[0], "", 0), 1);
	assert_int_equal(link_table_take(&table, &from), 1);
	assert_string_equal(link->target, "");
	assert_int_equal(link_set_target(&from.links[0], NULL, 0), 1);
	assert_int_equal(link_table_take(&table, &from), 1);
	assert_null(link->target);
	link_table_clear(&table);
	link_table_clear(&from);
}

static void
bounds(void **state)
{
	static char far[LINK_PATH_MAX];
	struct link_table table = { 0 };
	char path[16];

	(void)state;
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/%u", i);
		assert_int_equal(add(&table, path), 0);
	}
	assert_int_equal(add(&table, "/x"), -E2BIG);
	/* One that is there needs no room. */
	assert_int_equal(add(&table, "/7"), 0);
	link_table_clear(&table);
	memset(far, 'x', sizeof(far) - 1);
	far[0] = '/';
	for (unsigned i = 0; i < LINKS_BYTES_MAX / (LINK_PATH_MAX - 1); i++) {
		far[1] = (char)('a' + i);
		assert_int_equal(add(&table, far), 0);
	}
	far[1] = 'z';
	assert_int_equal(add(&table, far), -E2BIG);
	link_table_clear(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_followed),
		cmocka_unit_test(each_once_and_in_order),
		cmocka_unit_test(what_is_news),
		cmocka_unit_test(bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-link", tests, NULL, NULL);
}
