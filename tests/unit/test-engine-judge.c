/* SPDX-License-Identifier: MIT */
/*
 * judge: every match key alone, beside another and under `not`; what is not known matches nothing;
 * the first rule that matches decides, and what it leaves open comes from the policy.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "engine/judge.h"

#define NOW (1000 * USEC_PER_SEC)

/* A rule with one match, filled by a row of the table; its lists are borrowed from the row. */
struct row {
	enum match_key key;
	uint32_t bits; /* protocols, exposures, owners or choices */
	const char *glob;
	uint32_t id; /* of uids, or of gids where group is set */
	bool group;
	const char *prefix;
	uint8_t prefix_bits;
	uint16_t first_port, last_port;
	bool matches; /* the listener and the process of the test */
};

/* tcp 10.1.2.3:60855, asked, of /usr/bin/web [100], uid 1000, groups 50 and 51, web.service. */
/* Nothing is said of what it is. */
static const struct classification unclassified;

static const struct row rows[] = {
	{ MATCH_PROTOCOL, .bits = 1 << PROTOCOL_TCP, .matches = true },
	{ MATCH_PROTOCOL, .bits = 1 << PROTOCOL_UDP },
	{ MATCH_PORT, .first_port = 60855, .last_port = 60855, .matches = true },
	{ MATCH_PORT, .first_port = 60000, .last_port = 60854 },
	{ MATCH_ADDRESS, .prefix = "10.1.0.0", .prefix_bits = 16, .matches = true },
	{ MATCH_ADDRESS, .prefix = "10.1.2.2", .prefix_bits = 31, .matches = true },
	{ MATCH_ADDRESS, .prefix = "10.1.2.4", .prefix_bits = 30 },
	{ MATCH_ADDRESS, .prefix = "0.0.0.0", .prefix_bits = 0, .matches = true },
	{ MATCH_EXPOSURE, .bits = 1 << EXPOSURE_LOCAL, .matches = true },
	{ MATCH_EXPOSURE, .bits = 1 << EXPOSURE_ANY | 1 << EXPOSURE_LOOPBACK },
	{ MATCH_EXE, .glob = "/usr/bin/web", .matches = true },
	{ MATCH_EXE, .glob = "/usr/*/web", .matches = true },
	{ MATCH_EXE, .glob = "/usr/*" },
	{ MATCH_EXE, .glob = "/usr/**", .matches = true },
	{ MATCH_COMM, .glob = "we?", .matches = true },
	{ MATCH_COMM, .glob = "db" },
	{ MATCH_CMDLINE, .glob = "web --port 60855", .matches = true },
	{ MATCH_CMDLINE, .glob = "*--port*", .matches = true },
	{ MATCH_CMDLINE, .glob = "web" },
	{ MATCH_USER, .id = 1000, .matches = true },
	{ MATCH_USER, .id = 0 },
	{ MATCH_USER, .id = 51, .group = true, .matches = true },
	{ MATCH_USER, .id = 100, .group = true, .matches = true },
	{ MATCH_USER, .id = 52, .group = true },
	{ MATCH_UNIT, .glob = "web.service", .matches = true },
	{ MATCH_UNIT, .glob = "*", .matches = true },
	{ MATCH_UNIT, .glob = "db.service" },
	{ MATCH_USER_UNIT, .glob = "*" },
	{ MATCH_OWNER, .bits = 1 << OWNER_PROCESS, .matches = true },
	{ MATCH_OWNER, .bits = 1 << OWNER_KERNEL | 1 << OWNER_UNKNOWN },
	{ MATCH_CHOICE, .bits = 1 << CHOICE_ASKED, .matches = true },
	{ MATCH_CHOICE, .bits = 1 << CHOICE_AUTO },
};

static struct owner *
make_owner(void)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 1);
	struct process *process;
	static const char cmdline[] = "web\0--port\0"
				      "60855";

	assert_non_null(owner);
	owner->holders = 1;
	process = owner->processes[0];
	process->pid = 100;
	process->uid = 1000;
	process->gid = 100;
	process->groups[0] = 50;
	process->groups[1] = 51;
	process->group_count = 2;
	process->exe_trust = EXE_SAME;
	process->comm = strdup("web");
	process->exe = strdup("/usr/bin/web");
	process->cmdline = malloc(sizeof(cmdline));
	memcpy(process->cmdline, cmdline, sizeof(cmdline));
	process->cmdline_length = sizeof(cmdline);
	process->place.unit = strdup("web.service");
	return owner;
}

static struct glob_list
make_globs(const char *glob)
{
	struct glob_list list = { .globs = malloc(sizeof(char *)), .count = 1 };

	list.globs[0] = strdup(glob);
	return list;
}

