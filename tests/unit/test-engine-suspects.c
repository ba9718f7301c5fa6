/* SPDX-License-Identifier: MIT */
/*
 * What rules make of suspects, and the match keys script, container, class, reason and netns; then
 * what is remembered of verified programs and of owners that hop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "engine/hopping.h"
#include "engine/turns.h"
#include "engine/judge.h"
#include "engine/verified.h"

#define NOW_USEC (1000 * USEC_PER_DAY)

static const struct classification strong_one = {
	.class = CLASS_SUSPECT,
	.otherwise = CLASS_SERVICE,
	.reasons = 1U << REASON_STRANGER,
	.strong = true,
};
static const struct classification weak_two = {
	.class = CLASS_SUSPECT,
	.otherwise = CLASS_USER,
	.reasons = 1U << REASON_DELETED | 1U << REASON_EXPOSED,
};
static const struct classification service = { .class = CLASS_SERVICE, .otherwise = CLASS_SERVICE };

static char *any_globs[] = { (char *)"*" };
static char *script_globs[] = { (char *)"/srv/*.py" };
static char *exe_globs[] = { (char *)"/usr/bin/x" };
static uint32_t alice[] = { 1000 };

static struct owner *owner;
static struct listener listener;
static struct policy policy;
static struct rule rules[2];

static int
begin(void **state)
{
	static char first[] = "first", second[] = "second";

	(void)state;
	owner = help_owner("/usr/bin/x", 1000);
	listener = help_listener(PROTOCOL_TCP, "192.0.2.1", 50000, 1);
	policy_init(&policy);
	memset(rules, 0, sizeof(rules));
	rules[0].name = first;
	rules[1].name = second;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		rules[i].enabled = true;
		rules[i].until_usec = USEC_NEVER;
		rules[i].action = ACTION_ALLOW;
		rules[i].match.keys = 1 << MATCH_PROTOCOL;
		rules[i].match.protocols = 1 << PROTOCOL_TCP;
	}
	policy.rules = rules;
	policy.rule_count = 1;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	owner = owner_unref(owner);
	return 0;
}

static struct verdict
ask(const struct classification *classification)
{
	struct verdict verdict;

	judge(&policy, &listener, NULL, owner, classification, NOW_USEC, &verdict);
	return verdict;
}

static void
limits_of_a_suspect(void **state)
{
	struct verdict verdict;

	(void)state;
	policy.rule_count = 0;
	verdict = ask(&strong_one);
	assert_true(verdict.suspect);
	assert_int_equal(verdict.threshold_usec, 0);
	assert_int_equal(verdict.severity, SEVERITY_CRIT);
	verdict = ask(&weak_two);
	assert_int_equal(verdict.threshold_usec, USEC_PER_MIN);
	assert_int_equal(verdict.severity, SEVERITY_ERR);
	/* The stricter limit holds, whosever it is; loopback is no excuse. */
	policy.threshold_usec = policy.user_threshold_usec = USEC_PER_SEC;
	listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1);
	verdict = ask(&weak_two);
	assert_int_equal(verdict.threshold_usec, USEC_PER_SEC);
	assert_int_equal(verdict.severity, SEVERITY_ERR);
	policy.severity = policy.loopback_severity = SEVERITY_EMERG;
	assert_int_equal(ask(&weak_two).severity, SEVERITY_EMERG);
	/* `never`: like all others. */
	policy.suspect_weak_threshold_usec = USEC_NEVER;
	assert_false(ask(&weak_two).suspect);
	assert_false(ask(&service).suspect);
}

static void
an_allow_does_not_cover_it(void **state)
{
	struct verdict verdict;

	(void)state;
	assert_true(ask(&service).allowed);
	verdict = ask(&strong_one);
	assert_false(verdict.allowed);
	assert_null(verdict.rule);
	assert_ptr_equal(verdict.would_allow, &rules[0]);
	assert_int_equal(verdict.threshold_usec, 0);
	/* Behind it one that speaks of the reason. */
	policy.rule_count = 2;
	rules[1].match.keys = 1 << MATCH_REASON;
	rules[1].match.reasons = 1U << REASON_STRANGER;
	verdict = ask(&strong_one);
	assert_true(verdict.allowed);
	assert_false(verdict.suspect);
	assert_ptr_equal(verdict.rule, &rules[1]);
	rules[1].match.reasons = 1U << REASON_MEMORY;
	assert_false(ask(&strong_one).allowed);
	rules[1].match.keys = 1 << MATCH_CLASS;
	rules[1].match.classes = 1U << CLASS_SUSPECT;
	assert_true(ask(&strong_one).allowed);
	rules[1].match.classes = 1U << CLASS_SERVICE;
	assert_false(ask(&strong_one).allowed);
}

