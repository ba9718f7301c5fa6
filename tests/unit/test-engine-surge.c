/* SPDX-License-Identifier: MIT */
/*
 * How many alerts of one user stand alone, whatever others do, and in which order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "help.h"
#include "engine/surge.h"

#define START (1000 * USEC_PER_SEC)

static struct surge surge;
static struct stay_tally tally;

static int
begin(void **state)
{
	(void)state;
	surge = (struct surge){ 0 };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	surge_clear(&surge);
	return 0;
}

static struct stay *
make_stay(uint32_t uid, uint16_t port, enum severity severity)
{
	struct listener listener = help_listener(PROTOCOL_TCP, "0.0.0.0", port, port);
	struct stay *stay;

	listener.uid = uid;
	stay = stay_new(&tally, &listener, START);
	assert_non_null(stay);
	stay->judged.verdict.severity = severity;
	return stay;
}

/* So many that stand alone of `count`. */
static unsigned
admitted(uint32_t uid, unsigned count, enum severity severity, uint64_t now_usec)
{
	struct stay *stay = make_stay(uid, 50000, severity);
	unsigned alone = 0;

	for (unsigned i = 0; i < count; i++) {
		bool room = surge_has_room(&surge, stay, now_usec);

		assert_int_equal(room, surge_admit(&surge, stay, now_usec));
		alone += room;
	}
	stay_free(stay);
	return alone;
}

static void
ten_a_minute(void **state)
{
	(void)state;
	assert_int_equal(admitted(1000, 100, SEVERITY_CRIT, START), SURGE_ALERTS);
	assert_int_equal(admitted(1001, 100, SEVERITY_WARNING, START), SURGE_ALERTS);
	assert_int_equal(admitted(0, 1, SEVERITY_WARNING, START), 1);
	assert_int_equal(admitted(1000, 5, SEVERITY_CRIT, START + SURGE_WINDOW_USEC - 1), 0);
	assert_int_equal(admitted(1000, 100, SEVERITY_CRIT, START + SURGE_WINDOW_USEC),
	    SURGE_ALERTS);
}

/* However many are less grave, once for each severity. */
static void
what_is_graver_stands_alone(void **state)
{
	(void)state;
	assert_int_equal(admitted(1000, 100, SEVERITY_NOTICE, START), SURGE_ALERTS);
	assert_int_equal(admitted(1000, 100, SEVERITY_WARNING, START), 1);
	assert_int_equal(admitted(1000, 100, SEVERITY_CRIT, START), 1);
	assert_int_equal(admitted(1000, 100, SEVERITY_ERR, START), 0);
}

/* All subordinate users of one person are two. More users than are told apart share one bound, and
 * who has a place keeps it. */
static void
users_are_bounded(void **state)
{
	unsigned alone = 0;

	(void)state;
	for (uint32_t uid = 100000; uid < 165536; uid += 7)
		alone += admitted(uid, 1, SEVERITY_CRIT, START);
	assert_int_equal(alone, 2 * SURGE_ALERTS);
	assert_int_equal(admitted(0, 5, SEVERITY_CRIT, START), 5);
	alone = 0;
	for (uint32_t uid = 2000; uid < 3000; uid++)
		alone += admitted(uid, 20, SEVERITY_CRIT, START);
	assert_int_equal(alone, (SURGE_USERS_MAX - 3) * SURGE_ALERTS);
	assert_int_equal(admitted(0, 20, SEVERITY_CRIT, START), 5);
	assert_int_equal(admitted(5000, 20, SEVERITY_CRIT, START + SURGE_WINDOW_USEC),
	    SURGE_ALERTS);
}

/* The examples are the gravest, whenever they come. */
static void
the_gravest_are_kept(void **state)
{
	const struct surge_sum *sum = NULL;

	(void)state;
	for (unsigned i = 0; i < 3 * SURGE_ITEMS_MAX; i++) {
		struct stay *stay = make_stay(1000, (uint16_t)(40000 + i),
		    i == 2 * SURGE_ITEMS_MAX ? SEVERITY_CRIT : SEVERITY_WARNING);

		surge_add(&surge, stay, SURGE_SUSPECTS, START);
		stay_free(stay);
	}
	for (size_t i = 0; i < SURGE_USERS_MAX; i++)
		if (surge.users[i].sums[SURGE_SUSPECTS].count > 0)
			sum = &surge.users[i].sums[SURGE_SUSPECTS];
	assert_non_null(sum);
	assert_int_equal(sum->count, 3 * SURGE_ITEMS_MAX);
	assert_int_equal(sum->gravest, SEVERITY_CRIT);
	assert_int_equal(sum->items->count, SURGE_ITEMS_MAX);
	assert_int_equal(sum->items->all, 3 * SURGE_ITEMS_MAX);
	for (uint32_t i = 0; i < sum->items->count; i++)
		if (sum->items->items[i].severity == SEVERITY_CRIT)
			return;
	fail_msg("the gravest was dropped");
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
	static const struct CMUnitTest tests[] = {
		TEST(ten_a_minute),
		TEST(what_is_graver_stands_alone),
		TEST(users_are_bounded),
		TEST(the_gravest_are_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("surge", tests, NULL, NULL);
}