static void
fill_match(struct match *match, const struct row *row)
{
	struct glob_list *lists[MATCH_KEY_COUNT] = {
		[MATCH_EXE] = &match->exe,
		[MATCH_COMM] = &match->comm,
		[MATCH_CMDLINE] = &match->cmdline,
		[MATCH_UNIT] = &match->unit,
		[MATCH_USER_UNIT] = &match->user_unit,
	};
	struct id_list *ids = row->group ? &match->gids : &match->uids;

	match->keys |= 1U << row->key;
	if (row->bits != 0)
		match->protocols = match->exposures = match->owners = match->choices = row->bits;
	if (row->glob != NULL)
		*lists[row->key] = make_globs(row->glob);
	if (row->key == MATCH_USER) {
		ids->ids = malloc(sizeof(uint32_t));
		ids->ids[0] = row->id;
		ids->count = 1;
	}
	if (row->prefix != NULL) {
		match->addresses = calloc(1, sizeof(*match->addresses));
		match->addresses[0].family = AF_INET;
		match->addresses[0].bits = row->prefix_bits;
		assert_int_equal(inet_pton(AF_INET, row->prefix, match->addresses[0].address), 1);
		match->address_count = 1;
	}
	if (row->first_port != 0) {
		match->ports = calloc(1, sizeof(*match->ports));
		port_set_add(match->ports, row->first_port, row->last_port);
	}
}

/* A policy with one rule that allows; its match is empty still. */
static struct policy
make_policy(void)
{
	struct policy policy;

	policy_init(&policy);
	policy.rules = calloc(1, sizeof(*policy.rules));
	policy.rule_count = 1;
	policy.rules[0] = (struct rule){
		.name = strdup("rule"),
		.action = ACTION_ALLOW,
		.until_usec = USEC_NEVER,
		.enabled = true,
	};
	return policy;
}

static bool
allows(const struct policy *policy, const struct listener *listener, const struct owner *owner)
{
	struct verdict verdict;

	judge(policy, listener, NULL, owner, &unclassified, NOW, &verdict);
	assert_int_equal(verdict.allowed, verdict.rule != NULL);
	if (verdict.allowed)
		assert_true(verdict.threshold_usec == USEC_NEVER);
	return verdict.allowed;
}

static void
test_each_key(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct owner *owner = make_owner();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = make_policy();
		struct match *match = &policy.rules[0].match;

		fill_match(match, &rows[i]);
		if (allows(&policy, &listener, owner) != rows[i].matches)
			fail_msg("row %zu alone", i);
		/* The same under `not`, beside a key that holds. */
		match_clear(match);
		fill_match(match, &rows[0]);
		match->not = calloc(1, sizeof(*match->not ));
		fill_match(match->not, &rows[i]);
		if (allows(&policy, &listener, owner) == rows[i].matches)
			fail_msg("row %zu under not", i);
		policy_clear(&policy);
	}
	(void)owner_unref(owner);
}

static void
test_two_keys_hold_together(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct owner *owner = make_owner();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			struct policy policy = make_policy();

			if (rows[i].key == rows[j].key ||
			    (rows[i].bits != 0 && rows[j].bits != 0)) {
				policy_clear(&policy);
				continue;
			}
			fill_match(&policy.rules[0].match, &rows[i]);
			fill_match(&policy.rules[0].match, &rows[j]);
			if (allows(&policy, &listener, owner) !=
			    (rows[i].matches && rows[j].matches))
				fail_msg("rows %zu and %zu", i, j);
			policy_clear(&policy);
		}
	(void)owner_unref(owner);
}

/* Keys about the process are neither true nor false of an owner that was not seen. */
static void
test_unknown_owner_matches_neither_way(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct owner *owner = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP, 0);

	(void)state;
	listener.uid = 4242;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy policy = make_policy();
		struct match *match = &policy.rules[0].match;
		bool process = rows[i].glob != NULL || rows[i].key == MATCH_USER;

		if (!process) {
			policy_clear(&policy);
			continue;
		}
		fill_match(match, &rows[i]);
		if (allows(&policy, &listener, owner))
			fail_msg("row %zu of an unknown owner", i);
		match_clear(match);
		fill_match(match, &rows[0]);
		match->not = calloc(1, sizeof(*match->not ));
		fill_match(match->not, &rows[i]);
		if (allows(&policy, &listener, owner))
			fail_msg("row %zu under not of an unknown owner", i);
		policy_clear(&policy);
	}
	(void)owner_unref(owner);
}

static void
test_exe_is_more_than_a_string(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct owner *owner = make_owner();
	struct policy policy = make_policy();

	(void)state;
	fill_match(&policy.rules[0].match, &(struct row){ MATCH_EXE, .glob = "/usr/bin/web" });
	owner->processes[0]->exe_trust = EXE_UNVERIFIED;
	assert_false(allows(&policy, &listener, owner));
	owner->processes[0]->exe_trust = EXE_REPLACED;
	assert_true(allows(&policy, &listener, owner));
	policy_clear(&policy);
	(void)owner_unref(owner);
}

/* A socket that was passed on to a stranger is not covered; PID 1 is no stranger. */
static void
test_every_holder_counts(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct policy policy = make_policy();
	struct owner *owner = help_owner_of("/usr/bin/web", 1000, 2);

	(void)state;
	fill_match(&policy.rules[0].match, &(struct row){ MATCH_EXE, .glob = "/usr/bin/web" });
	assert_true(allows(&policy, &listener, owner));
	free(owner->processes[1]->exe);
	owner->processes[1]->exe = strdup("/tmp/stranger");
	assert_false(allows(&policy, &listener, owner));
	owner->processes[1]->pid = 1;
	assert_true(allows(&policy, &listener, owner));
	policy_clear(&policy);
	(void)owner_unref(owner);
}

