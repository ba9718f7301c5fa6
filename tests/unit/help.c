/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the tests of base/, model/ and engine/; see help.h. Whatever fails here ends
 * the test.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "help.h"

uint64_t
help_seed(void)
{
	const char *wanted = getenv("OVERSTAY_TEST_SEED");
	uint64_t seed = 0;

	if (wanted != NULL)
		seed = strtoull(wanted, NULL, 0);
	else
		assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	/* The generator stands still at 0. */
	seed |= 1;
	(void)printf("# OVERSTAY_TEST_SEED=%" PRIu64 "\n", seed);
	return seed;
}

uint64_t
help_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

uint64_t
help_below(uint64_t *state, uint64_t limit)
{
	return (help_random(state) >> 16) % limit;
}

void
help_make_id(struct stay_id *ret, void *argument)
{
	uint64_t *ids = argument;

	++*ids;
	*ret = (struct stay_id){ 0 };
	memcpy(ret->bytes, ids, sizeof(*ids));
}

struct moment
help_moment(uint64_t boottime_usec)
{
	return (struct moment){ boottime_usec, boottime_usec + 365 * USEC_PER_DAY };
}

struct listener
help_listener(enum protocol protocol, const char *address, uint16_t port, uint64_t cookie)
{
	struct listener listener = {
		.endpoint = {
			.netns = 1,
			.port = port,
			.protocol = (uint8_t)protocol,
			.family = strchr(address, ':') == NULL ? AF_INET : AF_INET6,
		},
		.cookie = cookie,
		.inode = (uint32_t)cookie,
		.uid = 1000,
		.choice = CHOICE_ASKED,
	};

	assert_int_equal(inet_pton(listener.endpoint.family, address, listener.endpoint.address),
	    1);
	return listener;
}

static char *
copy(const char *text)
{
	char *copied = strdup(text);

	assert_non_null(copied);
	return copied;
}

struct owner *
help_owner_of(const char *exe, uint32_t uid, uint32_t count)
{
	struct owner *owner = owner_new(OWNER_PROCESS, OWNER_REASON_NONE, count);
	const char *slash = strrchr(exe, '/');

	assert_non_null(owner);
	owner->holders = count;
	owner->thorough = true;
	for (uint32_t i = 0; i < count; i++) {
		struct process *process = owner->processes[i];

		process->pid = 100 + (int32_t)i;
		process->parent_pid = 1;
		process->start_usec = 1000 + i;
		process->uid = process->gid = uid;
		process->exe_trust = EXE_SAME;
		process->comm = copy(slash == NULL ? exe : slash + 1);
		process->exe = copy(exe);
		process->cmdline = copy(exe);
		process->cmdline_length = (uint32_t)strlen(exe) + 1;
	}
	return owner;
}

struct owner *
help_owner(const char *exe, uint32_t uid)
{
	return help_owner_of(exe, uid, 1);
}

struct snapshot *
help_poll(uint64_t taken_usec, const struct listener *listeners, size_t count)
{
	struct snapshot *snapshot = snapshot_new(taken_usec);

	assert_non_null(snapshot);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(snapshot_add(snapshot, &listeners[i]), 0);
	snapshot_seal(snapshot);
	return snapshot;
}

bool
help_matches_with(const struct match *match, const struct listener *listener,
    const struct owner *owner, const char *interface, struct link_table links)
{
	/* Nothing is said of what it is. */
	static const struct classification unclassified;
	struct rule rule = {
		.name = (char *)"rule",
		.match = *match,
		.action = ACTION_ALLOW,
		.until_usec = USEC_NEVER,
		.enabled = true,
	};
	struct policy policy;
	struct verdict verdict;

	policy_init(&policy);
	policy.rules = &rule;
	policy.rule_count = 1;
	policy.links = links;
	judge(&policy, listener, interface, owner, &unclassified, USEC_PER_DAY, &verdict);
	assert_int_equal(verdict.allowed, verdict.rule != NULL);
	if (verdict.allowed)
		assert_int_equal(verdict.threshold_usec, USEC_NEVER);
	return verdict.rule != NULL;
}

bool
help_matches(const struct match *match, const struct listener *listener, const struct owner *owner)
{
	return help_matches_with(match, listener, owner, NULL, (struct link_table){ 0 });
}
