/* SPDX-License-Identifier: MIT */
/*
 * Matches: every match key alone, together and under `not`, against owners of every kind, and what
 * holds where no rule speaks.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "match-world.h"
#include "engine/judge.h"

static char *nc_globs[] = { (char *)"/usr/bin/x*", (char *)"/usr/bin/n?" };
static char *other_globs[] = { (char *)"/usr/bin/x*" };
static char *comm_globs[] = { (char *)"n*" };
static char *cmdline_globs[] = { (char *)"*nc -l 50000" };
static char *any_globs[] = { (char *)"*" };
static char *slice_globs[] = { (char *)"user-1\\x2d?.slice", (char *)"user.slice" };
static char *parent_globs[] = { (char *)"/usr/sbin/cron" };
static char *interface_globs[] = { (char *)"eth*" };
static char *host_globs[] = { (char *)"web*" };
static uint32_t logins[] = { 1000, 1001 };
static uint32_t alice[] = { 5, 1000 }, developers[] = { 7, 2000 };
static struct address_prefix prefixes[2];
static struct port_set ports;

/* One key, which is true of the world; spoil() makes it false. */
struct key_case {
	const char *name;
	struct match match;
	void (*spoil)(struct world *world);
	bool of_process; /* nothing is known of it without a process */
};

static void
spoil_protocol(struct world *world)
{
	world->listener.endpoint.protocol = PROTOCOL_UDP;
}

static void
spoil_port(struct world *world)
{
	world->listener.endpoint.port = 50002;
}

static void
spoil_address(struct world *world)
{
	world->listener.endpoint.address[3] = 128;
}

static void
spoil_exposure(struct world *world)
{
	memset(world->listener.endpoint.address, 0, 16);
}

static void
spoil_exe(struct world *world)
{
	match_replace(&world->owner->processes[0]->exe, "/usr/bin/n/c");
}

static void
spoil_comm(struct world *world)
{
	match_replace(&world->owner->processes[0]->comm, "cn");
}

static void
spoil_cmdline(struct world *world)
{
	world->owner->processes[0]->cmdline[15] = '1';
}

static void
spoil_user(struct world *world)
{
	world->owner->processes[0]->uid = world->listener.uid = 1001;
}

static void
spoil_group(struct world *world)
{
	world->owner->processes[0]->group_count = 1;
}

static void
spoil_unit(struct world *world)
{
	match_replace(&world->owner->processes[0]->place.unit, "");
}

static void
spoil_user_unit(struct world *world)
{
	match_replace(&world->owner->processes[0]->place.user_unit, "");
}

static void
spoil_origin(struct world *world)
{
	world->owner->processes[0]->origin = ORIGIN_AT;
}

static void
spoil_choice(struct world *world)
{
	world->listener.choice = CHOICE_AUTO;
}

static void
spoil_slice(struct world *world)
{
	match_replace(&world->owner->processes[0]->place.slice, "system-user.slice");
}

static void
spoil_session(struct world *world)
{
	world->owner->processes[0]->session_type = SESSION_X11;
}

static void
spoil_loginuid(struct world *world)
{
	world->owner->processes[0]->login_uid = UINT32_MAX;
}

static void
spoil_parent(struct world *world)
{
	match_replace(&world->owner->processes[0]->parent_exe, "/usr/sbin/crond");
}

static void
spoil_interface(struct world *world)
{
	(void)world;
	world_interface = "wlan0";
}

