/* SPDX-License-Identifier: MIT */
/*
 * What makes listeners those of one owner (group-key.c), and how many owners are remembered, for
 * how long (group.c). What is told of them is tests/scenario's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/group.h"
#include "help.h"

#define ID_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define ID_B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

/* As an initializer of struct who. */
#define PYTHON .exe = "/usr/bin/python3"

static struct stay_tally tally;

/* Whose a stay is, and how grave. */
struct who {
	const char *exe, *script, *unit, *user_unit, *container, *forwards_to;
	uint32_t uid;
	const char *address;
	enum severity severity;
	enum exe_trust trust;
	int32_t pid;
	enum listener_class class;
	uint32_t reasons;
	const char *cmdline; /* "|" for a NUL; NULL = as help_owner() has it */
	uint32_t creator;    /* of the socket; 0 = uid */
};

static void
set(char **string, const char *text)
{
	assert_int_equal(owner_text_set(string, text), 0);
}

static struct stay *
make_stay(const struct who *who)
{
	struct listener listener =
	    help_listener(PROTOCOL_TCP, who->address == NULL ? "0.0.0.0" : who->address, 50000, 1);
	struct owner *owner = help_owner(who->exe == NULL ? "/usr/bin/x" : who->exe, who->uid);
	struct process *process = owner->processes[0];
	struct stay *stay;

	listener.uid = who->creator != 0 ? who->creator : who->uid;
	stay = stay_new(&tally, &listener, 1);
	assert_non_null(stay);
	set(&process->script, who->script);
	set(&process->place.unit, who->unit);
	set(&process->place.user_unit, who->user_unit);
	set(&process->place.container, who->container);
	set(&process->forwards_to, who->forwards_to);
	if (who->cmdline != NULL) {
		set(&process->cmdline, who->cmdline);
		process->cmdline_length = (uint32_t)strlen(who->cmdline) + 1;
		for (char *at = process->cmdline; *at != '\0'; at++)
			*at = (char)(*at == '|' ? '\0' : *at);
	}
	process->exe_trust = (enum exe_trust)who->trust;
	process->pid = who->pid == 0 ? 4242 : who->pid;
	stay->is.members[0].owner = owner;
	stay->judged.classification.class = (enum listener_class)who->class;
	stay->judged.classification.reasons = who->reasons;
	stay->judged.verdict.severity = (enum severity)who->severity;
	stay->judged.verdict.remind_usec = USEC_PER_HOUR;
	return stay;
}

