/* SPDX-License-Identifier: MIT */
/*
 * Sealed snapshots, the difference of two, and port occupancy: each against the simplest thing
 * that can be right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/port-set.h"
#include "help.h"
#include "engine/diff.h"
#include "engine/occupancy.h"

/* How much occupancy.c has asked for: the link lets calloc(3) come here (fragment.am). */
static size_t allocated;
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *
__wrap_calloc(size_t count, size_t size)
{
	allocated += count * size;
	return __real_calloc(count, size);
}

static void
sealing_sorts_and_merges(void **state)
{
	struct listener a = help_listener(PROTOCOL_TCP, "0.0.0.0", 50001, 7);
	struct listener b = help_listener(PROTOCOL_TCP, "0.0.0.0", 50000, 9);
	struct listener again = a;
	struct snapshot *snapshot = snapshot_new(42);
	const struct listener *found;

	(void)state;
	a.choice = CHOICE_UNKNOWN;
	a.carried = true;
	again.choice = CHOICE_AUTO;
	again.v6only = V6ONLY_NO;
	assert_int_equal(snapshot_add(snapshot, &a), 0);
	assert_int_equal(snapshot_add(snapshot, &b), 0);
	assert_int_equal(snapshot_add(snapshot, &again), 0);
	assert_false(snapshot->sealed);
	snapshot_seal(snapshot);
	assert_true(snapshot->sealed);
	assert_int_equal(snapshot->taken_usec, 42);
	assert_int_equal(snapshot->count, 2);
	assert_int_equal(snapshot->listeners[0].cookie, 9);
	found = snapshot_find(snapshot, &a);
	assert_non_null(found);
	assert_int_equal(found->choice, CHOICE_AUTO);
	assert_int_equal(found->v6only, V6ONLY_NO);
	assert_false(found->carried);
	/* Once more, with more. */
	b.cookie = 8;
	assert_null(snapshot_find(snapshot, &b));
	assert_int_equal(snapshot_add(snapshot, &b), 0);
	assert_int_equal(snapshot_add(snapshot, &b), 0);
	snapshot_seal(snapshot);
	assert_int_equal(snapshot->count, 3);
	assert_ptr_equal(snapshot_find(snapshot, &b), &snapshot->listeners[0]);
	assert_null(snapshot_free(snapshot));
	assert_null(snapshot_free(NULL));
	snapshot = help_poll(1, NULL, 0);
	assert_null(snapshot_find(snapshot, &b));
	(void)snapshot_free(snapshot);
}

/* From a universe of 4 ports, 2 addresses and 8 cookies. */
static struct listener
any_listener(uint64_t *seed)
{
	return help_listener(PROTOCOL_TCP, help_below(seed, 2) == 0 ? "0.0.0.0" : "127.0.0.1",
	    (uint16_t)(50000 + help_below(seed, 4)), 1 + help_below(seed, 8));
}

#define UNIVERSE 64

/* The place of a listener in the universe, in the order of listener_compare(). */
static unsigned
number_of(const struct listener *listener)
{
	return (listener->endpoint.port - 50000U) * 16 +
	    (listener->endpoint.address[0] == 127) * 8 + (unsigned)listener->cookie - 1;
}

struct seen {
	bool before[UNIVERSE], after[UNIVERSE];
	unsigned last;
	unsigned calls;
};

static void
see(const struct listener *before, const struct listener *after, void *argument)
{
	struct seen *seen = argument;
	unsigned number = number_of(before != NULL ? before : after);

	assert_true(seen->calls++ == 0 || number > seen->last);
	seen->last = number;
	assert_true(before == NULL || seen->before[number]);
	assert_true(after == NULL || seen->after[number]);
	if (before != NULL && after != NULL)
		assert_int_equal(number_of(after), number);
	assert_int_equal(before != NULL, seen->before[number]);
	assert_int_equal(after != NULL, seen->after[number]);
}