/* The reasons a rule names are those its author knew of: with others beside them it is another
 * suspect. One weak reason that is left makes none. */
static void
an_unnamed_reason_is_not_covered(void **state)
{
	struct classification both = strong_one;

	(void)state;
	rules[0].match.keys = 1 << MATCH_REASON;
	rules[0].match.reasons = 1U << REASON_EXPOSED | 1U << REASON_STRANGER;
	both.reasons |= 1U << REASON_EXPOSED;
	assert_true(ask(&both).allowed);
	both.reasons |= 1U << REASON_DELETED;
	assert_true(ask(&both).allowed);
	both.reasons |= 1U << REASON_MEMORY;
	assert_false(ask(&both).allowed);
	assert_ptr_equal(ask(&both).would_allow, &rules[0]);
	/* The class speaks of whatever it is suspect for. */
	rules[0].match.keys |= 1 << MATCH_CLASS;
	rules[0].match.classes = 1U << CLASS_SUSPECT;
	assert_true(ask(&both).allowed);
	rules[0].match.keys = 1 << MATCH_REASON;
	rules[0].match.reasons = 1U << REASON_DELETED;
	assert_true(ask(&weak_two).allowed);
}

/* A rule of another purpose can make it worse, not better; and the first of them decides. */
static void
a_limit_does_not_help_it(void **state)
{
	struct verdict verdict;

	(void)state;
	rules[0].action = ACTION_WATCH;
	rules[0].values = RULE_THRESHOLD | RULE_SEVERITY | RULE_REMIND;
	rules[0].threshold_usec = 8 * USEC_PER_HOUR;
	rules[0].severity = SEVERITY_NOTICE;
	rules[0].remind_usec = USEC_PER_HOUR;
	rules[0].until_usec = NOW_USEC + 5;
	verdict = ask(&weak_two);
	assert_int_equal(verdict.threshold_usec, USEC_PER_MIN);
	assert_int_equal(verdict.severity, SEVERITY_ERR);
	assert_int_equal(verdict.remind_usec, USEC_PER_HOUR);
	assert_int_equal(verdict.expires_usec, NOW_USEC + 5);
	assert_true(verdict.suspect);
	rules[0].threshold_usec = 0;
	rules[0].severity = SEVERITY_ALERT;
	verdict = ask(&weak_two);
	assert_int_equal(verdict.threshold_usec, 0);
	assert_int_equal(verdict.severity, SEVERITY_ALERT);
	policy.rule_count = 2;
	verdict = ask(&weak_two);
	assert_null(verdict.would_allow);
	/* One that speaks of suspects may give it time. */
	rules[0].match.keys = 1 << MATCH_CLASS;
	rules[0].match.classes = 1U << CLASS_SUSPECT;
	rules[0].threshold_usec = USEC_PER_DAY;
	verdict = ask(&weak_two);
	assert_int_equal(verdict.threshold_usec, USEC_PER_DAY);
	assert_true(verdict.suspect);
}

/* What nobody could see has no class and no reasons, neither so nor not so. */
static void
an_unseen_class_is_unknown(void **state)
{
	static const struct classification unseen;
	struct match inner = { .keys = 1 << MATCH_CLASS, .classes = 1U << CLASS_SUSPECT };

	(void)state;
	(void)owner_unref(owner);
	owner = owner_new(OWNER_UNKNOWN, OWNER_REASON_TIMEOUT, 0);
	rules[0].match.not = &inner;
	assert_false(ask(&unseen).allowed);
	inner = (struct match){ .keys = 1 << MATCH_REASON, .reasons = 1U << REASON_MEMORY };
	assert_false(ask(&unseen).allowed);
	rules[0].match.not = NULL;
	rules[0].match.keys = 1 << MATCH_CLASS;
	rules[0].match.classes = 1U << CLASS_UNKNOWN;
	assert_true(ask(&unseen).allowed);
}

