/* SPDX-License-Identifier: MIT */
/*
 * Reading the configuration while memory is short: each allocation that it takes, also those inside
 * libyaml and libc, is made to fail once. It must end with -ENOMEM, nothing handed over and nothing
 * said that would not be said otherwise; or with what it ends with when nothing fails, to the byte,
 * messages included: some of libc's allocations are for speed alone (the buffer of a stream, a
 * string cut to its size by asprintf(3)).
 */
#include "config-expect.h"

#include "base/clock.h"
#include "base/macros.h"
#include "config-tree.h"
#include "failing-memory.h"

/* What is printed of a test that fails: more places say no more. */
#define PLACES_SHOWN 10

struct fixture {
	struct config_tree tree;
	struct config *config; /* to be dumped */
};

/* What came of one attempt. */
struct outcome {
	int result;
	size_t allocations;
	char *said; /* the messages, NULL = there are none of that */
	char *got;  /* the configuration as text and hash, NULL = nothing was handed over */
};

/* Tries once, the allocation of that number failing (0 = none). */
typedef void attempt_function(const struct fixture *fixture, size_t failing, struct outcome *ret);

static const struct {
	const char *name, *text;
} files[] = {
	{ "overstay.yaml",
	    "requires: \"0.1\"\n"
	    "interval: &short 4s\n"
	    "survey: 1min\n"
	    "ranges: [iana, kernel, 1000-2000, 77]\n"
	    "protocols: [tcp, udp]\n"
	    "threshold: 1h 30min\n"
	    "udp: {threshold: 2h, auto: never}\n"
	    "suspect: {severity: alert}\n"
	    "hopping: tcp\n"
	    "cmdline: full\n"
	    "rules:\n"
	    "  - name: everything\n"
	    "    match:\n"
	    "      protocol: [tcp, udp]\n"
	    "      port: [80, 443, 50000-59999]\n"
	    "      address: [192.0.2.0/24, \"2001:db8::/32\"]\n"
	    "      exposure: any\n"
	    "      exe: [/usr/bin/a*, \"**/b\", /usr/bin/c]\n"
	    "      comm: [one, two, \"three \\\"quoted\\\"\"]\n"
	    "      cmdline: \"* --serve *\"\n"
	    "      user: [alice, 4711, \"@developers\"]\n"
	    "      unit: [nginx.service, \"ssh*\"]\n"
	    "      user_unit: app-*.scope\n"
	    "      netns: [host, 4026531840]\n"
	    "      script: /srv/*.py\n"
	    "      container: \"*\"\n"
	    "      not: {port: 81, user: [bob], exe: [/usr/bin/evil], address: \"::1\"}\n"
	    "    threshold: 2h\n"
	    "    severity: notice\n"
	    "    remind: 1d\n"
	    "    note: >\n"
	    "      Folded over\n"
	    "      two lines.\n"
	    "  - name: around\n"
	    "    match: {slice: user.slice, session: '*', loginuid: [alice, none],\n"
	    "            parent: [/usr/sbin/cron, '/sbin/x*'], interface: '', hostname: 'no-*',\n"
	    "            any: [{port: 83}, {user: bob, not: {loginuid: 7}}]}\n"
	    "    threshold: 2h\n"
	    "  - {name: allowed, match: {comm: claimed}, action: allow, threshold: 1h}\n"
	    "  - {name: over, match: {port: 81}, threshold: 1h, until: 1999-12-31}\n"
	    "  - {name: later, match: {port: 91}, threshold: 1h, until: 2199-12-31}\n"
	    "  - &off {name: off, match: &match {port: 82}, threshold: 1h, enabled: false}\n"
	    "  - {<<: [*off], name: again, match: {<<: *match, comm: c}, remind: 1d}\n" },
	/* With the survey of the main file this is right, with the default one it is not. */
	{ "conf.d/10-first.yaml", "threshold: 2h\ninterval: 45s\nlog: {udp: info}\n" },
	{ "conf.d/20-second.yaml", "# later\nthreshold: 3h\ngrace: 20s\n" },
	{ "conf.d/25-left-out.yaml", "requires: \"99.0\"\nheard_of_later: 1\n" },
	{ "conf.d/30-unread.yml", "threshold: 4h\n" },
	{ "rules.d/10-wide.yaml",
	    "rules:\n  - {name: wide, match: {port: 80-90}, threshold: 5h}\n" },
	{ "rules.d/20-mine.yaml",
	    "rules:\n  - {name: mine, match: {unit: nginx}, severity: crit}\n" },
	{ "rules.d/90-masked.yaml", "" },
	{ "vendor/20-mine.yaml", "rules: what the other file of that name hides\n" },
	{ "vendor/50-vendor.yaml",
	    "rules:\n  - {name: vendor, match: {port: 7}, action: allow}\n" },
	{ "vendor/90-masked.yaml", "rules: the same\n" },
};

