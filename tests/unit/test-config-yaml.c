/* SPDX-License-Identifier: MIT */
/*
 * What the YAML reader refuses, with the exact place of each: syntax, characters, tags,
 * duplicates, depth, size, number; and what aliases mean.
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
		    "t.yaml:1:1: error: found a single value, expected options such as "
		    "\"threshold: 1h\", with a blank behind the colon\n" },
		{ "\n  - a\n",
		    "t.yaml:2:3: error: found a list, expected options such as "
		    "\"threshold: 1h\", with a blank behind the colon\n" },
		{ "interval: [b\n",
		    "t.yaml:2:1: error: invalid YAML: did not find expected ',' "
		    "or ']', "
		    "while parsing a flow sequence that began at line 1: close the bracket, "
		    "or quote a value that contains \" #\"\n" },
		{ "interval: 3s\nx: b: c\n",
		    "t.yaml:2:5: error: invalid YAML: mapping values are not allowed in this "
		    "context: quote a value that contains \": \", or begin the key in the "
		    "same column\n" },
		{ "interval: 3s\n\tsurvey: 9s\n",
		    "t.yaml:2:1: error: found a tab, expected blanks as indentation\n" },
		{ "ranges: [iana]\nthreshold: {{ time }}\n",
		    "t.yaml:2:12: error: found a template that was not filled in: {{\n" },
		{ "{% if b %}\nthreshold: 1h\n",
		    "t.yaml:1:1: error: found a template that was not filled in: {%\n" },
		{ "unit: \"a\\d\"\n",
		    "t.yaml:1:9: error: invalid YAML: found unknown escape character, while "
		    "parsing a quoted scalar that began at line 1: a backslash in double quotes "
		    "begins an escape, use single quotes\n" },
		{ "interval: \"3s\n",
		    "t.yaml:2:1: error: invalid YAML: found unexpected end of "
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
		{ "interval: !!str 3s\n",
		    "t.yaml:1:11: error: tag \"tag:yaml.org,2002:str\" is not supported, "
		    "expected a "
		    "value without "
		    "one\n" },
		{ "ranges: !x [iana]\n",
		    "t.yaml:1:9: error: tag \"!x\" is not supported, expected a "
		    "value without "
		    "one\n" },
		{ "interval: 3s\nsurvey: 9s\ninterval: 4s\n",
		    "t.yaml:3:1: error: duplicate key \"interval\", expected once; first at "
		    "line 1\n" },
		{ "udp:\n  auto: 3h\n  auto: 4h\n",
		    "t.yaml:3:3: error: duplicate key \"auto\", expected once; first at line 2\n" },
		{ "rules:\n- name: a\n  name: b\n  match: {comm: x}\n  match: {exe: x}\n"
		  "  threshold: 1h\n",
		    "t.yaml:3:3: error: duplicate key \"name\", expected once; first at line 2\n"
		    "t.yaml:5:3: error: duplicate key \"match\", expected once; first at line "
		    "4\n" },
		{ "interval: 3s\n---\nsurvey: 9s\n",
		    "t.yaml:2:1: error: found a second document, expected one document in a "
		    "file\n" },
		{ "[a]: 3s\n", "t.yaml:1:1: error: found a list as a key, expected a name\n" },
		{ "{a: b}: 3s\n", "t.yaml:1:1: error: found a map as a key, expected a name\n" },
		{ "~: 3s\n", "t.yaml:1:1: error: found no value as a key, expected a name\n" },
		{ "interval: \"3\\0s\"\n",
		    "t.yaml:1:11: error: found a NUL character in a value, expected text\n" },
		{ "note: [[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]\n",
		    "t.yaml:1:23: error: nested too deeply, expected at most 16 levels\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* What configuration management writes back, and what nobody should. */
