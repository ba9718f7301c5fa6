/* SPDX-License-Identifier: MIT */
/*
 * What only shows beside something else: options against each other, rules against the options and
 * against the programs of a host; `requires:`; a staged tree; the dump of an installed host.
 */
#include "config-expect.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "config-tree.h"

#define ALLOW(keys) "rules:\n- {name: n, action: allow, match: {" keys "}}\n"

static int
set_up(void **state)
{
	struct config_tree *tree = calloc(1, sizeof(*tree));

	*state = tree;
	if (config_tree_make(tree, "/tmp") < 0)
		return -1;
	/* A person's umask, and nobody's secret. */
	return chmod(tree->root, 0755);
}

static int
tear_down(void **state)
{
	int r = config_tree_remove(*state);

	free(*state);
	return r;
}

static void
test_times(void **state)
{
	static const struct expectation expectations[] = {
		{ "threshold: 0s\nudp: {threshold: 0s, auto: never}\n", "" },
		{ "threshold: 2min\nlog: {after: 2min}\n", "" },
		{ "user: {threshold: 3s}\nudp: {threshold: 4s}\n",
		    "t.yaml:1:8: warning: user.threshold is 3s, expected at least the interval "
		    "(5s), or 0s for the next poll\n"
		    "t.yaml:2:7: warning: udp.threshold is 4s, expected at least the interval "
		    "(5s), "
		    "or 0s for the next poll\n" },
		{ "interval: 2min\nsurvey: 1h\nsuspect: {threshold: 90s, weak_threshold: 100s}\n",
		    "t.yaml:3:11: warning: suspect.threshold is 1min 30s, expected at least the "
		    "interval (2min), or 0s for the next poll\n"
		    "t.yaml:3:27: warning: suspect.weak_threshold is 1min 40s, expected at "
		    "least the "
		    "interval (2min), or 0s for the next poll\n" },
		{ "log: {after: 11min}\n",
		    "t.yaml:1:7: warning: log.after is 11min, expected at most the threshold "
		    "(10min): listeners overstay before APPEARED is logged\n" },
		{ "threshold: 50s\n", "" },
		{ "threshold: 2s\n",
		    "t.yaml:1:1: warning: threshold is 2s, expected at least the interval (5s), or "
		    "0s for the next poll\n" },
		{ "threshold: 50s\nlog: {after: 1min}\n",
		    "t.yaml:2:7: warning: log.after is 1min, expected at most the threshold (50s): "
		    "listeners overstay before APPEARED is logged\n" },
		{ "log: {after: 11min, appeared: off}\n", "" },
		{ "threshold: never\nlog: {after: 1d}\n", "" },
		{ "rules:\n- {name: a, threshold: 4s, match: {user: alice}}\n"
		  "- {name: b, threshold: 5s, match: {user: bob}}\n"
		  "- {name: c, threshold: 4s, match: {user: 7}, enabled: no}\n",
		    "t.yaml:2:3: warning: threshold is 4s, expected at least the interval (5s), or "
		    "0s for the next poll\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Only where somebody asks, and knows the kernel's range. */
static void
test_ports(void **state)
{
	struct config_tree *tree = *state;

	config_tree_write(tree, "overstay.yaml",
	    "ranges: [kernel, 700]\n"
	    "rules:\n"
	    "- {name: a, threshold: 1h, match: {port: [32768, 700, 60999]}}\n"
	    "- {name: b, threshold: 1h, match: {port: [40000, 61000-61009]}}\n"
	    "- {name: c, threshold: 1h, match: {port: 8080}}\n"
	    "- {name: d, threshold: 1h, match: {port: 8081}, enabled: false}\n"
	    "- {name: e, threshold: 1h, match: {port: 1-50000}}\n");
	config_tree_write(tree, "vendor/1.yaml",
	    "rules:\n- {name: v, threshold: 1h, match: {port: 62000}}\n");
	(void)config_free(load_tree(tree, ""));
	tree->paths.examine = true;
	(void)config_free(load_tree(tree, ""));
	tree->paths.kernel = (struct port_range){ 32768, 60999 };
	(void)config_free(load_tree(tree,
	    "overstay.yaml:4:3: warning: port 61000-61009 is not watched, expected one of "
	    "700,32768-60999\n"
	    "overstay.yaml:5:3: warning: port 8080 is not watched, expected one of "
	    "700,32768-60999\n"));
}

/* Makes an executable of the tree. */
static void
make_program(const struct config_tree *tree, const char *directory, unsigned directory_mode,
    const char *name, unsigned mode)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", tree->root, directory);
	(void)mkdir(path, 0755);
	assert_int_equal(chmod(path, directory_mode), 0);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	config_tree_write(tree, path, "");
	(void)snprintf(path, sizeof(path), "%s/%s/%s", tree->root, directory, name);
	assert_int_equal(chmod(path, mode), 0);
}

#define PUBLIC                                                                              \
	"overstay.yaml:2:3: warning: rule allows by exe \"/bin/public\", expected user or " \
	"unit too: any user may run it\n"

static void
test_programs(void **state)
{
	static const struct {
		const char *text;
		bool verbose;
		const char *messages;
	} cases[] = {
		{ ALLOW("exe: /bin/public"), false, PUBLIC },
		{ ALLOW("exe: [/bin/none, /bin/public], port: 50000"), false, PUBLIC },
		{ ALLOW("exe: /bin/public, class: user"), false, PUBLIC },
		{ ALLOW("exe: /bin/link"), false,
		    "overstay.yaml:2:3: warning: rule allows by exe \"/bin/link\", expected "
		    "user or unit too: any user may run it\n" },
		{ ALLOW("exe: /bin/public, class: service"), false, "" },
		{ ALLOW("exe: /bin/public, user: 7"), false, "" },
		{ ALLOW("exe: /bin/public, unit: a.service"), false, "" },
		{ ALLOW("exe: /bin/owners"), false, "" },
		{ ALLOW("exe: /private/public"), false, "" },
		{ ALLOW("exe: /bin/link-to-private"), false, "" },
		{ ALLOW("exe: \"/bin/publi?\""), false,
		    "overstay.yaml:2:3: warning: rule allows by exe \"/bin/publi?\", "
		    "expected user or unit too: any user may run it\n" },
		{ ALLOW("exe: \"/bin/owner?\""), false, "" },
		{ ALLOW("exe: \"/privat?/public\""), false, "" },
		{ ALLOW("exe: /bin/none"), false, "" },
		{ "rules:\n- {name: n, threshold: 1h, match: {exe: /bin/public}}\n", true, "" },
		{ ALLOW("exe: [/bin/none, \"/bin/non*\", /bin/public/x], user: 7"), true,
		    "overstay.yaml:2:3: note: exe \"/bin/none\" does not exist in this tree\n"
		    "overstay.yaml:2:3: note: exe \"/bin/public/x\" does not exist in this "
		    "tree\n" },
	};
	struct config_tree *tree = *state;
	char link[256];

	make_program(tree, "bin", 0755, "public", 0755);
	make_program(tree, "bin", 0755, "owners", 0750);
	make_program(tree, "private", 0700, "public", 0755);
	(void)snprintf(link, sizeof(link), "%s/bin/link", tree->root);
	assert_int_equal(symlink("/bin/public", link), 0);
	(void)snprintf(link, sizeof(link), "%s/bin/link-to-private", tree->root);
	assert_int_equal(symlink("/private/public", link), 0);
	tree->paths.root = tree->root;
	tree->paths.main_outside = true;
	tree->paths.conf_dir = tree->paths.rules_dir = tree->paths.vendor_rules_dir = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		config_tree_write(tree, "overstay.yaml", cases[i].text);
		tree->paths.examine = false;
		(void)config_free(load_tree(tree, ""));
		tree->paths.examine = true;
		tree->paths.verbose = cases[i].verbose;
		(void)config_free(load_tree(tree, cases[i].messages));
	}
}

/* A tree is its own root: for its links, its users, and the places that alerts name. */
static void
test_root(void **state)
{
	struct config_tree *tree = *state;
	struct config *config;
	char link[256];

	(void)snprintf(link, sizeof(link), "%s/etc", tree->root);
	assert_int_equal(mkdir(link, 0755), 0);
	config_tree_write(tree, "etc/passwd", "carol:x:1234:1234::/:/bin/sh\n");
	config_tree_write(tree, "etc/group", "crew:x:4321:\n");
	config_tree_write(tree, "vendor/1.yaml", "x: 1\n");
	config_tree_write(tree, "vendor/target", ALLOW("user: [carol, \"@crew\", alice]"));
	(void)snprintf(link, sizeof(link), "%s/rules.d/1.yaml", tree->root);
	assert_int_equal(symlink("/dev/null", link), 0);
	(void)snprintf(link, sizeof(link), "%s/rules.d/2.yaml", tree->root);
	assert_int_equal(symlink("/vendor/target", link), 0);
	tree->paths = (struct config_paths){
		.root = tree->root,
		.main_file = "/overstay.yaml",
		.main_optional = true,
		.rules_dir = "/rules.d",
		.vendor_rules_dir = "/vendor",
	};
	config = load_tree(tree, "");
	assert_int_equal(config->policy.rule_count, 1);
	assert_true(id_list_has(&config->policy.rules[0].match.uids, 1234));
	assert_true(id_list_has(&config->policy.rules[0].match.gids, 4321));
	assert_int_equal(config->policy.names.count, 3);
	assert_int_equal(config->policy.names.items[2]->state, NAMED_ABSENT);
	assert_string_equal(config->policy.rules[0].where, "/rules.d/2.yaml:2");
	(void)config_free(config);
	/* One that is not there is not a tree without a mistake. */
	(void)snprintf(link, sizeof(link), "%s/none", tree->root);
	tree->paths.root = link;
	assert_null(
	    load_tree(tree, "none:1:1: error: cannot be read: No such file or directory\n"));
}

static void
test_requires(void **state)
{
	static const struct expectation expectations[] = {
		{ "requires: \"0.1\"\nthreshold: 1h\n", "" },
		{ "requires: " VERSION "\nthreshold: 1h\n", "" },
		{ "requires: \"99.0\"\nnew_option: 1\nthreshold: [x]\nrules: [[y], !x z]\n",
		    "t.yaml:1:11: warning: file requires overstayd 99.0, this is "
		    "" VERSION ": left out\n" },
		{ "threshold: 1x\nrequires: 99.0.1\n",
		    "t.yaml:2:11: warning: file requires overstayd 99.0.1, this is "
		    "" VERSION ": left out\n" },
		{ "requires: new\n",
		    "t.yaml:1:11: error: requires is \"new\", expected a version such as "
		    "\"0.3\"\n" },
		{ "requires: 99\n",
		    "t.yaml:1:11: error: requires is \"99\", expected a version such as "
		    "\"0.3\"\n" },
		{ "requires: 99.1.1.1\n",
		    "t.yaml:1:11: error: requires is \"99.1.1.1\", expected a version such as "
		    "\"0.3\"\n" },
		{ "requires: \">= 99.1\"\nx: 1\n",
		    "t.yaml:1:11: error: requires is \">= 99.1\", expected a version such as "
		    "\"0.3\"\n"
		    "t.yaml:2:1: error: unknown key \"x\", expected one of interval, survey, "
		    "ranges, "
		    "protocols, netns, threshold, user, udp, loopback, suspect, severity, grace, "
		    "remind, "
		    "heartbeat, advice, hopping, log, cmdline, rules, requires\n" },
		{ "requires: [1]\n",
		    "t.yaml:1:11: error: found a list, expected a version such as \"0.3\"\n" },
		{ "require: 99.0\n",
		    "t.yaml:1:1: error: unknown key \"require\", did you mean \"requires\"?\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* The other files are read; the one that is left out still stands instead of the vendor's. */
static void
test_requires_beside_others(void **state)
{
	struct config_tree *tree = *state;
	struct config *config;

	config_tree_write(tree, "overstay.yaml", "threshold: 1h\n");
	config_tree_write(tree, "conf.d/1.yaml", "requires: '99.1'\nthreshold: 2h\nx: 1\n");
	config_tree_write(tree, "rules.d/1.yaml", "requires: '99.1'\nrulez: 1\n");
	config_tree_write(tree, "rules.d/2.yaml", "requires: '0.1'\n" ALLOW("user: alice"));
	config_tree_write(tree, "vendor/1.yaml", ALLOW("user: bob"));
	config = load_tree(tree,
	    "conf.d/1.yaml:1:11: warning: file requires overstayd 99.1, this is "
	    "" VERSION ": left out\n"
	    "rules.d/1.yaml:1:11: warning: file requires overstayd 99.1, this is "
	    "" VERSION ": left out\n");
	assert_int_equal(config->policy.threshold_usec, USEC_PER_HOUR);
	assert_int_equal(config->policy.rule_count, 1);
	assert_int_equal(config->newer.count, 2);
	assert_non_null(strstr(config->newer.names[1], "/rules.d/1.yaml"));
	(void)config_free(config);
}

/*
 * With all of an installed host: what is dumped and loaded by itself, beside the packaged rules
 * again, is the same to the byte, the origin of every rule included.
 */
static void
test_dump_of_an_installed_host(void **state)
{
	struct config_tree *tree = *state;
	char *text, *again, origin[256];
	struct config *config;

	config_tree_write(tree, "overstay.yaml", "threshold: 1h\n" ALLOW("user: alice"));
	config_tree_write(tree, "rules.d/1.yaml", "\n" ALLOW("user: bob"));
	config_tree_write(tree, "vendor/2.yaml", ALLOW("user: 7"));
	config = load_tree(tree, "");
	assert_int_equal(config->policy.rule_count, 3);
	text = dump_fixed(config);
	(void)config_free(config);
	(void)snprintf(origin, sizeof(origin), "  # from %s/1.yaml:3\n", tree->rules_dir);
	assert_non_null(strstr(text, origin));
	config_tree_write(tree, "overstay.yaml", text);
	tree->paths.conf_dir = tree->paths.rules_dir = NULL;
	config = load_tree(tree, "");
	assert_int_equal(config->policy.rule_count, 3);
	assert_int_equal(config_dump_text(config, &again, NULL), 0);
	assert_string_equal(text, again);
	free(again);
	(void)config_free(config);
	/* A path that a comment cannot hold is the same unsaid one from then on. */
	config_tree_write(tree, "a\nb.yaml", ALLOW("user: bob"));
	(void)snprintf(origin, sizeof(origin), "%s/a\nb.yaml", tree->root);
	tree->paths.main_file = origin;
	config = load_tree(tree, "");
	free(dump_fixed(config));
	(void)config_free(config);
	tree->paths.main_file = tree->main_file;
	/* What a person copies out of it comes from where it is now. */
	config_tree_write(tree, "overstay.yaml", text + strcspn(text, "\n") + 1);
	tree->paths.vendor_rules_dir = NULL;
	config = load_tree(tree, "");
	assert_non_null(strstr(config->policy.rules[0].where, "/overstay.yaml:"));
	(void)config_free(config);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test_setup_teardown(test_ports, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_root, set_up, tear_down),
		cmocka_unit_test(test_requires),
		cmocka_unit_test_setup_teardown(test_requires_beside_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dump_of_an_installed_host, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-across", tests, NULL, NULL);
}
