/* SPDX-License-Identifier: MIT */
/*
 * Warnings of rules: allows that rest on too little, values that match nothing they look like,
 * rules that are never reached.
 */
#include "config-expect.h"

#include "base/macros.h"
#include "config/rules.h"

/* Rules on one line; a value behind the one key begins at column 36 and its name's length. */
#define MATCH(keys) "rules:\n- {name: n, threshold: 1h, match: {" keys "}}\n"
#define ALLOW(keys) "rules:\n- {name: n, action: allow, match: {" keys "}}\n"

#define CLAIM                                                                         \
	"t.yaml:2:3: warning: rule allows by comm, cmdline or script, expected exe, " \
	"user or unit too: any process can set these\n"
#define SUSPECT                                                                        \
	"t.yaml:2:3: warning: rule allows every suspect, expected exe, user, unit or " \
	"container too\n"
#define JUDGED                                                                              \
	"t.yaml:2:3: warning: rule allows by class, reason, origin, hint, slice, session, " \
	"loginuid or parent, expected "                                                     \
	"exe, user or unit too: any program can match\n"
#define PORT                                                                     \
	"t.yaml:2:3: warning: rule allows by port, expected exe, user, unit or " \
	"container too: any program can listen there\n"
#define PLACE                                                                          \
	"t.yaml:2:3: warning: rule allows by address, interface, exposure, choice or " \
	"owner, expected exe, user, unit or container too: any program can match\n"
#define ALL(what) \
	"t.yaml:2:3: warning: rule allows " what ", expected exe, user, unit or container too\n"
#define ANY(what) \
	"t.yaml:2:3: warning: rule allows every " what ", expected which one, or exe or user too\n"
#define INTERPRETER(path)                                                         \
	"t.yaml:2:3: warning: rule allows by interpreter \"" path "\", expected " \
	"user or unit too: an interpreter runs any program\n"

#define INCLUDES(path)                                                                        \
	"t.yaml:2:3: warning: rule allows by exe \"" path "\", which includes interpreters, " \
	"expected user or unit too: an interpreter runs any program\n"
#define UNHELD(what)                                                     \
	"t.yaml:2:3: warning: rule allows " what ", expected user too: " \
	"any program can leave a socket without an owner\n"