/* A main file with many kinds of messages. */
static const char *const wrong_text =
    "interval: 1x\n"
    "threshold: [1h]\n"
    "udp.auto: 1h\n"
    "unheard_of: 1\n"
    "rules:\n"
    "  - {name: a, match: {port: 0, user: 99999999999, address: 1.2.3.4/8}, threshold: 1h}\n"
    "  - {name: b, match: {unit: nginx, netns: 12}, action: deny}\n"
    "  - {name: b, name: c, threshold: &anchor 1h}\n"
    "  - 7\n"
    "interval: 2s\n";

/* A dump that is larger than any buffer of libc. */
static void
write_long_file(const struct config_tree *tree)
{
	char text[16384], note[4001];
	int length;

	memset(note, 'n', sizeof(note));
	note[sizeof(note) - 1] = '\0';
	length = snprintf(text, sizeof(text),
	    "rules:\n"
	    "  - {name: p, match: {port: 11}, threshold: 1h, note: %s}\n"
	    "  - {name: q, match: {port: 12}, threshold: 1h, note: %s}\n"
	    "  - {name: r, match: {port: 13}, threshold: 1h, note: %s}\n",
	    note, note, note);
	assert_true(length > 0 && (size_t)length < sizeof(text));
	for (unsigned i = 0; i < 3; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "vendor/6%u-long.yaml", i);
		config_tree_write(tree, name, text);
	}
}

static int
set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	/* As main() does; what becomes of that is in test-config-zone.c. */
	assert_int_equal(clock_load_zone(), 0);
	if (config_tree_make(&fixture->tree, "/tmp") < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		config_tree_write(&fixture->tree, files[i].name, files[i].text);
	write_long_file(&fixture->tree);
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *fixture = *state;
	int r = config_tree_remove(&fixture->tree);

	(void)config_free(fixture->config);
	free(fixture);
	return r;
}

/* Takes the messages and the configuration (NULL = none) into the outcome, and frees them. */
static void
outcome_take(struct outcome *outcome, struct config_messages *messages, struct config *config)
{
	char *text = NULL;

	outcome->allocations = memory_disarm();
	outcome->said = messages_text(messages, "");
	config_messages_clear(messages);
	if (config == NULL)
		return;
	assert_int_equal(config_dump_text(config, &text, NULL), 0);
	assert_true(asprintf(&outcome->got, "%s# %s\n", text, config->hash) > 0);
	free(text);
	(void)config_free(config);
}

