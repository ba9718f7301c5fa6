/* SPDX-License-Identifier: MIT */
/*
 * The sending thread while memory is short: each allocation of both threads fails once, also those
 * of a journal that needs some for each message. What was handed over has one result; what was sent
 * is in the journal, once and whole, in its order; what is not is counted.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert-notices.h"
#include "alert-reports.h"
#include "alert/delivery.h"
#include "base/clock.h"
#include "failing-memory.h"

/* Nothing here takes a tenth of it; a test that waits for it has failed. */
#define PATIENCE_MSEC 20000

#define REPORTS 6

/* So many fail in a row; and so many a message takes of a journal, together. */
static const size_t rows[] = { 1, 2, 20 };
#define SINK_BLOCKS 20

#define BYTES_MAX (256 * 1024)

/* A journal that keeps all fields of what it takes. */
struct journal {
	struct sink sink;
	bool gives_up; /* without memory it says that the message is at fault */
	unsigned sent;
	size_t used, ends[REPORTS]; /* ends: of the messages, one behind the other */
	char bytes[BYTES_MAX];
};

/* The second one took all of them with all the memory there is. */
static struct journal journal, whole;
static unsigned released;

static int
probe(void *argument, int *ret_fd)
{
	(void)argument;
	(void)ret_fd;
	return 0;
}

/* Takes its memory, all at once, so that several in a row are one failure. */
static bool
has_memory(void)
{
	void *blocks[SINK_BLOCKS];
	bool has = true;

	for (size_t i = 0; i < SINK_BLOCKS; i++) {
		blocks[i] = malloc(100);
		has = has && blocks[i] != NULL;
	}
	for (size_t i = 0; i < SINK_BLOCKS; i++)
		free(blocks[i]);
	return has;
}

static int
take(void *argument, const struct message *message)
{
	struct journal *taker = argument;

	if (!has_memory())
		return taker->gives_up ? -E2BIG : -ENOMEM;
	for (size_t i = 0; i < message->field_count; i++) {
		const struct iovec *field = &message->fields[i];

		if (taker->used + field->iov_len > sizeof(taker->bytes))
			abort();
		memcpy(taker->bytes + taker->used, field->iov_base, field->iov_len);
		taker->used += field->iov_len;
	}
	if (taker->sent == REPORTS)
		abort();
	taker->ends[taker->sent++] = taker->used;
	return 0;
}

static void
release(void *argument)
{
	(void)argument;
	released++;
}

static int
ask_name(uint32_t uid, char ret[HOST_USER_NAME_MAX], void *argument)
{
	(void)argument;
	(void)snprintf(ret, HOST_USER_NAME_MAX, "user-%u", uid);
	return 0;
}

static void
make_reports(struct report *reports[REPORTS])
{
	reports[0] = report_of(EVENT_OVERSTAY, "0.0.0.0",
	    report_process("/usr/bin/python3.11", "python3|-m|http.server", "odd.service"));
	reports[1] = report_of(EVENT_SUSPECT, "::", report_process("/tmp/x", "x", ""));
	reports[2] = report_of(EVENT_OVERSTAY, "127.0.0.1",
	    report_nobody(OWNER_UNKNOWN, OWNER_REASON_NO_PROCESS));
	reports[3] = notice_report(NOTICE_SUMMARY, FACT_NAME_COUNT);
	reports[4] = notice_report(NOTICE_SUPPRESSED, FACT_NAME_COUNT);
	reports[5] = report_text("a text");
	report_set_group(reports[0], 3, 5);
	for (unsigned i = 0; i < REPORTS; i++)
		reports[i]->number = i + 1;
}

/* Hands all over and takes what became of each. Returns which were sent, a bit each. */
static unsigned
send_all(struct report *reports[REPORTS], struct sender *sender)
{
	struct sender_result result;
	unsigned sent = 0, results = 0;

	for (unsigned i = 0; i < REPORTS; i++)
		assert_int_equal(sender_send(sender, reports[i]), 0);
	while (results < REPORTS) {
		struct pollfd poll_fd = { .fd = sender_fd(sender), .events = POLLIN };

		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MSEC), 1);
		sender_acknowledge(sender);
		while (sender_result(sender, &result)) {
			assert_ptr_equal(result.report, reports[results]);
			sent |= (result.error == 0 ? 1U : 0) << results++;
			(void)report_unref(result.report);
		}
	}
	return sent;
}

