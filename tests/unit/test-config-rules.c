/* SPDX-License-Identifier: MIT */
/*
 * Rules: what each key gives, every error and warning with its exact place, what is never
 * reached.
 */
#include "config-expect.h"

#include <sys/socket.h>
#include <time.h>

#include "base/macros.h"
#include "config/rules.h"
#include "core/owner.h"

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
	    "            exposure: [loopback, any], owner: [kernel, unknown], choice: "
	    "asked,\n"
	    "            exe: [/usr/bin/*, \"**/x\"], comm: a, cmdline: b, unit: "
	    "c.service,\n"
	    "            user_unit: \"*\", not: {user: bob, choice: [asked, auto]}}\n"
	    "    name: all\n"
	    "    action: allow\n", "");
	const struct rule *first = &config->policy.rules[0], *second = &config->policy.rules[1];
	const struct match *match = &second->match;

	(void)state;
	assert_int_equal(config->policy.rule_count, 2);
	assert_string_equal(first->name, "developers' shells");
	assert_string_equal(first->where, "t.yaml:2");
	assert_string_equal(first->note, "ask first");
	assert_int_equal(first->match.keys, 1U << MATCH_USER | 1U << MATCH_PORT);
	assert_int_equal(first->match.uids.count, 2);
	assert_int_equal(first->match.uids.ids[0], 1000);
	assert_int_equal(first->match.uids.ids[1], 33);
	assert_int_equal(first->match.gids.count, 2);
	assert_int_equal(first->match.gids.ids[0], 2000);
	assert_int_equal(first->match.gids.ids[1], 7);
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
	assert_int_equal(match->keys, (1U << MATCH_KEY_COUNT) - 1 - (1U << MATCH_PORT) -
	    (1U << MATCH_USER));
	assert_int_equal(match->protocols, 1U << PROTOCOL_UDP);
	assert_int_equal(match->exposures, 1U << EXPOSURE_LOOPBACK | 1U << EXPOSURE_ANY);
	assert_int_equal(match->owners, 1U << OWNER_KERNEL | 1U << OWNER_UNKNOWN);
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
	assert_string_equal(match->unit.globs[0], "c.service");
	assert_string_equal(match->user_unit.globs[0], "*");
	assert_int_equal(match->not->keys, 1U << MATCH_USER | 1U << MATCH_CHOICE);
	assert_int_equal(match->not->uids.ids[0], 1001);
	assert_int_equal(match->not->choices, 1U << CHOICE_ASKED | 1U << CHOICE_AUTO);
	free(dump_fixed(config));
	(void)config_free(config);
}

