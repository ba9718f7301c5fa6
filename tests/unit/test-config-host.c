/* SPDX-License-Identifier: MIT */
/*
 * What a configuration depends on of its host: the host's names, where paths of rules lead, who may
 * change what stands there.
 */
#include "config-expect.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "config-tree.h"
#include "config/hostname.h"

static void
test_names(void **state)
{
	static const struct {
		const char *name, *hosts, *full, *small;
	} cases[] = {
		{ "web1", "", "web1", "web1" },
		{ "Web1.Example.com", "1.2.3.4 web1.example.org\n", "web1.example.com", "web1" },
		{ "web1", "127.0.0.1 localhost\n127.0.1.1\tweb1.example.com web1\n",
		    "web1.example.com", "web1" },
		{ "web1", "127.0.1.1 web1 WEB1.Example.com", "web1.example.com", "web1" },
		{ "web1", "# 1.1.1.1 web1.a\n1.2.3.4 web10.b web1. # web1.c\n 1.2.3.4\tweb1.d\n",
		    "web1.d", "web1" },
		{ "web1", "web1.a\n", "web1", "web1" },
		{ "web1", "1.2.3.4 aweb1.b web1b.c\n\n\n1.1.1.1", "web1", "web1" },
		{ "", "1.2.3.4 .b\n", "", "" },
		{ ".b", "1.2.3.4 .b\n", ".b", "" },
	};
	static char far[2 * HOSTNAME_MAX], line[3 * HOSTNAME_MAX];
	struct hostname found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		hostname_find(cases[i].name, cases[i].hosts, &found);
		if (strcmp(found.full, cases[i].full) != 0 ||
		    strcmp(found.small, cases[i].small) != 0)
			fail_msg("%zu: \"%s\" \"%s\"", i, found.full, found.small);
	}
	/* What is no name of a host is none. */
	memset(far, 'x', sizeof(far) - 1);
	hostname_find(far, "", &found);
	assert_string_equal(found.full, "");
	assert_false(hostname_matches(&found, "*"));
	(void)snprintf(line, sizeof(line), "1.2.3.4 web1.%s\n", far);
	hostname_find("web1", line, &found);
	assert_string_equal(found.small, "web1");
	hostname_find("web1", "1.2.3.4 web1.example.com", &found);
	assert_true(hostname_matches(&found, "web?"));
	assert_true(hostname_matches(&found, "*.example.com"));
	assert_false(hostname_matches(&found, "web1.example"));
	assert_false(hostname_matches(&found, "db*"));
}

/* The rule of another host is read, kept and inert. */
static void
test_rule_of_another_host(void **state)
{
	char name[HOSTNAME_MAX] = "", text[HOSTNAME_MAX + 256];
	struct config *config;

	(void)state;
	assert_int_equal(gethostname(name, sizeof(name) - 1), 0);
	(void)snprintf(text, sizeof(text),
	    "rules:\n- {name: a, threshold: 1h, match: {hostname: [no-such-host-, \"%s\"]}}\n"
	    "- {name: b, threshold: 1h, match: {hostname: no-other-host-}}\n"
	    "- {name: c, threshold: 1h, match: {not: {hostname: no-such-host-}}}\n",
	    name);
	config = load_expect(text, "");
	assert_true(config->policy.rules[0].match.own_host);
	assert_false(config->policy.rules[1].match.own_host);
	assert_false(config->policy.rules[2].match.not ->own_host);
	free(dump_fixed(config));
	(void)config_free(config);
}

/* A file that is a link to one that the first rule does not have is not covered by that. */
static void
test_reach_through_a_link(void **state)
{
	const struct config_tree *tree = *state;
	char text[1024], path[CONFIG_TREE_PATH_MAX], expected[256];

	(void)snprintf(path, sizeof(path), "%s/conf.d/link", tree->root);
	assert_int_equal(symlink("/usr/bin/env", path), 0);
	(void)snprintf(text, sizeof(text),
	    "rules:\n- {name: a, threshold: 1h, match: {exe: \"%s/*\"}}\n"
	    "- {name: b, threshold: 1h, match: {exe: %s}}\n",
	    tree->conf_dir, path);
	(void)config_free(load_expect(text, ""));
	assert_int_equal(unlink(path), 0);
	(void)snprintf(expected, sizeof(expected),
	    "t.yaml:3:3: warning: rule is never reached, \"a\" at line 2 matches first\n");
	(void)config_free(load_expect(text, expected));
}

