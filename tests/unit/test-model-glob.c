/* SPDX-License-Identifier: MIT */
/*
 * Globs: a table, a slow matcher by recursion that says the definition, and hostile pairs that
 * take such a matcher for ever.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "help.h"
#include "model/glob.h"

static void
the_table(void **state)
{
	static const struct {
		const char *glob, *text;
		bool in_text, in_path;
	} cases[] = {
		{ "", "", true, true },
		{ "", "a", false, false },
		{ "a", "", false, false },
		{ "abc", "abc", true, true },
		{ "abc", "abd", false, false },
		{ "abc", "abcd", false, false },
		{ "ABC", "abc", false, false },
		{ "*", "", true, true },
		{ "*", "abc", true, true },
		{ "*", "a/b", true, false },
		{ "**", "a/b", true, true },
		{ "***", "a/b", true, true },
		{ "?", "", false, false },
		{ "?", "a", true, true },
		{ "?", "/", true, false },
		{ "??", "a", false, false },
		{ "/usr/bin/*", "/usr/bin/python3", true, true },
		{ "/usr/bin/*", "/usr/bin/", true, true },
		{ "/usr/bin/*", "/usr/bin/a/b", true, false },
		{ "/usr/**", "/usr/bin/a/b", true, true },
		{ "/usr/**/b", "/usr/bin/a/b", true, true },
		{ "/usr/**/b", "/usr/b", false, false },
		{ "/usr/*/b", "/usr/bin/a/b", true, false },
		{ "/opt/*/bin/**", "/opt/x/bin/y/z", true, true },
		{ "/opt/*/bin/**", "/opt/x/y/bin/z", true, false },
		{ "**/nc", "/usr/bin/nc", true, true },
		{ "**/n?", "/usr/bin/nc", true, true },
		{ "*.so", "libx.so", true, true },
		{ "*.so", "libx.so.1", false, false },
		{ "a*b*c", "aXbYbZc", true, true },
		{ "a*b*c", "aXbYbZ", false, false },
		{ "\\*", "*", true, true },
		{ "\\*", "a", false, false },
		{ "\\?", "?", true, true },
		{ "\\\\", "\\", true, true },
		{ "\\", "\\", true, true },
		{ "a\\bc", "abc", true, true },
		{ "[a]", "[a]", true, true },
		{ "[a]", "a", false, false },
		{ "{a,b}", "a", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (glob_match(cases[i].glob, cases[i].text, GLOB_TEXT) != cases[i].in_text ||
		    glob_match(cases[i].glob, cases[i].text, GLOB_PATH) != cases[i].in_path)
			fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].text);
	}
}

/* In a name a backslash is a letter like others. */
static void
names(void **state)
{
	static const struct {
		const char *glob, *text;
		bool is;
	} cases[] = {
		{ "my\\x2dapp.service", "my\\x2dapp.service", true },
		{ "my\\x2d*", "my\\x2dapp.service", true },
		{ "my\\*", "my\\x2dapp.service", true },
		{ "my\\*", "my*", false },
		{ "my\\\\x2d*", "my\\x2dapp.service", false },
		{ "a\\", "a\\", true },
		{ "*", "a/b", true },
		{ "?", "\\", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (glob_match(cases[i].glob, cases[i].text, GLOB_NAME) != cases[i].is)
			fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].text);
}

/* The definition. */
static bool
match_slowly(const char *glob, const char *text, bool path)
{
	if (*glob == '\0')
		return *text == '\0';
	if (*glob == '*') {
		bool two = glob[1] == '*';
		const char *rest = glob + (two ? 2 : 1);

		for (;; text++) {
			if (match_slowly(rest, text, path))
				return true;
			if (*text == '\0' || (path && !two && *text == '/'))
				return false;
		}
	}
	if (*text == '\0')
		return false;
	if (*glob == '?')
		return !(path && *text == '/') && match_slowly(glob + 1, text + 1, path);
	if (*glob == '\\' && glob[1] != '\0')
		glob++;
	return *glob == *text && match_slowly(glob + 1, text + 1, path);
}

static void
against_the_definition(void **state)
{
	static const char glob_letters[] = "ab/*****?\\", text_letters[] = "aaabb//*\\";
	uint64_t seed = help_seed();
	unsigned matched = 0;

	(void)state;
	for (unsigned i = 0; i < 1000000; i++) {
		char glob[12], text[14];
		size_t glob_length = help_below(&seed, sizeof(glob));
		size_t text_length = help_below(&seed, sizeof(text));
		bool path = help_below(&seed, 2) != 0, wanted;

		for (size_t k = 0; k < glob_length; k++)
			glob[k] = glob_letters[help_below(&seed, sizeof(glob_letters) - 1)];
		for (size_t k = 0; k < text_length; k++)
			text[k] = text_letters[help_below(&seed, sizeof(text_letters) - 1)];
		glob[glob_length] = text[text_length] = '\0';
		wanted = match_slowly(glob, text, path);
		matched += wanted;
		if (glob_match(glob, text, path ? GLOB_PATH : GLOB_TEXT) != wanted)
			fail_msg("\"%s\" and \"%s\" as %s", glob, text, path ? "path" : "text");
	}
	/* Not only pairs that differ. */
	assert_true(matched > 20000);
}

/* alarm(2) ends the program where one of these takes exponential time. */
static void
hostile_pairs_end(void **state)
{
	static const char *const globs[] = { "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b",
		"**a**a**a**a**a**a**a**a**a**a**b", "**a*a**a*a**a*a**a*a**a*a**a*ab",
		"*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?*?b", "**/a*/**/a*/**/a*/**/a*/**/b" };
	char text[4097];

	(void)state;
	(void)alarm(60);
	for (unsigned slashes = 0; slashes < 3; slashes++) {
		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = slashes > 0 && i % (slashes == 1 ? 200 : 2) == 0 ? '/' : 'a';
		text[sizeof(text) - 1] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(globs); i++) {
			assert_false(glob_match(globs[i], text, GLOB_TEXT));
			assert_false(glob_match(globs[i], text, GLOB_PATH));
		}
	}
	(void)alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table),
		cmocka_unit_test(names),
		cmocka_unit_test(against_the_definition),
		cmocka_unit_test(hostile_pairs_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("model-glob", tests, NULL, NULL);
}