static void
scripts(void **state)
{
	struct process *process = owner->processes[0];

	(void)state;
	rules[0].match = (struct match){ .keys = 1 << MATCH_SCRIPT, .script = { script_globs, 1 } };
	assert_false(ask(&service).allowed);
	assert_int_equal(owner_text_set(&process->script, "/srv/x.py"), 0);
	assert_true(ask(&service).allowed);
	assert_int_equal(owner_text_set(&process->script, "/srv/a/x.py"), 0);
	assert_false(ask(&service).allowed);
	/* None that is known to be none is not; one that could not be seen is unknown. */
	rules[0].match = (struct match){ .not = &(struct match){ .keys = 1 << MATCH_SCRIPT,
					     .script = { script_globs, 1 } } };
	assert_int_equal(owner_text_set(&process->script, ""), 0);
	assert_true(ask(&service).allowed);
	process->cmdline_cut = true;
	assert_false(ask(&service).allowed);
}

static void
containers(void **state)
{
	struct process *process = owner->processes[0];
	char manager[32];

	(void)state;
	rules[0].match =
	    (struct match){ .keys = 1 << MATCH_CONTAINER, .container = { any_globs, 1 } };
	assert_false(ask(&service).allowed);
	assert_int_equal(owner_text_set(&process->place.container, "0123"), 0);
	assert_true(ask(&service).allowed);
	/* Below a user's own manager it counts only for that user. */
	(void)snprintf(manager, sizeof(manager), "user@%u.service", process->uid);
	assert_int_equal(owner_text_set(&process->place.unit, manager), 0);
	assert_int_equal(owner_text_set(&process->place.user_unit, "x.scope"), 0);
	assert_false(ask(&service).allowed);
	rules[0].match.keys |= 1 << MATCH_USER;
	rules[0].match.uids = (struct id_list){ alice, 1 };
	assert_true(ask(&service).allowed);
	assert_int_equal(owner_text_set(&process->place.unit, "user@1.service"), 0);
	assert_false(ask(&service).allowed);
	/* In a container the path is that of its own files, where the rule is about it. */
	assert_int_equal(owner_text_set(&process->place.user_unit, ""), 0);
	assert_int_equal(owner_text_set(&process->place.unit, ""), 0);
	process->exe_trust = EXE_UNVERIFIED;
	rules[0].match = (struct match){ .keys = 1 << MATCH_EXE, .exe = { exe_globs, 1 } };
	process->evidence = EVIDENCE_OTHER_MOUNTS;
	assert_false(ask(&service).allowed);
	rules[0].match.keys |= 1 << MATCH_CONTAINER;
	rules[0].match.container = (struct glob_list){ any_globs, 1 };
	assert_true(ask(&service).allowed);
	process->evidence = 0;
	assert_false(ask(&service).allowed);
}

static void
namespaces(void **state)
{
	(void)state;
	rules[0].match = (struct match){ .keys = 1 << MATCH_NETNS, .netns = 1 };
	assert_true(ask(&service).allowed);
	rules[0].match.netns = 0;
	assert_false(ask(&service).allowed);
}

/* The service of a .socket unit that only PID 1 holds yet. */
static void
socket_units(void **state)
{
	static char *globs[] = { (char *)"foo.socket" };

	(void)state;
	owner->processes[0]->pid = 1;
	assert_int_equal(owner_text_set(&owner->processes[0]->place.unit, "init.scope"), 0);
	assert_int_equal(owner_text_set(&owner->place.unit, "foo.socket"), 0);
	rules[0].match = (struct match){ .keys = 1 << MATCH_UNIT, .unit = { globs, 1 } };
	assert_true(ask(&service).allowed);
	owner->processes[0]->pid = 2;
	assert_false(ask(&service).allowed);
}

static unsigned told;

static void
on_added(const struct executable *executable, void *argument)
{
	assert_ptr_equal(argument, &told);
	assert_string_equal(executable->path, "/usr/bin/x");
	told++;
}