static void
the_difference_of_two(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct listener listeners[2][40];
		size_t counts[2];
		struct seen seen = { 0 };
		struct snapshot *polls[2];
		struct diff_counts wanted = { 0 };
		struct diff diff;
		unsigned want = (unsigned)help_below(&seed, 8), calls;

		for (unsigned i = 0; i < 2; i++) {
			counts[i] = help_below(&seed, 41);
			for (size_t k = 0; k < counts[i]; k++) {
				listeners[i][k] = any_listener(&seed);
				(i == 0 ? seen.before : seen.after)[number_of(&listeners[i][k])] =
				    true;
			}
			polls[i] = help_poll(i, listeners[i], counts[i]);
		}
		for (unsigned i = 0; i < UNIVERSE; i++) {
			wanted.missing += seen.before[i] && !seen.after[i];
			wanted.persisted += seen.before[i] && seen.after[i];
			wanted.appeared += !seen.before[i] && seen.after[i];
		}
		assert_int_equal(diff_make(&diff, polls[0], polls[1]), 0);
		diff_walk(&diff, want, want == 0 ? NULL : see, &seen);
		calls = (want & DIFF_APPEARED ? (unsigned)wanted.appeared : 0) +
		    (want & DIFF_PERSISTED ? (unsigned)wanted.persisted : 0) +
		    (want & DIFF_MISSING ? (unsigned)wanted.missing : 0);
		assert_int_equal(seen.calls, calls);
		assert_memory_equal(&diff.counts, &wanted, sizeof(wanted));
		diff_clear(&diff);
		assert_int_equal(diff_make(&diff, NULL, polls[1]), 0);
		assert_int_equal(diff.counts.appeared, polls[1]->count);
		assert_int_equal(diff.counts.persisted + diff.counts.missing, 0);
		diff_clear(&diff);
		/* An unchanged poll needs no memory. */
		assert_int_equal(diff_make(&diff, polls[1], polls[1]), 0);
		assert_int_equal(diff.counts.persisted, polls[1]->count);
		assert_true(diff.run_count <= 1 && diff.more == NULL);
		diff_clear(&diff);
		(void)snapshot_free(polls[0]);
		(void)snapshot_free(polls[1]);
	}
}

static void
the_choice_is_inherited(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		struct listener listeners[2][40];
		uint8_t known[UNIVERSE] = { 0 };
		struct snapshot *polls[2];
		struct snapshot *copy;

		for (unsigned i = 0; i < 2; i++) {
			for (unsigned k = 0; k < 40; k++) {
				listeners[i][k] = any_listener(&seed);
				listeners[i][k].choice = (uint8_t)help_below(&seed, 3);
			}
			polls[i] = help_poll(i, listeners[i], 40);
		}
		for (size_t k = 0; k < polls[0]->count; k++)
			known[number_of(&polls[0]->listeners[k])] = polls[0]->listeners[k].choice;
		copy = help_poll(1, polls[1]->listeners, polls[1]->count);
		snapshot_inherit(polls[1], polls[0]);
		for (size_t k = 0; k < copy->count; k++) {
			uint8_t own = copy->listeners[k].choice;
			assert_int_equal(polls[1]->listeners[k].choice,
			    own != CHOICE_UNKNOWN ? own : known[number_of(&copy->listeners[k])]);
		}
		(void)snapshot_free(polls[0]);
		(void)snapshot_free(polls[1]);
		(void)snapshot_free(copy);
	}
}

/* The same question, answered from lists. */
#define PORTS 40
#define MOST  6

struct naive {
	uint64_t cookies[PROTOCOL_COUNT][PORTS][MOST];
	unsigned counts[PROTOCOL_COUNT][PORTS];
};

static uint16_t
port_of(unsigned index)
{
	/* Over page borders, and both ends. */
	return index == 0 ? 0 : index == 1 ? 65535 : (uint16_t)(index * 64);
}

