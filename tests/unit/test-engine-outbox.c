/* SPDX-License-Identifier: MIT */
/*
 * The one queue of reports: consumers that are not equally fast, its bounds, and the count of what
 * it held back, which is reported once.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "engine/outbox.h"

static struct outbox outbox;
static struct moment moment;

static int
begin(void **state)
{
	(void)state;
	outbox = (struct outbox){ 0 };
	moment = (struct moment){ 1000 * USEC_PER_SEC, 2000 * USEC_PER_SEC };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	outbox_clear(&outbox);
	return 0;
}

static unsigned
add_consumer(void)
{
	unsigned consumer = OUTBOX_CONSUMERS_MAX;

	assert_int_equal(outbox_add_consumer(&outbox, &consumer), 0);
	return consumer;
}

static void
put(enum notice notice, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		outbox_put(&outbox,
		    report_new(notice, SEVERITY_NOTICE, FACTS(fact_number(FACT_COUNT, i))),
		    &moment);
}

/* A notice that alerts nobody, and one that must not be lost. */
#define INFORMS NOTICE_PORTS_NOT_RESERVED
#define ALERTS	NOTICE_OVERSTAYS_AT_ONCE

/* Takes all there is; returns how many, and the number of the last. */
static unsigned
take_all(unsigned consumer, uint64_t *ret_number)
{
	struct report *report;
	unsigned taken = 0;

	for (; (report = outbox_next(&outbox, consumer)) != NULL; taken++) {
		assert_true(report->number > *ret_number);
		*ret_number = report->number;
		outbox_taken(&outbox, consumer);
	}
	return taken;
}

static void
suppressed(void)
{
	outbox_suppressed(&outbox, &moment, false);
}

/* The next report is a notice with this count, and its number is the next. */
static void
expect_count(unsigned consumer, enum notice notice, uint64_t count)
{
	struct report *report = outbox_next(&outbox, consumer);

	assert_non_null(report);
	assert_int_equal(report->notice, notice);
	assert_int_equal(report_fact(report, FACT_MESSAGES)->number, count);
	outbox_taken(&outbox, consumer);
}

static void
each_consumer_takes_all(void **state)
{
	unsigned fast = add_consumer(), slow = add_consumer();
	uint64_t fast_number = 0, slow_number = 0;
	struct report *kept;

	(void)state;
	put(ALERTS, 3);
	assert_int_equal(outbox_next(&outbox, fast)->number, 1);
	assert_int_equal(outbox_next(&outbox, fast)->boottime_usec, moment.boottime_usec);
	assert_int_equal(take_all(fast, &fast_number), 3);
	/* The other one is still at the first. It may keep it, whatever becomes of the queue. */
	kept = report_ref(outbox_next(&outbox, slow));
	assert_int_equal(kept->number, 1);
	put(ALERTS, 2);
	assert_int_equal(take_all(fast, &fast_number), 2);
	assert_int_equal(outbox.count, 5);
	assert_int_equal(take_all(slow, &slow_number), 5);
	assert_int_equal(slow_number, fast_number);
	assert_int_equal(outbox.count, 0);
	assert_int_equal(kept->number, 1);
	(void)report_unref(kept);
	assert_null(outbox_next(&outbox, fast));
	assert_null(outbox_next(&outbox, slow));
}

static void
the_first_consumer_takes_what_was_there(void **state)
{
	unsigned consumer;

	(void)state;
	put(ALERTS, 2);
	assert_int_equal(outbox_next(&outbox, add_consumer())->number, 1);
	/* One that comes later begins with what comes then. */
	consumer = add_consumer();
	assert_null(outbox_next(&outbox, consumer));
	put(ALERTS, 1);
	assert_int_equal(outbox_next(&outbox, consumer)->number, 3);
	while (outbox.consumer_count < OUTBOX_CONSUMERS_MAX)
		(void)add_consumer();
	assert_int_equal(outbox_add_consumer(&outbox, &consumer), -ENOBUFS);
}

static void
what_only_informs_is_held_back_first(void **state)
{
	unsigned consumer = add_consumer();
	uint64_t number = 0;

	(void)state;
	put(INFORMS, OUTBOX_INFORM_MAX + 10);
	assert_int_equal(outbox.held_back, 10);
	put(ALERTS, OUTBOX_MAX - OUTBOX_INFORM_MAX + 5);
	assert_int_equal(outbox.count, OUTBOX_MAX);
	assert_int_equal(outbox.held_back, 15);
	/* No memory for a report is one more reason; the count is the same. */
	outbox_put(&outbox, NULL, &moment);
	assert_int_equal(outbox.held_back, 16);
	/* A full queue has no room for what says so either; the count waits. */
	suppressed();
	assert_int_equal(outbox.held_back, 16);
	assert_int_equal(take_all(consumer, &number), OUTBOX_MAX);
	/* A burst leaves no memory behind. */
	assert_int_equal(outbox.room, 0);
	suppressed();
	/* What is missing between the numbers is what was held back. */
	assert_int_equal(outbox_next(&outbox, consumer)->number, OUTBOX_MAX + 16 + 1);
	expect_count(consumer, NOTICE_SUPPRESSED, 16);
	suppressed();
	assert_null(outbox_next(&outbox, consumer));
}