static void
test_aliases(void **state)
{
	static const struct expectation expectations[] = {
		{ "interval: &a 5s\nsurvey: *a\n", "" },
		{ "log: &l {appeared: &o off, udp: *o}\nthreshold: 1h\n", "" },
		{ "ranges: &a [iana]\nprotocols: *a\n",
		    "t.yaml:1:13: error: protocol is \"iana\", expected tcp or udp\n" },
		{ "interval: &a 5parsecs\nsurvey: *a\n",
		    "t.yaml:1:11: error: interval is \"5parsecs\", expected a time span such "
		    "as 90s "
		    "or 1h 30min\n"
		    "t.yaml:2:9: error: survey is \"5parsecs\", expected a time span such as "
		    "90s or "
		    "1h 30min\n" },
		/* The inside of a map is complained about once, at its place. */
		{ "rules:\n- {name: a, threshold: 1h, match: &m {comm: a, prt: 1}}\n"
		  "- {name: b, threshold: 1h, match: *m}\n"
		  "- {name: c, threshold: 1h, match: *m}\n",
		    "t.yaml:2:48: error: unknown key \"prt\", did you mean \"port\"?\n" },
		{ "interval: *a\n",
		    "t.yaml:1:11: error: unknown alias \"a\", expected &a before a value above\n" },
		{ "ranges: &a [iana, *a]\n",
		    "t.yaml:1:19: error: unknown alias \"a\", expected &a before a value above\n" },
		{ "interval: &a 5s\nsurvey: &a 100s\nthreshold: *a\n", "" },
		{ "<<: {interval: 3s}\n", "" },
		{ "udp: &u {auto: 3h}\n<<: [{threshold: 1h}, {threshold: x, grace: 1s}]\n", "" },
		{ "interval: 3s\n<<: {interval: x}\n", "" },
		{ "<<: {interval: x}\n",
		    "t.yaml:1:16: error: interval is \"x\", expected a time span such as 90s or 1h "
		    "30min\n" },
		{ "<<: 3s\n",
		    "t.yaml:1:5: error: << refers to a single value, expected a map or a list of "
		    "maps\n" },
		{ "<<: [{grace: 1s}, 3s]\n",
		    "t.yaml:1:19: error: << refers to a single value, expected a map or a list of "
		    "maps\n" },
		{ "<<:\n",
		    "t.yaml:1:4: error: << refers to no value, expected a map or a list of "
		    "maps\n" },
		{ "rules:\n- &a {name: a, threshold: 1h, match: &m {user: alice}}\n"
		  "- {<<: *a, name: b, match: {<<: *m, port: 5x}}\n",
		    "t.yaml:3:43: error: port is \"5x\", expected 1 to 65535, or a range such as "
		    "50000-59999\n" },
		{ "hopping: &a [[[[[[[[tcp]]]]]]]]\nlog: {udp: [[[[[[[*a]]]]]]]}\n",
		    "t.yaml:1:14: error: found a list, expected tcp, udp or off\n"
		    "t.yaml:2:12: error: found a list, expected emerg, alert, crit, err, warning, "
		    "notice, info, debug or off\n"
		    "t.yaml:2:19: error: alias \"a\" nests too deeply, expected at most 16 "
		    "levels\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_aliases_mean_values(void **state)
{
	struct config *config = load_expect(
	    "udp: &u {auto: 3h, threshold: 2h}\n"
	    "rules:\n"
	    "- &a {name: a, severity: err, threshold: 1h, match: &m {user: alice, port: 5}}\n"
	    "- {<<: [{remind: 5h}, *a], name: b, match: {<<: *m, port: 6}}\n",
	    "");
	const struct rule *rule = &config->policy.rules[1];
	char *dump = dump_fixed(config);

	(void)state;
	assert_string_equal(rule->name, "b");
	assert_int_equal(rule->severity, SEVERITY_ERR);
	assert_int_equal(rule->remind_usec, 5 * USEC_PER_HOUR);
	assert_int_equal(rule->match.uids.name_count, 1);
	assert_false(port_set_has(rule->match.ports, 5));
	assert_true(port_set_has(rule->match.ports, 6));
	free(dump);
	(void)config_free(config);
}

/* A billion laughs, of values and of text: an error that names the place, at once. */
static void
test_aliases_are_bounded(void **state)
{
	static char text[700 * 1024];
	size_t used = (size_t)sprintf(text, "note: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
	char *said;

	(void)state;
	for (unsigned i = 1; i < 10; i++) {
		used += (size_t)sprintf(text + used, "n%u: &l%u [", i, i);
		for (unsigned j = 0; j < 10; j++)
			used += (size_t)sprintf(text + used, "%s*l%u", j > 0 ? ", " : "", i - 1);
		used += (size_t)sprintf(text + used, "]\n");
	}
	(void)config_free(load_bytes(text, used, &said));
	assert_string_equal(said,
	    "t.yaml:6:10: error: alias \"l4\" makes the file too large, expected at most 250000 "
	    "values and 1048576 bytes of text with all aliases replaced\n");
	free(said);
	used = (size_t)sprintf(text, "a: &a ");
	memset(text + used, 'x', 600 * 1024);
	used += 600 * 1024;
	used += (size_t)sprintf(text + used, "\nb: *a\n");
	(void)config_free(load_bytes(text, used, &said));
	assert_string_equal(said,
	    "t.yaml:2:4: error: alias \"a\" makes the file too large, expected at most 250000 "
	    "values and 1048576 bytes of text with all aliases replaced\n");
	free(said);
	for (unsigned i = used = 0; i <= YAML_ANCHORS_MAX; i++)
		used += (size_t)sprintf(text + used, "k%u: &a%u 1\n", i, i);
	(void)config_free(load_bytes(text, used, &said));
	assert_non_null(strstr(said, ": error: too many "));
	free(said);
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
		    "t.yaml:2:4: error: found NUL byte U+0000, expected "
		    "text\n" },
		{ "\xc3\xa4\x01", 3,
		    "t.yaml:1:2: error: found control character U+0001, expected "
		    "text\n" },
		{ "# \x1b[31m", 7,
		    "t.yaml:1:3: error: found control character U+001B, expected "
		    "text\n" },
		{ "# \xc2\x85", 4,
		    "t.yaml:1:3: error: found control character U+0085, expected "
		    "text\n" },
		{ "# \xe2\x80\xa8", 5,
		    "t.yaml:1:3: error: found control character U+2028, expected "
		    "text\n" },
		{ "# \xe2\x80\xa9", 5,
		    "t.yaml:1:3: error: found control character U+2029, expected "
		    "text\n" },
		{ "#\r#\r\n#\n\x7f", 8,
		    "t.yaml:4:1: error: found control character U+007F, expected "
		    "text\n" },
		{ "a: \xff", 4, "t.yaml:1:4: error: invalid byte 0xff, expected UTF-8\n" },
		{ "a: \xc0\x80", 5, "t.yaml:1:4: error: invalid byte 0xc0, expected UTF-8\n" },
		{ "a: \xed\xa0\x80", 6, "t.yaml:1:4: error: invalid byte 0xed, expected UTF-8\n" },
		{ "a: \xe2\x82", 5, "t.yaml:1:4: error: invalid byte 0xe2, expected UTF-8\n" },
		{ "a: \xf5\x80\x80\x80", 7,
		    "t.yaml:1:4: error: invalid byte 0xf5, expected UTF-8\n" },
		{ "\xff\xfe"
		  "a\0",
		    4, "t.yaml:1:1: error: invalid byte 0xff, expected UTF-8\n" },
		{ "\xfe\xff"
		  "\0a",
		    4, "t.yaml:1:1: error: invalid byte 0xfe, expected UTF-8\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *said;

		assert_null(load_bytes(cases[i].text, cases[i].size, &said));
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
		    "t.yaml:1:11: error: unknown key \"\xc3\xa4\xe2\x82\xac\", expected one of "
		    "interval, "
		    "survey, ranges, protocols, netns, threshold, user, udp, loopback, suspect, "
		    "severity, "
		    "grace, remind, heartbeat, advice, hopping, log, cmdline, rules, requires\n"
		    "t.yaml:1:28: error: interval is \"x\", expected a time span such as 90s or "
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
	(void)config_free(load_expect("interval: \"a\\nt.yaml:9:9: error: b\\e[31m\\u202e\"\n",
	    "t.yaml:1:11: error: interval is \"a\\nt.yaml:9:9: error: b\\x1b[31m\\xe2\\x80\\xae\", "
	    "expected a "
	    "time span such as 90s or 1h 30min\n"));
	memcpy(text, "cmdline: ", 9);
	memset(text + 9, 'z', 4000);
	assert_null(load_bytes(text, strlen(text), &said));
	assert_true(strlen(said) < 200);
	assert_non_null(strstr(said, "zzz...\", expected masked, full or off\n"));
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
	assert_null(load_bytes(text, YAML_SIZE_MAX + 1, &said));
	assert_string_equal(said,
	    "t.yaml:1:1: error: file is too large, expected at most 1048576 "
	    "bytes\n");
	free(said);
	(void)config_free(load_bytes(text, YAML_SIZE_MAX, &said));
	assert_string_equal(said, "");
	free(said);

	used = (size_t)sprintf(text, "rules: [");
	while (used < YAML_SIZE_MAX - 4)
		used += (size_t)sprintf(text + used, "[],");
	text[used++] = ']';
	assert_null(load_bytes(text, used, &said));
	assert_string_equal(said,
	    "t.yaml:1:750000: error: too many values, expected at most "
	    "250000 in a file\n");
	free(said);

	for (used = 0, *text = '\0'; used < 3000;)
		used += (size_t)sprintf(text + used, "k%zu: 1\n", used);
	assert_null(load_bytes(text, used, &said));
	assert_non_null(strstr(said,
	    "t.yaml:1:1: error: too many keys in a map, expected at most "
	    "256\n"));
	free(said);
}

/* Messages about a file come in the order of their places, whatever found them. */
static void
test_order(void **state)
{
	(void)state;
	(void)config_free(load_expect("rules: [x]\nfoo: 1\ngrace: 1x\ninterval: !x 3s\n"
				      "grace: 2s\n",
	    "t.yaml:1:9: error: found a single value, expected a rule: a map with name, match "
	    "and action "
	    "or "
	    "threshold\n"
	    "t.yaml:2:1: error: unknown key \"foo\", expected one of interval, survey, "
	    "ranges, protocols, "
	    "netns, threshold, user, udp, loopback, suspect, severity, grace, remind, "
	    "heartbeat, advice, hopping, log, cmdline, "
	    "rules, requires\n"
	    "t.yaml:3:8: error: grace is \"1x\", expected a time span such as 90s or 1h 30min\n"
	    "t.yaml:4:11: error: tag \"!x\" is not supported, expected a value without one\n"
	    "t.yaml:5:1: error: duplicate key \"grace\", expected once; first at line 3\n"));
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
	assert_int_equal(config_load_text(text, used, "t.yaml", &config, &messages), -EINVAL);
	assert_int_equal(messages.count, CONFIG_MESSAGES_MAX);
	assert_int_equal(messages.counts[CONFIG_ERROR], 150);
	said = messages_text(&messages, "");
	assert_non_null(strstr(said, "t.yaml:101:3: error: "));
	assert_null(strstr(said, "t.yaml:102:3: error: "));
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
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_aliases_mean_values),
		cmocka_unit_test(test_aliases_are_bounded),
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