static bool
same_cookies(const uint64_t *a, const uint64_t *b, unsigned count)
{
	bool used[MOST] = { false };

	for (unsigned i = 0; i < count; i++) {
		unsigned k = 0;
		while (k < count && (used[k] || a[i] != b[k]))
			k++;
		if (k == count)
			return false;
		used[k] = true;
	}
	return true;
}

static void
count_naively(const struct naive *before, const struct naive *after, unsigned protocol,
    struct occupancy_counts *ret)
{
	*ret = (struct occupancy_counts){ 0 };
	for (unsigned port = 0; port < PORTS; port++) {
		unsigned old = before->counts[protocol][port], new = after->counts[protocol][port];

		ret->ports += new > 0;
		ret->sockets += new;
		ret->appeared += old == 0 && new > 0;
		ret->vanished += old > 0 && new == 0;
		if (old == 0 || new == 0)
			continue;
		if (old ==
		    new &&same_cookies(before->cookies[protocol][port],
			after->cookies[protocol][port], old))
			ret->persisted++;
		else
			ret->changed++;
	}
}

static void
fill(uint64_t *seed, struct naive *naive, struct occupancy *occupancy)
{
	memset(naive, 0, sizeof(*naive));
	for (unsigned protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
		for (unsigned port = 0; port < PORTS; port++) {
			unsigned count = (unsigned)help_below(seed, MOST);

			naive->counts[protocol][port] = count;
			for (unsigned i = 0; i < count; i++) {
				uint64_t cookie = 1 + help_below(seed, 4);

				naive->cookies[protocol][port][i] = cookie;
				assert_int_equal(occupancy_add(occupancy, (enum protocol)protocol,
						     port_of(port), cookie, true),
				    0);
			}
		}
}

/* Field by field: what is between them is nobody's. */
static void
assert_counts(const struct occupancy_counts *counts, const struct occupancy_counts *wanted)
{
	assert_int_equal(counts->sockets, wanted->sockets);
	assert_int_equal(counts->time_wait, wanted->time_wait);
	assert_int_equal(counts->ports, wanted->ports);
	assert_int_equal(counts->appeared, wanted->appeared);
	assert_int_equal(counts->vanished, wanted->vanished);
	assert_int_equal(counts->changed, wanted->changed);
	assert_int_equal(counts->persisted, wanted->persisted);
}

static void
occupancy_counts_ports(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		uint64_t key = help_random(&seed);
		struct occupancy *tables[2] = { occupancy_new(key), occupancy_new(key) };
		struct naive naive[2], nothing = { 0 };
		struct occupancy_counts counts[PROTOCOL_COUNT], wanted;
		unsigned time_wait = (unsigned)help_below(&seed, 5);

		fill(&seed, &naive[0], tables[0]);
		fill(&seed, &naive[1], tables[1]);
		for (unsigned i = 0; i < time_wait; i++)
			assert_int_equal(occupancy_add_time_wait(tables[1], PROTOCOL_TCP, 40000),
			    0);
		occupancy_compare(tables[0], tables[1], counts);
		for (unsigned protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
			count_naively(&naive[0], &naive[1], protocol, &wanted);
			wanted.time_wait = protocol == PROTOCOL_TCP ? time_wait : 0;
			assert_counts(&counts[protocol], &wanted);
		}
		occupancy_compare(NULL, tables[1], counts);
		count_naively(&nothing, &naive[1], PROTOCOL_UDP, &wanted);
		assert_counts(&counts[PROTOCOL_UDP], &wanted);
		(void)occupancy_free(tables[0]);
		(void)occupancy_free(tables[1]);
	}
	assert_null(occupancy_free(NULL));
}

