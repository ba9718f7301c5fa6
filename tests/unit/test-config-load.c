/* SPDX-License-Identifier: MIT */
/*
 * Which files are read, in which order, what masks what; what is refused as a file;
 * --check; the dump as a fixed point over many configurations, and its hash.
 */
#include "config-expect.h"

#include <fcntl.h>
#include <nettle/sha2.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "config-tree.h"
#include "skip.h"

static int
set_up(void **state)
{
	struct config_tree *tree = calloc(1, sizeof(*tree));

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

static void
test_missing(void **state)
{
	struct config_tree *tree = *state;
	struct config *config;

	assert_null(load_tree(tree,
	    "overstay.yaml:1:1: error: cannot be read: No such file or "
	    "directory\n"));
	tree->paths.main_optional = true;
	config = load_tree(tree, "");
	assert_int_equal(config->interval_usec, 5 * USEC_PER_SEC);
	(void)config_free(config);
	/* Directories that do not exist, or are not named, are empty ones. */
	assert_int_equal(rmdir(tree->conf_dir), 0);
	tree->paths.rules_dir = NULL;
	tree->paths.vendor_rules_dir = NULL;
	(void)config_free(load_tree(tree, ""));
}

static void
test_order_of_options(void **state)
{
	struct config_tree *tree = *state;
	struct config *config;

	config_tree_write(tree, "overstay.yaml", "threshold: 1h\ngrace: 1s\nudp: {auto: 1h}\n");
	config_tree_write(tree, "conf.d/20-b.yaml", "threshold: 3h\n");
	config_tree_write(tree, "conf.d/10-a.yaml",
	    "threshold: 2h\ngrace: 2s\nudp: "
	    "{threshold: 2h}\n");
	config_tree_write(tree, "conf.d/.30-hidden.yaml", "threshold: 4h\nremind: 4h\n");
	config_tree_write(tree, "conf.d/40-other.yaml.bak", "threshold: 5h\nremind: 5h\n");
	config_tree_write(tree, "conf.d/README", "threshold: 6h\nremind: 6h\n");
	config = load_tree(tree, "");
	assert_int_equal(config->policy.threshold_usec, 3 * USEC_PER_HOUR);
	assert_int_equal(config->policy.grace_usec, 2 * USEC_PER_SEC);
	assert_int_equal(config->policy.remind_usec, USEC_PER_DAY);
	assert_int_equal(config->policy.udp_auto_usec, USEC_PER_HOUR);
	assert_int_equal(config->policy.udp_threshold_usec, 2 * USEC_PER_HOUR);
	(void)config_free(config);
	config_tree_write(tree, "conf.d/50-c.yml", "threshold: 7h\n");
	config = load_tree(tree,
	    "conf.d:1:1: warning: \"50-c.yml\" is ignored, expected a name that ends in "
	    ".yaml\n");
	assert_int_equal(config->policy.threshold_usec, 3 * USEC_PER_HOUR);
	(void)config_free(config);
}

/* One rule by that name for that port. */
#define RULES(name, port) "rules:\n  - {name: " name ", threshold: 1h, match: {port: " port "}}\n"

static void
expect_rules(const struct config_tree *tree, const char *const *names, size_t count,
    const char *messages)
{
	struct config *config = load_tree(tree, messages);

	assert_non_null(config);
	assert_int_equal(config->policy.rule_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(config->policy.rules[i].name, names[i]);
	free(dump_fixed(config));
	(void)config_free(config);
}

static void
test_order_of_rules(void **state)
{
	static const char *const names[] = { "a", "b", "main", "vendor-a", "vendor-b" };
	struct config_tree *tree = *state;

	config_tree_write(tree, "overstay.yaml", RULES("main", "3"));
	config_tree_write(tree, "rules.d/20.yaml", RULES("b", "2"));
	config_tree_write(tree, "rules.d/10.yaml", RULES("a", "1"));
	config_tree_write(tree, "vendor/6.yaml", RULES("vendor-b", "5"));
	config_tree_write(tree, "vendor/5.yaml", RULES("vendor-a", "4"));
	expect_rules(tree, names, ARRAY_SIZE(names), "");
}

static void
test_masking(void **state)
{
	static const char *const all[] = { "one", "two", "three" };
	static const char *const rest[] = { "mine", "three" };
	struct config_tree *tree = *state;
	char path[128];

	tree->paths.main_optional = true;
	config_tree_write(tree, "vendor/1.yaml", RULES("one", "1"));
	config_tree_write(tree, "vendor/2.yaml", RULES("two", "2"));
	config_tree_write(tree, "vendor/3.yaml", RULES("three", "3"));
	expect_rules(tree, all, ARRAY_SIZE(all), "");
	/* An empty file, a link to /dev/null; one of the same name stands instead. */
	config_tree_write(tree, "rules.d/1.yaml", "");
	(void)snprintf(path, sizeof(path), "%s/2.yaml", tree->rules_dir);
	assert_int_equal(symlink("/dev/null", path), 0);
	expect_rules(tree, all + 2, 1, "");
	config_tree_write(tree, "rules.d/1.yaml", RULES("mine", "7"));
	expect_rules(tree, rest, ARRAY_SIZE(rest), "");
}

static void
test_reach_across_files(void **state)
{
	static const char *const names[] = { "wide", "narrow" };
	struct config_tree *tree = *state;
	char expected[256];

	config_tree_write(tree, "rules.d/1.yaml", "\n" RULES("wide", "1-9"));
	config_tree_write(tree, "overstay.yaml", RULES("narrow", "5"));
	(void)snprintf(expected, sizeof(expected),
	    "overstay.yaml:2:5: warning: rule is never reached, \"wide\" at "
	    "\"rules.d/1.yaml:3\" matches first\n");
	expect_rules(tree, names, ARRAY_SIZE(names), expected);
}

static void
test_keys_of_directories(void **state)
{
	struct config_tree *tree = *state;

	config_tree_write(tree, "overstay.yaml", "foo: 1\n");
	config_tree_write(tree, "conf.d/1.yaml", "interval: 1x\nrules: []\n");
	config_tree_write(tree, "rules.d/1.yaml", "rules: []\ninterval: 1s\n");
	config_tree_write(tree, "rules.d/2.yaml", "- {name: n}\n");
	config_tree_write(tree, "vendor/1.yaml", "oops: 1\n");
	config_tree_write(tree, "vendor/9.yaml", "ruels: 1\n");
	assert_null(load_tree(tree,
	    "overstay.yaml:1:1: error: unknown key \"foo\", expected one of interval, survey, "
	    "ranges, "
	    "protocols, netns, threshold, user, udp, loopback, suspect, severity, grace, remind, "
	    "heartbeat, advice, hopping, "
	    "log, "
	    "cmdline, rules, requires\n"
	    "conf.d/1.yaml:1:11: error: interval is \"1x\", expected a time span such as 90s or "
	    "1h 30min\n"
	    "conf.d/1.yaml:2:1: error: rules are not allowed in conf.d, expected in "
	    "overstay.yaml or in "
	    "rules.d\n"
	    "rules.d/1.yaml:2:1: error: unknown key \"interval\" here, expected in "
	    "overstay.yaml or in conf.d\n"
	    "rules.d/2.yaml:1:1: error: found a list, expected a map with rules:\n"
	    "vendor/9.yaml:1:1: error: unknown key \"ruels\", did you mean \"rules\"?\n"));
}

/*
 * An option of conf.d against one of the main file: the error stands where the option does.
 */
static void
test_options_across_files(void **state)
{
	struct config_tree *tree = *state;

	config_tree_write(tree, "overstay.yaml", "# one\nsurvey: 4s\n");
	config_tree_write(tree, "conf.d/1.yaml", "interval: 4s\n");
	(void)config_free(load_tree(tree, ""));
	config_tree_write(tree, "conf.d/1.yaml", "interval: 6s\n");
	assert_null(load_tree(tree,
	    "overstay.yaml:2:1: error: survey is 4s, expected at least the interval (6s)\n"));
}

static void
test_kinds_of_file(void **state)
{
	struct config_tree *tree = *state;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/1.yaml", tree->conf_dir);
	assert_int_equal(symlink("/dev/null", tree->main_file), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(load_tree(tree,
	    "conf.d/1.yaml:1:1: error: is a special file, expected a regular "
	    "file\n"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(load_tree(tree,
	    "conf.d/1.yaml:1:1: error: is a directory, expected a regular "
	    "file\n"));
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_null(load_tree(tree,
	    "conf.d/1.yaml:1:1: error: is a special file, expected a regular "
	    "file\n"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_null(load_tree(tree,
	    "conf.d/1.yaml:1:1: error: cannot be read: it is a symbolic link to "
	    "\"nowhere\", which does not exist\n"));
	assert_int_equal(unlink(path), 0);
	tree->paths.conf_dir = tree->main_file;
	assert_null(load_tree(tree, "overstay.yaml:1:1: error: is no directory, expected one\n"));
}

/* Root's group is root; that of a user is somebody who may hide a listener. */
static void
test_group_writers(void **state)
{
	struct config_tree *tree = *state;
	const char *expected = "";
	char text[256];

	if (getgid() != 0) {
		(void)snprintf(text, sizeof(text),
		    "overstay.yaml:1:1: warning: mode 0664 allows writing by gid %u, expected "
		    "0644\n"
		    "rules.d:1:1: warning: mode 0775 allows writing by gid %u, expected 0755\n",
		    (unsigned)getgid(), (unsigned)getgid());
		expected = text;
	}
	config_tree_write(tree, "overstay.yaml", "interval: 3s\n");
	assert_int_equal(chmod(tree->main_file, 0664), 0);
	assert_int_equal(chmod(tree->rules_dir, 0775), 0);
	(void)config_free(load_tree(tree, expected));
	need_root();
	assert_int_equal(chown(tree->main_file, 0, 1234), 0);
	(void)config_free(load_tree(tree,
	    "overstay.yaml:1:1: warning: mode 0664 allows writing by gid 1234, expected 0644\n"));
}

/* What anybody may change is an error, and at a start no part of the configuration. */
static void
test_writers(void **state)
{
	struct config_tree *tree = *state;
	struct config *config;

	config_tree_write(tree, "overstay.yaml", "interval: 3s\nx: 1\n");
	config_tree_write(tree, "conf.d/1.yaml", "grace: 3s\n");
	config_tree_write(tree, "rules.d/1.yaml", RULES("mine", "7"));
	assert_int_equal(chmod(tree->main_file, 0666), 0);
	assert_int_equal(chmod(tree->rules_dir, 0777), 0);
	assert_null(load_tree(tree,
	    "overstay.yaml:1:1: error: mode 0666 allows writing by others, expected 0644\n"
	    "rules.d:1:1: error: mode 0777 allows writing by others, expected 0755\n"));
	tree->paths.starting = true;
	config = load_tree(tree,
	    "overstay.yaml:1:1: warning: mode 0666 allows writing by others, expected 0644: left "
	    "out\n"
	    "rules.d:1:1: warning: mode 0777 allows writing by others, expected 0755: left out\n");
	assert_int_equal(config->interval_usec, 5 * USEC_PER_SEC);
	assert_int_equal(config->policy.grace_usec, 3 * USEC_PER_SEC);
	assert_int_equal(config->policy.rule_count, 0);
	assert_int_equal(config->exposed.count, 2);
	assert_string_equal(config->exposed.names[0], tree->main_file);
	assert_string_equal(config->exposed.names[1], tree->rules_dir);
	(void)config_free(config);
}

/* Who may rename a file may put another in its place; in a sticky directory that is its owner. */
static void
test_writers_of_the_directory(void **state)
{
	struct config_tree *tree = *state;
	char expected[256];

	config_tree_write(tree, "overstay.yaml", "interval: 3s\n");
	(void)snprintf(expected, sizeof(expected),
	    "%s:1:1: error: mode 0777 allows writing by others, expected 0755\n", tree->root);
	assert_int_equal(chmod(tree->root, 0777), 0);
	assert_null(load_tree(tree, expected));
	assert_int_equal(chmod(tree->root, 01777), 0);
	(void)config_free(load_tree(tree, ""));
	/* A link is judged by the directory that it leads to. */
	assert_int_equal(chmod(tree->root, 0700), 0);
	assert_int_equal(unlink(tree->main_file), 0);
	assert_int_equal(symlink("vendor/x", tree->main_file), 0);
	config_tree_write(tree, "vendor/x", "interval: 3s\n");
	(void)config_free(load_tree(tree, ""));
	tree->paths.vendor_rules_dir = NULL;
	assert_int_equal(chmod(tree->vendor_dir, 0777), 0);
	assert_null(load_tree(tree,
	    "vendor:1:1: error: mode 0777 allows writing by others, expected 0755\n"));
}

static void
test_owner(void **state)
{
	struct config_tree *tree = *state;

	need_root();
	config_tree_write(tree, "overstay.yaml", "interval: 3s\n");
	assert_int_equal(chown(tree->main_file, 65534, 0), 0);
	(void)config_free(load_tree(tree,
	    "overstay.yaml:1:1: warning: owned by uid 65534, expected root: "
	    "this user can hide listeners from overstayd\n"));
}

/* Who runs --check reads what the service, without capabilities, cannot. */
static void
test_readers(void **state)
{
	struct config_tree *tree = *state;

	need_root();
	config_tree_write(tree, "overstay.yaml", "interval: 3x\n");
	assert_int_equal(chmod(tree->main_file, 0240), 0);
	(void)config_free(load_tree(tree,
	    "overstay.yaml:1:11: error: interval is \"3x\", expected a time span such as 90s or "
	    "1h 30min\n"));
	tree->paths.examine = true;
	(void)config_free(load_tree(tree,
	    "overstay.yaml:1:1: error: mode 0240 of uid 0 cannot be read by overstayd.service, "
	    "which has no capabilities, expected owner root and mode 0644\n"
	    "overstay.yaml:1:11: error: interval is \"3x\", expected a time span such as 90s or "
	    "1h 30min\n"));
	config_tree_write(tree, "overstay.yaml", "interval: 3s\n");
	assert_int_equal(chmod(tree->main_file, 0600), 0);
	assert_int_equal(chmod(tree->rules_dir, 0644), 0);
	(void)config_free(load_tree(tree,
	    "rules.d:1:1: error: mode 0644 of uid 0 cannot be read by overstayd.service, which has "
	    "no capabilities, expected owner root and mode 0755\n"));
	tree->paths.main_outside = true;
	(void)config_free(load_tree(tree, ""));
	tree->paths.main_outside = false;
	assert_int_equal(chmod(tree->rules_dir, 0755), 0);
	assert_int_equal(chown(tree->main_file, 65534, 0), 0);
	(void)config_free(load_tree(tree,
	    "overstay.yaml:1:1: error: mode 0600 of uid 65534 cannot be read by overstayd.service, "
	    "which has no capabilities, expected owner root and mode 0644\n"
	    "overstay.yaml:1:1: warning: owned by uid 65534, expected root: "
	    "this user can hide listeners from overstayd\n"));
}

/* What a link leads to is hidden from the service, or lies in somebody's own directory. */
static void
test_readers_through_links(void **state)
{
	struct config_tree *tree = *state;
	char link[CONFIG_TREE_PATH_MAX + 16], target[CONFIG_TREE_PATH_MAX + 16],
	    text[2 * CONFIG_TREE_PATH_MAX + 512];

	need_root();
	config_tree_write(tree, "overstay.yaml", "");
	config_tree_write(tree, "vendor/linked.yaml", "");
	(void)snprintf(target, sizeof(target), "%s/linked.yaml", tree->vendor_dir);
	(void)snprintf(link, sizeof(link), "%s/link.yaml", tree->conf_dir);
	assert_int_equal(symlink(target, link), 0);
	tree->paths.vendor_rules_dir = NULL;
	(void)config_free(load_tree(tree, ""));
	tree->paths.examine = true;
	(void)config_free(load_tree(tree,
	    "conf.d/link.yaml:1:1: error: cannot be read by overstayd.service: a symbolic link "
	    "leads to \"vendor/linked.yaml\": overstayd.service sees no /home, /root, /run, /tmp "
	    "and /var\n"));
	assert_int_equal(unlink(link) | symlink("/home/none.yaml", link), 0);
	(void)config_free(load_tree(tree,
	    "conf.d/link.yaml:1:1: error: cannot be read: it is a symbolic link to "
	    "\"/home/none.yaml\", which does not exist: overstayd.service sees no /home, /root, "
	    "/run, /tmp and /var\n"));
	/* A directory that root does not own, and nobody else may enter. */
	assert_int_equal(chown(tree->root, 65534, 65534), 0);
	(void)snprintf(text, sizeof(text),
	    "overstay.yaml:1:1: error: cannot be read by overstayd.service, which has no "
	    "capabilities: directory \"%s\" has mode 0700 and owner uid 65534\n"
	    "%s:1:1: warning: owned by uid 65534, expected root: this user can hide listeners from "
	    "overstayd\n",
	    tree->root, tree->root);
	tree->paths.conf_dir = tree->paths.rules_dir = NULL;
	(void)config_free(load_tree(tree, text));
	assert_int_equal(chown(tree->root, 0, 0), 0);
	(void)config_free(load_tree(tree, ""));
}

/* --check takes a main file or a fragment, under any name; a fragment is not the whole. */
static void
test_check_file(void **state)
{
	static const struct {
		const char *text, *messages;
	} cases[] = {
		{ "interval: 1s\nrules: []\n", "" },
		{ RULES("n", "1"), "" },
		{ "interval: 1min\n", "" },
		{ "interval: 1min\nsurvey: 30s\n",
		    "x:2:1: error: survey is 30s, expected at least the interval (1min)\n" },
		{ "", "" },
		{ "rules: 1\n", "x:1:8: error: found a single value, expected a list of rules\n" },
		{ "foo: bar\nrules:\n- {name: n, match: {user: '@'}, action: allow}\n",
		    "x:1:1: error: unknown key \"foo\", expected one of interval, survey, ranges, "
		    "protocols, "
		    "netns, threshold, user, udp, loopback, suspect, severity, grace, remind, "
		    "heartbeat, advice, hopping, "
		    "log, cmdline, "
		    "rules, requires\n"
		    "x:3:27: error: user is \"@\", expected a user such as alice or 1000, or a "
		    "group such as @developers\n" },
		{ "rules:\n- {name: n, match: {user: [no-such-user-here, \"@root\"]}, action: "
		  "allow}\n",
		    "" },
	};
	struct config_tree *tree = *state;
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	char path[128], root[66];

	(void)snprintf(root, sizeof(root), "%s/", tree->root);
	(void)snprintf(path, sizeof(path), "%sx", root);
	assert_int_equal(config_check_file(&(struct config_paths){ 0 }, path, &config, &messages),
	    -EINVAL);
	assert_int_equal(messages.counts[CONFIG_ERROR], 1);
	config_messages_clear(&messages);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *said;

		config_tree_write(tree, "x", cases[i].text);
		assert_int_equal(
		    config_check_file(&(struct config_paths){ 0 }, path, &config, &messages),
		    cases[i].messages[0] == '\0' ? 0 : -EINVAL);
		said = messages_text(&messages, root);
		assert_string_equal(said, cases[i].messages);
		free(said);
		config_messages_clear(&messages);
		config = config_free(config);
	}
}

static void
test_too_large_together(void **state)
{
	static char text[900 * 1024];
	struct config_tree *tree = *state;
	size_t used = (size_t)sprintf(text, "rules:\n");

	for (unsigned i = 0; i < 250; i++)
		used += (size_t)sprintf(text + used,
		    "- {name: '%0*u', threshold: 1h, match: {port: %u}}\n", 3000, i, i + 1);
	config_tree_write(tree, "overstay.yaml", text);
	(void)config_free(load_tree(tree, ""));
	for (unsigned i = 0; i < used; i++)
		if (strncmp(text + i, "port: ", 6) == 0)
			memcpy(text + i, "user: ", 6);
	config_tree_write(tree, "rules.d/1.yaml", text);
	assert_null(load_tree(tree,
	    "overstay.yaml:1:1: error: the configuration of all files together is too large, "
	    "expected at most 1048576 bytes without comments\n"));
}

/*
 * Every text whose values are of many kinds: the dump is a fixed point, and stays the same.
 */
static void
test_round_trip(void **state)
{
	static const char *const texts[] = {
		"",
		"interval: 1500ms\nsurvey: 1h 1us\nranges: [1, 3-5, iana]\nprotocols: "
		"udp\n",
		"threshold: never\nudp: {threshold: never, auto: 0}\ncmdline: off\ngrace: "
		"0s\n",
		"loopback: {severity: emerg}\nseverity: debug\nremind: never\n"
		"heartbeat: {every: never, severity: info}\n"
		"log: {appeared: off, vanished: debug, udp: alert, after: 24h}\n",
		"ranges: [kernel]\n",
		"ranges: [65535, 1]\n",
		"ranges: [1-65535]\n",
		"rules:\n- {name: "
		"\"a'\\\"b\\\\c\\n\\t\\e\\x7f\\u0085\\u2028\\ufeff\\U0001f600 #:\", "
		"threshold: 0s, note: ' x ', match: {comm: [\" \", \"- a\", \"\\\\*\", "
		"\"'\", \"#\"]}}\n",
		"rules:\n- {name: off, remind: 90min, until: 2199-12-31, enabled: no, "
		"match: "
		"{user: [\"@developers\", \"0\", alice, alice], not: {user: [bob], "
		"address: "
		"[0.0.0.0/0, \"::/0\", \"::ffff:1.2.3.4\"], protocol: tcp, choice: [auto, "
		"asked]}}}\n"
		"- {name: two, severity: err, action: allow, match: {not: {port: [1-3, "
		"2-5, 9]}}}\n"
		"- name: |\n    folded\n    name\n  match: {exe: [\"**\"], owner: "
		"[unknown], "
		"exposure: [any, local]}\n  threshold: 3w\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *said;
		struct config *config = load_bytes(texts[i], strlen(texts[i]), &said);

		if (config == NULL)
			print_error("# %s", said);
		assert_non_null(config);
		free(dump_fixed(config));
		free(said);
		(void)config_free(config);
	}
}

/* The very text, so that nothing is lost on both ways alike. */
static void
test_dump(void **state)
{
	struct config *config = load_expect(
	    "interval: 1s\nranges: [7, iana, 9-11]\n"
	    "protocols: udp\nudp: {auto: 2h}\nlog: {appeared: off}\ncmdline: full\n"
	    "advice: off\nhopping: [udp, tcp]\n"
	    "rules:\n"
	    "- {enabled: no, name: one, until: 2199-01-02, note: a \"b\", remind: 5min,\n"
	    "   severity: err, threshold: 90s, match: {choice: auto, owner: process,\n"
	    "   user_unit: a.service, unit: \"*\", user: [alice, \"@7\"], cmdline: c, comm: d,\n"
	    "   script: /s, container: [w, \"x*\"], netns: host, class: [user, kernel],\n"
	    "   reason: [exposed, memory],\n"
	    "   exe: [/e, \"/f*\"], exposure: [any, local], address: \"::1\", port: [3, 1-2],\n"
	    "   protocol: tcp, not: {user: bob, port: 5}}}\n"
	    "- {name: two, action: allow, match: {user: 5}}\n",
	    "");
	char *text = dump_fixed(config);

	(void)state;
	assert_string_equal(text,
	    "# overstayd --dump-config: the whole configuration, packaged rules included\n"
	    "interval: 1s\nsurvey: 30s\nranges: [iana, 7, 9-11]\nprotocols: [udp]\n"
	    "netns: host\nthreshold: 10min\nuser:\n  threshold: 3d\nudp:\n  threshold: 1h\n"
	    "  auto: 2h\n"
	    "loopback:\n  severity: notice\nsuspect:\n  threshold: 0s\n  severity: crit\n"
	    "  weak_threshold: 1min\n  weak_severity: err\n"
	    "severity: warning\ngrace: 2min\nremind: 1d\n"
	    "heartbeat:\n  every: 1d\n  severity: notice\n"
	    "advice: \"off\"\nhopping: [tcp, udp]\nlog:\n  appeared: \"off\"\n"
	    "  vanished: info\n  udp: \"off\"\n  after: 1min\ncmdline: full\n"
	    "rules:\n"
	    "  # from t.yaml:10\n"
	    "  - name: \"one\"\n    match:\n      protocol: [tcp]\n      port: [1-3]\n"
	    "      address: [\"::1/128\"]\n      exposure: [local, any]\n"
	    "      exe: [\"/e\", \"/f*\"]\n      comm: [\"d\"]\n      cmdline: [\"c\"]\n"
	    "      user: [\"alice\", \"@7\"]\n      unit: [\"*\"]\n"
	    "      user_unit: [\"a.service\"]\n      owner: [process]\n      choice: [auto]\n"
	    "      script: [\"/s\"]\n      container: [\"w\", \"x*\"]\n      netns: [\"host\"]\n"
	    "      class: [kernel, user]\n      reason: [memory, exposed]\n"
	    "      not:\n        port: [5]\n        user: [\"bob\"]\n"
	    "    threshold: 1min 30s\n    severity: err\n    remind: 5min\n"
	    "    note: \"a \\\"b\\\"\"\n    until: 2199-01-02\n    enabled: false\n"
	    "  # from t.yaml:17\n"
	    "  - name: \"two\"\n    match:\n      user: [\"5\"]\n    action: allow\n");
	free(text);
	(void)config_free(config);
}

/* Takes the lines out that are comments. */
static void
strip_comments(char *text)
{
	for (char *line = text, *next; *line != '\0'; line = next) {
		next = strchr(line, '\n') + 1;
		if (line[strspn(line, " ")] != '#')
			continue;
		memmove(line, next, strlen(next) + 1);
		next = line;
	}
}

/* The hash is of the dump without its comments: where a rule comes from makes no difference. */
static void
test_hash(void **state)
{
	static const char rule[] = "rules: [{name: a, threshold: 1h, match: {port: 50000}}]\n";
	char below[128] = "\n\n";
	struct config *config = load_expect(rule, ""),
		      *other = load_expect("grace: "
					   "1s\n",
			  "");
	struct config *same = load_expect(strcat(below, rule), "");
	struct sha256_ctx context;
	uint8_t hash[SHA256_DIGEST_SIZE];
	char *text, expected[CONFIG_HASH_SIZE];

	(void)state;
	text = dump_fixed(config);
	strip_comments(text);
	sha256_init(&context);
	sha256_update(&context, strlen(text), (const uint8_t *)text);
	sha256_digest(&context, sizeof(hash), hash);
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(expected + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(config->hash, expected);
	assert_string_equal(config->hash, same->hash);
	assert_string_not_equal(config->hash, other->hash);
	free(text);
	(void)config_free(config);
	(void)config_free(other);
	(void)config_free(same);
}

static void
test_dump_to_full_disk(void **state)
{
	struct config *config = load_expect("", "");
	FILE *file = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(file);
	assert_int_equal(config_dump(config, false, file), -ENOSPC);
	(void)fclose(file);
	(void)config_free(config);
}

/* Returns NULL where every load went well. */
static void *
load_in_thread(void *argument)
{
	const struct config_tree *tree = argument;
	struct config *config;

	for (unsigned i = 0; i < 20; i++) {
		struct config_messages messages = { 0 };

		config = NULL;
		if (config_load(&tree->paths, &config, &messages) != 0)
			return argument;
		(void)config_free(config);
		config_messages_clear(&messages);
	}
	return NULL;
}

/* Two loads at once do not meet. */
static void
test_threads(void **state)
{
	struct config_tree *tree = *state;
	pthread_t threads[4];

	config_tree_write(tree, "overstay.yaml",
	    "rules:\n- {name: n, until: 2030-01-01, threshold: 1h, match: {user: "
	    "[root]}}\n");
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_in_thread, tree), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *result = tree;

		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order_of_options, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order_of_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_masking, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reach_across_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keys_of_directories, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_options_across_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_kinds_of_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_group_writers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_writers_of_the_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_readers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_readers_through_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_check_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_large_together, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_threads, set_up, tear_down),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_dump),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_dump_to_full_disk),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-load", tests, NULL, NULL);
}