static const struct key_case key_cases[] = {
	{ "protocol", { .keys = 1 << MATCH_PROTOCOL, .protocols = 1 << PROTOCOL_TCP },
	    spoil_protocol, false },
	{ "port", { .keys = 1 << MATCH_PORT, .ports = &ports }, spoil_port, false },
	{ "address", { .keys = 1 << MATCH_ADDRESS, .addresses = prefixes, .address_count = 2 },
	    spoil_address, false },
	{ "exposure", { .keys = 1 << MATCH_EXPOSURE, .exposures = 1 << EXPOSURE_LOCAL },
	    spoil_exposure, false },
	{ "exe", { .keys = 1 << MATCH_EXE, .exe = { nc_globs, 2 } }, spoil_exe, true },
	{ "comm", { .keys = 1 << MATCH_COMM, .comm = { comm_globs, 1 } }, spoil_comm, true },
	{ "cmdline", { .keys = 1 << MATCH_CMDLINE, .cmdline = { cmdline_globs, 1 } }, spoil_cmdline,
	    true },
	{ "user", { .keys = 1 << MATCH_USER, .uids = { alice, 2 } }, spoil_user, false },
	{ "group", { .keys = 1 << MATCH_USER, .gids = { developers, 2 } }, spoil_group, true },
	{ "unit", { .keys = 1 << MATCH_UNIT, .unit = { any_globs, 1 } }, spoil_unit, true },
	{ "user_unit", { .keys = 1 << MATCH_USER_UNIT, .user_unit = { any_globs, 1 } },
	    spoil_user_unit, true },
	{ "origin", { .keys = 1 << MATCH_ORIGIN, .origins = 1 << ORIGIN_SSH | 1 << ORIGIN_CRON },
	    spoil_origin, true },
	{ "choice", { .keys = 1 << MATCH_CHOICE, .choices = 1 << CHOICE_ASKED }, spoil_choice,
	    false },
	{ "slice", { .keys = 1 << MATCH_SLICE, .slice = { slice_globs, 2 } }, spoil_slice, true },
	{ "session", { .keys = 1 << MATCH_SESSION, .sessions = 1 << SESSION_TTY }, spoil_session,
	    true },
	{ "loginuid", { .keys = 1 << MATCH_LOGINUID, .login_uids = { logins, 2 } }, spoil_loginuid,
	    true },
	{ "parent", { .keys = 1 << MATCH_PARENT, .parent = { parent_globs, 1 } }, spoil_parent,
	    true },
	{ "interface", { .keys = 1 << MATCH_INTERFACE, .interface = { interface_globs, 1 } },
	    spoil_interface, false },
};

static int
prepare(void **state)
{
	(void)state;
	port_set_add(&ports, 50000, 50001);
	prefixes[0] = (struct address_prefix){ .family = AF_INET6, .bits = 0 };
	prefixes[1] =
	    (struct address_prefix){ .address = { 192, 0, 2, 64 }, .family = AF_INET, .bits = 26 };
	return 0;
}

static void
every_key_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_cases); i++) {
		const struct key_case *key = &key_cases[i];
		struct world *world;
		void *fresh = NULL;

		assert_int_equal(match_world_make(&fresh), 0);
		world = fresh;
		if (!match_matches(&key->match, &world->listener, world->owner) ||
		    match_matches_not(&key->match, &world->listener, world->owner))
			fail_msg("%s: true is not", key->name);
		/* Another holder may be anything, where some could not be searched. */
		world->owner->unsearched = true;
		if (match_matches(&key->match, &world->listener, world->owner) == key->of_process)
			fail_msg("%s: one that was not searched", key->name);
		world->owner->unsearched = false;
		/* And so may one that is not described. */
		world->owner->unjudged = true;
		if (match_matches(&key->match, &world->listener, world->owner) == key->of_process)
			fail_msg("%s: one that is not described", key->name);
		world->owner->unjudged = false;
		/* And whoever made the socket, where that is none of them; root may pass it on. */
		world->listener.uid = 5;
		if (match_matches(&key->match, &world->listener, world->owner) == key->of_process)
			fail_msg("%s: one that made it", key->name);
		world->listener.uid = 0;
		if (!match_matches(&key->match, &world->listener, world->owner))
			fail_msg("%s: made by root", key->name);
		world->listener.uid = 1000;
		/* What is not known of an unknown owner is neither so nor not so. */
		if (key->of_process &&
		    (match_matches(&key->match, &world->listener, world->unknown) ||
			match_matches_not(&key->match, &world->listener, world->unknown)))
			fail_msg("%s: an unknown owner matches", key->name);
		/* The kernel is no process: it has no exe, for certain. */
		if (key->of_process &&
		    (match_matches(&key->match, &world->listener, world->kernel) ||
			!match_matches_not(&key->match, &world->listener, world->kernel)))
			fail_msg("%s: the kernel", key->name);
		key->spoil(world);
		if (match_matches(&key->match, &world->listener, world->owner) ||
		    !match_matches_not(&key->match, &world->listener, world->owner))
			fail_msg("%s: false is not", key->name);
		assert_int_equal(match_world_end(&fresh), 0);
	}
	(void)state;
}

