/* SPDX-License-Identifier: MIT */
/*
 * nc of alice in a unit, started by cron in a session of tty, on 192.0.2.77:50000 of eth0.
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

const struct classification unclassified;
const char *world_interface;
struct link world_links[2];

void
match_replace(char **place, const char *text)
{
	assert_int_equal(owner_text_set(place, text), 0);
}

int
match_world_make(void **state)
{
	static const char arguments[] = "/bin/nc\0-l\00050000";
	struct world *world = calloc(1, sizeof(*world));
	struct process *process;

	assert_non_null(world);
	world->listener = help_listener(PROTOCOL_TCP, "192.0.2.77", 50000, 1);
	world->owner = help_owner("/usr/bin/nc", 1000);
	world->unknown = owner_new(OWNER_UNKNOWN, OWNER_REASON_NO_LOOKUP, 0);
	world->kernel = owner_new(OWNER_KERNEL, OWNER_REASON_NONE, 0);
	process = world->owner->processes[0];
	process->groups[0] = 3;
	process->groups[1] = 2000;
	process->group_count = 2;
	process->origin = ORIGIN_CRON;
	process->login_uid = 1001;
	process->login_known = true;
	process->session_type = SESSION_TTY;
	process->parent_trust = EXE_SAME;
	match_replace(&process->parent_exe, "/usr/sbin/cron");
	match_replace(&process->place.slice, "user-1000.slice");
	match_replace(&process->place.session, "3");
	world->listener.endpoint.interface = 2;
	world_interface = "eth0";
	match_replace(&process->place.unit, "nc.service");
	match_replace(&process->place.user_unit, "shell.scope");
	free(process->cmdline);
	process->cmdline_length = sizeof(arguments);
	process->cmdline = malloc(sizeof(arguments));
	assert_non_null(process->cmdline);
	memcpy(process->cmdline, arguments, sizeof(arguments));
	port_set_clear(&world->ports);
	port_set_add(&world->ports, 50000, 50001);
	world_links[0] = world_links[1] = (struct link){ .path = (char *)"/none" };
	*state = world;
	return 0;
}

int
match_world_end(void **state)
{
	struct world *world = *state;

	(void)owner_unref(world->owner);
	(void)owner_unref(world->unknown);
	(void)owner_unref(world->kernel);
	free(world);
	return 0;
}

bool
match_matches(const struct match *match, const struct listener *listener, const struct owner *owner)
{
	return help_matches_with(match, listener, owner, world_interface,
	    (struct link_table){ .links = world_links, .count = ARRAY_SIZE(world_links) });
}

/* The same match inside `not`. */
bool
match_matches_not(const struct match *match, const struct listener *listener,
    const struct owner *owner)
{
	struct match outer = { .not = (struct match *)match };

	return match_matches(&outer, listener, owner);
}
