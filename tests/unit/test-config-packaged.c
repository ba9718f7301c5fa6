/* SPDX-License-Identifier: MIT */
/*
 * The packaged rules of conf/rules.d: each file by itself and all of them together are read without
 * an error or a warning. Each names a unit or a user beside the program, since any user can start
 * the program, and some can make it do what they like. What is active is safe on a host nobody has
 * looked at: by the file of a program that a package of root's put there, or by the kernel, and by
 * no claim.
 */
#include "config-expect.h"

#include <dirent.h>

#include "base/cleanup.h"
#include "base/macros.h"
#include "config/rules.h"
#include "model/owner.h"
#include "model/program.h"
#include "model/reason.h"

#define HEAD "# SPDX-License-Identifier: MIT\n#\n# "

static char directory[4096];

static int
is_yaml(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

/* The text of a packaged file, to be freed. */
static char *
read_packaged(const char *name)
{
	char path[8192], *text = malloc(YAML_SIZE_MAX);
	FILE *file;
	size_t size;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(text);
	size = fread(text, 1, YAML_SIZE_MAX - 1, file);
	assert_int_equal(fclose(file), 0);
	text[size] = '\0';
	return text;
}

/* Calls the function for each packaged file, of which there must be some. */
static void
for_each_file(void (*function)(const char *name, const char *text))
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_yaml, alphasort);

	assert_true(count >= 10);
	for (int i = 0; i < count; i++) {
		char *text = read_packaged(entries[i]->d_name);

		function(entries[i]->d_name, text);
		free(text);
		free(entries[i]);
	}
	free(entries);
}

/* Says of which rule it is. */
static void
expect(bool holds, const char *file, const struct rule *rule, const char *what)
{
	if (!holds)
		print_error("# %s, %s: %s\n", file, rule->name, what);
	assert_true(holds);
}

/* Directories to which an installation writes, and nobody else. */
static bool
is_packaged_path(const char *glob)
{
	static const char *const places[] = { "/usr/", "/sbin/", "/lib/", "/opt/", "/u01/",
		"/var/lib/rancher/k3s/data/" };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (strncmp(glob, places[i], strlen(places[i])) == 0)
			return true;
	return false;
}

static bool
has_key(const struct match *match, enum match_key key)
{
	return (match->keys >> key & 1) != 0;
}

/* By whom a program was started, which its file does not say. */
static bool
names_somebody(const struct match *match)
{
	return has_key(match, MATCH_UNIT) || has_key(match, MATCH_USER) ||
	    has_key(match, MATCH_USER_UNIT) || has_key(match, MATCH_CONTAINER);
}

/*
 * What allows a program names an account or what only root can start, too: whoever runs a program
 * himself makes it do what he likes (LD_PRELOAD, a debugger, plug-ins). A unit of a user's own
 * manager is anybody's.
 */
static bool
is_out_of_users_reach(const struct match *match)
{
	return has_key(match, MATCH_UNIT) || has_key(match, MATCH_USER) ||
	    has_key(match, MATCH_CONTAINER);
}

/* A rule without a program is about the kernel, or about what root's records say. */
static bool
needs_no_program(const struct rule *rule)
{
	const struct match *match = &rule->match;

	if (match->owners == 1U << OWNER_KERNEL)
		return true;
	return rule->action != ACTION_ALLOW &&
	    (match->reasons == 1U << REASON_KERNEL_UNPROVED ||
		match->origins == 1U << ORIGIN_SLURM);
}

static void
check_program(const char *file, const struct rule *rule, const char *glob)
{
	const struct match *match = &rule->match;
	const char *name = program_name(glob);

	expect(is_packaged_path(glob) || has_key(match, MATCH_CONTAINER), file, rule,
	    "is active for a path that is no installation's");
	/* What it runs is another's code: its unit's, on the ports that this is for. */
	if (rule->action == ACTION_ALLOW &&
	    (program_is_interpreter(name) || program_is_relay(name) ||
		strcmp(name, "beam.smp") == 0))
		expect(has_key(match, MATCH_UNIT) && has_key(match, MATCH_PORT) &&
			match->choices == 1U << CHOICE_ASKED,
		    file, rule, "allows what runs anything");
}