/* A process whose cgroup could not be read may be in any unit, or in none. */
static void
a_place_that_could_not_be_read(void **state)
{
	const enum match_key of_place[] = { MATCH_UNIT, MATCH_USER_UNIT, MATCH_SLICE,
		MATCH_SESSION };
	struct match container = {
		.keys = 1 << MATCH_CONTAINER,
		.container = { (char *[]){ (char *)"web" }, 1 },
	};
	struct world *world = *state;
	struct process *process = world->owner->processes[0];
	unsigned found = 0;

	place_clear(&process->place);
	process->session_type = SESSION_UNKNOWN;
	for (size_t i = 0; i < ARRAY_SIZE(key_cases); i++)
		for (size_t key = 0; key < ARRAY_SIZE(of_place); key++) {
			const struct match *match = &key_cases[i].match;

			if (match->keys != 1U << of_place[key])
				continue;
			process->evidence = 0;
			assert_true(match_matches_not(match, &world->listener, world->owner));
			process->evidence = EVIDENCE_PLACE_UNKNOWN;
			if (match_matches(match, &world->listener, world->owner) ||
			    match_matches_not(match, &world->listener, world->owner))
				fail_msg("%s: a place that is unknown", key_cases[i].name);
			found++;
		}
	assert_int_equal(found, ARRAY_SIZE(of_place));
	assert_false(match_matches_not(&container, &world->listener, world->owner));
	process->evidence = 0;
	assert_true(match_matches_not(&container, &world->listener, world->owner));
}

static void
all_keys_together(void **state)
{
	struct match all = { 0 };
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(key_cases); i++)
		all.keys |= key_cases[i].match.keys;
	all.protocols = 1 << PROTOCOL_TCP;
	all.ports = &ports;
	all.addresses = prefixes;
	all.address_count = 2;
	all.exposures = 1 << EXPOSURE_LOCAL;
	all.exe = (struct glob_list){ nc_globs, 2 };
	all.comm = (struct glob_list){ comm_globs, 1 };
	all.cmdline = (struct glob_list){ cmdline_globs, 1 };
	all.uids = (struct id_list){ alice, 2 };
	all.unit = (struct glob_list){ any_globs, 1 };
	all.user_unit = (struct glob_list){ any_globs, 1 };
	all.choices = 1 << CHOICE_ASKED;
	all.origins = 1 << ORIGIN_CRON;
	all.slice = (struct glob_list){ slice_globs, 2 };
	all.sessions = 1 << SESSION_TTY;
	all.login_uids = (struct id_list){ logins, 2 };
	all.parent = (struct glob_list){ parent_globs, 1 };
	all.interface = (struct glob_list){ interface_globs, 1 };
	all.hostname = (struct glob_list){ host_globs, 1 };
	all.keys |= 1 << MATCH_HOSTNAME;
	all.own_host = true;
	all.owners = 1 << OWNER_PROCESS;
	all.keys |= 1 << MATCH_OWNER;
	assert_true(match_matches(&all, &world->listener, world->owner));
	assert_false(match_matches_not(&all, &world->listener, world->owner));
	/* Each of them spoils it, and then not all of `not` holds. (A group is not among them.) */
	for (size_t i = 0; i < ARRAY_SIZE(key_cases); i++) {
		void *fresh = NULL;

		if (key_cases[i].spoil == spoil_group)
			continue;
		assert_int_equal(match_world_make(&fresh), 0);
		world = fresh;
		key_cases[i].spoil(world);
		assert_false(match_matches(&all, &world->listener, world->owner));
		assert_true(match_matches_not(&all, &world->listener, world->owner));
		assert_int_equal(match_world_end(&fresh), 0);
	}
	/* No key at all matches everything; inside `not`, nothing. */
	all = (struct match){ 0 };
	world = *state;
	assert_true(match_matches(&all, &world->listener, world->unknown));
	assert_false(match_matches_not(&all, &world->listener, world->unknown));
}

