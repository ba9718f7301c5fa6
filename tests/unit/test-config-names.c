/* SPDX-License-Identifier: MIT */
/*
 * Users and groups that rules name: noted while the configuration is read, known when they were
 * asked for.
 */
#include "config-expect.h"

#define MATCH(keys) "rules:\n- {name: n, threshold: 1h, match: {" keys "}}\n"

/* A name that this host lacks matches nobody; the rest of the rule holds. */
static void
test_names(void **state)
{
	static const char text[] =
	    "rules:\n"
	    "- {name: a, threshold: 1h, match: {user: [absent.one, alice, 7, \"@absent.one\"]}}\n"
	    "- {name: b, threshold: 1h, match: {port: 1, not: {user: [absent.one, broken]}}}\n";
	struct config *config = load_expect(text, "");
	const struct match *first = &config->policy.rules[0].match;
	const struct named_list *names = &config->policy.names;
	char *dump, said[CONFIG_NAMES_TEXT_MAX];

	(void)state;
	/* Each once, at its first place; a user and a group of one name are two. */
	assert_int_equal(names->count, 4);
	assert_string_equal(names->items[0]->where, "t.yaml:2:43");
	assert_ptr_equal(config->policy.rules[1].match.not ->uids.names[0], names->items[0]);
	assert_true(config->policy.rules[0].enabled && config->policy.rules[1].enabled);
	assert_true(id_list_has(&first->uids, 1000));
	assert_true(id_list_has(&first->uids, 7));
	assert_false(id_list_has(&first->uids, 0));
	assert_false(id_list_has(&first->uids, UINT32_MAX));
	assert_int_equal(named_list_count(names, NAMED_ABSENT), 2);
	assert_int_equal(named_list_count(names, NAMED_UNASKED), 1);
	/* It comes, and goes. */
	assert_true(named_answer(names->items[0], NAMED_KNOWN, 4711));
	assert_false(named_answer(names->items[0], NAMED_KNOWN, 4711));
	assert_true(id_list_has(&first->uids, 4711));
	assert_true(named_answer(names->items[0], NAMED_KNOWN, 4712));
	assert_false(id_list_has(&first->uids, 4711));
	assert_true(named_answer(names->items[0], NAMED_ABSENT, 0));
	assert_false(id_list_has(&first->uids, 4712));
	assert_true(config_names_text(names, NAMED_ABSENT, said, sizeof(said)));
	assert_string_equal(said,
	    "2 names unknown here: \"absent.one\" (t.yaml:2:43), \"@absent.one\" "
	    "(t.yaml:2:65)");
	assert_true(config_names_text(names, NAMED_UNASKED, said, sizeof(said)));
	assert_string_equal(said,
	    "1 name not resolved, overstay-names gave no answer: \"broken\" (t.yaml:3:70)");
	assert_true(config_names_text(names, NAMED_KNOWN, said, sizeof(said)));
	assert_string_equal(said, "1 name known here: \"alice\" (1000)");
	assert_int_equal(config_dump_text(config, &dump, NULL), 0);
	assert_non_null(strstr(dump,
	    "user: [\"absent.one\", \"alice\", \"7\", "
	    "\"@absent.one\"]"));
	free(dump);
	(void)config_free(config);
}

/* Many are counted, hostile ones escaped; what is meant is found among the host's own. */
static void
test_names_text(void **state)
{
	struct config *config =
	    load_expect(MATCH("user: [rott, a1, a2, a3, a4, a5, a6, \"x\\e\\n\", a8, a9]"), "");
	char said[CONFIG_NAMES_TEXT_MAX];

	(void)state;
	assert_true(config_names_text(&config->policy.names, NAMED_ABSENT, said, sizeof(said)));
	assert_ptr_equal(strstr(said,
			     "10 names unknown here: \"rott\" (t.yaml:2:43, did you mean "
			     "\"root\"?), \"a1\" (t.yaml:2:49"),
	    said);
	assert_non_null(strstr(said, "\"x\\x1b\\n\" (t.yaml:2:73) and 2 more"));
	assert_false(config_names_text(&config->policy.names, NAMED_KNOWN, said, sizeof(said)));
	assert_string_equal(said, "");
	(void)config_free(config);
}

/* What was known before a reload is known after it. */
static void
test_names_inherit(void **state)
{
	struct config *old = load_expect(MATCH("user: [alice, carol, broken]"), "");
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	static const char text[] = MATCH("user: [carol, \"@alice\", alice, dave, broken]");

	(void)state;
	assert_int_equal(config_load_text(text, strlen(text), "t", &config, &messages), 0);
	named_list_inherit(&config->policy.names, &old->policy.names);
	assert_int_equal(config->policy.names.items[0]->state, NAMED_ABSENT);
	assert_int_equal(config->policy.names.items[1]->state, NAMED_UNASKED);
	assert_int_equal(config->policy.names.items[2]->state, NAMED_KNOWN);
	assert_int_equal(config->policy.names.items[2]->id, 1000);
	assert_int_equal(config->policy.names.items[3]->state, NAMED_UNASKED);
	assert_int_equal(config->policy.names.items[4]->state, NAMED_UNASKED);
	(void)config_free(config);
	(void)config_free(old);
}

/* Names of hosts are many, of one configuration few. */
static void
test_too_many_names(void **state)
{
	static char text[65536];
	size_t used = (size_t)sprintf(text, "rules:\n");
	char *said;

	(void)state;
	for (unsigned i = 0; i < 1025; i++)
		used += (size_t)sprintf(text + used,
		    "- {name: n, threshold: 1h, match: {port: %u, user: u%u}}\n", i + 1, i);
	assert_null(load_bytes(text, used, &said));
	assert_string_equal(said,
	    "t.yaml:1026:54: error: too many different users and groups, expected at most 1024\n");
	free(said);
}

/* Wherever a user may be named, he is noted in the same list. */
static void
test_places(void **state)
{
	struct config *config =
	    load_expect(MATCH("loginuid: [alice, none], not: {loginuid: carol}, "
			      "any: [{user: alice}, {not: {user: \"@developers\"}}]"),
		"");
	const struct match *match = &config->policy.rules[0].match;

	(void)state;
	assert_int_equal(config->policy.names.count, 3);
	assert_true(id_list_has(&match->login_uids, 1000));
	assert_true(id_list_has(&match->login_uids, UINT32_MAX));
	assert_true(id_list_has(&match->any[0].uids, 1000));
	assert_true(id_list_has(&match->any[1].not ->gids, 2000));
	(void)named_answer(config->policy.names.items[0], NAMED_KNOWN, 5);
	assert_true(id_list_has(&match->login_uids, 5));
	assert_true(id_list_has(&match->any[0].uids, 5));
	assert_false(id_list_has(&match->not ->login_uids, 5));
	(void)config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_names_text),
		cmocka_unit_test(test_names_inherit),
		cmocka_unit_test(test_too_many_names),
		cmocka_unit_test(test_places),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-names", tests, NULL, NULL);
}