static void
verified_programs(void **state)
{
	struct verified verified = { .added = on_added, .argument = &told };
	struct process *process = owner->processes[0];

	(void)state;
	told = 0;
	process->exe_device = 5;
	process->exe_inode = 77;
	/* Without the file's identity nothing can be remembered. */
	verified_apply(&verified, owner);
	assert_int_equal(told, 0);
	process->evidence = EVIDENCE_EXE_KNOWN;
	verified_keep(&verified, owner);
	verified_apply(&verified, owner);
	verified_apply(&verified, owner);
	verified_tell(&verified);
	assert_int_equal(told, 0);
	/* Only what is worth it is kept, and told once. */
	verified_keep(&verified, owner);
	verified_keep(&verified, owner);
	assert_int_equal(told, 1);
	verified_tell(&verified);
	assert_int_equal(told, 2);
	process->exe_trust = EXE_UNVERIFIED;
	verified_apply(&verified, owner);
	assert_int_equal(process->exe_trust, EXE_UNVERIFIED);
	process->exe_deleted = true;
	verified_apply(&verified, owner);
	assert_int_equal(process->exe_trust, EXE_REPLACED);
	/* Another file, start, path, pid, or a file of another's that was given the number since:
	 * nobody vouches for those. */
	for (unsigned i = 0; i < 5; i++) {
		struct owner *other = help_owner(i == 2 ? "/usr/bin/y" : "/usr/bin/x", 1000);
		struct process *stranger = other->processes[0];

		stranger->evidence = EVIDENCE_EXE_KNOWN;
		stranger->exe_trust = EXE_UNVERIFIED;
		stranger->exe_deleted = true;
		stranger->exe_device = 5;
		stranger->exe_inode = i == 0 ? 78 : 77;
		stranger->start_usec += i == 1;
		stranger->pid += i == 3;
		stranger->exe_uid = i == 4 ? 1000 : 0;
		verified_apply(&verified, other);
		assert_int_equal(stranger->exe_trust, EXE_UNVERIFIED);
		(void)owner_unref(other);
	}
	verified_clear(&verified);
	assert_null(verified.entries);
}

static void
on_bounded(const struct executable *executable, void *argument)
{
	uint64_t *oldest = argument;

	if (executable->start_usec < *oldest)
		*oldest = executable->start_usec;
	told++;
}

static void
verified_programs_are_bounded(void **state)
{
	uint64_t seed = help_seed(), oldest = UINT64_MAX;
	struct verified verified = { .added = on_bounded, .argument = &oldest };
	char path[] = "/x";
	struct executable executable = { .path = path };

	(void)state;
	for (unsigned i = 0; i < VERIFIED_MAX + 100; i++) {
		executable.pid = (int32_t)(1 + help_below(&seed, 1000000));
		executable.start_usec = i;
		assert_int_equal(verified_add(&verified, &executable), 0);
	}
	/* The oldest made room. */
	told = 0;
	verified_tell(&verified);
	assert_int_equal(told, VERIFIED_MAX);
	assert_int_equal(oldest, 100);
	verified_clear(&verified);
}

static struct stay_tally tally;

static struct stay
make_stay(struct member *member, uint16_t port, uint64_t first_usec)
{
	struct listener one = help_listener(PROTOCOL_TCP, "0.0.0.0", port, port);

	*member = (struct member){ .cookie = port, .owner = owner };
	return (struct stay){
		.tally = &tally,
		.is = {
			.endpoint = one.endpoint,
			.state = STAY_PERSISTING,
			.first_seen_usec = first_usec,
			.members = member,
			.member_count = 1,
			.live = 1,
		},
	};
}

static uint64_t
span_usec(const struct stay *stay, uint64_t now_usec)
{
	return hopping_span_usec(stay->is.chain, stay->is.first_seen_usec, now_usec);
}

static void
chains(void **state)
{
	struct hopping hopping = { 0 };
	struct member members[4];
	struct stay stays[4];

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		stays[i] = make_stay(&members[i], (uint16_t)(50000 + i), 1000 + 100 * i);
	stays[0].is.last_seen_usec = 1090;
	hopping_join(&hopping, &stays[0], 20);
	assert_null(stays[0].is.chain);
	hopping_leave(&hopping, &stays[0], 20);
	hopping_join(&hopping, &stays[1], 20);
	assert_non_null(stays[1].is.chain);
	/* The gap does not count. */
	assert_int_equal(span_usec(&stays[1], 1150), 90 + 50);
	stays[1].is.last_seen_usec = 1150;
	hopping_leave(&hopping, &stays[1], 20);
	assert_null(stays[1].is.chain);
	hopping_join(&hopping, &stays[2], 20);
	assert_null(stays[2].is.chain);
	/* It came too late, and begins anew when it leaves. */
	stays[2].is.last_seen_usec = 1290;
	hopping_leave(&hopping, &stays[2], 20);
	hopping_join(&hopping, &stays[3], 20);
	assert_non_null(stays[3].is.chain);
	assert_int_equal(stays[3].is.chain->hops, 1);
	assert_int_equal(stays[3].is.chain->port_count, 2);
	assert_int_equal(span_usec(&stays[3], 1350), 90 + 50);
	/* With somebody in it a chain is never forgotten. */
	hopping_sweep(&hopping, 1000 * USEC_PER_DAY, 20);
	assert_int_equal(hopping.count, 1);
	/* Nor is one kept by a stay that leaves when nobody knows its owner any more. */
	members[3].owner = NULL;
	hopping_leave(&hopping, &stays[3], 20);
	assert_null(stays[3].is.chain);
	hopping_sweep(&hopping, 1000 * USEC_PER_DAY, 20);
	assert_int_equal(hopping.count, 0);
	hopping_clear(&hopping);
}