static void
keys_beside_not(void **state)
{
	struct world *world = *state;
	struct match inner = { .keys = 1 << MATCH_USER, .uids = { alice, 2 } };
	struct match match = { .keys = 1 << MATCH_PROTOCOL,
		.protocols = 1 << PROTOCOL_TCP,
		.not = &inner };

	assert_false(match_matches(&match, &world->listener, world->owner));
	world->owner->processes[0]->uid = world->listener.uid = 9;
	assert_true(match_matches(&match, &world->listener, world->owner));
	match.protocols = 1 << PROTOCOL_UDP;
	assert_false(match_matches(&match, &world->listener, world->owner));
	/* A false key beside an unknown one is false: not(false) is true. */
	inner = (struct match){ .keys = 1 << MATCH_EXE | 1 << MATCH_PROTOCOL,
		.exe = { nc_globs, 2 },
		.protocols = 1 << PROTOCOL_UDP };
	assert_true(match_matches_not(&inner, &world->listener, world->unknown));
	inner.protocols = 1 << PROTOCOL_TCP;
	assert_false(match_matches_not(&inner, &world->listener, world->unknown));
	/* Of an origin that is not known nothing is so, nor not so. */
	inner = (struct match){ .keys = 1 << MATCH_ORIGIN, .origins = 1 << ORIGIN_CRON };
	world->owner->processes[0]->origin = ORIGIN_UNKNOWN;
	assert_false(match_matches(&inner, &world->listener, world->owner));
	assert_false(match_matches_not(&inner, &world->listener, world->owner));
}

static void
the_kind_of_owner(void **state)
{
	struct world *world = *state;
	const struct owner *owners[] = { world->unknown, world->owner, world->kernel };

	for (unsigned bits = 0; bits < 8; bits++) {
		struct match match = { .keys = 1 << MATCH_OWNER, .owners = bits };
		for (unsigned i = 0; i < 3; i++) {
			bool wanted = (bits >> owners[i]->kind & 1) != 0;
			assert_int_equal(match_matches(&match, &world->listener, owners[i]),
			    wanted);
			assert_int_equal(match_matches_not(&match, &world->listener, owners[i]),
			    !wanted);
		}
	}
}

static void
a_path_must_be_verified(void **state)
{
	struct world *world = *state;
	struct match match = { .keys = 1 << MATCH_EXE, .exe = { nc_globs, 2 } };
	struct match other = { .keys = 1 << MATCH_EXE, .exe = { other_globs, 1 } };

	world->owner->processes[0]->exe_trust = EXE_REPLACED;
	assert_true(match_matches(&match, &world->listener, world->owner));
	world->owner->processes[0]->exe_trust = EXE_UNVERIFIED;
	assert_false(match_matches(&match, &world->listener, world->owner));
	assert_false(match_matches_not(&match, &world->listener, world->owner));
	/* Another path is another path, whatever stands under it. */
	assert_true(match_matches_not(&other, &world->listener, world->owner));
	match_replace(&world->owner->processes[0]->exe, "");
	assert_false(match_matches(&match, &world->listener, world->owner));
	assert_false(match_matches_not(&match, &world->listener, world->owner));
}

/* Under a title nobody knows what an interpreter runs: not even that it is none of these. */
static void
script_under_a_title_is_unknown(void **state)
{
	static const struct {
		const char *arguments;
		size_t length;
		const char *script;
		bool is, is_not;
	} cases[] = {
		{ "python3\0/srv/n.py", 18, "/srv/n.py", true, false },
		{ "python3\0/srv/x.py", 18, "/srv/x.py", false, true },
		{ "acme: worker\0\0\0\0\0", 18, "", false, false },
		{ "acme: worker 12345", 19, "", false, false },
		/* Relative, and nobody knows to what. */
		{ "python3\0n.py", 13, "", false, false },
		{ "python3\0-c\0pass", 16, "", false, true },
		{ "python3", 8, "", false, true },
		/* An option that nobody knows may be anything. */
		{ "python3\0--code\0x", 17, "", false, false },
	};
	static char *globs[] = { (char *)"/srv/n.py" };
	const struct match match = { .keys = 1 << MATCH_SCRIPT, .script = { globs, 1 } };
	const struct world *world = *state;
	struct process *process = world->owner->processes[0];

	match_replace(&process->exe, "/usr/bin/python3.11");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		free(process->cmdline);
		process->cmdline = malloc(cases[i].length);
		assert_non_null(process->cmdline);
		memcpy(process->cmdline, cases[i].arguments, cases[i].length);
		process->cmdline_length = (uint32_t)cases[i].length;
		match_replace(&process->script, cases[i].script);
		if (match_matches(&match, &world->listener, world->owner) != cases[i].is ||
		    match_matches_not(&match, &world->listener, world->owner) != cases[i].is_not)
			fail_msg("%zu: %s", i, cases[i].arguments);
	}
}