static bool
is_same(struct group_key a, struct group_key b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void
check(const struct who *one, const struct who *other, bool owner, bool reported)
{
	struct stay *a = make_stay(one), *b = make_stay(other);

	if (is_same(group_key_of_owner(a), group_key_of_owner(b)) != owner)
		fail_msg("owner: %s %s", one->unit, other->unit);
	if (is_same(group_key_reported(a), group_key_reported(b)) != reported)
		fail_msg("reported: %s %s", one->unit, other->unit);
	stay_free(a);
	stay_free(b);
}

static void
what_is_the_same(void **state)
{
	static const struct {
		struct who one, other;
		bool owner, reported;
	} cases[] = {
		{ { .pid = 1000 }, { .pid = 1001 }, true, true },
		{ { .exe = "/usr/bin/a" }, { .exe = "/usr/bin/b" }, false, false },
		{ { .script = "/a.py" }, { .script = "/b.py" }, false, false },
		{ { .trust = EXE_SAME }, { .trust = EXE_REPLACED }, true, true },
		{ { .trust = EXE_SAME }, { .trust = EXE_UNVERIFIED }, false, false },
		{ { .uid = 1000 }, { .uid = 1001 }, false, false },
		/* Who the numbers of system users are differs from host to host. */
		{ { .uid = 113 }, { .uid = 991 }, false, true },
		{ { .uid = 113 }, { .uid = 0 }, false, false },
		{ { .uid = 113 }, { .uid = 1000 }, false, false },
		/* A socket that somebody else made, and who. */
		{ { .uid = 33 }, { .uid = 33, .creator = 1000 }, false, false },
		{ { .uid = 33, .creator = 1001 }, { .uid = 33, .creator = 1000 }, false, false },
		{ { .creator = 1000 }, { .creator = 1000 }, true, true },
		{ { .address = "0.0.0.0" }, { .address = "127.0.0.1" }, true, false },
		{ { .severity = SEVERITY_CRIT }, { .severity = SEVERITY_ERR }, true, false },
		{ { .unit = "a.service" }, { .unit = "b.service" }, false, false },
		{ { .unit = "a.service" }, { .user_unit = "a.service" }, false, false },
		{ { .unit = "web@1.service" }, { .unit = "web@two.service" }, true, true },
		{ { .unit = "php7.4-fpm.service" }, { .unit = "php8.2-fpm.service" }, false,
		    false },
		{ { .unit = "session-3.scope" }, { .unit = "session-71.scope" }, true, true },
		{ { .unit = "session-3.scope" }, { .unit = "init.scope" }, false, false },
		{ { .user_unit = "app-gnome-firefox-4123.scope" },
		    { .user_unit = "app-gnome-firefox-99.scope" }, true, true },
		{ { .user_unit = "app-gnome-firefox-4123.scope" },
		    { .user_unit = "app-gnome-chrome-4123.scope" }, false, false },
		{ { .unit = "run-u12.service" }, { .unit = "run-u7.service" }, true, true },
		{ { .unit = "run-r0123456789abcdef0123456789abcdef.scope" },
		    { .unit = "run-rfedcba9876543210fedcba9876543210.scope" }, true, true },
		{ { .unit = "run-p812-i77.scope" }, { .unit = "run-p9-i1.scope" }, true, true },
		{ { .unit = "run-812.scope" }, { .unit = "run-9.scope" }, true, true },
		/* Units that somebody wrote. */
		{ { .unit = "run-race.service" }, { .unit = "run-pace.service" }, false, false },
		{ { .unit = "run-rface.service" }, { .unit = "run-rabad1dea.service" }, false,
		    false },
		{ { .unit = "run-u12.service" }, { .unit = "run-up.service" }, false, false },
		{ { .unit = "run-backup-1.service" }, { .unit = "run-backup-2.service" }, false,
		    false },
		{ { .unit = "run-u1-web.service" }, { .unit = "run-u2-web.service" }, false,
		    false },
		{ { .unit = "run-.service" }, { .unit = "run-1.service" }, false, false },
		{ { .unit = "web-1.service" }, { .unit = "web-2.service" }, false, false },
		/* Letters alone are a word. */
		{ { .user_unit = "app-facadeface.scope" }, { .user_unit = "app-beefdecade.scope" },
		    false, false },
		{ { .user_unit = "app-facade42.scope" }, { .user_unit = "app-decade4f.scope" },
		    true, true },
		{ { .user_unit = "app-race.scope" }, { .user_unit = "app-pace.scope" }, false,
		    false },
		{ { .unit = "session-c3.scope" }, { .unit = "session-c71.scope" }, true, true },
		{ { .unit = "session-c3.scope" }, { .unit = "session-cat.scope" }, false, false },
		{ { .user_unit = "vte-spawn-5f2b0a3c-7f1e-4c0e-9d1c-0a1b2c3d4e5f.scope" },
		    { .user_unit = "vte-spawn-aabbccdd-aaaa-bbbb-cccc-aaaabbbbcccc.scope" }, true,
		    true },
		{ { .user_unit = "vte-spawn-5f2b0a3c-7f1e-4c0e-9d1c-0a1b2c3d4e5f.scope" },
		    { .user_unit = "vte-spawn-5f2b0a3c-7f1e-4c0e-9d1c-0a1b2c3d4e5.scope" }, false,
		    false },
		{ { .unit = "machine-qemu\\x2d3\\x2dweb.scope" },
		    { .unit = "machine-qemu\\x2d14\\x2dweb.scope" }, true, true },
		{ { .unit = "machine-qemu\\x2d3\\x2dweb.scope" },
		    { .unit = "machine-qemu\\x2d3\\x2ddb.scope" }, false, false },
		{ { .unit = "user@1000.service", .user_unit = "a.service" },
		    { .unit = "user@1001.service", .user_unit = "a.service" }, true, true },
		{ { .unit = "crio-" ID_A ".scope" }, { .unit = "crio-" ID_B ".scope" }, true,
		    true },
		{ { .unit = "crio-" ID_A ".scope" }, { .unit = "crio-conmon-" ID_A ".scope" },
		    false, false },
		{ { .unit = "docker-" ID_A ".scope", .container = ID_A },
		    { .unit = "docker-" ID_B ".scope", .container = ID_B }, true, true },
		{ { .container = "0123456789ab" }, { .container = ID_B }, true, true },
		{ { .container = "web" }, { .container = "db" }, false, false },
		{ { .forwards_to = ID_A }, { .forwards_to = ID_B }, false, true },
		{ { .forwards_to = ID_A, .pid = 1 }, { .forwards_to = ID_A }, true, true },
		/* Where one name ends, another does not begin. */
		{ { .exe = "/a", .script = "b" }, { .exe = "/ab", .script = "" }, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(&cases[i].one, &cases[i].other, cases[i].owner, cases[i].reported);
}

/* Whoever follows an owner that was reported is judged as that one was, or is reported, too. */
static void
who_follows_whom(void **state)
{
	static const struct {
		struct who one, other;
		bool same;
	} cases[] = {
		{ { .pid = 1000 }, { .pid = 1001 }, true },
		{ { .class = CLASS_SERVICE }, { .class = CLASS_SERVICE }, true },
		{ { .class = CLASS_SERVICE }, { .class = CLASS_UNKNOWN }, false },
		{ { .class = CLASS_USER }, { .class = CLASS_UNKNOWN }, false },
		{ { .reasons = 1 << REASON_WRITABLE }, { 0 }, false },
		{ { .reasons = 1 << REASON_WRITABLE }, { .reasons = 1 << REASON_DELETED }, false },
		{ { .reasons = 1 << REASON_EXPOSED }, { 0 }, true },
		{ { .reasons = 1 << REASON_CHANGED }, { 0 }, true },
		{ { PYTHON, .cmdline = "python3|-m|http.server" },
		    { PYTHON, .cmdline = "python3|-m|http.server|8000" }, true },
		{ { PYTHON, .cmdline = "python3|-m|http.server" },
		    { PYTHON, .cmdline = "python3|-c|import x" }, false },
		{ { PYTHON, .cmdline = "python3|-m|http.server" },
		    { PYTHON, .cmdline = "python3|-m|backdoor" }, false },
		{ { PYTHON, .cmdline = "python3|--frob|/a.py" },
		    { PYTHON, .cmdline = "python3|--blub|/b.py" }, false },
		{ { PYTHON, .script = "/a.py", .cmdline = "python3|/a.py|x" },
		    { PYTHON, .script = "/a.py", .cmdline = "python3|/a.py|y" }, true },
		{ { PYTHON, .cmdline = "python3|-c|import x" },
		    { PYTHON, .cmdline = "python3|-c|import y" }, false },
		{ { PYTHON, .cmdline = "python3|-c|spawn(5, 12)" },
		    { PYTHON, .cmdline = "python3|-c|spawn(17, 8)" }, true },
		{ { PYTHON, .cmdline = "python3|-c|import x" }, { PYTHON, .cmdline = "python3" },
		    false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct groups groups = { 0 };
		struct stay *one = make_stay(&cases[i].one), *other = make_stay(&cases[i].other);

		group_note_report(groups_join(&groups, one), one, 0, USEC_PER_DAY);
		if (group_is_news(groups_join(&groups, other), other, USEC_PER_DAY + 1) ==
		    cases[i].same)
			fail_msg("%zu", i);
		group_leave(one);
		group_leave(other);
		stay_free(one);
		stay_free(other);
		groups_clear(&groups);
	}
}

/* The value is for searches and other systems: it stands for ever. As sha256sum(1) has it of the
 * names, each ended by a NUL. */
static void
the_value_is_fixed(void **state)
{
	static const uint8_t wanted[GROUP_KEY_BYTES] = { 0x2c, 0xde, 0xec, 0x27, 0x53, 0xfb, 0x41,
		0xb5, 0x53, 0x06, 0x7f, 0x64, 0x90, 0x73, 0x13, 0xc9 };
	struct stay *stay = make_stay(&(struct who){ .exe = "/usr/sbin/nginx",
	    .unit = "nginx.service",
	    .uid = 33,
	    .severity = SEVERITY_WARNING,
	    .trust = EXE_SAME });
	struct group_key key = group_key_reported(stay);

	(void)state;
	assert_memory_equal(key.bytes, wanted, sizeof(wanted));
	stay_free(stay);
}

/* Units are of any length, and a user's manager takes any name. */
static void
long_units(void **state)
{
	char unit[OWNER_UNIT_MAX];
	struct stay *stay;

	(void)state;
	for (size_t length = 6; length < sizeof(unit); length++) {
		memset(unit, length % 2 == 0 ? '1' : '-', length);
		memcpy(unit + length - 6, ".scope", 7);
		stay = make_stay(&(struct who){ .unit = unit });
		(void)group_key_of_owner(stay);
		stay_free(stay);
	}
}

static void
an_unknown_owner_joins_nobody(void **state)
{
	struct groups groups = { 0 };
	struct stay *stay = make_stay(&(struct who){ 0 });

	(void)state;
	(void)owner_unref(stay->is.members[0].owner);
	stay->is.members[0].owner = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP, 0);
	assert_null(groups_join(&groups, stay));
	assert_true(group_is_news(NULL, stay, 1));
	assert_null(groups.table);
	stay_free(stay);
}

/* What a user alone has room for. */
#define GROUPS_OF_USER ((GROUPS_MAX - FAIR_ACCOUNTS_MAX * GROUPS_OWN_MAX) / 2)

static struct stay *
make_numbered(unsigned number)
{
	char exe[32];

	(void)snprintf(exe, sizeof(exe), "/usr/bin/%u", number);
	return make_stay(&(struct who){ .exe = exe });
}

/* Whoever starts ever new programs has the oldest forgotten, never one that has listeners. */
static void
owners_are_bounded(void **state)
{
	static struct stay *stays[GROUPS_OF_USER + 1];
	struct groups groups = { 0 };

	(void)state;
	for (unsigned i = 0; i <= GROUPS_OF_USER; i++) {
		stays[i] = make_numbered(i);
		group_note_report(groups_join(&groups, stays[i]), stays[i], 0, 1000 + i);
	}
	assert_int_equal(HASH_COUNT(groups.table), GROUPS_OF_USER);
	assert_null(stays[GROUPS_OF_USER]->told.group);
	/* Two have room now; the one that was reported earlier goes first. */
	group_leave(stays[7]);
	group_leave(stays[5]);
	assert_non_null(groups_join(&groups, stays[GROUPS_OF_USER]));
	assert_int_equal(HASH_COUNT(groups.table), GROUPS_OF_USER);
	assert_true(group_is_news(groups_join(&groups, stays[5]), stays[5], 3000));
	for (unsigned i = 0; i <= GROUPS_OF_USER; i++) {
		group_leave(stays[i]);
		stay_free(stays[i]);
	}
	groups_clear(&groups);
}

/* The same of a user who has more of them, there or gone, than all have room for: another's owner
 * is remembered before and after, and so is one that came when no room was left. */
static void
owners_of_others_are_kept(void **state)
{
	static struct stay *stays[GROUPS_MAX];
	struct shortages shortages = { 0 };
	struct groups groups = { .shortages = &shortages };
	struct stay *before = make_numbered(GROUPS_MAX), *after = make_numbered(GROUPS_MAX + 1);

	(void)state;
	before->is.members[0].uid = 1001;
	after->is.members[0].uid = 1002;
	group_note_report(groups_join(&groups, before), before, 0, USEC_PER_DAY);
	group_leave(before);
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		stays[i] = make_numbered(i);
		stays[i]->is.members[0].uid = 1000;
		group_note_report(groups_join(&groups, stays[i]), stays[i], 0, USEC_PER_DAY + i);
		if (i % 2 == 0)
			group_leave(stays[i]);
	}
	assert_false(group_is_news(groups_join(&groups, before), before, USEC_PER_DAY + 10000));
	assert_non_null(groups_join(&groups, after));
	assert_true(shortages.counts[SHORT_OF_REPORTED] >= GROUPS_MAX - GROUPS_OF_USER);
	assert_int_equal(shortages_user(&shortages, SHORT_OF_REPORTED), 1000);
	group_leave(before);
	group_leave(after);
	stay_free(before);
	stay_free(after);
	for (unsigned i = 0; i < GROUPS_MAX; i++) {
		group_leave(stays[i]);
		stay_free(stays[i]);
	}
	groups_clear(&groups);
	assert_int_equal(groups.accounts.total, 0);
}

static void
owners_are_forgotten(void **state)
{
	struct groups groups = { 0 };
	struct stay *stay = make_numbered(1);
	struct group *group = groups_join(&groups, stay);
	uint64_t now_usec = USEC_PER_DAY;

	(void)state;
	assert_true(group_is_news(group, stay, now_usec));
	group_note_report(group, stay, 0, now_usec);
	stay->told.severity = stay->judged.verdict.severity;
	assert_false(group_is_news(group, stay, now_usec + USEC_PER_HOUR - 1));
	assert_true(group_is_news(group, stay, now_usec + USEC_PER_HOUR));
	/* Not while it has a listener, and a summary is a report of it. */
	assert_int_equal(groups_sweep(&groups, now_usec + USEC_PER_DAY, USEC_PER_HOUR), USEC_NEVER);
	now_usec += USEC_PER_HOUR;
	groups_note_summary(&groups, now_usec);
	group_note_named(stay, now_usec);
	assert_false(group_is_news(group, stay, now_usec + USEC_PER_HOUR - 1));
	group_leave(stay);
	assert_int_equal(groups_sweep(&groups, now_usec + 1, USEC_PER_HOUR),
	    now_usec + USEC_PER_HOUR);
	assert_non_null(groups.table);
	/* Nor while the next summary has something to count. */
	group_note_entry(group, stay);
	assert_int_equal(groups_sweep(&groups, now_usec + USEC_PER_HOUR, USEC_PER_HOUR),
	    USEC_NEVER);
	assert_non_null(groups.table);
	group->followed = 0;
	assert_int_equal(groups_sweep(&groups, now_usec + USEC_PER_HOUR, USEC_PER_HOUR),
	    USEC_NEVER);
	assert_null(groups.table);
	stay_free(stay);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_the_same),
		cmocka_unit_test(who_follows_whom),
		cmocka_unit_test(the_value_is_fixed),
		cmocka_unit_test(long_units),
		cmocka_unit_test(an_unknown_owner_joins_nobody),
		cmocka_unit_test(owners_are_bounded),
		cmocka_unit_test(owners_of_others_are_kept),
		cmocka_unit_test(owners_are_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("group", tests, NULL, NULL);
}
