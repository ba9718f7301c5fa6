/* SPDX-License-Identifier: MIT */
/*
 * Matches on what stands around a process: slices, sessions, logins, parents, interfaces, hosts;
 * paths that lead through links; names with a backslash; `any`.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"
#include "match-world.h"

static char *nc_globs[] = { (char *)"/usr/bin/x*", (char *)"/usr/bin/n?" };
static char *other_globs[] = { (char *)"/usr/bin/x*" };
static char *any_globs[] = { (char *)"*" };
static char *parent_globs[] = { (char *)"/usr/sbin/cron" };
static char *interface_globs[] = { (char *)"eth*" };
static char *host_globs[] = { (char *)"web*" };
static uint32_t logins[] = { 1000, 1001 };
static uint32_t alice[] = { 5, 1000 };

/* A slice is in those that its name says; a backslash in a name is a letter. */
static void
slices_of_any_level(void **state)
{
	static const struct {
		const char *slice, *glob;
		bool is;
	} cases[] = {
		{ "user-1000.slice", "user-1000.slice", true },
		{ "user-1000.slice", "user.slice", true },
		{ "user-1000.slice", "user-1000", false },
		{ "a-b-c.slice", "a-b.slice", true },
		{ "a-b-c.slice", "a.slice", true },
		{ "a-b-c.slice", "b.slice", false },
		{ "a-b-c.slice", "*", true },
		{ "a\\x2db.slice", "a\\x2db.slice", true },
		{ "a\\x2db.slice", "a\\\\x2db.slice", false },
		{ "a\\x2db.slice", "a.slice", false },
		{ "-.slice", "-.slice", true },
		{ "system.slice", "-.slice", false },
		{ ".slice", "*", false },
		{ "", "*", false },
	};
	struct world *world = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *globs[] = { (char *)cases[i].glob };
		const struct match match = { .keys = 1 << MATCH_SLICE, .slice = { globs, 1 } };

		match_replace(&world->owner->processes[0]->place.slice, cases[i].slice);
		if (match_matches(&match, &world->listener, world->owner) != cases[i].is ||
		    match_matches_not(&match, &world->listener, world->owner) == cases[i].is)
			fail_msg("%s in %s", cases[i].slice, cases[i].glob);
	}
}

/* What overstay-lookup answers is a slice only if it is called one, however long the name is. */
static void
slices_that_are_none(void **state)
{
	char *globs[] = { (char *)"b*" };
	const struct match match = { .keys = 1 << MATCH_SLICE, .slice = { globs, 1 } };
	struct world *world = *state;
	char name[OWNER_UNIT_MAX];

	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 2] = '-';
	name[sizeof(name) - 1] = '\0';
	match_replace(&world->owner->processes[0]->place.slice, name);
	assert_false(match_matches(&match, &world->listener, world->owner));
	globs[0] = (char *)"*";
	assert_false(match_matches(&match, &world->listener, world->owner));
	match_replace(&world->owner->processes[0]->place.slice, "user-1000.scope");
	assert_false(match_matches(&match, &world->listener, world->owner));
}

/* As systemctl prints it: the backslash is a letter of the name. */
static void
units_with_a_backslash(void **state)
{
	static const struct {
		const char *glob;
		bool is;
	} cases[] = {
		{ "my\\x2dapp.service", true },
		{ "my\\x2d*", true },
		{ "my?x2dapp.service", true },
		{ "my\\\\x2dapp.service", false },
		{ "my-app.service", false },
		{ "myx2dapp.service", false },
	};
	struct world *world = *state;
	struct place *place = &world->owner->processes[0]->place;

	match_replace(&place->unit, "my\\x2dapp.service");
	match_replace(&place->user_unit, "my\\x2dapp.service");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *globs[] = { (char *)cases[i].glob };
		const struct match unit = { .keys = 1 << MATCH_UNIT, .unit = { globs, 1 } };
		const struct match user_unit = { .keys = 1 << MATCH_USER_UNIT,
			.user_unit = { globs, 1 } };

		if (match_matches(&unit, &world->listener, world->owner) != cases[i].is ||
		    match_matches(&user_unit, &world->listener, world->owner) != cases[i].is)
			fail_msg("%s", cases[i].glob);
	}
}

