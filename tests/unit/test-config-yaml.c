/* SPDX-License-Identifier: MIT */
/*
 * What the YAML reader refuses, with the exact place of each: syntax, characters, aliases,
 * tags, duplicates, depth, size, number.
 */
#include "config-expect.h"

#include "base/macros.h"
#include "config/yaml.h"

static void
test_syntax(void **state)
{
	static const struct expectation expectations[] = {
		{ "", "" },
		{ "# only a comment\n", "" },
		{ "---\n", "" },
		{ "%YAML 1.1\n---\ninterval: 3s\n...\n", "" },
		{ "\xef\xbb\xbfinterval: 3s\n", "" },
		{ "interval: 3s\r\nsurvey: 9s\r\n", "" },
		{ "~\n", "" },
		{ "x\n",
		    "t.yaml:1:1: found a single value, expected a map of options such as "
		    "interval\n" },
		{ "\n  - a\n",
		    "t.yaml:2:3: found a list, expected a map of options such as "
		    "interval\n" },
		{ "interval: [b\n",
		    "t.yaml:2:1: invalid YAML: did not find expected ',' "
		    "or ']', "
		    "while parsing a flow sequence that began at line 1\n" },
		{ "interval: 3s\nx: b: c\n",
		    "t.yaml:2:5: invalid YAML: mapping values are not allowed in this "
		    "context\n" },
		{ "interval: 3s\n\tsurvey: 9s\n",
		    "t.yaml:2:1: invalid YAML: found a tab character that violates "
		    "indentation, "
		    "while scanning a plain scalar that began at line 1\n" },
		{ "interval: \"3s\n",
		    "t.yaml:2:1: invalid YAML: found unexpected end of "
		    "stream, "
		    "while scanning a quoted scalar that began at line 1\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_refused(void **state)
{
	static const struct expectation expectations[] = {
		{ "interval: &a 3s\n",
		    "t.yaml:1:11: anchor \"a\" is not supported, expected a "
		    "value "
		    "without one\n" },
		{ "udp: &a {auto: 3s}\nlog: *a\n",
		    "t.yaml:1:6: anchor \"a\" is not supported, expected a value without one\n"
		    "t.yaml:2:6: alias \"a\" is not supported, expected the value itself\n" },
		{ "ranges: &a [iana]\n",
		    "t.yaml:1:9: anchor \"a\" is not supported, expected a value without one\n" },
		{ "interval: !!str 3s\n",
		    "t.yaml:1:11: tag \"tag:yaml.org,2002:str\" is not supported, expected a "
		    "value without "
		    "one\n" },
		{ "ranges: !x [iana]\n",
		    "t.yaml:1:9: tag \"!x\" is not supported, expected a "
		    "value without "
		    "one\n" },
		{ "interval: 3s\nsurvey: 9s\ninterval: 4s\n",
		    "t.yaml:3:1: duplicate key \"interval\", expected once; first at line 1\n" },
		{ "udp:\n  auto: 3s\n  auto: 4s\n",
		    "t.yaml:3:3: duplicate key \"auto\", expected once; first at line 2\n" },
		{ "rules:\n- name: a\n  name: b\n  match: {comm: x}\n  match: {exe: x}\n"
		  "  threshold: 1s\n",
		    "t.yaml:3:3: duplicate key \"name\", expected once; first at line 2\n"
		    "t.yaml:5:3: duplicate key \"match\", expected once; first at line 4\n" },
		{ "interval: 3s\n---\nsurvey: 9s\n",
		    "t.yaml:2:1: found a second document, expected one document in a file\n" },
		{ "[a]: 3s\n", "t.yaml:1:1: found a list as a key, expected a name\n" },
		{ "{a: b}: 3s\n", "t.yaml:1:1: found a map as a key, expected a name\n" },
		{ "~: 3s\n", "t.yaml:1:1: found no value as a key, expected a name\n" },
		{ "interval: \"3\\0s\"\n",
		    "t.yaml:1:11: found a NUL character in a value, expected text\n" },
		{ "note: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n",
		    "t.yaml:1:23: nested too deeply, expected at most 16 levels\n" },
		{ "<<: {interval: 3s}\n",
		    "t.yaml:1:1: unknown key \"<<\", expected one of interval, survey, "
		    "ranges, "
		    "protocols, netns, threshold, user, udp, loopback, suspect, severity, grace, "
		    "remind, "
		    "advice, hopping, "
		    "log, cmdline, rules\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_characters(void **state)
{
	static const struct {
		const char *text;
		size_t size;
		const char *messages;
	} cases[] = {
		{ "interval: 3s\nx: \0y", 17,
		    "t.yaml:2:4: found NUL byte U+0000, expected "
		    "text\n" },
		{ "\xc3\xa4\x01", 3,
		    "t.yaml:1:2: found control character U+0001, expected "
		    "text\n" },
		{ "# \x1b[31m", 7,
		    "t.yaml:1:3: found control character U+001B, expected "
		    "text\n" },
		{ "# \xc2\x85", 4,
		    "t.yaml:1:3: found control character U+0085, expected "
		    "text\n" },
		{ "# \xe2\x80\xa8", 5,
		    "t.yaml:1:3: found control character U+2028, expected "
		    "text\n" },
		{ "# \xe2\x80\xa9", 5,
		    "t.yaml:1:3: found control character U+2029, expected "
		    "text\n" },
		{ "#\r#\r\n#\n\x7f", 8,
		    "t.yaml:4:1: found control character U+007F, expected "
		    "text\n" },
		{ "a: \xff", 4, "t.yaml:1:4: invalid byte 0xff, expected UTF-8\n" },
		{ "a: \xc0\x80", 5, "t.yaml:1:4: invalid byte 0xc0, expected UTF-8\n" },
		{ "a: \xed\xa0\x80", 6, "t.yaml:1:4: invalid byte 0xed, expected UTF-8\n" },
		{ "a: \xe2\x82", 5, "t.yaml:1:4: invalid byte 0xe2, expected UTF-8\n" },
		{ "a: \xf5\x80\x80\x80", 7, "t.yaml:1:4: invalid byte 0xf5, expected UTF-8\n" },
		{ "\xff\xfe"
		  "a\0",
		    4, "t.yaml:1:1: invalid byte 0xff, expected UTF-8\n" },
		{ "\xfe\xff"
		  "\0a",
		    4, "t.yaml:1:1: invalid byte 0xfe, expected UTF-8\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *said;

		assert_null(load_bytes(cases[i].text, cases[i].size, false, &said));
		assert_string_equal(said, cases[i].messages);
		free(said);
	}
}

/* Columns count characters, not bytes. */
static void
test_columns(void **state)
{
	static const struct expectation expectations[] = {
		{ "{udp: {}, \xc3\xa4\xe2\x82\xac: 1, interval: x}\n",
		    "t.yaml:1:11: unknown key \"\xc3\xa4\xe2\x82\xac\", expected one of "
		    "interval, "
		    "survey, ranges, protocols, netns, threshold, user, udp, loopback, suspect, "
		    "severity, "
		    "grace, remind, advice, hopping, log, cmdline, rules\n"
		    "t.yaml:1:28: interval is \"x\", expected a time span such as 90s or "
		    "1h 30min\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/*
 * What is quoted from a file can neither forge a line nor reach a terminal, nor be endless.
 */
static void
test_quotes(void **state)
{
	static char text[5000];
	char *said;

	(void)state;
	(void)config_free(load_expect("interval: \"a\\nt.yaml:9:9: b\\e[31m\\u202e\"\n",
	    "t.yaml:1:11: interval is \"a\\nt.yaml:9:9: b\\x1b[31m\\xe2\\x80\\xae\", "
	    "expected a "
	    "time span such as 90s or 1h 30min\n"));
	memcpy(text, "cmdline: ", 9);
	memset(text + 9, 'x', 4000);
	assert_null(load_bytes(text, strlen(text), false, &said));
	assert_true(strlen(said) < 200);
	assert_non_null(strstr(said, "xxx...\", expected masked, full or off\n"));
	free(said);
}

static void
test_bounds(void **state)
{
	static char text[YAML_SIZE_MAX + 2];
	size_t used;
	char *said;

	(void)state;
	memset(text, '#', YAML_SIZE_MAX + 1);
	assert_null(load_bytes(text, YAML_SIZE_MAX + 1, false, &said));
	assert_string_equal(said,
	    "t.yaml:1:1: file is too large, expected at most 1048576 "
	    "bytes\n");
	free(said);
	(void)config_free(load_bytes(text, YAML_SIZE_MAX, false, &said));
	assert_string_equal(said, "");
	free(said);

	used = (size_t)sprintf(text, "rules: [");
	while (used < YAML_SIZE_MAX - 4)
		used += (size_t)sprintf(text + used, "[],");
	text[used++] = ']';
	assert_null(load_bytes(text, used, false, &said));
	assert_string_equal(said,
	    "t.yaml:1:750000: too many values, expected at most "
	    "250000 in a file\n");
	free(said);

	for (used = 0, *text = '\0'; used < 3000;)
		used += (size_t)sprintf(text + used, "k%zu: 1\n", used);
	assert_null(load_bytes(text, used, false, &said));
	assert_non_null(strstr(said,
	    "t.yaml:1:1: too many keys in a map, expected at most "
	    "256\n"));
	free(said);
}

/* Messages about a file come in the order of their places, whatever found them. */
static void
test_order(void **state)
{
	(void)state;
	(void)config_free(load_expect("rules: [x]\nfoo: 1\ngrace: 1x\ninterval: &a 3s\n"
				      "grace: 2s\n",
	    "t.yaml:1:9: found a single value, expected a rule: a map with name, match and action "
	    "or "
	    "threshold\n"
	    "t.yaml:2:1: unknown key \"foo\", expected one of interval, survey, ranges, protocols, "
	    "netns, threshold, user, udp, loopback, suspect, severity, grace, remind, "
	    "advice, hopping, log, cmdline, "
	    "rules\n"
	    "t.yaml:3:8: grace is \"1x\", expected a time span such as 90s or 1h 30min\n"
	    "t.yaml:4:11: anchor \"a\" is not supported, expected a value without one\n"
	    "t.yaml:5:1: duplicate key \"grace\", expected once; first at line 3\n"));
}

/* A hundred errors are kept, the others counted. */
static void
test_many_errors(void **state)
{
	static char text[65536];
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	size_t used = (size_t)sprintf(text, "rules:\n");
	char *said;

	(void)state;
	for (unsigned i = 0; i < 150; i++)
		used += (size_t)sprintf(text + used, "- x\n");
	assert_int_equal(
	    config_load_text(text, used, "t.yaml", false, resolve_fake, &config, &messages),
	    -EINVAL);
	assert_int_equal(messages.count, CONFIG_MESSAGES_MAX);
	assert_int_equal(messages.errors, 150);
	said = messages_text(&messages, "");
	assert_non_null(strstr(said, "t.yaml:101:3: "));
	assert_null(strstr(said, "t.yaml:102:3: "));
	assert_non_null(strstr(said, "\n... and 50 more errors\n"));
	free(said);
	config_messages_clear(&messages);
	assert_int_equal(messages.count, 0);
	config_messages_clear(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many_errors),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-yaml", tests, NULL, NULL);
}
