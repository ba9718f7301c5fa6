/* SPDX-License-Identifier: MIT */
/*
 * The interval in force: what polls cost stays below the bound, whatever they cost singly, and the
 * configured interval is back when they are cheap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"
#include "help.h"
#include "loop/poll-stretch.h"
#include "loop/poll-times.h"

#define INTERVAL (5 * USEC_PER_SEC)
#define RUNS	 200

/* A host for some time. */
struct host {
	struct poll_stretch stretch;
	uint64_t seed, now_usec, cpu_usec, polls, interval_usec, longest_usec;
	unsigned changes;
};

/* Polls come as poll-times.c draws them, and cost least_usec to most_usec each. */
static void
go_on(struct host *host, uint64_t for_usec, uint64_t least_usec, uint64_t most_usec)
{
	uint64_t until_usec = host->now_usec + for_usec;

	while (host->now_usec < until_usec) {
		uint64_t before_usec =
		    poll_stretch_interval_usec(&host->stretch, host->interval_usec);
		struct poll_times times = { 0 };
		uint64_t cpu_usec = least_usec +
		    help_below(&host->seed, (uint32_t)(most_usec - least_usec + 1)),
			 after_usec;

		poll_times_begun(&times, host->now_usec, before_usec, help_random(&host->seed));
		poll_stretch_note(&host->stretch, host->interval_usec, cpu_usec,
		    times.drawn_usec - host->now_usec);
		after_usec = poll_stretch_interval_usec(&host->stretch, host->interval_usec);
		assert_true(after_usec >= host->interval_usec);
		assert_true(after_usec <= POLL_STRETCH_MAX * host->interval_usec);
		host->changes += after_usec != before_usec;
		host->longest_usec =
		    after_usec > host->longest_usec ? after_usec : host->longest_usec;
		host->now_usec = times.drawn_usec;
		host->cpu_usec += cpu_usec;
		host->polls++;
	}
}

static struct host
make_host(uint64_t interval_usec)
{
	return (struct host){
		.seed = help_seed(),
		.now_usec = USEC_PER_DAY,
		.interval_usec = interval_usec,
	};
}

/* Of what has passed, in thousandths of a core. */
static uint64_t
permille(const struct host *host, uint64_t begun_usec, uint64_t cpu_usec)
{
	return (host->cpu_usec - cpu_usec) * 1000 / (host->now_usec - begun_usec);
}

static void
test_cheap(void **state)
{
	struct host host = make_host(INTERVAL);

	(void)state;
	/* 20 ms, 1.7 times in 5 s, are 0.7 %. */
	go_on(&host, 10 * USEC_PER_HOUR, 1000, 25 * USEC_PER_MSEC);
	assert_int_equal(host.changes, 0);
	/* Whoever asks for ten polls a second has them, where nothing listens. */
	host = make_host(USEC_PER_SEC / 10);
	go_on(&host, USEC_PER_HOUR, 1000, 3 * USEC_PER_MSEC);
	assert_int_equal(host.changes, 0);
}

/* Neither a start, nor a burst once in a while, is a reason. */
static void
test_burst(void **state)
{
	struct host host = make_host(INTERVAL);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		go_on(&host, 1, 800 * USEC_PER_MSEC, 900 * USEC_PER_MSEC);
		go_on(&host, 5 * USEC_PER_MIN, 1000, 2000);
	}
	assert_int_equal(host.changes, 0);
}

static void
test_dear(void **state)
{
	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		struct host host = make_host(INTERVAL);
		uint64_t cost_usec =
		    30 * USEC_PER_MSEC + help_below(&host.seed, 270 * USEC_PER_MSEC);
		uint64_t begun_usec, cpu_usec;

		go_on(&host, USEC_PER_HOUR, cost_usec / 2, cost_usec + cost_usec / 2);
		begun_usec = host.now_usec;
		cpu_usec = host.cpu_usec;
		go_on(&host, USEC_PER_HOUR, cost_usec / 2, cost_usec + cost_usec / 2);
		/* 1.1 for what a burst had, and chance. */
		assert_true(permille(&host, begun_usec, cpu_usec) <= 11);
		/* And not much more seldom than that needs. */
		assert_true(permille(&host, begun_usec, cpu_usec) >= 6);
		go_on(&host, 20 * USEC_PER_MIN, 1000, 2000);
		assert_int_equal(poll_stretch_interval_usec(&host.stretch, INTERVAL), INTERVAL);
	}
}

/* Beyond the bound it costs what it costs. */
static void
test_bound(void **state)
{
	struct host host = make_host(INTERVAL), slow = make_host(10 * USEC_PER_SEC),
		    slowest = make_host(5 * USEC_PER_MIN);

	(void)state;
	go_on(&host, USEC_PER_HOUR, USEC_PER_SEC, 2 * USEC_PER_SEC);
	assert_int_equal(host.longest_usec, POLL_STRETCH_MAX * INTERVAL);
	go_on(&slow, USEC_PER_HOUR, USEC_PER_SEC, 2 * USEC_PER_SEC);
	assert_int_equal(slow.longest_usec, POLL_STRETCH_MAX_USEC);
	go_on(&slowest, USEC_PER_DAY, 3 * USEC_PER_SEC, 4 * USEC_PER_SEC);
	assert_int_equal(slowest.longest_usec, 5 * USEC_PER_MIN);
}

/* What costs the same all the time is reported once: the configured interval does not come back. */
static void
test_steady(void **state)
{
	struct host host = make_host(INTERVAL);

	(void)state;
	go_on(&host, USEC_PER_HOUR, 40 * USEC_PER_MSEC, 60 * USEC_PER_MSEC);
	for (unsigned i = 0; i < 20000; i++) {
		go_on(&host, 1, 40 * USEC_PER_MSEC, 60 * USEC_PER_MSEC);
		assert_true(poll_stretch_interval_usec(&host.stretch, INTERVAL) > INTERVAL);
	}
	print_message("# changed %u times\n", host.changes);
}

/* Another configuration begins anew. */
static void
test_configured(void **state)
{
	struct host host = make_host(INTERVAL);

	(void)state;
	go_on(&host, USEC_PER_HOUR, USEC_PER_SEC, 2 * USEC_PER_SEC);
	assert_int_equal(poll_stretch_interval_usec(&host.stretch, USEC_PER_SEC), USEC_PER_SEC);
	host.interval_usec = USEC_PER_SEC;
	go_on(&host, USEC_PER_MIN, 1000, 2000);
	assert_int_equal(poll_stretch_interval_usec(&host.stretch, USEC_PER_SEC), USEC_PER_SEC);
	/* A clock that stood, or a host that was stopped. */
	poll_stretch_note(&host.stretch, USEC_PER_SEC, 0, 0);
	poll_stretch_note(&host.stretch, USEC_PER_SEC, USEC_NEVER / 1000000, 0);
	poll_stretch_note(&host.stretch, USEC_PER_SEC, 1, USEC_PER_DAY * 365);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cheap),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_dear),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_steady),
		cmocka_unit_test(test_configured),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("poll stretch", tests, NULL, NULL);
}