/* What is not known of a session, a login, a parent, an interface is neither so nor not so. */
static void
unknown_facts(void **state)
{
	struct world *world = *state;
	struct process *process = world->owner->processes[0];
	const struct match cases[] = {
		{ .keys = 1 << MATCH_SESSION, .sessions = 1 << SESSION_TTY },
		{ .keys = 1 << MATCH_LOGINUID, .login_uids = { logins, 2 } },
		{ .keys = 1 << MATCH_PARENT, .parent = { parent_globs, 1 } },
		{ .keys = 1 << MATCH_INTERFACE, .interface = { interface_globs, 1 } },
	};
	struct match any_session = { .keys = 1 << MATCH_SESSION, .sessions = 1 << SESSION_ANY };

	process->session_type = SESSION_UNKNOWN;
	process->login_known = false;
	process->login_uid = UINT32_MAX;
	process->parent_trust = EXE_UNVERIFIED;
	world_interface = NULL;
	logins[0] = UINT32_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (match_matches(&cases[i], &world->listener, world->owner) ||
		    match_matches_not(&cases[i], &world->listener, world->owner))
			fail_msg("%zu", i);
	/* That there is a session is known all the same, */
	assert_true(match_matches(&any_session, &world->listener, world->owner));
	/* and nobody logged in where the kernel says so. */
	process->login_known = true;
	assert_true(match_matches(
	    &(struct match){ .keys = 1 << MATCH_LOGINUID, .login_uids = { logins, 1 } },
	    &world->listener, world->owner));
	logins[0] = 1000;
	match_replace(&process->place.session, "");
	assert_false(match_matches(&any_session, &world->listener, world->owner));
	assert_true(match_matches_not(&any_session, &world->listener, world->owner));
	/* A parent of another name is another one, whatever stands there. */
	match_replace(&process->parent_exe, "/usr/sbin/crond");
	assert_true(match_matches_not(
	    &(struct match){ .keys = 1 << MATCH_PARENT, .parent = { parent_globs, 1 } },
	    &world->listener, world->owner));
	match_replace(&process->parent_exe, "");
	assert_false(match_matches_not(
	    &(struct match){ .keys = 1 << MATCH_PARENT, .parent = { parent_globs, 1 } },
	    &world->listener, world->owner));
}

/* "" is no interface, and no glob is. */
static void
bound_to_no_interface(void **state)
{
	static char *none[] = { (char *)"" }, *all[] = { (char *)"*" };
	const struct match is_none = { .keys = 1 << MATCH_INTERFACE, .interface = { none, 1 } };
	const struct match is_some = { .keys = 1 << MATCH_INTERFACE, .interface = { all, 1 } };
	struct world *world = *state;

	assert_false(match_matches(&is_none, &world->listener, world->owner));
	assert_true(match_matches(&is_some, &world->listener, world->owner));
	world->listener.endpoint.interface = 0;
	world_interface = NULL;
	assert_true(match_matches(&is_none, &world->listener, world->owner));
	assert_false(match_matches(&is_some, &world->listener, world->owner));
	assert_true(match_matches_not(&is_some, &world->listener, world->owner));
	/* /proc/net has no interfaces, and no choices. */
	world->listener.choice = CHOICE_UNKNOWN;
	assert_false(match_matches(&is_none, &world->listener, world->owner));
	assert_false(match_matches_not(&is_none, &world->listener, world->owner));
	assert_false(match_matches_not(&is_some, &world->listener, world->owner));
}

static void
on_some_hosts(void **state)
{
	struct match match = { .keys = 1 << MATCH_HOSTNAME, .hostname = { host_globs, 1 } };
	struct world *world = *state;

	assert_false(match_matches(&match, &world->listener, world->owner));
	assert_true(match_matches_not(&match, &world->listener, world->unknown));
	match.own_host = true;
	assert_true(match_matches(&match, &world->listener, world->unknown));
	assert_false(match_matches_not(&match, &world->listener, world->owner));
}