static void
check_active(const char *file, const struct rule *rule)
{
	const struct match *match = &rule->match;
	const uint32_t claims = 1U << MATCH_COMM | 1U << MATCH_CMDLINE | 1U << MATCH_SCRIPT;

	expect((match->keys & claims) == 0 && match->not == NULL, file, rule, "rests on a claim");
	expect(has_key(match, MATCH_PROTOCOL), file, rule, "says no protocol");
	expect(has_key(match, MATCH_EXE) || needs_no_program(rule), file, rule,
	    "is active without exe");
	for (size_t i = 0; i < match->exe.count; i++)
		check_program(file, rule, match->exe.globs[i]);
	if (rule->action == ACTION_ALLOW && has_key(match, MATCH_CONTAINER))
		expect(is_packaged_path(match->exe.globs[0]), file, rule, "allows an image");
}

/* Directly above the rule stands a comment, the last part of which is its source. */
static void
check_comment(const char *file, const char *text, const struct rule *rule)
{
	unsigned line = (unsigned)strtoul(strrchr(rule->where, ':') + 1, NULL, 10);
	const char *above = text, *before = text;

	/* The rule's line is that of "- name:", which is where it begins. */
	for (unsigned i = 1; i < line; i++) {
		before = above;
		above = strchr(above, '\n') + 1;
	}
	expect(strncmp(above, "  - name: ", 10) == 0, file, rule, "does not begin with its name");
	expect(strncmp(before, "  # ", 4) == 0, file, rule, "has no comment above");
	while (strncmp(before, "  # Source: ", 12) != 0) {
		expect(strncmp(before, "  # ", 4) == 0, file, rule, "names no source");
		for (before--; before > text && before[-1] != '\n';)
			before--;
	}
}

static void
check_file(const char *name, const char *text)
{
	struct config *config = load_expect(text, "");

	assert_memory_equal(text, HEAD, strlen(HEAD));
	assert_non_null(strstr(text, "\nrules:\n"));
	assert_true(config->policy.rule_count > 0);
	for (size_t i = 0; i < config->policy.rule_count; i++) {
		const struct rule *rule = &config->policy.rules[i];

		expect(rule->note != NULL, name, rule, "has no note");
		check_comment(name, text, rule);
		expect(!has_key(&rule->match, MATCH_EXE) || names_somebody(&rule->match), name,
		    rule, "names neither a unit nor a user");
		expect(rule->action != ACTION_ALLOW || needs_no_program(rule) ||
			is_out_of_users_reach(&rule->match),
		    name, rule, "allows what any user can make its program do");
		if (rule->enabled)
			check_active(name, rule);
	}
	free(dump_fixed(config));
	(void)config_free(config);
}

static void
test_each_file(void **state)
{
	(void)state;
	for_each_file(check_file);
}

static char whole[YAML_SIZE_MAX];

/* The rules of a file behind those of the others. */
static void
append_rules(const char *name, const char *text)
{
	const char *rules = strstr(text, "\nrules:\n");

	(void)name;
	assert_non_null(rules);
	rules += strlen("\nrules:\n");
	assert_true(strlen(whole) + strlen(rules) < sizeof(whole));
	strcpy(whole + strlen(whole), rules);
}

/* None keeps another from being reached, and some are active. */
static void
test_all_files(void **state)
{
	struct config *config;
	size_t active = 0;

	(void)state;
	strcpy(whole, "rules:\n");
	for_each_file(append_rules);
	config = load_expect(whole, "");
	for (size_t i = 0; i < config->policy.rule_count; i++)
		active += config->policy.rules[i].enabled;
	assert_true(active > 10);
	assert_true(active < config->policy.rule_count);
	(void)config_free(config);
}

/* What is disabled can be switched on as it is, without a warning. */
static void
check_switched_on(const char *name, const char *text)
{
	char *all = strdup(text), *at;

	(void)name;
	assert_non_null(all);
	while ((at = strstr(all, "    enabled: false\n")) != NULL)
		memmove(at, at + 19, strlen(at + 19) + 1);
	(void)config_free(load_expect(all, ""));
	free(all);
}

static void
test_switched_on(void **state)
{
	(void)state;
	for_each_file(check_switched_on);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_file),
		cmocka_unit_test(test_all_files),
		cmocka_unit_test(test_switched_on),
	};
	const char *source = getenv("abs_top_srcdir");

	(void)snprintf(directory, sizeof(directory), "%s/conf/rules.d",
	    source != NULL ? source : ".");
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-packaged", tests, NULL, NULL);
}
