/* SPDX-License-Identifier: MIT */
/*
 * Rules: what each key gives, every error with its exact place. Warnings are in
 * test-config-reach.c.
 */
#include "config-expect.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/macros.h"
#include "config/rules.h"
#include "model/owner.h"
#include "model/reason.h"

#define RULE "rules:\n- name: n\n  action: allow\n"

/*
 * A rule with that match, `- {name: n, action: allow, match: {...}}`; columns begin at 36.
 */
#define MATCH(keys) "rules:\n- {name: n, threshold: 1h, match: {" keys "}}\n"

static void
test_values(void **state)
{
	struct config *config = load_expect(
	    "rules:\n"
	    "  - name: developers' shells\n"
	    "    match: {user: [\"@developers\", alice, 33, \"@7\"], port: [50000-59999, "
	    "80]}\n"
	    "    threshold: 8h\n"
	    "    severity: notice\n"
	    "    remind: never\n"
	    "    note: ask first\n"
	    "    enabled: no\n"
	    "  - match: {protocol: udp, address: [10.0.0.0/8, \"fe80::/10\", \"::1\", "
	    "127.0.0.1],\n"
	    "            exposure: [loopback, any], owner: [process, unknown], choice: "
	    "asked,\n"
	    "            exe: [/usr/bin/*, \"**/x\"], comm: a, cmdline: b, unit: "
	    "user@9.service,\n"
	    "            script: [/srv/a.py, \"**/b.py\"], container: [web, \"0123*\"],\n"
	    "            netns: host, origin: [cron, ci],\n"
	    "            class: [service, suspect], reason: [memory, no-owner, exposed],\n"
	    "            hint: [terminal-ended, unused],\n"
	    "            user_unit: \"*\", not: {user: bob, choice: [asked, auto], netns: host}}\n"
	    "    name: all\n"
	    "    action: allow\n",
	    "");
	const struct rule *first = &config->policy.rules[0], *second = &config->policy.rules[1];
	const struct match *match = &second->match;

	(void)state;
	assert_int_equal(config->policy.rule_count, 2);
	assert_string_equal(first->name, "developers' shells");
	assert_string_equal(first->where, "t.yaml:2");
	assert_string_equal(first->note, "ask first");
	assert_int_equal(first->match.keys, 1U << MATCH_USER | 1U << MATCH_PORT);
	assert_int_equal(first->match.uids.count, 1);
	assert_int_equal(first->match.uids.ids[0], 33);
	assert_int_equal(first->match.uids.name_count, 1);
	assert_string_equal(first->match.uids.names[0]->name, "alice");
	assert_false(first->match.uids.names[0]->group);
	assert_string_equal(first->match.uids.names[0]->where, "t.yaml:3:35");
	assert_int_equal(first->match.gids.count, 1);
	assert_int_equal(first->match.gids.ids[0], 7);
	assert_int_equal(first->match.gids.name_count, 1);
	assert_string_equal(first->match.gids.names[0]->name, "developers");
	assert_true(first->match.gids.names[0]->group);
	assert_int_equal(port_set_count(first->match.ports), 10001);
	assert_int_equal(first->action, ACTION_WATCH);
	assert_int_equal(first->values, RULE_THRESHOLD | RULE_SEVERITY | RULE_REMIND);
	assert_int_equal(first->threshold_usec, 8 * USEC_PER_HOUR);
	assert_int_equal(first->severity, SEVERITY_NOTICE);
	assert_true(first->remind_usec == USEC_NEVER);
	assert_true(first->until_usec == USEC_NEVER);
	assert_false(first->enabled);

	assert_string_equal(second->where, "t.yaml:9");
	assert_int_equal(second->action, ACTION_ALLOW);
	assert_true(second->enabled);
	assert_int_equal(match->keys,
	    (1U << MATCH_SLICE) - 1 - (1U << MATCH_PORT) - (1U << MATCH_USER));
	assert_int_equal(match->protocols, 1U << PROTOCOL_UDP);
	assert_int_equal(match->exposures, 1U << EXPOSURE_LOOPBACK | 1U << EXPOSURE_ANY);
	assert_int_equal(match->owners, 1U << OWNER_PROCESS | 1U << OWNER_UNKNOWN);
	assert_int_equal(match->choices, 1U << CHOICE_ASKED);
	assert_int_equal(match->address_count, 4);
	assert_int_equal(match->addresses[0].family, AF_INET);
	assert_int_equal(match->addresses[0].bits, 8);
	assert_int_equal(match->addresses[0].address[0], 10);
	assert_int_equal(match->addresses[1].family, AF_INET6);
	assert_int_equal(match->addresses[1].bits, 10);
	assert_int_equal(match->addresses[2].bits, 128);
	assert_int_equal(match->addresses[2].address[15], 1);
	assert_int_equal(match->addresses[3].bits, 32);
	assert_int_equal(match->exe.count, 2);
	assert_string_equal(match->exe.globs[1], "**/x");
	assert_string_equal(match->comm.globs[0], "a");
	assert_string_equal(match->cmdline.globs[0], "b");
	assert_string_equal(match->unit.globs[0], "user@9.service");
	assert_string_equal(match->user_unit.globs[0], "*");
	assert_int_equal(match->script.count, 2);
	assert_string_equal(match->script.globs[1], "**/b.py");
	assert_int_equal(match->container.count, 2);
	assert_string_equal(match->container.globs[0], "web");
	assert_int_equal(match->netns, 1);
	assert_int_equal(match->classes, 1U << CLASS_SERVICE | 1U << CLASS_SUSPECT);
	assert_int_equal(match->reasons,
	    1U << REASON_MEMORY | 1U << REASON_NO_OWNER | 1U << REASON_EXPOSED);
	assert_int_equal(match->origins, 1U << ORIGIN_CRON | 1U << ORIGIN_CI);
	assert_int_equal(match->not ->keys,
	    1U << MATCH_USER | 1U << MATCH_CHOICE | 1U << MATCH_NETNS);
	assert_string_equal(match->not ->uids.names[0]->name, "bob");
	assert_int_equal(match->not ->choices, 1U << CHOICE_ASKED | 1U << CHOICE_AUTO);
	free(dump_fixed(config));
	(void)config_free(config);
}