/* A path of a rule leads elsewhere by a link: the process runs what is there. */
static void
paths_through_links(void **state)
{
	static const struct {
		const char *path, *target, *glob, *exe;
		bool is, is_not;
	} cases[] = {
		{ "/bin/nc", "/usr/bin/nc", "/bin/nc", "/usr/bin/nc", true, false },
		{ "/bin/nc", "/usr/bin/nc", "/bin/nc", "/usr/bin/ncat", false, true },
		{ "/bin/nc", "/usr/bin/nc", "/bin/nc", "/usr/bin/n", false, true },
		{ "/bin", "/usr/bin", "/bin/n*", "/usr/bin/nc", true, false },
		{ "/bin", "/usr/bin", "/bin/n*", "/usr/bin/x/nc", false, true },
		{ "/bin", "/usr/bin", "/bin/n*", "/usr/binn", false, true },
		{ "/bin", "/usr/bin", "/bin/**", "/usr/bin/x/nc", true, false },
		{ "/bin", "/", "/bin/n*", "/nc", false, true },
		/* Nothing is there; nobody asked yet; another path was asked for. */
		{ "/bin/nc", "", "/bin/nc", "/usr/bin/nc", false, true },
		{ "/bin/nc", NULL, "/bin/nc", "/usr/bin/nc", false, false },
		{ "/bin/x", "/usr/bin/nc", "/bin/nc", "/usr/bin/nc", false, true },
		/* The text itself, whatever it leads to. */
		{ "/bin/nc", "/usr/bin/nc", "/bin/nc", "/bin/nc", true, false },
	};
	struct world *world = *state;
	struct process *process = world->owner->processes[0];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *globs[] = { (char *)cases[i].glob };
		const struct match exe = { .keys = 1 << MATCH_EXE, .exe = { globs, 1 } };
		const struct match parent = { .keys = 1 << MATCH_PARENT, .parent = { globs, 1 } };

		world_links[0] = (struct link){ (char *)cases[i].path, (char *)cases[i].target };
		match_replace(&process->exe, cases[i].exe);
		match_replace(&process->parent_exe, cases[i].exe);
		if (match_matches(&exe, &world->listener, world->owner) != cases[i].is ||
		    match_matches_not(&exe, &world->listener, world->owner) != cases[i].is_not ||
		    match_matches(&parent, &world->listener, world->owner) != cases[i].is ||
		    match_matches_not(&parent, &world->listener, world->owner) != cases[i].is_not)
			fail_msg("%zu", i);
	}
	/* The link says where to look; that the file is the host's is asked of the process. */
	world_links[0] = (struct link){ (char *)"/bin/nc", (char *)"/usr/bin/nc" };
	{
		char *globs[] = { (char *)"/bin/nc" }, *any[] = { (char *)"*" };
		struct match match = { .keys = 1 << MATCH_EXE, .exe = { globs, 1 } };

		match_replace(&process->exe, "/usr/bin/nc");
		process->exe_trust = EXE_UNVERIFIED;
		assert_false(match_matches(&match, &world->listener, world->owner));
		assert_false(match_matches_not(&match, &world->listener, world->owner));
		/* A container's /usr/bin/nc is not what the host's link leads to. */
		match_replace(&process->place.container, "web");
		process->evidence |= EVIDENCE_OTHER_MOUNTS;
		match.keys |= 1 << MATCH_CONTAINER;
		match.container = (struct glob_list){ any, 1 };
		process->place.user_unit[0] = '\0';
		assert_false(match_matches(&match, &world->listener, world->owner));
		globs[0] = (char *)"/usr/bin/nc";
		assert_true(match_matches(&match, &world->listener, world->owner));
	}
}