/* Is in the journal what was sent, and nothing else? */
static void
check_journal(unsigned sent)
{
	size_t used = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < REPORTS; i++) {
		size_t begin = i == 0 ? 0 : whole.ends[i - 1], length = whole.ends[i] - begin;

		if ((sent >> i & 1) == 0)
			continue;
		assert_true(used + length <= journal.used);
		assert_memory_equal(journal.bytes + used, whole.bytes + begin, length);
		used += length;
		count++;
	}
	assert_int_equal(journal.used, used);
	assert_int_equal(journal.sent, count);
}

/* Tries once. Returns whether one failed. */
static bool
try(struct report *reports[REPORTS], enum sender_target target, size_t failing, size_t row)
{
	struct sender_options options = {
		.target = target,
		.config = "feed",
		.stderr_fd = STDERR_FILENO,
		.journal = &journal.sink,
		.names = { ask_name, release, NULL },
	};
	struct sender *sender = NULL;
	struct sender_status status;
	bool failed;
	unsigned sent = 0;
	int r;

	journal.used = journal.sent = 0;
	released = 0;
	memory_arm_row(failing, row);
	r = sender_start(&options, &sender);
	if (r == 0) {
		sent = send_all(reports, sender);
		sender_status(sender, &status);
	}
	failed = memory_has_failed();
	(void)memory_disarm();
	assert_true(r == 0 || (failed && (r == -ENOMEM || r == -EAGAIN)));
	if (r == 0) {
		assert_int_equal(status.sent + status.failed, REPORTS);
		assert_int_equal(status.sent, journal.sent);
		assert_true(status.failed == 0 || (failed && journal.gives_up));
		assert_int_equal(status.queued, 0);
		check_journal(sent);
		assert_int_equal(sender_stop(sender, PATIENCE_MSEC * USEC_PER_MSEC), 0);
	}
	assert_int_equal(released, 1);
	return failed;
}

/* Sends each alone, with all the memory there is. */
static void
send_whole(struct report *reports[REPORTS])
{
	struct sender_options options = {
		.config = "feed",
		.stderr_fd = STDERR_FILENO,
		.journal = &journal.sink,
		.names = { ask_name, NULL, NULL },
	};
	struct sender *sender = NULL;

	journal.used = journal.sent = 0;
	assert_int_equal(sender_start(&options, &sender), 0);
	assert_int_equal(send_all(reports, sender), (1 << REPORTS) - 1);
	assert_int_equal(sender_stop(sender, PATIENCE_MSEC * USEC_PER_MSEC), 0);
}

/* Of the allocations every stride-th fails: a journal is tried again only some time later. */
static void
check(enum sender_target target, bool gives_up, size_t stride)
{
	struct report *reports[REPORTS];
	size_t tries = 0;

	make_reports(reports);
	journal.sink = (struct sink){ probe, take, &journal };
	journal.gives_up = gives_up;
	send_whole(reports);
	whole = journal;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t failing = 1; try(reports, target, failing, rows[i]); failing += stride)
			tries++;
	print_message("%zu sendings without some of their memory\n", tries);
	for (unsigned i = 0; i < REPORTS; i++) {
		assert_int_equal(atomic_load(&reports[i]->references), 1);
		(void)report_unref(reports[i]);
	}
}

/* A message that the journal cannot take for good is counted. */
static void
test_given_up(void **state)
{
	(void)state;
	check(SENDER_JOURNAL, true, 1);
}

/* One that it cannot take now is sent later, and no other before it. */
static void
test_again(void **state)
{
	(void)state;
	check(SENDER_JOURNAL, false, 19);
	check(SENDER_AUTO, false, 31);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_again),
	};

	(void)cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