/* Those that were there at the same time count once, whoever leaves first. */
static void
stays_side_by_side(void **state)
{
	struct hopping hopping = { 0 };
	struct member members[3];
	struct stay stays[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		stays[i] = make_stay(&members[i], (uint16_t)(50000 + i), 1000);
		stays[i].is.last_seen_usec = 1100 + 10 * i;
		hopping_join(&hopping, &stays[i], 20);
		hopping_leave(&hopping, &stays[i], 20);
	}
	assert_int_equal(hopping.count, 1);
	assert_int_equal(hopping.chains[0]->covered_usec, 120);
	assert_int_equal(hopping.chains[0]->hops, 2);
	hopping_clear(&hopping);
}

/* What a user alone has room for. */
#define CHAINS_OF_USER ((HOPPING_CHAINS_MAX - FAIR_ACCOUNTS_MAX * HOPPING_CHAINS_OWN_MAX) / 2)

/* Hostile users: as many chains as there is room for, and as many ports. */
static void
chains_are_bounded(void **state)
{
	struct hopping hopping = { 0 };
	struct member member;
	struct stay stay;

	(void)state;
	for (unsigned i = 0; i < HOPPING_CHAINS_MAX + 10; i++) {
		owner->processes[0]->uid = i;
		stay = make_stay(&member, 50000, 1000 + i);
		member.owner = help_owner("/usr/bin/x", i);
		stay.is.last_seen_usec = 1001 + i;
		hopping_leave(&hopping, &stay, 100);
		(void)owner_unref(member.owner);
	}
	assert_int_equal(hopping.count, CHAINS_OF_USER);
	hopping_clear(&hopping);
	owner->processes[0]->uid = 1000;
	for (unsigned i = 0; i < 200; i++) {
		stay = make_stay(&member, (uint16_t)(50000 + i), 1000 + i);
		hopping_join(&hopping, &stay, 100);
		stay.is.last_seen_usec = 1001 + i;
		hopping_leave(&hopping, &stay, 100);
	}
	assert_int_equal(hopping.count, 1);
	assert_int_equal(hopping.chains[0]->hops, 199);
	assert_int_equal(hopping.chains[0]->port_count, REPORT_PORTS_MAX);
	assert_int_equal(hopping.chains[0]->ports[REPORT_PORTS_MAX - 1], 50199);
	assert_int_equal(hopping.chains[0]->covered_usec, 200);
	hopping_clear(&hopping);
}

/* Those that leave a port once each drive out nobody that hops, between two of its ports. */
static void
who_hops_is_kept(void **state)
{
	struct hopping hopping = { 0 };
	struct member member;
	struct stay stay;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		stay = make_stay(&member, (uint16_t)(50000 + i), 1000 + i);
		hopping_join(&hopping, &stay, 100000);
		stay.is.last_seen_usec = 1001 + i;
		hopping_leave(&hopping, &stay, 100000);
	}
	for (unsigned i = 0; i < 2 * HOPPING_CHAINS_MAX; i++) {
		stay = make_stay(&member, 50000, 2000 + i);
		member.owner = help_owner("/usr/bin/x", i + 2000);
		stay.is.last_seen_usec = 2001 + i;
		hopping_leave(&hopping, &stay, 100000);
		(void)owner_unref(member.owner);
	}
	assert_int_equal(hopping.count, CHAINS_OF_USER);
	stay = make_stay(&member, 50002, 9000);
	hopping_join(&hopping, &stay, 100000);
	assert_non_null(stay.is.chain);
	assert_int_equal(stay.is.chain->hops, 2);
	hopping_drop(&stay);
	hopping_clear(&hopping);
}