static void
one_of_any(void **state)
{
	struct world *world = *state;
	struct match not_port = { .keys = 1 << MATCH_PORT, .ports = &world->ports };
	struct match any[2] = {
		{ .keys = 1 << MATCH_EXE, .exe = { other_globs, 1 } },
		{ .keys = 1 << MATCH_USER, .uids = { alice, 2 } },
	};
	struct match match = { .any = any, .any_count = 2 };

	world->listener.uid = 0;
	/* Neither, the second, the first, both. */
	world->owner->processes[0]->uid = 9;
	assert_false(match_matches(&match, &world->listener, world->owner));
	world->owner->processes[0]->uid = 1000;
	assert_true(match_matches(&match, &world->listener, world->owner));
	any[0].exe = (struct glob_list){ nc_globs, 2 };
	assert_true(match_matches(&match, &world->listener, world->owner));
	world->owner->processes[0]->uid = 9;
	assert_true(match_matches(&match, &world->listener, world->owner));
	/* Besides the keys around it, and with a not of its own. */
	match.keys = 1 << MATCH_PROTOCOL;
	match.protocols = 1 << PROTOCOL_UDP;
	assert_false(match_matches(&match, &world->listener, world->owner));
	match.protocols = 1 << PROTOCOL_TCP;
	any[0].not = &not_port;
	assert_false(match_matches(&match, &world->listener, world->owner));
	world->listener.endpoint.port = 50002;
	assert_true(match_matches(&match, &world->listener, world->owner));
	any[0].not = NULL;
	/* That one holds helps nobody where the keys around it are unknown, */
	match.keys = 1 << MATCH_SESSION;
	match.sessions = 1 << SESSION_X11;
	world->owner->processes[0]->session_type = SESSION_UNKNOWN;
	assert_false(match_matches(&match, &world->listener, world->owner));
	match.sessions = 1 << SESSION_ANY;
	assert_true(match_matches(&match, &world->listener, world->owner));
	match.keys = 0;
	/* One that is unknown beside one that does not hold is no match, */
	world->listener.uid = 9;
	assert_false(match_matches(&match, &world->listener, world->unknown));
	/* and beside one that holds it is. */
	world->listener.uid = 1000;
	assert_true(match_matches(&match, &world->listener, world->unknown));
}

/* The container that a rule names counts inside its any, too. */
static void
any_inside_a_container(void **state)
{
	struct world *world = *state;
	struct process *process = world->owner->processes[0];
	struct match any = { .keys = 1 << MATCH_EXE, .exe = { nc_globs, 2 } };
	struct match match = { .any = &any, .any_count = 1 };

	process->exe_trust = EXE_UNVERIFIED;
	process->evidence |= EVIDENCE_OTHER_MOUNTS;
	match_replace(&process->place.container, "web");
	match_replace(&process->place.user_unit, "");
	assert_false(match_matches(&match, &world->listener, world->owner));
	match.keys = 1 << MATCH_CONTAINER;
	match.container = (struct glob_list){ any_globs, 1 };
	assert_true(match_matches(&match, &world->listener, world->owner));
}

#define ID16 "0123456789abcdef"

/* What docker ps(1) prints of an id is its beginning; of a name a beginning is nothing. */
static void
container_by_short_id(void **state)
{
	static const struct {
		const char *glob, *container;
		bool matches;
	} cases[] = {
		{ "0123456789ab", ID16 ID16 ID16 ID16, true },
		{ ID16 ID16, ID16 ID16 ID16 ID16, true },
		{ ID16 ID16 ID16 ID16, ID16 ID16 ID16 ID16, true },
		{ "0123456789a", ID16 ID16 ID16 ID16, false },
		{ "0123456789ac", ID16 ID16 ID16 ID16, false },
		{ "123456789abc", ID16 ID16 ID16 ID16, false },
		{ "0123456789ab", ID16, false },
		{ "0123456789ab", ID16 ID16 ID16 ID16 "0", false },
		{ "0123456789AB", ID16 ID16 ID16 ID16, false },
		{ "0123456789ab", ID16 ID16 ID16 "0123456789abcdeg", false },
	};
	struct world *world = *state;
	struct process *process = world->owner->processes[0];

	match_replace(&process->place.user_unit, "");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *glob = (char *)(uintptr_t)cases[i].glob;
		struct match match = { .keys = 1 << MATCH_CONTAINER, .container = { &glob, 1 } };

		match_replace(&process->place.container, cases[i].container);
		assert_int_equal(match_matches(&match, &world->listener, world->owner),
		    cases[i].matches);
	}
}

