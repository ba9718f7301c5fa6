/* SPDX-License-Identifier: MIT */
/*
 * When polls come: nobody who knows all past ones, or brings some about, can be away at each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "help.h"
#include "loop/poll-times.h"

#define INTERVAL (5 * USEC_PER_SEC)
#define RUNS	 10000

/* A program that listens half of the time. */
struct evader {
	/* True where it listens so long after the last poll. */
	bool (*listens)(uint64_t since_usec, uint64_t now_usec);
	uint64_t due_usec; /* so often it brings about that something is due, 0 = never */
};

/* The best that can be done: of all moments those right after a poll are the safest, so it takes
 * them, and half of all time is 0.303 intervals of each gap. */
static bool
after_poll(uint64_t since_usec, uint64_t now_usec)
{
	(void)now_usec;
	return since_usec < INTERVAL * 303 / 1000;
}

/* Each half of the gap to the next poll that it expects. */
static bool
before_poll(uint64_t since_usec, uint64_t now_usec)
{
	(void)now_usec;
	return since_usec >= INTERVAL * 29 / 100;
}

/* As a timer has it. */
static bool
by_clock(uint64_t since_usec, uint64_t now_usec)
{
	(void)since_usec;
	return now_usec % INTERVAL < INTERVAL / 2;
}

/* The second half of each sixth: polls for what is due come at the sixths. */
static bool
between_due(uint64_t since_usec, uint64_t now_usec)
{
	uint64_t part_usec = INTERVAL / POLL_GAP_LEAST;

	(void)since_usec;
	return now_usec % part_usec > part_usec / 2;
}

static const struct evader evaders[] = {
	{ after_poll, 0 },
	{ before_poll, 0 },
	{ by_clock, 0 },
	{ between_due, INTERVAL / POLL_GAP_LEAST },
};

/* The next moment at which something of the evader's is due. */
static uint64_t
due_after(const struct evader *evader, uint64_t now_usec)
{
	return evader->due_usec == 0 ? USEC_NEVER :
				       now_usec - now_usec % evader->due_usec + evader->due_usec;
}

/* True where a poll within 20 intervals finds it listening. */
static bool
is_seen(const struct evader *evader, uint64_t *seed)
{
	uint64_t start_usec = 1000 * INTERVAL + help_below(seed, INTERVAL);
	struct poll_times times = { 0 };
	uint64_t last_usec = start_usec;

	poll_times_begun(&times, start_usec, INTERVAL, help_random(seed));
	for (;;) {
		uint64_t now_usec =
		    poll_times_next_usec(&times, last_usec, due_after(evader, last_usec), INTERVAL);

		assert_true(now_usec > last_usec);
		assert_true(now_usec - last_usec <= INTERVAL);
		if (now_usec > start_usec + 20 * INTERVAL)
			return false;
		if (evader->listens(now_usec - last_usec, now_usec))
			return true;
		poll_times_begun(&times, now_usec, INTERVAL, help_random(seed));
		last_usec = now_usec;
	}
}

static void
test_seen(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (size_t i = 0; i < sizeof(evaders) / sizeof(evaders[0]); i++) {
		unsigned seen = 0;

		for (unsigned run = 0; run < RUNS; run++)
			seen += is_seen(&evaders[i], &seed);
		print_message("# evader %zu: seen in %u of %u runs\n", i, seen, RUNS);
		/* 0.9957 are to be expected, and nine deviations less are no bad luck. */
		assert_true(seen >= RUNS * 99 / 100);
	}
}

/* A poll for what is due comes a millisecond after it, no sooner than a sixth after the last one,
 * and the drawn one comes when it was drawn. */
static void
test_due(void **state)
{
	struct poll_times times = { 0 };
	const uint64_t last_usec = 1000 * INTERVAL, sixth_usec = INTERVAL / POLL_GAP_LEAST;

	(void)state;
	poll_times_begun(&times, last_usec, INTERVAL, INTERVAL - sixth_usec);
	assert_int_equal(times.drawn_usec, last_usec + INTERVAL);
	assert_int_equal(poll_times_next_usec(&times, last_usec, USEC_NEVER, INTERVAL),
	    last_usec + INTERVAL);
	assert_int_equal(poll_times_next_usec(&times, last_usec, 0, INTERVAL),
	    last_usec + sixth_usec);
	assert_int_equal(
	    poll_times_next_usec(&times, last_usec, last_usec + 2 * sixth_usec, INTERVAL),
	    last_usec + 2 * sixth_usec + USEC_PER_MSEC);
	/* It was for what is due: nothing is drawn anew. */
	poll_times_begun(&times, last_usec + 2 * sixth_usec + USEC_PER_MSEC, INTERVAL, 0);
	assert_int_equal(times.drawn_usec, last_usec + INTERVAL);
	assert_int_equal(poll_times_next_usec(&times, last_usec + 11 * sixth_usec / 2, 0, INTERVAL),
	    last_usec + INTERVAL);
	poll_times_begun(&times, last_usec + INTERVAL, INTERVAL, 0);
	assert_int_equal(times.drawn_usec, last_usec + INTERVAL + sixth_usec);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seen),
		cmocka_unit_test(test_due),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("poll times", tests, NULL, NULL);
}