/* Neighbouring cookies, as the kernel gives them, under sums that poll alike. */
static void
nearby_cookies_are_told_apart(void **state)
{
	uint64_t seed = help_seed(), key = help_random(&seed);

	(void)state;
	for (uint64_t cookie = 0; cookie < 3000; cookie++) {
		struct occupancy *before = occupancy_new(key), *after = occupancy_new(key);
		struct occupancy_counts counts[PROTOCOL_COUNT];

		/* {n, n + 3} and {n + 1, n + 2}: the same sum, and often the same XOR. */
		assert_int_equal(occupancy_add(before, PROTOCOL_TCP, 50000, cookie, true), 0);
		assert_int_equal(occupancy_add(before, PROTOCOL_TCP, 50000, cookie + 3, true), 0);
		assert_int_equal(occupancy_add(after, PROTOCOL_TCP, 50000, cookie + 1, true), 0);
		assert_int_equal(occupancy_add(after, PROTOCOL_TCP, 50000, cookie + 2, true), 0);
		occupancy_compare(before, after, counts);
		assert_int_equal(counts[PROTOCOL_TCP].changed, 1);
		(void)occupancy_free(before);
		(void)occupancy_free(after);
	}
}

static void
memory_does_not_grow_with_connections(void **state)
{
	uint64_t seed = help_seed();
	struct occupancy *occupancy;
	struct occupancy_counts counts[PROTOCOL_COUNT];

	(void)state;
	allocated = 0;
	occupancy = occupancy_new(1);
	for (unsigned i = 0; i < 3000000; i++)
		assert_int_equal(occupancy_add(occupancy, (enum protocol)(i & 1),
				     (uint16_t)help_random(&seed), help_random(&seed), false),
		    0);
	/* 2 MiB of ports, and the table of pages. */
	assert_true(allocated > 2U << 20);
	assert_true(allocated < (2U << 20) + 16384);
	occupancy_compare(NULL, occupancy, counts);
	assert_int_equal(counts[PROTOCOL_TCP].sockets + counts[PROTOCOL_UDP].sockets, 3000000);
	(void)occupancy_free(occupancy);
	/* A few ports are a few pages. */
	allocated = 0;
	occupancy = occupancy_new(1);
	for (uint16_t port = 49152; port < 49152 + 256; port++)
		assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, port, port, true), 0);
	assert_true(allocated < 16384);
	(void)occupancy_free(occupancy);
}

/* More sockets than listeners, or one that is closed a moment ago; of one port and protocol. */
static void
connections_show_beside_listeners(void **state)
{
	struct occupancy *occupancy = occupancy_new(1);

	(void)state;
	assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, 50000, 1, true), 0);
	assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, 50000, 2, true), 0);
	assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, 50001, 3, true), 0);
	assert_int_equal(occupancy_add(occupancy, PROTOCOL_UDP, 50001, 4, false), 0);
	assert_false(occupancy_is_connected(occupancy, PROTOCOL_TCP, 50000));
	assert_false(occupancy_is_connected(occupancy, PROTOCOL_TCP, 50001));
	assert_false(occupancy_is_connected(occupancy, PROTOCOL_TCP, 1));
	assert_int_equal(occupancy_add(occupancy, PROTOCOL_TCP, 50000, 5, false), 0);
	assert_true(occupancy_is_connected(occupancy, PROTOCOL_TCP, 50000));
	assert_int_equal(occupancy_add_time_wait(occupancy, PROTOCOL_TCP, 50001), 0);
	assert_true(occupancy_is_connected(occupancy, PROTOCOL_TCP, 50001));
	(void)occupancy_free(occupancy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealing_sorts_and_merges),
		cmocka_unit_test(the_difference_of_two),
		cmocka_unit_test(the_choice_is_inherited),
		cmocka_unit_test(occupancy_counts_ports),
		cmocka_unit_test(nearby_cookies_are_told_apart),
		cmocka_unit_test(connections_show_beside_listeners),
		cmocka_unit_test(memory_does_not_grow_with_connections),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("engine-snapshot", tests, NULL, NULL);
}