/* A title excuses nothing: what the process was started with is not known. */
static void
cmdline_under_a_title_is_unknown(void **state)
{
	static const struct {
		const char *exe, *arguments;
		size_t length;
		bool is, is_not;
	} cases[] = {
		{ "/usr/bin/python3.11", "acme: worker\0\0\0\0", 16, false, false },
		{ "/usr/sbin/acmed", "acme: worker\0\0\0\0", 16, false, false },
		{ "/usr/sbin/acmed", "other: worker", 14, false, false },
		{ "/usr/sbin/acmed", "acme:\0worker", 13, true, false },
		{ "/usr/bin/bash", "acme: worker", 13, true, false },
		{ "/usr/sbin/acmed", "acmed\0x", 8, false, true },
	};
	static char *globs[] = { (char *)"acme: *" };
	const struct match match = { .keys = 1 << MATCH_CMDLINE, .cmdline = { globs, 1 } };
	const struct world *world = *state;
	struct process *process = world->owner->processes[0];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		match_replace(&process->exe, cases[i].exe);
		free(process->cmdline);
		process->cmdline = malloc(cases[i].length);
		assert_non_null(process->cmdline);
		memcpy(process->cmdline, cases[i].arguments, cases[i].length);
		process->cmdline_length = (uint32_t)cases[i].length;
		if (match_matches(&match, &world->listener, world->owner) != cases[i].is ||
		    match_matches_not(&match, &world->listener, world->owner) != cases[i].is_not)
			fail_msg("%zu: %s", i, cases[i].arguments);
	}
}

static void
what_is_cut_or_empty_is_unknown(void **state)
{
	struct world *world = *state;
	struct match cmdline = { .keys = 1 << MATCH_CMDLINE, .cmdline = { cmdline_globs, 1 } };
	struct match comm = { .keys = 1 << MATCH_COMM, .comm = { any_globs, 1 } };
	struct match choice = { .keys = 1 << MATCH_CHOICE,
		.choices = 1 << CHOICE_ASKED | 1 << CHOICE_AUTO };

	world->owner->processes[0]->cmdline_cut = true;
	assert_true(match_matches(&cmdline, &world->listener, world->owner));
	spoil_cmdline(world);
	assert_false(match_matches(&cmdline, &world->listener, world->owner));
	assert_false(match_matches_not(&cmdline, &world->listener, world->owner));
	assert_true(match_matches(&comm, &world->listener, world->owner));
	match_replace(&world->owner->processes[0]->comm, "");
	assert_false(match_matches(&comm, &world->listener, world->owner));
	assert_false(match_matches_not(&comm, &world->listener, world->owner));
	assert_true(match_matches(&choice, &world->listener, world->owner));
	world->listener.choice = CHOICE_UNKNOWN;
	assert_false(match_matches(&choice, &world->listener, world->owner));
	assert_false(match_matches_not(&choice, &world->listener, world->owner));
}