/* Keys of what stands around a process, and any. */
static void
test_more_values(void **state)
{
	struct config *config = load_expect(
	    "rules:\n"
	    "  - match: {slice: \"user-*.slice\", session: [\"*\", tty],\n"
	    "            loginuid: [alice, 7, none], exe: \"/usr/bin/acme*\",\n"
	    "            parent: /usr/sbin/cron, interface: [\"\", \"eth*\"],\n"
	    "            hostname: [WEB*, db1],\n"
	    "            any: [{port: 80},\n"
	    "                  {user: \"@developers\", not: {unit: 'a\\x2db.service'}},\n"
	    "                  {not: {loginuid: bob}}]}\n"
	    "    name: more\n"
	    "    action: allow\n",
	    "");
	const struct match *match = &config->policy.rules[0].match;

	(void)state;
	assert_int_equal(match->keys,
	    (1U << MATCH_KEY_COUNT) - (1U << MATCH_SLICE) + (1U << MATCH_EXE));
	assert_string_equal(match->slice.globs[0], "user-*.slice");
	assert_int_equal(match->sessions, 1U << SESSION_ANY | 1U << SESSION_TTY);
	assert_int_equal(match->login_uids.count, 2);
	assert_int_equal(match->login_uids.ids[0], 7);
	assert_int_equal(match->login_uids.ids[1], UINT32_MAX);
	assert_int_equal(match->login_uids.name_count, 1);
	assert_string_equal(match->login_uids.names[0]->name, "alice");
	assert_string_equal(match->parent.globs[0], "/usr/sbin/cron");
	assert_string_equal(match->interface.globs[0], "");
	assert_string_equal(match->interface.globs[1], "eth*");
	assert_string_equal(match->hostname.globs[0], "web*");
	assert_int_equal(match->any_count, 3);
	assert_int_equal(match->any[0].keys, 1U << MATCH_PORT);
	assert_string_equal(match->any[1].gids.names[0]->name, "developers");
	assert_string_equal(match->any[1].not ->unit.globs[0], "a\\x2db.service");
	assert_int_equal(match->any[2].keys, 0);
	assert_string_equal(match->any[2].not ->login_uids.names[0]->name, "bob");
	assert_int_equal(config->policy.links.count, 2);
	assert_string_equal(config->policy.links.links[0].path, "/usr/bin");
	assert_string_equal(config->policy.links.links[1].path, "/usr/sbin/cron");
	assert_null(config->policy.links.links[0].target);
	free(dump_fixed(config));
	(void)config_free(config);
}