/* An alert is asked for room before it is made. */
static void
a_full_queue_has_no_room(void **state)
{
	unsigned consumer = add_consumer();
	uint64_t number = 0;

	(void)state;
	assert_true(outbox_has_room(&outbox, 1000));
	put(ALERTS, OUTBOX_MAX - 1);
	assert_true(outbox_has_room(&outbox, 1000));
	put(ALERTS, 1);
	assert_false(outbox_has_room(&outbox, 1000));
	assert_false(outbox_has_room(&outbox, OUTBOX_NOBODY));
	assert_int_equal(take_all(consumer, &number), OUTBOX_MAX);
	assert_true(outbox_has_room(&outbox, 1000));
	assert_int_equal(outbox.held_back, 0);
}

static void
a_slow_consumer_holds_nobody_up(void **state)
{
	unsigned fast = add_consumer(), slow = add_consumer();
	uint64_t number = 0, slow_number = 0;
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		put(ALERTS, OUTBOX_MAX / 8);
		taken += take_all(fast, &number);
		assert_true(outbox.count <= OUTBOX_MAX);
	}
	assert_int_equal(taken, OUTBOX_MAX / 8 * 10);
	/* The oldest two of ten portions are lost for the slow one, and counted. */
	assert_int_equal(outbox.held_back, OUTBOX_MAX / 8 * 2);
	assert_int_equal(outbox_next(&outbox, slow)->number, OUTBOX_MAX / 8 * 2 + 1);
	assert_int_equal(take_all(slow, &slow_number), OUTBOX_MAX);
	assert_int_equal(slow_number, number);
	suppressed();
	expect_count(fast, NOTICE_SUPPRESSED, OUTBOX_MAX / 8 * 2);
	expect_count(slow, NOTICE_SUPPRESSED, OUTBOX_MAX / 8 * 2);
	suppressed();
	assert_null(outbox_next(&outbox, fast));
}

static void
the_rate_counts_into_the_same_count(void **state)
{
	unsigned consumer = add_consumer();
	uint64_t number = 0;

	(void)state;
	outbox.limit = (struct limit){ .burst = 3, .window_usec = 30 * USEC_PER_SEC };
	put(INFORMS, 5);
	outbox_put(&outbox, NULL, &moment);
	/* Alerts are no part of it. */
	put(ALERTS, 7);
	assert_int_equal(take_all(consumer, &number), 10);
	/* One message a window, whatever the reason, */
	suppressed();
	assert_null(outbox_next(&outbox, consumer));
	moment.boottime_usec += 29 * USEC_PER_SEC;
	put(INFORMS, 1);
	suppressed();
	assert_null(outbox_next(&outbox, consumer));
	moment.boottime_usec += USEC_PER_SEC;
	suppressed();
	expect_count(consumer, NOTICE_SUPPRESSED, 4);
	/* though a new window has begun with the same poll, */
	put(INFORMS, 4);
	assert_int_equal(take_all(consumer, &number), 3);
	moment.boottime_usec += 30 * USEC_PER_SEC;
	put(INFORMS, 1);
	suppressed();
	assert_int_equal(outbox_next(&outbox, consumer)->notice, INFORMS);
	outbox_taken(&outbox, consumer);
	expect_count(consumer, NOTICE_SUPPRESSED, 1);
	/* and at the end at once. */
	put(INFORMS, 3);
	assert_int_equal(take_all(consumer, &number), 2);
	outbox_suppressed(&outbox, &moment, true);
	expect_count(consumer, NOTICE_SUPPRESSED, 1);
}

static struct report *
take(unsigned consumer)
{
	struct report *report = report_ref(outbox_next(&outbox, consumer));

	assert_non_null(report);
	outbox_taken(&outbox, consumer);
	return report;
}

static void
deliver(struct report *report, int error)
{
	outbox_delivered(&outbox, report, error);
	(void)report_unref(report);
}

static void
what_was_given_up_is_reported_once_something_gets_through(void **state)
{
	unsigned consumer = add_consumer();
	struct report *unsent;

	(void)state;
	put(ALERTS, 4);
	deliver(take(consumer), -EMSGSIZE);
	deliver(take(consumer), -EINVAL);
	suppressed();
	assert_int_equal(outbox.count, 2);
	deliver(take(consumer), 0);
	suppressed();
	deliver(take(consumer), 0);
	unsent = take(consumer);
	assert_int_equal(unsent->notice, NOTICE_UNSENT);
	assert_int_equal(unsent->kind, EVENT_SUPPRESSED);
	assert_int_equal(report_fact(unsent, FACT_MESSAGES)->number, 2);
	assert_int_equal(report_fact(unsent, FACT_ERROR)->number, EINVAL);
	/* It is given up itself: its count is not lost. */
	deliver(unsent, -EMSGSIZE);
	suppressed();
	assert_null(outbox_next(&outbox, consumer));
	put(ALERTS, 1);
	deliver(take(consumer), 0);
	suppressed();
	expect_count(consumer, NOTICE_UNSENT, 2);
	suppressed();
	assert_null(outbox_next(&outbox, consumer));
}

static void
a_count_that_was_given_up_counts_on(void **state)
{
	unsigned consumer = add_consumer();

	(void)state;
	outbox_put(&outbox, NULL, &moment);
	outbox_put(&outbox, NULL, &moment);
	suppressed();
	deliver(take(consumer), -EMSGSIZE);
	outbox_put(&outbox, NULL, &moment);
	suppressed();
	expect_count(consumer, NOTICE_SUPPRESSED, 3);
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(each_consumer_takes_all),
		TEST(the_first_consumer_takes_what_was_there),
		TEST(what_only_informs_is_held_back_first),
		TEST(a_full_queue_has_no_room),
		TEST(a_slow_consumer_holds_nobody_up),
		TEST(the_rate_counts_into_the_same_count),
		TEST(what_was_given_up_is_reported_once_something_gets_through),
		TEST(a_count_that_was_given_up_counts_on),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