/* Whoever hops with ever new owners has his own forgotten, not those of another user. */
static void
who_hops_is_kept_beside_another_user(void **state)
{
	struct shortages shortages = { 0 };
	struct hopping hopping = { .shortages = &shortages };
	struct member member;
	struct stay stay;

	(void)state;
	stay = make_stay(&member, 50000, 1000);
	member.uid = 1001;
	hopping_leave(&hopping, &stay, 100000);
	for (unsigned i = 0; i < 2 * HOPPING_CHAINS_MAX; i++) {
		struct owner *other = help_owner("/usr/bin/x", i + 2000);

		for (unsigned hop = 0; hop < 3; hop++) {
			stay = make_stay(&member, (uint16_t)(50001 + hop), 2000 + i + hop);
			member.owner = other;
			member.uid = 1000;
			hopping_join(&hopping, &stay, 100000);
			stay.is.last_seen_usec = 2001 + i + hop;
			hopping_leave(&hopping, &stay, 100000);
		}
		(void)owner_unref(other);
	}
	stay = make_stay(&member, 50002, 9000);
	hopping_join(&hopping, &stay, 100000);
	assert_non_null(stay.is.chain);
	hopping_drop(&stay);
	assert_int_equal(shortages.counts[SHORT_OF_FOLLOWED],
	    2 * HOPPING_CHAINS_MAX - (hopping.count - 1));
	assert_int_equal(shortages_user(&shortages, SHORT_OF_FOLLOWED), 1000);
	hopping_clear(&hopping);
}

/* A person with subordinate users has as many occupants as there is room for occupations. */
static void
turns_of_others_are_kept(void **state)
{
	struct shortages shortages = { 0 };
	struct occupations turns = { .shortages = &shortages };
	struct member member;
	struct stay stay;

	(void)state;
	for (unsigned port = 50000; port < 50003; port++) {
		stay = make_stay(&member, (uint16_t)port, 1000);
		member.uid = 1000;
		stay.is.last_seen_usec = 1001;
		assert_int_equal(turns_leave(&turns, &stay, 100000), 0);
	}
	for (unsigned i = 0; i < TURNS_MAX + 10; i++) {
		stay = make_stay(&member, 51000, 2000 + i);
		member.uid = 100000 + i;
		member.owner = help_owner("/usr/bin/x", member.uid);
		stay.is.last_seen_usec = 2001 + i;
		assert_int_equal(turns_leave(&turns, &stay, 100000), 0);
		(void)owner_unref(member.owner);
	}
	assert_int_equal(turns.count, TURNS_MAX);
	for (unsigned port = 50000; port < 50003; port++) {
		stay = make_stay(&member, (uint16_t)port, 9000);
		assert_non_null(turns_find(&turns, &stay, 100000));
	}
	assert_int_equal(shortages.counts[SHORT_OF_FOLLOWED], 13);
	assert_true(shortages_user(&shortages, SHORT_OF_FOLLOWED) >= 100000);
	turns_clear(&turns);
	assert_int_equal(turns.accounts.total, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(limits_of_a_suspect, begin, end),
		cmocka_unit_test_setup_teardown(an_allow_does_not_cover_it, begin, end),
		cmocka_unit_test_setup_teardown(an_unnamed_reason_is_not_covered, begin, end),
		cmocka_unit_test_setup_teardown(a_limit_does_not_help_it, begin, end),
		cmocka_unit_test_setup_teardown(an_unseen_class_is_unknown, begin, end),
		cmocka_unit_test_setup_teardown(scripts, begin, end),
		cmocka_unit_test_setup_teardown(containers, begin, end),
		cmocka_unit_test_setup_teardown(namespaces, begin, end),
		cmocka_unit_test_setup_teardown(socket_units, begin, end),
		cmocka_unit_test_setup_teardown(verified_programs, begin, end),
		cmocka_unit_test_setup_teardown(verified_programs_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(chains, begin, end),
		cmocka_unit_test_setup_teardown(stays_side_by_side, begin, end),
		cmocka_unit_test_setup_teardown(chains_are_bounded, begin, end),
		cmocka_unit_test_setup_teardown(who_hops_is_kept, begin, end),
		cmocka_unit_test_setup_teardown(who_hops_is_kept_beside_another_user, begin, end),
		cmocka_unit_test_setup_teardown(turns_of_others_are_kept, begin, end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