/* Every word of the core's tables is taken, gives its own bit and is written back. */
static void
test_words_of_the_core(void **state)
{
	char text[256];

	(void)state;
	for (unsigned i = 0; i < CLASS_COUNT + REASON_COUNT; i++) {
		bool reason = i >= CLASS_COUNT;
		unsigned place = reason ? i - CLASS_COUNT : i;
		/* The same word is both. */
		uint32_t both = 1U << REASON_OWN_FILE | 1U << REASON_OWN_FILE_NEW;
		uint32_t bits = (1U << place & both) != 0 ? both : 1U << place;
		struct config *config;
		const struct match *match;

		(void)snprintf(text, sizeof(text), MATCH("%s: %s"), reason ? "reason" : "class",
		    reason ? reason_name((enum reason)place) :
			     class_name((enum listener_class)place));
		config = load_expect(text, "");
		match = &config->policy.rules[0].match;
		assert_int_equal(match->classes, reason ? 0 : 1U << place);
		assert_int_equal(match->reasons, reason ? bits : 0);
		free(dump_fixed(config));
		(void)config_free(config);
	}
}

/* Every origin has a word, but where it is not known. */
static void
test_origins(void **state)
{
	char text[256];

	(void)state;
	for (unsigned i = 0; i < ORIGIN_COUNT; i++) {
		struct config *config;

		if (i == ORIGIN_UNKNOWN)
			continue;
		(void)snprintf(text, sizeof(text), MATCH("origin: %s"),
		    origin_name((enum origin)i));
		config = load_expect(text, "");
		assert_int_equal(config->policy.rules[0].match.keys, 1U << MATCH_ORIGIN);
		assert_int_equal(config->policy.rules[0].match.origins, 1U << i);
		free(dump_fixed(config));
		(void)config_free(config);
	}
	(void)config_free(load_expect(MATCH("origin: nowhere"),
	    "t.yaml:2:44: error: origin is \"nowhere\", expected ssh, console, cron, at, "
	    "slurm, ci, su, "
	    "container, unit or timer\n"));
}

/* host and the number of the daemon's own namespace are the same; another one matches nothing. */
static void
test_netns(void **state)
{
	struct stat status;
	struct config *config;
	char text[256], *dump;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/net", &status), 0);
	(void)snprintf(text, sizeof(text), MATCH("netns: %ju"), (uintmax_t)status.st_ino);
	config = load_expect(text, "");
	assert_int_equal(config->policy.rules[0].match.netns, 1);
	dump = dump_fixed(config);
	(void)snprintf(text, sizeof(text), "netns: [\"%ju\"]\n", (uintmax_t)status.st_ino);
	assert_non_null(strstr(dump, text));
	free(dump);
	(void)config_free(config);

	config = load_expect(MATCH("netns: 4, not: {netns: [4, host]}"),
	    "t.yaml:2:43: warning: netns \"4\" is not watched: it matches no listener\n"
	    "t.yaml:2:60: warning: netns \"4\" is not watched: it matches no listener\n");
	assert_int_equal(config->policy.rules[0].match.netns, 0);
	assert_int_equal(config->policy.rules[0].match.not ->netns, 1);
	dump = dump_fixed(config);
	assert_non_null(strstr(dump,
	    "      netns: [\"4\"]\n      not:\n"
	    "        netns: [\"4\", \"host\"]\n"));
	free(dump);
	(void)config_free(config);
}