static void
the_user_of_a_socket_without_a_process(void **state)
{
	struct world *world = *state;
	struct match match = { .keys = 1 << MATCH_USER, .uids = { alice, 2 } };

	/* The kernel says who made the socket. */
	world->listener.uid = 1000;
	assert_true(match_matches(&match, &world->listener, world->unknown));
	assert_true(match_matches(&match, &world->listener, world->kernel));
	/* Made by another: who holds it now nobody knows. */
	world->listener.uid = 1001;
	assert_false(match_matches(&match, &world->listener, world->unknown));
	assert_false(match_matches_not(&match, &world->listener, world->unknown));
	assert_true(match_matches_not(&match, &world->listener, world->kernel));
	/* Beside a process of somebody else's whoever made it counts, too. */
	assert_false(match_matches(&match, &world->listener, world->owner));
	world->listener.uid = 5;
	assert_true(match_matches(&match, &world->listener, world->owner));
	match.uids = (struct id_list){ NULL, 0 };
	match.gids = (struct id_list){ developers, 2 };
	world->owner->processes[0]->group_count = 0;
	world->owner->processes[0]->gid = 7;
	assert_false(match_matches(&match, &world->listener, world->owner));
	world->listener.uid = 1000;
	assert_true(match_matches(&match, &world->listener, world->owner));
}

static void
every_holder_counts(void **state)
{
	struct world *world = *state;
	struct owner *owner = help_owner_of("/usr/bin/nc", 1000, 3);
	struct owner *nobody = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, 0);
	struct match match = { .keys = 1 << MATCH_EXE, .exe = { nc_globs, 2 } };
	struct match not_other = { .keys = 1 << MATCH_EXE, .exe = { other_globs, 1 } };

	assert_true(match_matches(&match, &world->listener, owner));
	match_replace(&owner->processes[2]->exe, "/tmp/stranger");
	assert_false(match_matches(&match, &world->listener, owner));
	/* Some do and some do not: neither matches. */
	assert_false(match_matches_not(&match, &world->listener, owner));
	assert_true(match_matches_not(&not_other, &world->listener, owner));
	/* PID 1 holds what it activates services with: it counts only where it is alone. */
	owner->processes[2]->pid = 1;
	assert_true(match_matches(&match, &world->listener, owner));
	owner->processes[2]->pid = 103;
	assert_false(match_matches(&match, &world->listener, owner));
	/* What has systemd's name and PID 1 as its parent is none of systemd's. */
	match_replace(&owner->processes[2]->exe, "/dev/shm/x/systemd");
	owner->processes[2]->parent_pid = 1;
	assert_false(match_matches(&match, &world->listener, owner));
	owner->processes[2]->evidence |= EVIDENCE_MANAGER;
	assert_true(match_matches(&match, &world->listener, owner));
	world->owner->processes[0]->pid = 1;
	assert_true(match_matches(&match, &world->listener, world->owner));
	spoil_exe(world);
	assert_false(match_matches(&match, &world->listener, world->owner));
	/* Processes of which none is described. */
	assert_false(match_matches(&match, &world->listener, nobody));
	assert_false(match_matches_not(&match, &world->listener, nobody));
	(void)owner_unref(owner);
	(void)owner_unref(nobody);
}