static void
outcome_clear(struct outcome *outcome)
{
	free(outcome->said);
	free(outcome->got);
	*outcome = (struct outcome){ 0 };
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* True where each line of some is one of all. */
static bool
lines_are_among(const char *some, const char *all)
{
	for (size_t length; some != NULL && *some != '\0'; some += length) {
		const char *found = all;

		length = strcspn(some, "\n") + 1;
		while (*found != '\0' && strncmp(found, some, length) != 0)
			found += strcspn(found, "\n") + 1;
		if (*found == '\0')
			return false;
	}
	return true;
}

/* What is wrong with the outcome of an attempt in which one allocation failed, NULL = nothing. */
static const char *
find_fault(const struct outcome *outcome, const struct outcome *whole)
{
	if (outcome->result == -ENOMEM && outcome->got != NULL)
		return "a configuration in spite of the error";
	if (outcome->result == -ENOMEM)
		return lines_are_among(outcome->said, whole->said) ? NULL : "a false message";
	if (outcome->result != whole->result)
		return "another result";
	if (!same_text(outcome->got, whole->got))
		return "another configuration";
	return same_text(outcome->said, whole->said) ? NULL : "lost messages";
}

/*
 * Each allocation of the attempt fails once; without a failure it ends with that result. The first
 * attempt is for what libc keeps from then on.
 */
static void
fail_each(const struct fixture *fixture, attempt_function *attempt, int result)
{
	struct outcome whole = { 0 }, other = { 0 };
	size_t refused = 0, wrong = 0;

	attempt(fixture, 0, &whole);
	outcome_clear(&whole);
	attempt(fixture, 0, &whole);
	assert_int_equal(whole.result, result);
	for (size_t failing = 1; failing <= whole.allocations; failing++) {
		const char *fault;

		attempt(fixture, failing, &other);
		assert_true(other.allocations >= failing);
		fault = find_fault(&other, &whole);
		refused += other.result == -ENOMEM;
		if (fault != NULL && wrong++ < PLACES_SHOWN)
			print_message("# allocation %zu: %s\n", failing, fault);
		outcome_clear(&other);
	}
	print_message("# of %zu allocations %zu make an error, %zu are not noticed, "
		      "%zu are wrong\n",
	    whole.allocations, refused, whole.allocations - refused - wrong, wrong);
	assert_true(refused > 0);
	outcome_clear(&whole);
	assert_int_equal(wrong, 0);
}

static void
attempt_load(const struct fixture *fixture, size_t failing, struct outcome *ret)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;

	memory_arm(failing);
	ret->result = config_load(&fixture->tree.paths, &config, &messages);
	outcome_take(ret, &messages, config);
}

static void
test_load(void **state)
{
	fail_each(*state, attempt_load, 0);
}

static void
test_load_wrong(void **state)
{
	const struct fixture *fixture = *state;

	config_tree_write(&fixture->tree, "overstay.yaml", wrong_text);
	config_tree_write(&fixture->tree, "conf.d/20-second.yaml", "interval: [\n");
	config_tree_write(&fixture->tree, "rules.d/20-mine.yaml", "ruels: [\n}");
	fail_each(fixture, attempt_load, -EINVAL);
}

static void
attempt_dump(const struct fixture *fixture, size_t failing, struct outcome *ret)
{
	size_t size = 0;

	memory_arm(failing);
	ret->result = config_dump_text(fixture->config, &ret->got, &size);
	ret->allocations = memory_disarm();
	if (ret->got != NULL)
		assert_int_equal(strlen(ret->got), size);
}

static void
test_dump(void **state)
{
	struct fixture *fixture = *state;
	struct config_messages messages = { 0 };

	assert_int_equal(config_load(&fixture->tree.paths, &fixture->config, &messages), 0);
	config_messages_clear(&messages);
	fail_each(fixture, attempt_dump, 0);
}

/* A text, with names of users and groups. */
static void
attempt_text(const struct fixture *fixture, size_t failing, struct outcome *ret)
{
	static const char text[] =
	    "threshold: 1h\n"
	    "rules:\n"
	    "  - {name: a, match: {user: [alice, gone]}, action: allow}\n"
	    "  - {name: b, match: {exe: /usr/bin/b, user: \"@developers\"}, threshold: 1h}\n";
	struct config_messages messages = { 0 };
	struct config *config = NULL;

	(void)fixture;
	memory_arm(failing);
	ret->result = config_load_text(text, strlen(text), "last-good.yaml", &config, &messages);
	outcome_take(ret, &messages, config);
}

static void
test_text(void **state)
{
	fail_each(*state, attempt_text, 0);
}

static void
attempt_check(const struct fixture *fixture, size_t failing, struct outcome *ret)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;

	memory_arm(failing);
	ret->result = config_check_file(&(struct config_paths){ 0 }, fixture->tree.main_file,
	    &config, &messages);
	outcome_take(ret, &messages, config);
}

static void
test_check(void **state)
{
	const struct fixture *fixture = *state;

	config_tree_write(&fixture->tree, "overstay.yaml",
	    "rules:\n  - {name: n, match: {comm: x, netns: 5}, action: allow}\n");
	fail_each(fixture, attempt_check, 0);
	config_tree_write(&fixture->tree, "overstay.yaml", wrong_text);
	fail_each(fixture, attempt_check, -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_load_wrong, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dump, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_check, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-memory", tests, NULL, NULL);
}