static void
test_rule_errors(void **state)
{
	static const struct expectation expectations[] = {
		{ "rules: {a: b}\n", "t.yaml:1:8: error: found a map, expected a list of rules\n" },
		{ "rules: []\n", "" },
		{ "rules:\n  - x\n",
		    "t.yaml:2:5: error: found a single value, expected a rule: a map "
		    "with name, "
		    "match and action or threshold\n" },
		{ "rules:\n  -\n",
		    "t.yaml:2:4: error: found no value, expected a rule: a map with "
		    "name, match and "
		    "action or threshold\n" },
		{ "rules:\n  - action: allow\n",
		    "t.yaml:2:5: error: rule has no name, expected name:\n"
		    "t.yaml:2:5: error: rule has no match, expected match: with at least one match "
		    "key\n" },
		{ "rules:\n  - name: n\n    match: {port: 1}\n",
		    "t.yaml:2:5: error: rule has no effect, expected action, threshold, "
		    "severity or "
		    "remind\n" },
		{ RULE "  match: {}\n",
		    "t.yaml:4:10: error: found an empty map, expected a map of match keys "
		    "such as {user: alice}\n" },
		{ RULE "  match:\n",
		    "t.yaml:4:9: error: found no value, expected a map of match keys "
		    "such as {user: alice}\n" },
		{ RULE "  match: [port]\n",
		    "t.yaml:4:10: error: found a list, expected a map of match keys such as "
		    "{user: alice}\n" },
		{ RULE "  match: {port: 1}\n  foo: 1\n  notes: x\n",
		    "t.yaml:5:3: error: unknown key \"foo\", expected one of name, match, action, "
		    "threshold, "
		    "severity, remind, note, until, enabled\n"
		    "t.yaml:6:3: error: unknown key \"notes\", did you mean \"note\"?\n" },
		{ "rules:\n- name: [n]\n  match: {port: 1}\n  action: deny\n",
		    "t.yaml:2:9: error: found a list, expected a string\n"
		    "t.yaml:4:11: error: action is \"deny\", expected allow\n" },
		{ "rules:\n- name: ''\n  match: {port: 1}\n  action:\n",
		    "t.yaml:2:9: error: name is 0 bytes long, expected 1 to 4096 bytes\n"
		    "t.yaml:4:10: error: found no value, expected allow\n" },
		{ "rules:\n- name: n\n  match: {port: 1}\n  threshold: soon\n  severity: "
		  "off\n"
		  "  remind: 5s\n  enabled: maybe\n",
		    "t.yaml:4:14: error: threshold is \"soon\", expected a time span such as 90s "
		    "or 1h 30min, "
		    "or never\n"
		    "t.yaml:5:13: error: severity is \"off\", expected emerg, alert, crit, err, "
		    "warning, "
		    "notice, info or debug\n"
		    "t.yaml:6:11: error: remind is \"5s\", expected 1min to 3650d, or never\n"
		    "t.yaml:7:12: error: enabled is \"maybe\", expected true or false\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-02-29\n",
		    "t.yaml:5:10: error: until is \"2027-02-29\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 30.6.2027\n",
		    "t.yaml:5:10: error: until is \"30.6.2027\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-06-30 12:00\n",
		    "t.yaml:5:10: error: until is \"2027-06-30 12:00\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-13-01\n",
		    "t.yaml:5:10: error: until is \"2027-13-01\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {user: alice}\n  until: 2020-06-30\n",
		    "t.yaml:5:10: warning: until \"2020-06-30\" is in the past: the rule is "
		    "ignored\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Of the keys that say who it is and what it looks like. */
static void
test_owner_errors(void **state)
{
#define NETNS ", expected host, or a number as lsns(8) prints it\n"
	static const struct expectation expectations[] = {
		{ MATCH("script: x"),
		    "t.yaml:2:44: error: script is \"x\", expected an absolute path, "
		    "or **/NAME\n" },
		{ MATCH("container: ''"),
		    "t.yaml:2:47: error: container is \"\", expected a pattern "
		    "that is not empty\n" },
		{ MATCH("container: {a: b}"),
		    "t.yaml:2:47: error: found a map, expected a string or a "
		    "glob\n" },
		{ MATCH("netns: [all, 0, 04, -1, 99999999999999999999]"),
		    "t.yaml:2:44: error: netns is \"all\"" NETNS
		    "t.yaml:2:49: error: netns is \"0\"" NETNS
		    "t.yaml:2:52: error: netns is \"04\"" NETNS
		    "t.yaml:2:56: error: netns is \"-1\"" NETNS
		    "t.yaml:2:60: error: netns is \"99999999999999999999\"" NETNS },
		{ MATCH("class: odd"),
		    "t.yaml:2:43: error: class is \"odd\", expected unknown, kernel, "
		    "service, user or suspect\n" },
		{ MATCH("not: {class: ''}"),
		    "t.yaml:2:49: error: class is \"\", expected unknown, "
		    "kernel, service, user or suspect\n" },
		{ MATCH("reason: [shell, strong]"),
		    "t.yaml:2:52: error: reason is \"strong\", expected memory, shm, "
		    "disguise, shell, "
		    "stranger, own-file, no-owner, deleted, temporary, writable, own-mounts, "
		    "foreign, changed, exposed or kernel-unproved\n" },
		{ MATCH("choice: ''"),
		    "t.yaml:2:44: error: choice is \"\", expected asked or auto\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Of those of what stands around it, and of any. */
static void
test_more_errors(void **state)
{
	static const struct expectation expectations[] = {
		{ MATCH("slice: ''"),
		    "t.yaml:2:43: error: "
		    "slice is \"\", expected a pattern that is not empty\n" },
		{ MATCH("slice: [user, 'a*', user.slice, system.service]"),
		    "t.yaml:2:44: warning: "
		    "slice \"user\" matches no slice, expected a name such as "
		    "user-1000.slice\n"
		    "t.yaml:2:68: warning: "
		    "slice \"system.service\" matches no slice, expected a name such as "
		    "user-1000.slice\n" },
		{ MATCH("session: [tty, ssh]"),
		    "t.yaml:2:51: error: "
		    "session is \"ssh\", expected *, unspecified, tty, x11, wayland, mir "
		    "or web\n" },
		{ MATCH("loginuid: [nobody-here, '', '@developers', 4294967295]"),
		    "t.yaml:2:60: error: "
		    "loginuid is \"\", expected a user such as alice or 1000, or none\n"
		    "t.yaml:2:64: error: "
		    "loginuid is \"@developers\", expected a user such as alice or 1000, "
		    "or none\n"
		    "t.yaml:2:79: error: "
		    "loginuid is \"4294967295\", expected a user such as alice or 1000, "
		    "or none\n" },
		{ MATCH("parent: cron"),
		    "t.yaml:2:44: error: "
		    "parent is \"cron\", expected an absolute path, or **/NAME\n" },
		{ MATCH("interface: sixteen-letters-"),
		    "t.yaml:2:47: warning: "
		    "interface \"sixteen-letters-\" matches nothing, expected at most 15 "
		    "bytes\n" },
		{ MATCH("interface: {a: b}"),
		    "t.yaml:2:47: error: "
		    "found a map, expected an interface or a glob such as eth0, or an "
		    "empty string\n" },
		{ MATCH("hostname: ''"),
		    "t.yaml:2:46: error: "
		    "hostname is \"\", expected a pattern that is not empty\n" },
		{ MATCH("any: {port: 1}"),
		    "t.yaml:2:41: error: "
		    "found a map, expected a list of 1 to 256 matches\n" },
		{ MATCH("any: []"),
		    "t.yaml:2:41: error: "
		    "found an empty list, expected a list of 1 to 256 matches\n" },
		{ MATCH("any: [{port: 1}, {}, 7]"),
		    "t.yaml:2:53: error: "
		    "found an empty map, expected a map of match keys "
		    "such as {user: alice}\n"
		    "t.yaml:2:57: error: "
		    "found a single value, expected a map of match keys "
		    "such as {user: alice}\n" },
		{ MATCH("any: [{any: [{port: 1}]}]"),
		    "t.yaml:2:43: error: "
		    "any is nested inside any, expected match keys\n" },
		{ MATCH("not: {any: [{port: 1}]}"),
		    "t.yaml:2:42: error: "
		    "any is nested inside not, expected match keys\n" },
		{ MATCH("any: [{not: {any: [{port: 1}]}}]"),
		    "t.yaml:2:49: error: "
		    "any is nested inside not, expected match keys\n" },
		{ MATCH("any: [{not: {not: {port: 1}}}]"),
		    "t.yaml:2:49: error: "
		    "not is nested inside not, expected match keys\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_match_errors(void **state)
{
	static const struct expectation expectations[] = {
		{ MATCH("prot: tcp"),
		    "t.yaml:2:36: error: unknown key \"prot\", did you mean "
		    "\"protocol\"?\n" },
		{ MATCH("oops: x"),
		    "t.yaml:2:36: error: unknown key \"oops\", expected one of "
		    "protocol, port, "
		    "address, exposure, exe, comm, cmdline, user, unit, user_unit, owner, "
		    "choice, script, container, netns, class, reason, origin, hint, slice, "
		    "session, loginuid, parent, interface, hostname, not, any\n" },
		{ MATCH("protocol: [tcp, icmp]"),
		    "t.yaml:2:52: error: protocol is \"icmp\", expected tcp or udp\n" },
		{ MATCH("protocol: []"),
		    "t.yaml:2:46: error: found an empty list, expected tcp or "
		    "udp\n" },
		{ MATCH("port: [0, 5-3, x, 65536, 1-]"),
		    "t.yaml:2:43: error: port is \"0\", expected 1 to 65535, or a range such as "
		    "50000-59999\n"
		    "t.yaml:2:46: error: port \"5-3\" is an empty range, expected the lower port "
		    "first\n"
		    "t.yaml:2:51: error: port is \"x\", expected 1 to 65535, or a range such as "
		    "50000-59999\n"
		    "t.yaml:2:54: error: port is \"65536\", expected 1 to 65535, or a range such "
		    "as "
		    "50000-59999\n"
		    "t.yaml:2:61: error: port is \"1-\", expected 1 to 65535, or a range such as "
		    "50000-59999\n" },
		{ MATCH("port: {a: b}"),
		    "t.yaml:2:42: error: found a map, expected a port or a range such as "
		    "50000-59999\n" },
		{ MATCH("address: [10.0.0.1/8, \"fe80::1/10\", 1.2.3.4/33, 1.2.3, "
			"\"::1/\", \"::1/064\"]"),
		    "t.yaml:2:46: error: address \"10.0.0.1/8\" has host bits set, expected "
		    "10.0.0.0/8\n"
		    "t.yaml:2:58: error: address \"fe80::1/10\" has host bits set, expected "
		    "fe80::/10\n"
		    "t.yaml:2:72: error: address is \"1.2.3.4/33\", expected a prefix length of "
		    "at most 32\n"
		    "t.yaml:2:84: error: address is \"1.2.3\", expected one such as 192.0.2.0/24 "
		    "or ::1\n"
		    "t.yaml:2:91: error: address is \"::1/\", expected one such as 192.0.2.0/24 "
		    "or ::1\n"
		    "t.yaml:2:99: error: address is \"::1/064\", expected one such as "
		    "192.0.2.0/24 or "
		    "::1\n" },
		{ MATCH("exposure: public"),
		    "t.yaml:2:46: error: exposure is \"public\", expected loopback, local or "
		    "any\n" },
		{ MATCH("exe: [python3, '', \"*/x\"]"),
		    "t.yaml:2:42: error: exe is \"python3\", expected an absolute path, or "
		    "**/NAME\n"
		    "t.yaml:2:51: error: exe is \"\", expected a pattern that is not empty\n"
		    "t.yaml:2:55: error: exe is \"*/x\", expected an absolute path, or "
		    "**/NAME\n" },
		{ MATCH("comm: ''"),
		    "t.yaml:2:42: error: comm is \"\", expected a pattern that is not empty\n" },
		{ MATCH("cmdline: [[a]]"),
		    "t.yaml:2:46: error: found a list, expected a string or a "
		    "glob\n" },
		{ MATCH("user: [carol, \"@alice\", \"@\", broken, 4294967295]"),
		    "t.yaml:2:60: error: user is \"@\", expected a user such as alice or 1000, or "
		    "a group "
		    "such as @developers\n"
		    "t.yaml:2:73: error: user is \"4294967295\", expected a user such as alice or "
		    "1000, or a group such as @developers\n" },
		{ MATCH("owner: nobody"),
		    "t.yaml:2:43: error: owner is \"nobody\", expected unknown, process or "
		    "kernel\n" },
		{ MATCH("choice: [asked, unknown]"),
		    "t.yaml:2:52: error: choice is \"unknown\", expected asked or auto\n" },
		{ MATCH("port: 1, not: {}"),
		    "t.yaml:2:50: error: found an empty map, expected a map of match keys "
		    "such as {user: alice}\n" },
		{ MATCH("port: 1, not: {not: {port: 1}}"),
		    "t.yaml:2:51: error: not is nested inside not, expected match keys\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* `until` is the whole of that day, as this host's clock tells it. */
static void
test_until(void **state)
{
	struct config *config;
	struct tm local;
	time_t end;

	(void)state;
	assert_int_equal(setenv("TZ", "Europe/Berlin", 1), 0);
	tzset();
	config = load_expect(RULE "  match: {user: alice}\n  until: 2037-03-29\n", "");
	end = (time_t)(config->policy.rules[0].until_usec / USEC_PER_SEC);
	assert_non_null(localtime_r(&end, &local));
	assert_int_equal(local.tm_mday, 30);
	assert_int_equal(local.tm_mon, 2);
	assert_int_equal(local.tm_hour, 0);
	assert_int_equal(local.tm_min, 0);
	assert_string_equal(config->rule_texts[0].until, "2037-03-29");
	free(dump_fixed(config));
	(void)config_free(config);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

static void
test_bounds(void **state)
{
	static char text[YAML_SIZE_MAX];
	size_t used = (size_t)sprintf(text, "rules:\n");
	char *said;

	(void)state;
	for (unsigned i = 0; i <= RULES_MAX; i++)
		used += (size_t)sprintf(text + used,
		    "- {name: n, threshold: 1h, match: {user: %u}}\n", i);
	assert_null(load_bytes(text, used, &said));
	assert_string_equal(said, "t.yaml:4098:3: error: too many rules, expected at most 4096\n");
	free(said);

	used = (size_t)sprintf(text, "rules:\n- {name: n, threshold: 1h, match: {port: [");
	for (unsigned i = 1; i <= RULE_LIST_MAX + 1; i++)
		used += (size_t)sprintf(text + used, "%u,", i);
	used += (size_t)sprintf(text + used, "]}}");
	assert_null(load_bytes(text, used, &said));
	assert_string_equal(said,
	    "t.yaml:2:42: error: found a list of 257 entries, expected at most "
	    "256\n");
	free(said);

	used = (size_t)sprintf(text, "rules:\n- {threshold: 1h, match: {comm: ");
	memset(text + used, 'z', RULE_TEXT_MAX + 1);
	used += RULE_TEXT_MAX + 1;
	used += (size_t)sprintf(text + used, "}, name: ");
	memset(text + used, 'y', RULE_TEXT_MAX + 1);
	used += RULE_TEXT_MAX + 1;
	text[used++] = '}';
	assert_null(load_bytes(text, used, &said));
	assert_non_null(strstr(said, "zzz...\", expected at most 4096 bytes\n"));
	assert_non_null(strstr(said, ": name is 4097 bytes long, expected 1 to 4096 bytes\n"));
	free(said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_more_values),
		cmocka_unit_test(test_words_of_the_core),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_netns),
		cmocka_unit_test(test_rule_errors),
		cmocka_unit_test(test_owner_errors),
		cmocka_unit_test(test_more_errors),
		cmocka_unit_test(test_match_errors),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_bounds),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-rules", tests, NULL, NULL);
}
