/* SPDX-License-Identifier: MIT */
/*
 * The helper thread and its queue: order, bounds, room that is notified, what is left behind.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/worker.h"

#define QUEUE_MAX 8
#define ITEMS	  10000
#define LONG_USEC (30 * USEC_PER_SEC)

/* Shared with the thread; freed by it or by the owner, whoever is last. */
struct shared {
	int gate[2]; /* the thread reads a byte before each item, if gated */
	bool gated;
	unsigned batch; /* items taken at once */
	atomic_uint sum, seen, disorder;
	uint32_t last;
};

/* Of the whole test: the thread may outlive its worker. */
static atomic_uint released, released_items;

static void
run(struct worker *worker, void *context)
{
	struct shared *shared = context;
	size_t count;
	char byte;

	while ((count = worker_wait(worker)) > 0) {
		if (shared->gated && read(shared->gate[0], &byte, 1) != 1)
			return;
		if (count > shared->batch)
			count = shared->batch;
		for (size_t i = 0; i < count; i++) {
			uint32_t item = *(uint32_t *)worker_item(worker, i);

			if (item != shared->last + 1)
				atomic_fetch_add(&shared->disorder, 1);
			shared->last = item;
			atomic_fetch_add(&shared->sum, item);
			atomic_fetch_add(&shared->seen, 1);
		}
		worker_remove(worker, count);
	}
}

static void
release(void *context)
{
	struct shared *shared = context;

	(void)close(shared->gate[0]);
	(void)close(shared->gate[1]);
	free(shared);
	atomic_fetch_add(&released, 1);
}

static void
release_item(void *item)
{
	(void)item;
	atomic_fetch_add(&released_items, 1);
}

static struct worker *
make(struct shared **ret, bool gated, unsigned batch)
{
	struct shared *shared = calloc(1, sizeof(*shared));
	struct worker *worker = NULL;

	assert_non_null(shared);
	assert_int_equal(pipe(shared->gate), 0);
	shared->gated = gated;
	shared->batch = batch;
	atomic_store(&released, 0);
	atomic_store(&released_items, 0);
	assert_int_equal(worker_new(
			     &(struct worker_options){
				 .name = "test",
				 .item_size = sizeof(uint32_t),
				 .queue_max = QUEUE_MAX,
				 .run = run,
				 .release_item = release_item,
				 .release = release,
				 .context = shared,
			     },
			     &worker),
	    0);
	*ret = shared;
	return worker;
}

static void
wait_readable(const struct worker *worker)
{
	struct pollfd poll_fd = { .fd = worker_fd(worker), .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, (int)(LONG_USEC / 1000)), 1);
}

static bool
is_readable(const struct worker *worker)
{
	struct pollfd poll_fd = { .fd = worker_fd(worker), .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* Every item once and in order, however often the queue was full. */
static void
all_in_order(void **state)
{
	(void)state;
	for (unsigned batch = 1; batch <= QUEUE_MAX + 1; batch += 4) {
		struct shared *shared;
		struct worker *worker = make(&shared, false, batch);
		unsigned refusals = 0;

		assert_int_equal(worker_start(worker), 0);
		for (uint32_t i = 1; i <= ITEMS;) {
			if (worker_put(worker, &i) == 0) {
				i++;
				continue;
			}
			refusals++;
			wait_readable(worker);
			worker_acknowledge(worker);
		}
		/* Nothing is lost of what was taken: a stop works the queue off first. */
		while (worker_count(worker) > 0)
			(void)usleep(1000);
		assert_int_equal(atomic_load(&shared->seen), ITEMS);
		assert_int_equal(atomic_load(&shared->sum), ITEMS / 2 * (ITEMS + 1));
		assert_int_equal(atomic_load(&shared->disorder), 0);
		assert_true(refusals > 0);
		assert_int_equal(worker_stop(worker, LONG_USEC), 0);
		assert_int_equal(atomic_load(&released), 1);
		assert_int_equal(atomic_load(&released_items), 0);
	}
}

/* What the thread works on counts; room is notified once half is free, and only if it was asked. */
static void
room_is_notified(void **state)
{
	struct shared *shared;
	struct worker *worker = make(&shared, true, 1);
	uint32_t item = 0;

	(void)state;
	assert_int_equal(worker_start(worker), 0);
	for (item = 1; item <= QUEUE_MAX; item++)
		assert_int_equal(worker_put(worker, &item), 0);
	assert_int_equal(worker_count(worker), QUEUE_MAX);
	assert_int_equal(worker_put(worker, &item), -EAGAIN);
	for (unsigned i = 0; i < QUEUE_MAX / 2 - 1; i++)
		assert_int_equal(write(shared->gate[1], "x", 1), 1);
	while (worker_count(worker) > QUEUE_MAX / 2 + 1)
		(void)usleep(1000);
	assert_false(is_readable(worker));
	assert_int_equal(write(shared->gate[1], "x", 1), 1);
	wait_readable(worker);
	worker_acknowledge(worker);
	assert_false(is_readable(worker));
	/* Nobody waits for room any more. */
	assert_int_equal(write(shared->gate[1], "xxxx", 4), 4);
	while (worker_count(worker) > 0)
		(void)usleep(1000);
	assert_false(is_readable(worker));
	assert_int_equal(worker_stop(worker, LONG_USEC), 0);
}

/* A thread that hangs is left behind and frees what it needs when it ends, long after. */
static void
a_hung_thread_is_left(void **state)
{
	struct shared *shared;
	struct worker *worker = make(&shared, true, 1);
	int gate;

	(void)state;
	gate = dup(shared->gate[1]);
	assert_true(gate >= 0);
	assert_int_equal(worker_start(worker), 0);
	for (uint32_t item = 1; item <= 3; item++)
		assert_int_equal(worker_put(worker, &item), 0);
	assert_int_equal(worker_stop(worker, USEC_PER_MSEC), 3);
	assert_int_equal(atomic_load(&released), 0);
	assert_int_equal(write(gate, "abc", 3), 3);
	while (atomic_load(&released) == 0)
		(void)usleep(1000);
	assert_int_equal(atomic_load(&released_items), 0);
	(void)close(gate);
}

static void
never_started(void **state)
{
	struct shared *shared;
	struct worker *worker = make(&shared, false, 1);
	uint32_t item = 1;

	(void)state;
	assert_int_equal(worker_put(worker, &item), 0);
	assert_int_equal(worker_stop(worker, LONG_USEC), 1);
	assert_int_equal(atomic_load(&released), 1);
	assert_int_equal(atomic_load(&released_items), 1);
	assert_int_equal(worker_stop(NULL, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_order),
		cmocka_unit_test(room_is_notified),
		cmocka_unit_test(a_hung_thread_is_left),
		cmocka_unit_test(never_started),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