/* Below a user's manager, in a unit of it or not, a container is that user's and nobody else's. */
static void
container_of_a_user(void **state)
{
	struct world *world = *state;
	struct process *process = world->owner->processes[0];
	static const char *const user_units[] = { "", "machine-web.scope" };
	struct match match = {
		.keys = 1 << MATCH_CONTAINER,
		.container = { any_globs, 1 },
		.uids = { alice, 2 },
	};

	match_replace(&process->place.container, "web");
	match_replace(&process->place.unit, "user@1000.service");
	for (size_t i = 0; i < ARRAY_SIZE(user_units); i++) {
		match_replace(&process->place.user_unit, user_units[i]);
		match.keys = 1 << MATCH_CONTAINER;
		process->uid = 1000;
		assert_false(match_matches(&match, &world->listener, world->owner));
		assert_false(match_matches_not(&match, &world->listener, world->owner));
		match.keys |= 1 << MATCH_USER;
		assert_true(match_matches(&match, &world->listener, world->owner));
		/* One that has become another user, as by a program that is set-uid. */
		match_replace(&process->place.unit, "user@1001.service");
		assert_false(match_matches(&match, &world->listener, world->owner));
		/* A number that was mapped for the container. */
		process->evidence |= EVIDENCE_OTHER_USERS;
		assert_true(match_matches(&match, &world->listener, world->owner));
		process->evidence &= ~(uint32_t)EVIDENCE_OTHER_USERS;
		match_replace(&process->place.unit, "user@1000.service");
	}
}

/* Of whoever made the socket, and holds it nowhere, the cgroup is known: that of the socket. */
static void
where_it_was_made(void **state)
{
	static const struct match matches[] = {
		{ .keys = 1 << MATCH_UNIT, .unit = { any_globs, 1 } },
		{ .keys = 1 << MATCH_USER_UNIT, .user_unit = { any_globs, 1 } },
		{ .keys = 1 << MATCH_SLICE, .slice = { any_globs, 1 } },
		{ .keys = 1 << MATCH_CONTAINER, .container = { any_globs, 1 } },
		{ .keys = 1 << MATCH_SESSION, .sessions = 1 << SESSION_ANY },
	};
	struct match users = {
		.keys = 1 << MATCH_CONTAINER | 1 << MATCH_USER,
		.container = { any_globs, 1 },
		.uids = { (uint32_t[]){ 1000, 1002 }, 2 },
	};
	struct world *world = *state;
	struct process *process = world->owner->processes[0];

	world->listener.uid = 1002;
	match_replace(&process->place.container, "web");
	match_replace(&process->place.unit, "user@1000.service");
	match_replace(&process->place.user_unit, "a.scope");
	process->evidence = EVIDENCE_OTHER_USERS;
	for (size_t i = 0; i < ARRAY_SIZE(matches); i++)
		assert_false(match_matches(&matches[i], &world->listener, world->owner));
	match_replace(&world->owner->place.unit, "b.service");
	assert_true(match_matches(&matches[0], &world->listener, world->owner));
	assert_false(match_matches(&matches[1], &world->listener, world->owner));
	match_replace(&world->owner->place.user_unit, "b.scope");
	assert_true(match_matches(&matches[1], &world->listener, world->owner));
	assert_false(match_matches(&matches[2], &world->listener, world->owner));
	match_replace(&world->owner->place.slice, "b.slice");
	assert_true(match_matches(&matches[2], &world->listener, world->owner));
	/* A container below a user's manager is that user's alone. */
	match_replace(&world->owner->place.unit, "user@1001.service");
	match_replace(&world->owner->place.container, "other");
	assert_false(match_matches(&users, &world->listener, world->owner));
	match_replace(&world->owner->place.unit, "user@1002.service");
	assert_true(match_matches(&users, &world->listener, world->owner));
	/* Which session it was nobody knows. */
	assert_false(match_matches(&matches[4], &world->listener, world->owner));
}