static void
what_holds_without_a_rule(void **state)
{
	struct world *world = *state;
	struct listener listener = world->listener;
	struct policy policy;
	struct verdict verdict;

	policy_init(&policy);
	judge(&policy, &listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_null(verdict.rule);
	assert_false(verdict.allowed);
	assert_int_equal(verdict.threshold_usec, 10 * USEC_PER_MIN);
	assert_int_equal(verdict.severity, SEVERITY_WARNING);
	assert_int_equal(verdict.remind_usec, USEC_PER_DAY);
	assert_int_equal(verdict.expires_usec, USEC_NEVER);
	listener = help_listener(PROTOCOL_TCP, "127.0.0.1", 50000, 1);
	judge(&policy, &listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_int_equal(verdict.severity, SEVERITY_NOTICE);
	assert_int_equal(verdict.threshold_usec, 10 * USEC_PER_MIN);
	listener = help_listener(PROTOCOL_UDP, "0.0.0.0", 50000, 1);
	judge(&policy, &listener, NULL, world->unknown, &unclassified, NOW_USEC, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_PER_HOUR);
	assert_int_equal(verdict.severity, SEVERITY_WARNING);
	listener.choice = CHOICE_AUTO;
	judge(&policy, &listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_NEVER);
	assert_false(verdict.allowed);
	listener.choice = CHOICE_UNKNOWN;
	judge(&policy, &listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_PER_HOUR);
	policy_clear(&policy);
}

static void
the_first_match_wins(void **state)
{
	struct world *world = *state;
	struct rule rules[4] = {
		{ .name = (char *)"off", .action = ACTION_ALLOW, .until_usec = USEC_NEVER },
		{ .name = (char *)"over",
		    .action = ACTION_ALLOW,
		    .until_usec = NOW_USEC,
		    .enabled = true },
		{ .name = (char *)"first",
		    .values = RULE_THRESHOLD | RULE_SEVERITY | RULE_REMIND,
		    .threshold_usec = 5,
		    .severity = SEVERITY_CRIT,
		    .remind_usec = 7,
		    .until_usec = NOW_USEC + 1,
		    .enabled = true },
		{ .name = (char *)"second",
		    .action = ACTION_ALLOW,
		    .until_usec = USEC_NEVER,
		    .enabled = true },
	};
	struct policy policy;
	struct verdict verdict;

	policy_init(&policy);
	policy.rules = rules;
	policy.rule_count = 4;
	judge(&policy, &world->listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_ptr_equal(verdict.rule, &rules[2]);
	assert_false(verdict.allowed);
	assert_int_equal(verdict.threshold_usec, 5);
	assert_int_equal(verdict.severity, SEVERITY_CRIT);
	assert_int_equal(verdict.remind_usec, 7);
	/* The verdict says when it has to be asked for anew. */
	assert_int_equal(verdict.expires_usec, NOW_USEC + 1);
	judge(&policy, &world->listener, NULL, world->owner, &unclassified, NOW_USEC + 1, &verdict);
	assert_ptr_equal(verdict.rule, &rules[3]);
	assert_true(verdict.allowed);
	assert_int_equal(verdict.threshold_usec, USEC_NEVER);
	assert_int_equal(verdict.severity, SEVERITY_WARNING);
	/* What a rule leaves open comes from what holds without one. */
	rules[2].values = RULE_SEVERITY;
	judge(&policy, &world->listener, NULL, world->owner, &unclassified, NOW_USEC, &verdict);
	assert_int_equal(verdict.threshold_usec, 10 * USEC_PER_MIN);
	assert_int_equal(verdict.remind_usec, USEC_PER_DAY);
	assert_int_equal(verdict.severity, SEVERITY_CRIT);
	/* An earlier moment, when the second still held. */
	judge(&policy, &world->listener, NULL, world->owner, &unclassified, NOW_USEC - 1, &verdict);
	assert_ptr_equal(verdict.rule, &rules[1]);
	/* A threshold beside an allow does not count. */
	rules[1].values = RULE_THRESHOLD;
	judge(&policy, &world->listener, NULL, world->owner, &unclassified, NOW_USEC - 1, &verdict);
	assert_int_equal(verdict.threshold_usec, USEC_NEVER);
}

static void
the_worse_news(void **state)
{
	const struct verdict order[] = {
		{ .threshold_usec = 1, .severity = SEVERITY_CRIT },
		{ .threshold_usec = 1, .severity = SEVERITY_INFO },
		{ .threshold_usec = 2, .severity = SEVERITY_CRIT },
		{ .threshold_usec = USEC_NEVER, .severity = SEVERITY_CRIT },
		{ .allowed = true, .threshold_usec = USEC_NEVER, .severity = SEVERITY_EMERG },
	};

	(void)state;
	for (size_t a = 0; a < ARRAY_SIZE(order); a++)
		for (size_t b = 0; b < ARRAY_SIZE(order); b++)
			assert_int_equal(verdict_is_worse(&order[a], &order[b]), a < b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_alone),
		cmocka_unit_test_setup_teardown(a_place_that_could_not_be_read, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(all_keys_together, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(keys_beside_not, match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(the_kind_of_owner, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(a_path_must_be_verified, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(what_is_cut_or_empty_is_unknown, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(script_under_a_title_is_unknown, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(cmdline_under_a_title_is_unknown, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(the_user_of_a_socket_without_a_process,
		    match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(every_holder_counts, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(what_holds_without_a_rule, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(the_first_match_wins, match_world_make,
		    match_world_end),
		cmocka_unit_test(the_worse_news),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-match", tests, prepare, NULL);
}