static void
test_first_match_wins_and_leaves_open(void **state)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 60855, 7);
	struct owner *owner = make_owner();
	struct policy policy = make_policy();
	struct verdict verdict;

	(void)state;
	policy.rules = reallocarray(policy.rules, 3, sizeof(*policy.rules));
	policy.rule_count = 3;
	memset(&policy.rules[1], 0, 2 * sizeof(*policy.rules));
	for (size_t i = 1; i < 3; i++)
		policy.rules[i] = (struct rule){
			.name = strdup("later"),
			.action = ACTION_WATCH,
			.enabled = true,
			.until_usec = NOW + 1,
			.values = RULE_THRESHOLD,
			.threshold_usec = i * USEC_PER_MIN,
		};
	for (size_t i = 0; i < 3; i++)
		fill_match(&policy.rules[i].match, &rows[0]);
	assert_true(allows(&policy, &listener, owner));
	/* Switched off, and over: passed by. */
	policy.rules[0].enabled = false;
	judge(&policy, &listener, NULL, owner, &unclassified, NOW, &verdict);
	assert_ptr_equal(verdict.rule, &policy.rules[1]);
	assert_int_equal(verdict.threshold_usec, USEC_PER_MIN);
	assert_int_equal(verdict.severity, policy.loopback_severity);
	assert_int_equal(verdict.expires_usec, NOW + 1);
	judge(&policy, &listener, NULL, owner, &unclassified, NOW + 1, &verdict);
	assert_null(verdict.rule);
	assert_int_equal(verdict.threshold_usec, policy.threshold_usec);
	policy_clear(&policy);
	(void)owner_unref(owner);
}

static void
test_defaults(void **state)
{
	struct owner *owner = make_owner();
	struct listener listener = help_listener(PROTOCOL_UDP, "10.1.2.3", 60855, 7);
	struct policy policy;
	struct verdict verdict;

	(void)state;
	policy_init(&policy);
	judge(&policy, &listener, NULL, owner, &unclassified, NOW, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_PER_HOUR);
	assert_int_equal(verdict.severity, SEVERITY_WARNING);
	listener.choice = CHOICE_AUTO;
	judge(&policy, &listener, NULL, owner, &unclassified, NOW, &verdict);
	assert_true(verdict.threshold_usec == USEC_NEVER);
	/* Who chose it is not known: judged as a server. */
	listener.choice = CHOICE_UNKNOWN;
	judge(&policy, &listener, NULL, owner, &unclassified, NOW, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_PER_HOUR);
	(void)owner_unref(owner);
}

/* A person's programs have a threshold of their own, before those of TCP and UDP; whatever class a
 * suspect would have without its reasons counts, and a client's UDP port stays one. */
static void
test_defaults_of_users(void **state)
{
	static const struct classification user = {
		.class = CLASS_USER,
		.otherwise = CLASS_USER,
	};
	static const struct classification suspect = {
		.class = CLASS_SUSPECT,
		.otherwise = CLASS_USER,
		.strong = true,
	};
	struct owner *owner = make_owner();
	struct listener listener = help_listener(PROTOCOL_TCP, "10.1.2.3", 60855, 7);
	struct policy policy;
	struct verdict verdict;

	(void)state;
	policy_init(&policy);
	policy.user_threshold_usec = 5 * USEC_PER_HOUR;
	for (enum protocol protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		listener.endpoint.protocol = protocol;
		judge(&policy, &listener, NULL, owner, &user, NOW, &verdict);
		assert_int_equal(verdict.threshold_usec, 5 * USEC_PER_HOUR);
		assert_int_equal(verdict.severity, SEVERITY_WARNING);
	}
	judge(&policy, &listener, NULL, owner, &suspect, NOW, &verdict);
	assert_int_equal(verdict.threshold_usec, 0);
	policy.suspect_threshold_usec = USEC_NEVER;
	judge(&policy, &listener, NULL, owner, &suspect, NOW, &verdict);
	assert_int_equal(verdict.threshold_usec, 5 * USEC_PER_HOUR);
	listener.choice = CHOICE_AUTO;
	judge(&policy, &listener, NULL, owner, &user, NOW, &verdict);
	assert_true(verdict.threshold_usec == USEC_NEVER);
	policy.user_threshold_usec = USEC_NEVER;
	listener.endpoint.protocol = PROTOCOL_TCP;
	judge(&policy, &listener, NULL, owner, &user, NOW, &verdict);
	assert_true(verdict.threshold_usec == USEC_NEVER);
	(void)owner_unref(owner);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key),
		cmocka_unit_test(test_two_keys_hold_together),
		cmocka_unit_test(test_unknown_owner_matches_neither_way),
		cmocka_unit_test(test_exe_is_more_than_a_string),
		cmocka_unit_test(test_every_holder_counts),
		cmocka_unit_test(test_first_match_wins_and_leaves_open),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_defaults_of_users),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
