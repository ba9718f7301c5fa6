/* SPDX-License-Identifier: MIT */
/*
 * The names of users, groups and interfaces of a scenario's host.
 */
#include <string.h>

#include "world-names.h"

/* The names of this host, whatever the one the test runs on has. */
static const struct {
	const char *name;
	uint32_t id;
	bool group;
} names[] = {
	{ "root", 0, false },
	{ "www-data", 33, false },
	{ "alice", 1000, false },
	{ "bob", 1001, false },
	{ "rabbitmq", 112, false },
	{ "root", 0, true },
	{ "www-data", 33, true },
	{ "developers", 2000, true },
};

void
world_answer_names(const struct config *config)
{
	for (size_t i = 0; i < config->policy.names.count; i++) {
		struct named *named = config->policy.names.items[i];

		(void)named_answer(named, NAMED_ABSENT, 0);
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			if (names[j].group == named->group &&
			    strcmp(names[j].name, named->name) == 0)
				(void)named_answer(named, NAMED_KNOWN, names[j].id);
	}
}

const char *
world_user_name(uint32_t uid, void *argument)
{
	(void)argument;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!names[i].group && names[i].id == uid)
			return names[i].name;
	return NULL;
}

const char *
world_interface_name(uint32_t index, void *argument)
{
	static const char *const interfaces[] = { NULL, "lo", "eth0", "eth1" };

	(void)argument;
	return index < ARRAY_SIZE(interfaces) ? interfaces[index] : NULL;
}