/* A suspect is allowed only where each of any has it in mind, or the match around them. */
static void
suspects_of_any(void **state)
{
	const struct classification suspect = {
		.class = CLASS_SUSPECT,
		.reasons = 1 << REASON_MEMORY,
		.strong = true,
	};
	struct world *world = *state;
	struct match any[2] = { { .keys = 1 << MATCH_CLASS, .classes = 1 << CLASS_SUSPECT },
		{ .keys = 1 << MATCH_USER, .uids = { alice, 2 } } };
	struct rule rule = {
		.name = (char *)"rule",
		.match = { .any = any, .any_count = 2 },
		.action = ACTION_ALLOW,
		.until_usec = USEC_NEVER,
		.enabled = true,
	};
	struct policy policy;
	struct verdict verdict;

	policy_init(&policy);
	policy.rules = &rule;
	policy.rule_count = 1;
	judge(&policy, &world->listener, NULL, world->owner, &suspect, NOW_USEC, &verdict);
	assert_false(verdict.allowed);
	assert_ptr_equal(verdict.would_allow, &rule);
	any[1] = (struct match){ .keys = 1 << MATCH_REASON, .reasons = 1 << REASON_MEMORY };
	judge(&policy, &world->listener, NULL, world->owner, &suspect, NOW_USEC, &verdict);
	assert_true(verdict.allowed);
	any[1] = (struct match){ .keys = 1 << MATCH_USER, .uids = { alice, 2 } };
	rule.match.keys = 1 << MATCH_REASON;
	rule.match.reasons = 1 << REASON_MEMORY;
	judge(&policy, &world->listener, NULL, world->owner, &suspect, NOW_USEC, &verdict);
	assert_true(verdict.allowed);
}

/* What systemd holds for a unit is that unit's; where that is not known it is not systemd's. */
static void
a_place_that_was_not_found(void **state)
{
	static const struct {
		const char *unit, *user_unit;
		enum match_key key;
	} managers[] = {
		{ "init.scope", "", MATCH_UNIT },
		{ "user@1000.service", "init.scope", MATCH_USER_UNIT },
	};
	struct match match = {
		.unit = { (char *[]){ (char *)"foo.socket" }, 1 },
		.user_unit = { (char *[]){ (char *)"foo.socket" }, 1 },
	};
	struct world *world = *state;
	struct process *process = world->owner->processes[0];

	for (size_t i = 0; i < ARRAY_SIZE(managers); i++) {
		struct place *place = &world->owner->place;
		bool user = managers[i].user_unit[0] != '\0';

		match.keys = 1U << managers[i].key;
		process->pid = user ? 812 : 1;
		process->parent_pid = user;
		process->evidence = EVIDENCE_MANAGER;
		match_replace(&process->place.unit, managers[i].unit);
		match_replace(&process->place.user_unit, managers[i].user_unit);
		assert_false(match_matches(&match, &world->listener, world->owner));
		assert_false(match_matches_not(&match, &world->listener, world->owner));
		assert_false(owner_same(world->owner, world->owner));
		match_replace(&place->unit, user ? "user@1000.service" : "bar.socket");
		match_replace(&place->user_unit, user ? "bar.socket" : "");
		assert_true(match_matches_not(&match, &world->listener, world->owner));
		assert_true(owner_same(world->owner, world->owner));
		place_clear(place);
		/* PID 1 that is no systemd is where it is. */
		match_replace(&process->place.unit, "web.service");
		match_replace(&process->place.user_unit, "");
		assert_true(match_matches_not(&match, &world->listener, world->owner));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_place_that_was_not_found, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(slices_of_any_level, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(slices_that_are_none, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(units_with_a_backslash, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(unknown_facts, match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(bound_to_no_interface, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(on_some_hosts, match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(paths_through_links, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(one_of_any, match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(suspects_of_any, match_world_make, match_world_end),
		cmocka_unit_test_setup_teardown(container_of_a_user, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(where_it_was_made, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(container_by_short_id, match_world_make,
		    match_world_end),
		cmocka_unit_test_setup_teardown(any_inside_a_container, match_world_make,
		    match_world_end),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-match-more", tests, NULL, NULL);
}
