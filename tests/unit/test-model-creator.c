/* SPDX-License-Identifier: MIT */
/*
 * Whether whoever made a socket is among its holders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "model/creator.h"

/* A holder, and where the socket was made. */
struct creator_case {
	const char *name;
	uint32_t creator, holder;
	const char *unit, *slice, *container;	/* NULL = "" */
	const char *made_unit, *made_container; /* of the socket's own cgroup */
	bool mapped;				/* the holder is in another user namespace */
	bool absent;
};

static const struct creator_case cases[] = {
	{ .name = "one's own", .creator = 1000, .holder = 1000 },
	{ .name = "root's, which a service was passed", .creator = 0, .holder = 33 },
	{ .name = "a setuid program", .creator = 1000, .holder = 0, .absent = true },
	{ .name = "somebody else's", .creator = 1000, .holder = 1001, .absent = true },
	{ .name = "a block of numbers is many people's in a directory",
	    .creator = 1234601103,
	    .holder = 1234601104,
	    .absent = true },
	{ .name = "nobody's, of many", .creator = UINT32_MAX, .holder = 1001 },
	{ .name = "a rootless container: its root made it",
	    .creator = 1000,
	    .holder = 100032,
	    .unit = "user@1000.service",
	    .mapped = true },
	{ .name = "the same in a session",
	    .creator = 1000,
	    .holder = 100032,
	    .unit = "session-3.scope",
	    .slice = "user-1000.slice",
	    .mapped = true },
	{ .name = "the same of somebody else",
	    .creator = 1001,
	    .holder = 100032,
	    .unit = "user@1000.service",
	    .slice = "user-1000.slice",
	    .made_unit = "user@1001.service",
	    .mapped = true,
	    .absent = true },
	{ .name = "a program that is set-uid below one's own manager",
	    .creator = 1000,
	    .holder = 0,
	    .unit = "user@1000.service",
	    .slice = "user-1000.slice",
	    .made_unit = "user@1000.service",
	    .absent = true },
	{ .name = "a container whose users are mapped",
	    .creator = 100000,
	    .holder = 165534,
	    .container = "web",
	    .made_container = "web",
	    .mapped = true },
	{ .name = "another container",
	    .creator = 100000,
	    .holder = 165534,
	    .unit = "docker.service",
	    .container = "web",
	    .made_unit = "docker.service",
	    .made_container = "other",
	    .mapped = true,
	    .absent = true },
	{ .name = "passed into a container",
	    .creator = 1000,
	    .holder = 165534,
	    .unit = "docker.service",
	    .container = "web",
	    .made_unit = "docker.service",
	    .mapped = true,
	    .absent = true },
	{ .name = "a container of the host's users",
	    .creator = 1000,
	    .holder = 33,
	    .container = "web",
	    .made_container = "web",
	    .absent = true },
	{ .name = "a unit with users of its own",
	    .creator = 524288,
	    .holder = 524321,
	    .unit = "app.service",
	    .made_unit = "app.service",
	    .mapped = true },
	{ .name = "nobody knows where it was made",
	    .creator = 524288,
	    .holder = 524321,
	    .mapped = true,
	    .absent = true },
};

static void
set(char **place, const char *text)
{
	assert_int_equal(owner_text_set(place, text), 0);
}

static void
one_holder(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct owner *owner = help_owner("/usr/bin/x", cases[i].holder);
		struct process *process = owner->processes[0];

		set(&process->place.unit, cases[i].unit);
		set(&process->place.slice, cases[i].slice);
		set(&process->place.container, cases[i].container);
		set(&owner->place.unit, cases[i].made_unit);
		set(&owner->place.container, cases[i].made_container);
		process->evidence = cases[i].mapped ? EVIDENCE_OTHER_USERS : 0;
		if (creator_is_absent(owner, cases[i].creator) != cases[i].absent)
			fail_msg("%s", cases[i].name);
		(void)owner_unref(owner);
	}
}

/* One of several is enough, and where no process is known nobody is missed. */
static void
several_holders(void **state)
{
	struct owner *owner = help_owner_of("/usr/bin/x", 0, 3);
	struct owner *unknown = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS, 0);

	(void)state;
	assert_true(creator_is_absent(owner, 1000));
	owner->processes[2]->uid = 1000;
	assert_false(creator_is_absent(owner, 1000));
	assert_false(creator_is_absent(unknown, 1000));
	(void)owner_unref(owner);
	(void)owner_unref(unknown);
}

/* What somebody else made is not the same owner's as the holder's own. */
static void
same_owner(void **state)
{
	struct owner *owner = help_owner("/usr/bin/x", 33);

	(void)state;
	assert_true(creator_same(owner, 33, owner, 33));
	assert_true(creator_same(owner, 0, owner, 33));
	assert_false(creator_same(owner, 1000, owner, 33));
	assert_false(creator_same(owner, 33, owner, 1000));
	assert_false(creator_same(owner, 1001, owner, 1000));
	assert_true(creator_same(owner, 1000, owner, 1000));
	(void)owner_unref(owner);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_holder),
		cmocka_unit_test(several_holders),
		cmocka_unit_test(same_owner),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("creator", tests, NULL, NULL);
}