/* Which suspects: what else the rule names says it. */
static void
test_allow_suspects(void **state)
{
	static const struct expectation expectations[] = {
		{ ALLOW("class: suspect"), ALL("every suspect") },
		{ ALLOW("class: suspect, hostname: \"*\""), ALL("every suspect") },
		{ ALLOW("class: suspect, port: 60000"), ALL("any suspect on that port") },
		{ ALLOW("class: suspect, port: 60000, protocol: tcp"),
		    ALL("any suspect on that port") },
		{ ALLOW("class: suspect, any: [{port: 60000}, {comm: x}]"),
		    ALL("any suspect on that port") },
		{ ALLOW("class: suspect, protocol: tcp"),
		    ALL("any suspect that the other keys match") },
		{ ALLOW("class: suspect, comm: x"), ALL("any suspect that the other keys match") },
		{ ALLOW("class: suspect, not: {comm: x}"),
		    ALL("any suspect that the other keys match") },
		{ ALLOW("reason: shell, parent: /usr/sbin/x"),
		    ALL("any suspect that the other keys match") },
		{ ALLOW("reason: [shell, no-owner]"), ALL("every suspect with that reason") },
		{ ALLOW("reason: no-owner"), UNHELD("every suspect with that reason") },
		{ ALLOW("reason: no-owner, port: 60000, protocol: udp"),
		    UNHELD("any suspect on that port") },
		{ ALLOW("reason: no-owner, user: root"), "" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* That it is in any container or unit says nothing of a program. */
static void
test_allow_any_place(void **state)
{
	static const struct expectation expectations[] = {
		{ ALLOW("container: \"*\""), ANY("container") },
		{ ALLOW("container: [x, \"**\"], comm: x"), ANY("container") },
		{ ALLOW("container: \"?*\""), ANY("container") },
		{ ALLOW("unit: \"*\""), ANY("unit") },
		{ ALLOW("unit: [x.service, \"*.service\"], port: 1"), ANY("unit") },
		{ ALLOW("user_unit: \"*\""), ANY("user unit") },
		{ ALLOW("unit: \"*\", any: [{port: 1}, {exposure: any}]"), ANY("unit") },
		{ ALLOW("user_unit: \"*\", user: root"), "" },
		{ ALLOW("unit: \"x*.service\""), "" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_allow(void **state)
{
	static const struct expectation expectations[] = {
		{ ALLOW("comm: x"), CLAIM },
		{ ALLOW("cmdline: x, port: 1, exposure: loopback"), CLAIM },
		{ ALLOW("script: /srv/x.py"), CLAIM },
		{ ALLOW("script: /srv/x.py, class: user"), CLAIM },
		{ ALLOW("script: /srv/x.py, user: alice"), "" },
		{ ALLOW("exe: /usr/bin/python3, script: /srv/x.py"),
		    INTERPRETER("/usr/bin/python3") },
		{ ALLOW("exe: /usr/bin/python3, script: /srv/x.py, unit: x.service"), "" },
		{ ALLOW("class: [service, suspect]"), SUSPECT },
		{ ALLOW("class: suspect, comm: x"), ALL("any suspect that the other keys match") },
		{ ALLOW("class: suspect, port: 1, exposure: loopback"),
		    ALL("any suspect that the other keys match") },
		{ ALLOW("class: suspect, exe: /opt/x"), "" },
		{ ALLOW("class: suspect, container: x"), "" },
		{ ALLOW("reason: [deleted, shell]"), ALL("every suspect with that reason") },
		{ ALLOW("reason: shell, user_unit: x.service"), "" },
		{ ALLOW("reason: [deleted, exposed]"), JUDGED },
		{ ALLOW("hint: unused"), JUDGED },
		{ ALLOW("hint: unused, user: alice"), "" },
		{ ALLOW("reason: exposed, unit: x.service"), "" },
		{ ALLOW("class: service"), JUDGED },
		{ ALLOW("class: unknown, port: 1"), JUDGED },
		{ ALLOW("slice: user.slice"), JUDGED },
		{ ALLOW("session: tty, port: 1"), JUDGED },
		{ ALLOW("loginuid: alice"), JUDGED },
		{ ALLOW("parent: /usr/sbin/cron"), JUDGED },
		{ ALLOW("parent: /usr/sbin/cron, user: alice"), "" },
		{ ALLOW("interface: eth0, hostname: web1, port: 1"), PORT },
		{ ALLOW("interface: eth0"), PLACE },
		{ ALLOW("hostname: web1, protocol: udp"), ALL("all of UDP") },
		{ ALLOW("protocol: tcp, any: [{user: alice}, {netns: host}]"), ALL("all of TCP") },
		/* Of any the weakest counts, with what stands around it. */
		{ ALLOW("any: [{user: alice}, {comm: x}]"), CLAIM },
		{ ALLOW("any: [{comm: x}, {cmdline: y}]"), CLAIM },
		{ ALLOW("user: alice, any: [{comm: x}, {cmdline: y}]"), "" },
		{ ALLOW("any: [{user: alice}, {unit: x.service}]"), "" },
		{ ALLOW("class: suspect, any: [{exe: /opt/x}, {port: 1}]"),
		    ALL("any suspect on that port") },
		{ ALLOW("exe: /usr/bin/python3, any: [{script: /srv/x.py}, {user: alice}]"),
		    INTERPRETER("/usr/bin/python3") },
		{ ALLOW("owner: [kernel, process], any: [{class: service}]"), JUDGED },
		{ ALLOW("owner: kernel, any: [{class: [service, kernel]}]"), "" },
		{ ALLOW("class: kernel"), "" },
		{ ALLOW("class: [kernel, user]"), JUDGED },
		{ ALLOW("owner: kernel, class: [kernel, service]"), "" },
		{ MATCH("class: suspect"), "" },
		{ ALLOW("container: x"), "" },
		{ ALLOW("container: \"*\", exe: /usr/sbin/x"), "" },
		{ ALLOW("container: \"x*\""), "" },
		{ ALLOW("comm: x, user: alice"), "" },
		{ ALLOW("comm: x, unit: a.service"), "" },
		{ ALLOW("comm: x, exe: /usr/sbin/x"), "" },
		{ MATCH("comm: x"), "" },
		{ "rules:\n- {name: n, action: allow, match: {comm: x}, enabled: "
		  "false}\n",
		    "" },
		{ ALLOW("port: 1"), PORT },
		{ ALLOW("port: 1, protocol: tcp, exposure: loopback"), PORT },
		{ ALLOW("port: 1, user: alice"), "" },
		{ ALLOW("port: 1, owner: kernel"), "" },
		{ ALLOW("protocol: tcp"), ALL("all of TCP") },
		{ ALLOW("protocol: udp, netns: host"), ALL("all of UDP") },
		{ ALLOW("protocol: [udp, tcp]"), ALL("everything") },
		{ ALLOW("netns: host"), ALL("everything") },
		{ ALLOW("not: {port: 1}"), ALL("everything") },
		{ ALLOW("protocol: tcp, unit: a.service"), "" },
		{ ALLOW("exposure: loopback, protocol: tcp"), PLACE },
		{ ALLOW("address: \"::1\""), PLACE },
		{ ALLOW("owner: unknown"), PLACE },
		{ MATCH("port: 1"), "" },
		{ ALLOW("exe: /usr/bin/python3.11"), INTERPRETER("/usr/bin/python3.11") },
		{ ALLOW("exe: [/usr/sbin/x, /bin/bash], cmdline: "
			"x"),
		    INTERPRETER("/bin/bash") },
		{ ALLOW("exe: \"/usr/bin/python*\""), INTERPRETER("/usr/bin/python*") },
		{ ALLOW("exe: \"/usr/bin/*\""), INCLUDES("/usr/bin/*") },
		{ ALLOW("exe: \"/usr/**\""), INCLUDES("/usr/**") },
		{ ALLOW("exe: \"/opt/**\""), "" },
		{ ALLOW("exe: /opt/jdk/bin/java"), INTERPRETER("/opt/jdk/bin/java") },
		{ ALLOW("exe: /usr/bin/python3.11, user: alice"), "" },
		{ ALLOW("exe: /usr/bin/shutdown"), "" },
		{ ALLOW("exe: /usr/bin/ncat"), INTERPRETER("/usr/bin/ncat") },
		{ ALLOW("exe: [/usr/bin/busybox]"), INTERPRETER("/usr/bin/busybox") },
		{ ALLOW("exe: \"/usr/local/bin/ruby?.?\""), INTERPRETER("/usr/local/bin/ruby?.?") },
		{ ALLOW("exe: \"**/lua5.*\""), INTERPRETER("**/lua5.*") },
		{ ALLOW("exe: \"/srv/*\""), "" },
		{ ALLOW("exe: /usr/bin/perl, container: x"), "" },
		{ "rules:\n- {name: n, action: allow, remind: 1h, match: {user: alice}}\n",
		    "t.yaml:2:3: warning: threshold, severity and remind have no effect with "
		    "action: "
		    "allow\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

static void
test_globs(void **state)
{
	static const struct expectation expectations[] = {
		{ MATCH("unit: nginx"),
		    "t.yaml:2:42: warning: unit \"nginx\" matches no unit, did you mean "
		    "\"nginx.service\"?\n" },
		{ MATCH("user_unit: [a.service, \"n*\", b]"),
		    "t.yaml:2:65: warning: user_unit "
		    "\"b\" matches no unit, did you mean \"b.service\"?\n" },
		{ MATCH("script: \"/srv/[ab].py\""),
		    "t.yaml:2:44: warning: script \"/srv/[ab].py\": [ is "
		    "not a wildcard, expected *, ** or ?\n" },
		{ MATCH("comm: sixteen-letters-"),
		    "t.yaml:2:42: warning: comm \"sixteen-letters-\" "
		    "matches "
		    "nothing, expected at most 15 bytes: the kernel truncates longer names\n" },
		{ MATCH("comm: [fifteen-letters, fifteen-letters*]"), "" },
		{ MATCH("comm: \"fifteen-letters?*\""),
		    "t.yaml:2:42: warning: comm \"fifteen-letters?*\" matches nothing, expected "
		    "at most 15 bytes: the kernel truncates longer names\n" },
		{ MATCH("unit: [\"a*\", \"b*.service\", a@1.scope, 'a\\x2db.service', \"*.*\"]"),
		    "" },
		{ MATCH("unit: \"a*.target\""),
		    "t.yaml:2:42: warning: unit \"a*.target\" matches no process, expected a "
		    ".service or .scope\n" },
		{ MATCH("unit: a@.service"),
		    "t.yaml:2:42: warning: unit \"a@.service\" is a template and matches no unit, "
		    "did you mean \"a@*.service\"?\n" },
		{ MATCH("slice: [\"user-*\", -.slice]"), "" },
		{ MATCH("slice: \"user-*.scope\""),
		    "t.yaml:2:43: warning: slice \"user-*.scope\" matches no slice, expected a "
		    "name such as user-1000.slice\n" },
		{ MATCH("exe: /none/a/"),
		    "t.yaml:2:41: warning: exe \"/none/a/\" is a directory and matches no program, "
		    "did you mean \"/none/a/*\"?\n" },
		{ MATCH("exe: /none/a -b"),
		    "t.yaml:2:41: warning: exe \"/none/a -b\" has arguments, expected a path "
		    "alone, and the key cmdline\n" },
		{ MATCH("cmdline: \"a {{ b }}\""),
		    "t.yaml:2:45: warning: cmdline \"a {{ b }}\" looks like a template that was "
		    "not filled in\n" },
		{ MATCH("script: /none//a"),
		    "t.yaml:2:44: warning: script \"/none//a\" matches nothing, expected a path "
		    "without //, /./ and /../\n" },
		{ MATCH("container: a/b"),
		    "t.yaml:2:47: warning: container \"a/b\" matches nothing, expected an id or a "
		    "name\n" },
		{ MATCH("exe: \"/usr/bin/[ab]\""),
		    "t.yaml:2:41: warning: exe \"/usr/bin/[ab]\": [ is not "
		    "a wildcard, expected *, ** or ?\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Two rules; whether the second is never reached. */
struct pair {
	const char *first, *second;
	bool covered;
};

static void
check_pairs(const struct pair *pairs, size_t count)
{
	char text[512], expected[256];

	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text),
		    "rules:\n"
		    "  - {name: one, threshold: 1h, match: {%s}}\n"
		    "  - {name: two, threshold: 1h, match: "
		    "{%s}}\n",
		    pairs[i].first, pairs[i].second);
		(void)snprintf(expected, sizeof(expected), "%s",
		    pairs[i].covered ?
			"t.yaml:3:5: warning: rule is never reached, \"one\" at line 2 "
			"matches first\n" :
			"");
		(void)config_free(load_expect(text, expected));
	}
}

static void
test_reach(void **state)
{
	static const struct pair pairs[] = {
		{ "port: 1-100", "port: 50", true },
		{ "port: 1-100", "port: [50, 101]", false },
		{ "port: 1-100", "port: 50, user: alice", true },
		{ "port: 1-100, user: alice", "port: 50", false },
		{ "port: 1-100", "user: alice", false },
		{ "protocol: [tcp, udp]", "user: alice", true },
		{ "exposure: [any, loopback, local]", "user: alice", true },
		{ "owner: [process, kernel, unknown]", "user: alice", true },
		{ "choice: [asked, auto]", "user: alice", false },
		{ "class: [unknown, kernel, service, user, suspect]", "user: alice", true },
		{ "class: [unknown, kernel, service, user]", "user: alice", false },
		{ "netns: host", "user: alice", true },
		{ "netns: host", "netns: [host]", true },
		{ "user: alice", "user: alice, netns: host", true },
		{ "class: service", "class: service, user: alice", true },
		{ "class: [service, user]", "class: service", true },
		{ "class: service", "class: [service, user]", false },
		{ "reason: [shell, memory]", "reason: shell", true },
		{ "reason: shell", "reason: [shell, memory]", false },
		{ "reason: shell", "class: suspect", false },
		{ "hint: [unused, parent-ended]", "hint: unused", true },
		{ "hint: unused", "hint: [unused, parent-ended]", false },
		{ "hint: unused", "user: alice", false },
		/* With other reasons beside it only the class covers it. */
		{ "reason: shell", "class: suspect, reason: shell", false },
		{ "class: suspect, reason: shell", "class: suspect, reason: shell", true },
		{ "script: /srv/*", "script: /srv/a", true },
		{ "script: /srv/a", "script: /srv/*", false },
		{ "container: \"*\"", "container: web", true },
		{ "container: web", "container: \"w*\"", false },
		/* Another mount namespace, and a user's own container, are only in the second. */
		{ "exe: /usr/bin/a", "exe: /usr/bin/a, container: web", false },
		{ "exe: /usr/bin/a", "exe: /usr/bin/a, user: alice", true },
		{ "exe: /usr/bin/a, container: web", "exe: /usr/bin/a, container: web", true },
		{ "container: web", "container: web, user: alice", false },
		{ "container: web, user: alice", "container: web, user: alice", true },
		/* A rule that names no class does not keep suspects from one that does. */
		{ "user: alice", "user: alice, class: suspect", false },
		{ "user: alice", "user: alice, reason: shell", false },
		{ "user: alice", "user: alice, class: service", true },
		{ "class: suspect", "class: suspect, user: alice", true },
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
		{ "user: [alice, bob]", "user: bob", true },
		/* Whose number it is, is not known here. */
		{ "user: [alice, bob]", "user: 1001", false },
		{ "user: alice", "user: [alice, bob]", false },
		{ "user: \"@developers\"", "user: [\"@developers\"]", true },
		{ "user: \"@developers\"", "user: \"@2000\"", false },
		{ "user: \"@developers\"", "user: 2000", false },
		{ "port: 1-100, not: {user: alice}", "port: 50", false },
		{ "port: 1-100", "port: 50, not: {user: alice}", true },
	};

	(void)state;
	check_pairs(pairs, ARRAY_SIZE(pairs));
}

static void
test_reach_around(void **state)
{
	static const struct pair pairs[] = {
		{ "slice: user.slice", "slice: user.slice", true },
		{ "slice: \"user*\"", "slice: 'user-1\\x2d2.slice'", true },
		{ "unit: 'a*'", "unit: 'a\\x2db.service'", true },
		{ "slice: user-1000.slice", "slice: user.slice", false },
		{ "session: \"*\"", "session: tty", true },
		{ "session: tty", "session: \"*\"", false },
		{ "session: [tty, x11]", "session: x11", true },
		{ "session: \"*\"", "user: alice", false },
		{ "loginuid: [alice, none]", "loginuid: none", true },
		{ "loginuid: alice", "loginuid: [alice, none]", false },
		{ "loginuid: alice", "user: alice", false },
		{ "parent: \"/none/*\"", "parent: /none/cron", true },
		{ "parent: /none/cron", "parent: \"/none/*\"", false },
		{ "interface: \"eth*\"", "interface: eth0", true },
		{ "interface: \"*\"", "interface: ''", false },
		{ "interface: ''", "interface: ''", true },
		{ "interface: ['', \"*\"]", "interface: ['', eth0]", true },
		{ "hostname: \"web*\"", "hostname: WEB1", true },
		{ "hostname: web1", "hostname: db1", false },
		{ "hostname: web1", "port: 1", false },
		{ "port: 1", "port: 1, hostname: web1", true },
		/* What it is in is only narrower. */
		{ "port: 1", "port: 1, any: [{comm: a}, {comm: b}]", true },
		{ "exe: /none/a", "exe: /none/a, any: [{container: web}]", false },
		{ "user: alice", "user: alice, any: [{class: suspect}]", false },
		{ "container: web", "container: web, any: [{user: alice}]", false },
	};

	(void)state;
	check_pairs(pairs, ARRAY_SIZE(pairs));
}

/* Each entry of the later any must be covered by one of the earlier. */
static void
test_reach_of_any(void **state)
{
	static const struct pair pairs[] = {
		{ "any: [{port: 1}, {port: 2}]", "port: 1", true },
		{ "any: [{port: 1}, {port: 2}]", "port: 1-2", false },
		{ "any: [{port: 1}, {port: 2}]", "any: [{port: 2}, {port: 1, comm: a}]", true },
		{ "any: [{port: 1}, {port: 2}]", "any: [{port: 2}, {port: 3}]", false },
		{ "user: alice", "any: [{user: alice, port: 1}, {user: alice, comm: a}]", true },
		{ "user: alice", "any: [{user: alice, port: 1}, {comm: a}]", false },
		{ "user: alice", "user: alice, any: [{port: 1}, {comm: a}]", true },
		{ "user: [alice, bob]", "user: 5, any: [{user: alice}, {user: bob}]", true },
		{ "user: alice, any: [{port: 1}, {comm: a}]", "user: alice, port: 1", true },
		{ "user: alice, any: [{port: 1}, {comm: a}]", "port: 1", false },
		{ "port: 1-9, any: [{port: 1-3}, {comm: a}]", "port: 3", true },
		{ "port: 1-9, any: [{port: 1-3}, {comm: a}]", "port: 4", false },
		{ "any: [{port: 1, not: {comm: a}}, {port: 2}]", "port: 1", false },
		{ "any: [{port: 1, not: {comm: a}}, {port: 2}]", "port: 2", true },
		{ "not: {comm: a}, any: [{port: 1}]", "port: 1", false },
		{ "any: [{port: 1}]", "any: [{port: 1, not: {comm: a}}]", true },
		{ "any: [{class: user}, {port: 1}]", "port: 1", false },
		{ "any: [{container: web}, {port: 1}]", "port: 1", false },
		{ "container: web, any: [{user: alice}]", "container: web, user: alice", false },
		{ "any: [{exe: /none/a}, {port: 1}]", "exe: /none/a, container: web", false },
	};

	(void)state;
	check_pairs(pairs, ARRAY_SIZE(pairs));
}

#define NEVER(why) "t.yaml:2:3: warning: rule can never match: " why "\n"
#define NEVER_ENTRY(entry, why) \
	"t.yaml:2:3: warning: entry " entry " of any can never match: " why "\n"
#define PROCESSES(key, by) NEVER(key " is about processes, which " by " excludes")

/* Keys of one match that exclude each other. */
static void
test_never(void **state)
{
	static const struct expectation expectations[] = {
		{ MATCH("owner: kernel, exe: /none/a"), PROCESSES("exe", "owner") },
		{ MATCH("class: kernel, unit: a.service"), PROCESSES("unit", "class: kernel") },
		{ MATCH("owner: [kernel, unknown], loginuid: alice"),
		    PROCESSES("loginuid", "owner") },
		{ MATCH("owner: [kernel, process], exe: /none/a"), "" },
		{ MATCH("class: [kernel, user], exe: /none/a"), "" },
		{ MATCH("owner: kernel, user: \"@developers\""),
		    NEVER("groups are those of processes, which owner excludes") },
		/* Of the socket the kernel knows who made it. */
		{ MATCH("owner: kernel, user: alice"), "" },
		{ MATCH("owner: kernel, reason: kernel-unproved"),
		    NEVER("what the kernel holds has no reason") },
		{ MATCH("owner: process, class: kernel"),
		    NEVER("no listener of that owner has that class") },
		{ MATCH("owner: unknown, class: [unknown, suspect]"), "" },
		{ MATCH("class: user, reason: [shell, memory]"),
		    NEVER("a strong reason makes a suspect, which class excludes: add suspect") },
		{ MATCH("class: user, reason: [shell, deleted]"), "" },
		{ MATCH("class: user, reason: own-file"), "" },
		{ MATCH("class: [user, suspect], reason: shell"), "" },
		{ MATCH("class: service, hint: session-ended"),
		    NEVER("no listener of that class has that hint") },
		{ MATCH("class: [service, user], hint: session-ended"), "" },
		{ MATCH("exposure: loopback, address: 10.0.0.0/8"), "" },
		{ MATCH("exposure: loopback, address: 0.0.0.0"), "" },
		{ MATCH("exposure: loopback, address: \"::\""), "" },
		{ MATCH("exposure: loopback, address: 10.0.0.0/8, interface: eth*"),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: loopback, interface: \"\", any: [{address: 0.0.0.0}]"),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: loopback, address: 10.0.0.0/8, interface: l*"), "" },
		{ MATCH("exposure: loopback, address: [10.0.0.0/8, 127.0.0.1]"), "" },
		{ MATCH("exposure: loopback, address: \"::ffff:127.0.0.1\""), "" },
		{ MATCH("exposure: loopback, address: \"::1\""), "" },
		{ MATCH("exposure: any, address: \"::1\""),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: any, address: 192.0.2.1"),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: any, address: 0.0.0.0"), "" },
		{ MATCH("exposure: any, address: \"::\""), "" },
		{ MATCH("exposure: any, address: 0.0.0.0/0"), "" },
		{ MATCH("exposure: loopback, address: \"::/0\""), "" },
		{ MATCH("exposure: local, address: \"fe80::/10\""), "" },
		{ MATCH("exposure: any, address: \"fe80::/10\""),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: local, address: [127.0.0.0/8, \"::\"]"),
		    NEVER("no such address has that exposure") },
		{ MATCH("exposure: any, interface: lo"),
		    NEVER("interface lo is loopback, which exposure excludes") },
		{ MATCH("exposure: any, interface: [lo, eth0]"), "" },
		{ MATCH("unit: a.service, user_unit: b.service"),
		    NEVER("nothing of unit \"a.service\" is in a unit of a user") },
		{ MATCH("unit: \"u*\", user_unit: b.service"), "" },
		{ MATCH("unit: user@1000.service, user_unit: b.service"), "" },
		{ MATCH("unit: user@1000.service, session: tty"),
		    NEVER("nothing of unit \"user@1000.service\" is in a session") },
		{ MATCH("unit: session-*.scope, session: tty"), "" },
		{ MATCH("unit: \"*\", session: tty"), "" },
		{ MATCH("protocol: udp, reason: exposed"),
		    NEVER("reason exposed is about ports of TCP, which protocol excludes") },
		{ MATCH("exposure: loopback, reason: exposed"),
		    NEVER("reason exposed is about ports on all addresses, which exposure "
			  "excludes") },
		{ MATCH("choice: asked, reason: exposed"),
		    NEVER("reason exposed is about ports picked by the kernel, which choice "
			  "excludes") },
		{ MATCH("choice: asked, reason: [exposed, deleted]"), "" },
		{ MATCH("reason: no-owner, exe: /none/a"), PROCESSES("exe", "reason") },
		{ MATCH("reason: [no-owner, deleted], exe: /none/a"), "" },
		{ MATCH("reason: kernel-unproved, owner: process"),
		    NEVER("reason is about listeners without an owner") },
		{ MATCH("reason: kernel-unproved, owner: unknown, user: root"), "" },
		{ MATCH("port: 1, not: {port: 1-9}"),
		    NEVER("not excludes all that the other keys match") },
		{ MATCH("port: [1, 10], not: {port: 1-9}"), "" },
		{ MATCH("port: 1, not: {port: 1-9, user: alice}"), "" },
		{ MATCH("port: 1, not: {protocol: [tcp, udp]}"),
		    NEVER("not excludes all that the other keys match") },
		/* Below a user's own manager a container is unknown to this not. */
		{ MATCH("container: web, user: alice, not: {container: web}"), "" },
		{ MATCH("port: 1, any: [{port: 2}, {port: 3}]"),
		    NEVER("port around any and in it exclude each other") },
		{ MATCH("port: 1, any: [{port: 1}, {port: 3}]"),
		    NEVER_ENTRY("2", "port around any and in it exclude each other") },
		{ MATCH("protocol: tcp, any: [{user: alice, protocol: udp}]"),
		    NEVER("protocol around any and in it exclude each other") },
		{ MATCH("port: 1, any: [{user: alice}, {owner: kernel, comm: a}]"),
		    NEVER_ENTRY("2", "comm is about processes, which owner excludes") },
		{ MATCH("port: 1, any: [{user: alice, not: {port: 1-2}}, {user: bob}]"),
		    NEVER_ENTRY("1", "not excludes all that the other keys match") },
		{ "rules:\n- {name: n, threshold: 1h, enabled: no, match: {class: kernel, comm: "
		  "a}}\n",
		    "" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* Whatever a rule does: of suspects it speaks by its class or reason alone. */
static void
test_reach_of_suspects(void **state)
{
	static const struct expectation expectations[] = {
		{ "rules:\n- {name: a, action: allow, match: {port: 1, user: alice}}\n"
		  "- {name: b, severity: err, match: {port: 1, user: alice}}\n",
		    "t.yaml:3:3: warning: rule is never reached, \"a\" at line 2 matches first\n" },
		{ "rules:\n- {name: a, severity: err, match: {port: 1, user: alice}}\n"
		  "- {name: b, action: allow, match: {port: 1, user: alice}}\n",
		    "t.yaml:3:3: warning: rule is never reached, \"a\" at line 2 matches first\n" },
		{ "rules:\n- {name: a, severity: err, match: {port: 1}}\n"
		  "- {name: b, severity: crit, match: {port: 1, class: suspect}}\n",
		    "" },
		{ "rules:\n- {name: a, severity: err, match: {port: 1, class: [user, suspect]}}\n"
		  "- {name: b, severity: crit, match: {port: 1, class: suspect}}\n",
		    "t.yaml:3:3: warning: rule is never reached, \"a\" at line 2 matches first\n" },
		{ "rules:\n- {name: a, severity: err, match: {port: 1, netns: 4}}\n"
		  "- {name: b, severity: crit, match: {port: 1, netns: 4}}\n",
		    "t.yaml:2:52: warning: netns \"4\" is not watched: it matches no listener\n"
		    "t.yaml:3:53: warning: netns \"4\" is not watched: it matches no listener\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* A rule that is off or ends some day covers nothing; one that is off is not looked at. */
static void
test_reach_of_inactive(void **state)
{
	static const struct expectation expectations[] = {
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, enabled: false}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}}\n",
		    "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, until: "
		  "9999-12-30}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}}\n",
		    "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}}\n"
		  "- {name: b, threshold: 1h, match: {port: 1}, enabled: false}\n",
		    "" },
		{ "rules:\n- {name: a, threshold: 1h, match: {port: 1}, enabled: true}\n"
		  "- {name: b, threshold: 1h, match: {port: 2}}\n"
		  "- {name: c, threshold: 1h, match: {port: 2}, until: 9999-12-30}\n",
		    "t.yaml:4:3: warning: rule is never reached, \"b\" at line 3 matches first\n" },
	};

	(void)state;
	expect_all(expectations, ARRAY_SIZE(expectations));
}

/* What would take too long to compare is left, and that is said; what came before is checked. */
static void
test_reach_is_bounded(void **state)
{
	static char text[YAML_SIZE_MAX];
	size_t used = (size_t)sprintf(text,
	    "rules:\n"
	    "- {name: first, threshold: 1h, match: {port: 1}}\n"
	    "- {name: second, threshold: 1h, match: {port: 1}}\n");
	char *said;

	(void)state;
	for (unsigned i = 0; i < 600; i++) {
		used +=
		    (size_t)sprintf(text + used, "- {name: n, threshold: 1h, match: {script: [");
		for (unsigned j = 0; j < 100; j++)
			used += (size_t)sprintf(text + used, "/%x,", i * 100 + j);
		used += (size_t)sprintf(text + used, "]}}\n");
	}
	(void)config_free(load_bytes(text, used, &said));
	assert_memory_equal(said,
	    "t.yaml:3:3: warning: rule is never reached, \"first\" at line 2 matches first\n",
	    strlen(
		"t.yaml:3:3: warning: rule is never reached, \"first\" at line 2 matches first\n"));
	assert_non_null(strstr(said,
	    ":3: warning: too many rules: from here on, rules that are never "
	    "reached are not detected\n"));
	assert_null(strstr(strstr(said, "from here on"), "t.yaml"));
	free(said);
}

/* An error hides no warning, not even of the last checks; strict makes an error of it. */
static void
test_beside_an_error(void **state)
{
	static const char text[] =
	    "interval: x\n"
	    "rules:\n"
	    "- {name: a, threshold: 1h, match: {port: 1-9}}\n"
	    "- {name: b, threshold: 1x, match: {port: 5}}\n"
	    "- {name: c, threshold: 1h, match: {port: 5}}\n"
	    "- {name: d, threshold: 1h, match: {port: 5, comm: abcdefghijklmnop}}\n";
	struct config_messages messages = { .strict = true };
	struct config *config = NULL;
	char *said;

	(void)state;
	assert_null(load_expect(text,
	    "t.yaml:1:11: error: interval is \"x\", expected a time span such as 90s or 1h 30min\n"
	    "t.yaml:4:24: error: threshold is \"1x\", expected a time span such as 90s or 1h "
	    "30min, or never\n"
	    "t.yaml:6:51: warning: comm \"abcdefghijklmnop\" matches nothing, expected at most 15 "
	    "bytes: the kernel truncates longer names\n"
	    "t.yaml:5:3: warning: rule is never reached, \"a\" at line 3 matches first\n"
	    "t.yaml:6:3: warning: rule is never reached, \"a\" at line 3 matches first\n"));
	assert_int_equal(config_load_text(strchr(text, '\n') + 1, strlen(text) - 12, "t.yaml",
			     &config, &messages),
	    -EINVAL);
	assert_null(config);
	said = messages_text(&messages, "");
	assert_null(strstr(said, "warning"));
	assert_non_null(strstr(said, "t.yaml:4:3: error: rule is never reached"));
	free(said);
	config_messages_clear(&messages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_allow_suspects),
		cmocka_unit_test(test_allow_any_place),
		cmocka_unit_test(test_globs),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_reach_around),
		cmocka_unit_test(test_reach_of_any),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_reach_of_suspects),
		cmocka_unit_test(test_reach_of_inactive),
		cmocka_unit_test(test_reach_is_bounded),
		cmocka_unit_test(test_beside_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-reach", tests, NULL, NULL);
}