/* What is said of the rule with that match, when paths are checked. */
static char *
check(const struct config_tree *tree, const char *rule, bool examine)
{
	struct config_paths paths = tree->paths;
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	char text[512], *said;

	(void)snprintf(text, sizeof(text), "rules:\n- {name: a, %s}\n", rule);
	config_tree_write(tree, "overstay.yaml", text);
	paths.examine = examine;
	assert_int_equal(config_load(&paths, &config, &messages), 0);
	said = messages_text(&messages, tree->main_file);
	config_messages_clear(&messages);
	(void)config_free(config);
	return said;
}

static void
test_who_may_change(void **state)
{
#define COVERS                                                                                   \
	":2:3: warning: exe \"/tmp/no-such/x\": all users may change \"/tmp\": the rule covers " \
	"whatever any user puts there; name user or unit\n"
	static const struct {
		const char *rule, *said;
	} cases[] = {
		{ "action: allow, match: {exe: /tmp/no-such/x}", COVERS },
		{ "threshold: 1h, match: {exe: /tmp/no-such/x}", COVERS },
		{ "severity: err, match: {exe: /tmp/no-such/x}", "" },
		{ "action: allow, enabled: false, match: {exe: /tmp/no-such/x}", "" },
		{ "action: allow, match: {exe: /tmp/no-such/x, user: alice}", "" },
		{ "action: allow, match: {exe: /tmp/no-such/x, unit: a.service}", "" },
		{ "action: allow, match: {user: bob, any: [{exe: /tmp/no-such/x}]}", "" },
		{ "threshold: 1h, match: {any: [{user: bob}, {exe: /tmp/no-such/x}]}", COVERS },
		{ "action: allow, match: {exe: /tmp/../usr/bin/env}", "" },
		{ "threshold: 1h, match: {exe: [/usr/bin/env, /usr/sbin/no-such]}", "" },
		{ "threshold: 1h, match: {exe: /usr/bin/*env}", "" },
	};
	const struct config_tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *said = check(tree, cases[i].rule, true);

		/* What is passed on the way counts, too. */
		if (i == 8)
			assert_non_null(strstr(said, "all users may change \"/tmp\""));
		else
			assert_string_equal(said, cases[i].said);
		free(said);
	}
	/* The daemon itself does not go there. */
	{
		char *said = check(tree, cases[0].rule, false);

		assert_string_equal(said, "");
		free(said);
	}
}

static void
test_too_many_paths(void **state)
{
	static char text[65536];
	size_t used = (size_t)sprintf(text, "rules:\n");
	struct config *config;

	(void)state;
	for (unsigned i = 0; i <= 512; i++)
		used += (size_t)sprintf(text + used,
		    "- {name: n, threshold: 1h, match: {parent: /no-such/%u}}\n", i);
	config = load_expect(text,
	    "t.yaml:1:1: warning: too many paths in exe and parent of all rules together, expected "
	    "at most "
	    "512, of 16384 bytes: links in the others are not followed\n");
	assert_int_equal(config->policy.links.count, 512);
	(void)config_free(config);
}

static int
set_up(void **state)
{
	struct config_tree *tree = calloc(1, sizeof(*tree));

	assert_non_null(tree);
	*state = tree;
	return config_tree_make(tree, "/tmp");
}

static int
tear_down(void **state)
{
	int r = config_tree_remove(*state);

	free(*state);
	return r;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rule_of_another_host),
		cmocka_unit_test_setup_teardown(test_reach_through_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_who_may_change, set_up, tear_down),
		cmocka_unit_test(test_too_many_paths),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-host", tests, NULL, NULL);
}