static void
test_rule_errors(void **state)
{
	static const struct expectation expectations[] = {
		{ "rules: {a: b}\n", "t.yaml:1:8: a map, expected a list of rules\n" },
		{ "rules: []\n", "" },
		{ "rules:\n  - x\n", "t.yaml:2:5: a single value, expected a rule: a map "
		    "with name, "
		    "match and action or threshold\n" },
		{ "rules:\n  -\n", "t.yaml:2:4: no value, expected a rule: a map with "
		    "name, match and "
		    "action or threshold\n" },
		{ "rules:\n  - action: allow\n",
		    "t.yaml:2:5: a rule without a name, expected name:\n"
		    "t.yaml:2:5: a rule without a match, expected match: with at least one "
		    "match "
		    "key\n" },
		{ "rules:\n  - name: n\n    match: {port: 1}\n",
		    "t.yaml:2:5: a rule that does nothing, expected action, threshold, "
		    "severity or "
		    "remind\n" },
		{ RULE "  match: {}\n",
		    "t.yaml:4:10: an empty map, expected at least one match key\n" },
		{ RULE "  match:\n", "t.yaml:4:9: no value, expected at least one match "
		    "key\n" },
		{ RULE "  match: [port]\n", "t.yaml:4:10: a list, expected at least one "
		    "match key\n" },
		{ RULE "  match: {port: 1}\n  foo: 1\n  notes: x\n",
		    "t.yaml:5:3: unknown key \"foo\", expected one of name, match, action, "
		    "threshold, "
		    "severity, remind, note, until, enabled\n"
		    "t.yaml:6:3: unknown key \"notes\", expected \"note\" perhaps\n" },
		{ "rules:\n- name: [n]\n  match: {port: 1}\n  action: deny\n",
		    "t.yaml:2:9: a list, expected a text\n"
		    "t.yaml:4:11: action is \"deny\", expected allow\n" },
		{ "rules:\n- name: ''\n  match: {port: 1}\n  action:\n",
		    "t.yaml:2:9: name of 0 bytes, expected 1 to 4096\n"
		    "t.yaml:4:10: no value, expected allow\n" },
		{ "rules:\n- name: n\n  match: {port: 1}\n  threshold: soon\n  severity: "
		    "off\n"
		  "  remind: 5s\n  enabled: maybe\n",
		    "t.yaml:4:14: threshold is \"soon\", expected a time span such as 90s "
		    "or 1h 30min, "
		    "or never\n"
		    "t.yaml:5:13: severity is \"off\", expected emerg, alert, crit, err, "
		    "warning, "
		    "notice, info or debug\n"
		    "t.yaml:6:11: remind is \"5s\", expected 1min to 3650d, or never\n"
		    "t.yaml:7:12: enabled is \"maybe\", expected true or false\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-02-29\n",
		    "t.yaml:5:10: until is \"2027-02-29\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 30.6.2027\n",
		    "t.yaml:5:10: until is \"30.6.2027\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-06-30 12:00\n",
		    "t.yaml:5:10: until is \"2027-06-30 12:00\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 2027-13-01\n",
		    "t.yaml:5:10: until is \"2027-13-01\", expected a day such as "
		    "2027-06-30\n" },
		{ RULE "  match: {port: 1}\n  until: 2020-06-30\n",
		    "t.yaml:5:10: until \"2020-06-30\" is over: the rule is passed "
		    "over\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_match_errors(void **state)
{
	static const struct expectation expectations[] = {
		{ MATCH("prot: tcp"), "t.yaml:2:36: unknown key \"prot\", expected "
		    "\"protocol\" "
		    "perhaps\n" },
		{ MATCH("ip: x"), "t.yaml:2:36: unknown key \"ip\", expected one of "
		    "protocol, port, "
		    "address, exposure, exe, comm, cmdline, user, unit, user_unit, owner, "
		    "choice, "
		    "not\n" },
		{ MATCH("script: x"), "t.yaml:2:36: match key \"script\" is not built "
		    "yet\n" },
		{ MATCH("container: x"), "t.yaml:2:36: match key \"container\" is not "
		    "built yet\n" },
		{ MATCH("netns: x"), "t.yaml:2:36: match key \"netns\" is not built "
		    "yet\n" },
		{ MATCH("class: x"), "t.yaml:2:36: match key \"class\" is not built "
		    "yet\n" },
		{ MATCH("reason: x"), "t.yaml:2:36: match key \"reason\" is not built "
		    "yet\n" },
		{ MATCH("not: {class: x}"), "t.yaml:2:42: match key \"class\" is not built "
		    "yet\n" },
		{ MATCH("protocol: [tcp, icmp]"),
		    "t.yaml:2:52: protocol is \"icmp\", expected tcp or udp\n" },
		{ MATCH("protocol: []"), "t.yaml:2:46: an empty list, expected tcp or "
		    "udp\n" },
		{ MATCH("port: [0, 5-3, x, 65536, 1-]"),
		    "t.yaml:2:43: port is \"0\", expected 1 to 65535, or a range such as "
		    "50000-59999\n"
		    "t.yaml:2:46: port \"5-3\" is an empty range, expected the lower port "
		    "first\n"
		    "t.yaml:2:51: port is \"x\", expected 1 to 65535, or a range such as "
		    "50000-59999\n"
		    "t.yaml:2:54: port is \"65536\", expected 1 to 65535, or a range such "
		    "as "
		    "50000-59999\n"
		    "t.yaml:2:61: port is \"1-\", expected 1 to 65535, or a range such as "
		    "50000-59999\n" },
		{ MATCH("port: {a: b}"),
		    "t.yaml:2:42: a map, expected a port or a range such as "
		    "50000-59999\n" },
		{ MATCH("address: [10.0.0.1/8, \"fe80::1/10\", 1.2.3.4/33, 1.2.3, "
		    "\"::1/\", \"::1/064\"]"),
		    "t.yaml:2:46: address \"10.0.0.1/8\" has bits behind its prefix, "
		    "expected "
		    "10.0.0.0/8\n"
		    "t.yaml:2:58: address \"fe80::1/10\" has bits behind its prefix, "
		    "expected "
		    "fe80::/10\n"
		    "t.yaml:2:72: address is \"1.2.3.4/33\", expected one such as "
		    "192.0.2.0/24 or "
		    "::1\n"
		    "t.yaml:2:84: address is \"1.2.3\", expected one such as 192.0.2.0/24 "
		    "or ::1\n"
		    "t.yaml:2:91: address is \"::1/\", expected one such as 192.0.2.0/24 "
		    "or ::1\n"
		    "t.yaml:2:99: address is \"::1/064\", expected one such as "
		    "192.0.2.0/24 or "
		    "::1\n" },
		{ MATCH("exposure: public"),
		    "t.yaml:2:46: exposure is \"public\", expected loopback, local or "
		    "any\n" },
		{ MATCH("exe: [python3, '', \"*/x\"]"),
		    "t.yaml:2:42: exe is \"python3\", expected an absolute path, or "
		    "**/NAME\n"
		    "t.yaml:2:51: exe is \"\", expected a pattern of at least one "
		    "character\n"
		    "t.yaml:2:55: exe is \"*/x\", expected an absolute path, or "
		    "**/NAME\n" },
		{ MATCH("comm: ''"),
		    "t.yaml:2:42: comm is \"\", expected a pattern of at least one "
		    "character\n" },
		{ MATCH("cmdline: [[a]]"), "t.yaml:2:46: a list, expected a text or a "
		    "glob\n" },
		{ MATCH("user: [carol, \"@alice\", \"@\", broken, 4294967295]"),
		    "t.yaml:2:43: no user \"carol\" on this host, expected one that "
		    "exists\n"
		    "t.yaml:2:50: no group \"alice\" on this host, expected one that "
		    "exists\n"
		    "t.yaml:2:60: user is \"@\", expected a user such as alice or 1000, or "
		    "a group "
		    "such as @developers\n"
		    "t.yaml:2:65: user \"broken\" cannot be looked up: Input/output error\n"
		    "t.yaml:2:73: no user \"4294967295\" on this host, expected one that "
		    "exists\n" },
		{ MATCH("owner: nobody"),
		    "t.yaml:2:43: owner is \"nobody\", expected unknown, process or "
		    "kernel\n" },
		{ MATCH("choice: [asked, unknown]"),
		    "t.yaml:2:52: choice is \"unknown\", expected asked or auto\n" },
		{ MATCH("port: 1, not: {}"),
		    "t.yaml:2:50: an empty map, expected at least one match key\n" },
		{ MATCH("port: 1, not: {not: {port: 1}}"),
		    "t.yaml:2:51: not inside not, expected the keys themselves\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_warnings(void **state)
{
#define CLAIM "t.yaml:2:3: allow by comm or cmdline alone, expected exe, user or unit too: " \
    "any " \
	"process can give itself those\n"
#define ALLOW(keys) "rules:\n- {name: n, action: allow, match: {" keys "}}\n"
#define INTERPRETER(path) "t.yaml:2:3: allow by the interpreter \"" path "\" alone, " \
    "expected " \
	"user or unit too: it runs any program\n"
	static const struct expectation expectations[] = {
		{ ALLOW("comm: x"), CLAIM },
		{ ALLOW("cmdline: x, port: 1, exposure: loopback"), CLAIM },
		{ ALLOW("comm: x, user: alice"), "" },
		{ ALLOW("comm: x, unit: a.service"), "" },
		{ ALLOW("comm: x, exe: /usr/sbin/x"), "" },
		{ MATCH("comm: x"), "" },
		{ "rules:\n- {name: n, action: allow, match: {comm: x}, enabled: "
		    "false}\n", "" },
		{ ALLOW("port: 1"), "" },
		{ ALLOW("exe: /usr/bin/python3.11"), INTERPRETER("/usr/bin/python3.11") },
		{ ALLOW("exe: [/usr/sbin/x, /bin/bash], cmdline: "
		    "x"), INTERPRETER("/bin/bash") },
		{ ALLOW("exe: \"/usr/bin/python*\""), INTERPRETER("/usr/bin/python*") },
		{ ALLOW("exe: \"/usr/bin/*\""), INTERPRETER("/usr/bin/*") },
		{ ALLOW("exe: \"/usr/**\""), INTERPRETER("/usr/**") },
		{ ALLOW("exe: \"/opt/**\""), "" },
		{ ALLOW("exe: /opt/jdk/bin/java"), INTERPRETER("/opt/jdk/bin/java") },
		{ ALLOW("exe: /usr/bin/python3.11, user: alice"), "" },
		{ ALLOW("exe: /usr/bin/shutdown"), "" },
		{ "rules:\n- {name: n, action: allow, remind: 1h, match: {port: 1}}\n",
		    "t.yaml:2:3: threshold, severity and remind have no effect beside "
		    "action: "
		    "allow\n" },
		{ MATCH("unit: nginx"), "t.yaml:2:42: unit \"nginx\" matches no unit, "
		    "expected its type "
		    "too, such as nginx.service\n" },
		{ MATCH("user_unit: [a.service, \"n*\", b]"), "t.yaml:2:65: user_unit "
		    "\"b\" matches no "
		    "unit, expected its type too, such as nginx.service\n" },
		{ MATCH("comm: sixteen-letters-"), "t.yaml:2:42: comm \"sixteen-letters-\" "
		    "matches "
		    "nothing, expected at most 15 bytes: the kernel cuts there\n" },
		{ MATCH("comm: [fifteen-letters, sixteen-letters*]"), "" },
		{ MATCH("exe: \"/usr/bin/[ab]\""), "t.yaml:2:41: exe \"/usr/bin/[ab]\": [ "
		    "stands for "
		    "itself, expected only *, ** and ? as wildcards\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Two rules; whether the second is never reached. */
static void
test_reach(void **state)
{
	static const struct {
		const char *first, *second;
		bool covered;
	} pairs[] = {
		{ "port: 1-100", "port: 50", true },
		{ "port: 1-100", "port: [50, 101]", false },
		{ "port: 1-100", "port: 50, user: alice", true },
		{ "port: 1-100, user: alice", "port: 50", false },
		{ "port: 1-100", "user: alice", false },
		{ "protocol: [tcp, udp]", "user: alice", true },
		{ "exposure: [any, loopback, local]", "user: alice", true },
		{ "owner: [process, kernel, unknown]", "user: alice", true },
		{ "choice: [asked, auto]", "user: alice", false },
		{ "protocol: tcp", "protocol: [tcp, udp]", false },
		{ "protocol: [tcp]", "protocol: tcp", true },
		{ "exposure: [any, local]", "exposure: any", true },
		{ "exposure: local", "exposure: any", false },
		{ "owner: kernel", "owner: kernel", true },
		{ "owner: kernel", "owner: process", false },
		{ "choice: auto", "choice: auto", true },
		{ "choice: auto", "choice: asked", false },
		{ "address: 10.0.0.0/8", "address: 10.1.0.0/16", true },
		{ "address: 10.1.0.0/16", "address: 10.0.0.0/8", false },
		{ "address: 10.0.0.0/16", "address: 10.0.0.0/8", false },
		{ "address: 10.128.0.0/9", "address: 10.1.0.0/16", false },
		{ "address: 0.0.0.0/0", "address: \"::1\"", false },
		{ "address: [\"::/0\", 0.0.0.0/0]", "address: \"::1\"", true },
		{ "exe: /usr/bin/a", "exe: /usr/bin/a", true },
		{ "exe: /usr/bin/*", "exe: /usr/bin/a", true },
		{ "exe: /usr/*", "exe: /usr/bin/a", false },
		{ "exe: /usr/**", "exe: /usr/bin/a", true },
		{ "exe: /usr/**", "exe: /usr/bin/*", false },
		{ "exe: \"**\"", "exe: /usr/bin/*", true },
		{ "exe: /usr/bin/a", "exe: [/usr/bin/a, /usr/bin/b]", false },
		{ "comm: \"*\"", "comm: \"a?\"", true },
		{ "comm: \"a*\"", "comm: abc", true },
		{ "comm: \"a*\"", "comm: \"ab*\"", false },
		{ "cmdline: a", "cmdline: b", false },
		{ "unit: \"*\"", "unit: a.service", true },
		{ "user_unit: \"*\"", "unit: a.service", false },
		{ "user_unit: \"a*\"", "user_unit: a.service", true },
		{ "user: [alice, bob]", "user: 1001", true },
		{ "user: alice", "user: [alice, bob]", false },
		{ "user: \"@developers\"", "user: \"@2000\"", true },
		{ "user: \"@developers\"", "user: 2000", false },
		{ "port: 1-100, not: {user: alice}", "port: 50", false },
		{ "port: 1-100", "port: 50, not: {user: alice}", true },
	};
	char text[512], expected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		(void)snprintf(text, sizeof(text), "rules:\n"
		    "  - {name: one, threshold: 1h, match: {%s}}\n"
		    "  - {name: two, threshold: 1h, match: "
		    "{%s}}\n", pairs[i].first, pairs[i].second);
		(void)snprintf(expected, sizeof(expected), "%s", pairs[i].covered ?
		    "t.yaml:3:5: never reached, \"one\" at line 2 matches first\n" : "");
		(void)config_free(load_expect(text, expected));
	}
}

/* A rule that is off or ends some day covers nothing; one that is off is not looked at. */
static void
test_reach_of_inactive(void **state)
{
	static const struct expectation expectations[] = {
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, enabled: false}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}}\n", "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, until: "
		    "9999-12-30}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}}\n", "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}, enabled: false}\n", "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, enabled: true}\n"
		  "- {name: b, threshold: 1h, match: {port: 2}}\n"
		  "- {name: c, threshold: 1h, match: {port: 2}, until: 9999-12-30}\n",
		    "t.yaml:4:3: never reached, \"b\" at line 3 matches first\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* What would take too long to compare is left, and that is said; what came before is checked. */
static void
test_reach_is_bounded(void **state)
{
	static char text[YAML_SIZE_MAX];
	size_t used = (size_t)sprintf(text, "rules:\n"
	    "- {name: first, threshold: 1h, match: {port: 1}}\n"
	    "- {name: second, threshold: 1h, match: {port: 1}}\n");
	char *said;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		used += (size_t)sprintf(text + used, "- {name: n, threshold: 1h, match: {exe: [");
		for (unsigned j = 0; j < 100; j++)
			used += (size_t)sprintf(text + used, "/%x,", i * 100 + j);
		used += (size_t)sprintf(text + used, "]}}\n");
	}
	(void)config_free(load_bytes(text, used, false, &said));
	assert_memory_equal(said, "t.yaml:3:3: never reached, \"first\" at line 2 matches first\n",
	    strlen("t.yaml:3:3: never reached, \"first\" at line 2 matches first\n"));
	assert_non_null(strstr(said, ":3: from here on it is not checked which rules are never "
	    "reached, expected fewer rules\n"));
	assert_null(strstr(strstr(said, "from here on"), "t.yaml"));
	free(said);
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
	config = load_expect(RULE "  match: {port: 1}\n  until: 2037-03-29\n", "");
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
	assert_null(load_bytes(text, used, false, &said));
	assert_string_equal(said, "t.yaml:4098:3: too many rules, expected at most 4096\n");
	free(said);

	used = (size_t)sprintf(text, "rules:\n- {name: n, threshold: 1h, match: {port: [");
	for (unsigned i = 1; i <= RULE_LIST_MAX + 1; i++)
		used += (size_t)sprintf(text + used, "%u,", i);
	used += (size_t)sprintf(text + used, "]}}");
	assert_null(load_bytes(text, used, false, &said));
	assert_string_equal(said, "t.yaml:2:42: a list of 257, expected at most 256\n");
	free(said);

	used = (size_t)sprintf(text, "rules:\n- {threshold: 1h, match: {comm: ");
	memset(text + used, 'x', RULE_TEXT_MAX + 1);
	used += RULE_TEXT_MAX + 1;
	used += (size_t)sprintf(text + used, "}, name: ");
	memset(text + used, 'y', RULE_TEXT_MAX + 1);
	used += RULE_TEXT_MAX + 1;
	text[used++] = '}';
	assert_null(load_bytes(text, used, false, &said));
	assert_non_null(strstr(said, "xxx...\", expected at most 4096 bytes\n"));
	assert_non_null(strstr(said, ": name of 4097 bytes, expected 1 to 4096\n"));
	free(said);
}

/* The copy a host falls back on works without the users that are gone. */
static void
test_last_good(void **state)
{
	static const char text[] = "suspect: {threshold: 5s}\n"
	    "rules:\n"
	    "- {name: gone, threshold: 1h, match: {user: [alice, carol]}}\n"
	    "- {name: hung, threshold: 1h, match: {port: 1, not: {user: \"@broken\"}}}\n"
	    "- {name: here, threshold: 1h, match: {user: alice}}\n";
	struct config *config;
	char *said, *dump;

	(void)state;
	config = load_bytes(text, strlen(text), true, &said);
	assert_non_null(config);
	assert_string_equal(said,
	    "t.yaml:3:53: user \"carol\" is not known any more: the rule is switched off\n"
	    "t.yaml:4:60: group \"broken\" is not known any more: the rule is switched "
	    "off\n");
	free(said);
	assert_int_equal(config->policy.rule_count, 3);
	assert_false(config->policy.rules[0].enabled);
	assert_false(config->policy.rules[1].enabled);
	assert_true(config->policy.rules[2].enabled);
	assert_int_equal(config_dump_text(config, &dump, NULL), 0);
	assert_non_null(strstr(dump, "user: [\"alice\", \"carol\"]"));
	free(dump);
	(void)config_free(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_rule_errors),
		cmocka_unit_test(test_match_errors),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_reach_of_inactive),
		cmocka_unit_test(test_reach_is_bounded),
		cmocka_unit_test(test_until),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_last_good),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-rules", tests, NULL, NULL);
}
