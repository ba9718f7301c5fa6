/* SPDX-License-Identifier: MIT */
/*
 * The sending thread against a journal that is played by a socket: one that reads, one that hangs,
 * one that is away and comes back. Every wait is for a fact, with a bound.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alert-reports.h"
#include "alert/delivery.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* Nothing here takes a tenth of it; a test that waits for it has failed. */
#define PATIENCE_MSEC 20000

/* A journal: what is sent to `in` can be read from `out`, one text a datagram. */
struct fake {
	struct sink sink;
	int in, out;
	atomic_int error;  /* probe() fails with it */
	atomic_int bad;	   /* send() fails with it, once */
	atomic_bool blind; /* probe() says "writable" whatever is true */
};

static int
fake_probe(void *argument, int *ret_fd)
{
	struct fake *fake = argument;
	int r = atomic_load(&fake->error);

	if (r == 0 && !atomic_load(&fake->blind))
		*ret_fd = fcntl(fake->in, F_DUPFD_CLOEXEC, 3);
	return r;
}

static int
fake_send(void *argument, const struct message *message)
{
	struct fake *fake = argument;
	int r = atomic_exchange(&fake->bad, 0);

	if (r < 0)
		return r;
	return send(fake->in, message->text, strlen(message->text), 0) < 0 ? -errno : 0;
}

static void
fake_open(struct fake *fake)
{
	int pair[2], few = 1;

	memset(fake, 0, sizeof(*fake));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	/* Room for a few texts only: a reader that does not read is felt soon. */
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &few, sizeof(few)), 0);
	fake->in = pair[0];
	fake->out = pair[1];
	fake->sink = (struct sink){ fake_probe, fake_send, fake };
}

static void
fake_close(struct fake *fake)
{
	(void)close(fake->in);
	(void)close(fake->out);
}

static void
assert_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MSEC), 1);
	assert_true((poll_fd.revents & POLLIN) != 0);
}

static bool
is_readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* The next text, waited for, into text (MESSAGE_TEXT_MAX bytes). */
static void
take_next(struct fake *fake, char *text)
{
	memset(text, 0, MESSAGE_TEXT_MAX);
	assert_readable(fake->out);
	assert_true(recv(fake->out, text, MESSAGE_TEXT_MAX - 1, 0) > 0);
}

static void
assert_next(struct fake *fake, const char *wanted)
{
	char text[MESSAGE_TEXT_MAX];

	take_next(fake, text);
	assert_string_equal(text, wanted);
}

static struct sender *
start(enum sender_target target, struct fake *fake, int stderr_fd)
{
	struct sender_options options = {
		.target = target,
		.config = "feed",
		.stderr_fd = stderr_fd,
		.journal = fake == NULL ? NULL : &fake->sink,
	};
	struct sender *sender = NULL;

	assert_int_equal(sender_start(&options, &sender), 0);
	assert_non_null(sender);
	return sender;
}

static struct report *
numbered(unsigned number)
{
	struct report *report;
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	report = report_text(text);
	report->priority = SEVERITY_WARNING;
	report->number = number + 1;
	report->realtime_usec = REPORT_REALTIME_USEC;
	return report;
}

static void
send_number(struct sender *sender, unsigned number)
{
	struct report *report = numbered(number);

	assert_int_equal(sender_send(sender, report), 0);
	(void)report_unref(report);
}

/* An alert: its line closes with where there is more. */
static void
send_alert(struct sender *sender)
{
	struct report *report = report_of(EVENT_OVERSTAY, "0.0.0.0",
	    report_process("/usr/bin/python3.11", "python3", "odd.service"));

	assert_int_equal(sender_send(sender, report), 0);
	(void)report_unref(report);
}

static struct sender_status
status_of(struct sender *sender)
{
	struct sender_status status;

	sender_status(sender, &status);
	return status;
}

/* Waits until the thread waits for its sink. */
static void
await_stuck(struct sender *sender)
{
	uint64_t end_usec = clock_monotonic_usec() + PATIENCE_MSEC * USEC_PER_MSEC;

	while (!status_of(sender).stuck) {
		assert_true(clock_monotonic_usec() < end_usec);
		(void)sched_yield();
	}
}

static void
test_parse(void **state)
{
	enum sender_target target = SENDER_STDERR;

	(void)state;
	assert_int_equal(sender_target_parse("auto", &target), 0);
	assert_int_equal(target, SENDER_AUTO);
	assert_int_equal(sender_target_parse("journal", &target), 0);
	assert_int_equal(target, SENDER_JOURNAL);
	assert_int_equal(sender_target_parse("stderr", &target), 0);
	assert_int_equal(target, SENDER_STDERR);
	assert_int_equal(sender_target_parse("Journal", &target), -EINVAL);
	assert_int_equal(target, SENDER_STDERR);
}

/* Fills the queue of a journal nobody reads. Returns the number of the report that was refused. */
static unsigned
fill(struct sender *sender)
{
	unsigned number = 0;

	for (;; number++) {
		struct report *report = numbered(number);
		int r = sender_send(sender, report);

		(void)report_unref(report);
		if (r == -EAGAIN)
			return number;
		/* The queue, and the few that the socket holds. */
		assert_true(number < SENDER_QUEUE_MAX + 64);
	}
}

/* Takes count results of reports 0 and on, waiting for them. */
static void
expect_results(struct sender *sender, unsigned count, int error)
{
	struct sender_result result;

	for (unsigned next = 0; next < count;) {
		assert_readable(sender_fd(sender));
		sender_acknowledge(sender);
		while (sender_result(sender, &result)) {
			assert_int_equal(result.report->number, ++next);
			assert_int_equal(result.error, error);
			(void)report_unref(result.report);
		}
	}
	assert_false(sender_result(sender, &result));
}

static void
test_full_queue(void **state)
{
	struct fake fake;
	struct sender *sender;
	uint64_t start_usec = clock_monotonic_usec();
	unsigned refused, next;
	char wanted[64];

	(void)state;
	fake_open(&fake);
	sender = start(SENDER_JOURNAL, &fake, -1);
	refused = fill(sender);
	/* A journal that hangs holds nobody up: far less than the patience of a test. */
	assert_true(clock_monotonic_usec() - start_usec < 2 * USEC_PER_SEC);
	assert_int_equal(refused, SENDER_QUEUE_MAX);
	await_stuck(sender);
	assert_true(status_of(sender).queued > SENDER_QUEUE_MAX / 2);
	/* It reads again: all come, in order, once. */
	for (next = 0; next < refused; next++) {
		(void)snprintf(wanted, sizeof(wanted), "CONFIG %u", next);
		assert_next(&fake, wanted);
	}
	expect_results(sender, refused, 0);
	send_number(sender, refused);
	(void)snprintf(wanted, sizeof(wanted), "CONFIG %u", refused);
	assert_next(&fake, wanted);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_false(is_readable(fake.out));
	fake_close(&fake);
}

static void
test_stop_hung(void **state)
{
	/* A thread that had no time to notice goes on with it, long after. */
	static struct fake fake;
	struct sender *sender;
	uint64_t start_usec;

	(void)state;
	fake_open(&fake);
	sender = start(SENDER_JOURNAL, &fake, -1);
	(void)fill(sender);
	await_stuck(sender);
	start_usec = clock_monotonic_usec();
	assert_true(sender_stop(sender, 100 * USEC_PER_MSEC) > 0);
	assert_true(clock_monotonic_usec() - start_usec < 2 * USEC_PER_SEC);
}

/* The thread hangs inside of a system call: it is left behind, and ends by itself when it wakes. */
static void
test_stop_blocked(void **state)
{
	static struct fake fake;
	struct sender *sender;
	unsigned sent, left;

	(void)state;
	fake_open(&fake);
	atomic_store(&fake.blind, true);
	sender = start(SENDER_JOURNAL, &fake, -1);
	sent = fill(sender);
	left = sender_stop(sender, 50 * USEC_PER_MSEC);
	assert_true(left >= 1);
	assert_true(left <= sent);
	/* What hung in the system call is the first of those that were left; none follows it. */
	for (unsigned i = 0; i <= sent - left; i++) {
		char wanted[32];
		(void)snprintf(wanted, sizeof(wanted), "CONFIG %u", i);
		assert_next(&fake, wanted);
	}
	assert_false(is_readable(fake.out));
}

static void
test_stop_drains(void **state)
{
	struct fake fake;
	struct sender *sender;
	int big = 1 << 20;

	(void)state;
	fake_open(&fake);
	assert_int_equal(setsockopt(fake.in, SOL_SOCKET, SO_SNDBUF, &big, sizeof(big)), 0);
	sender = start(SENDER_JOURNAL, &fake, -1);
	for (unsigned i = 0; i < 8; i++)
		send_number(sender, i);
	assert_int_equal(sender_stop(sender, 10 * USEC_PER_SEC), 0);
	for (unsigned i = 0; i < 8; i++) {
		char wanted[32];
		(void)snprintf(wanted, sizeof(wanted), "CONFIG %u", i);
		assert_true(is_readable(fake.out));
		assert_next(&fake, wanted);
	}
	fake_close(&fake);
}

static void
test_away_and_back(void **state)
{
	struct fake fake;
	struct sender *sender;

	(void)state;
	fake_open(&fake);
	atomic_store(&fake.error, -ECONNREFUSED);
	sender = start(SENDER_JOURNAL, &fake, -1);
	assert_false(status_of(sender).journal_available);
	send_number(sender, 1);
	send_number(sender, 2);
	await_stuck(sender);
	assert_int_equal(status_of(sender).last_error, -ECONNREFUSED);
	assert_int_equal(status_of(sender).queued, 2);
	atomic_store(&fake.error, 0);
	assert_next(&fake, "CONFIG 1");
	assert_next(&fake, "CONFIG 2");
	assert_readable(sender_fd(sender));
	assert_true(status_of(sender).journal_available);
	assert_int_equal(status_of(sender).failed, 0);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	fake_close(&fake);
}

/* What was given up is counted, and each report has its result. */
static void
test_given_up(void **state)
{
	struct fake fake;
	struct sender *sender;
	struct sender_result result;

	(void)state;
	fake_open(&fake);
	sender = start(SENDER_JOURNAL, &fake, -1);
	atomic_store(&fake.bad, -EMSGSIZE);
	send_number(sender, 1);
	send_number(sender, 2);
	assert_next(&fake, "CONFIG 2");
	for (unsigned i = 1; i <= 2; i++) {
		while (!sender_result(sender, &result)) {
			assert_readable(sender_fd(sender));
			sender_acknowledge(sender);
		}
		assert_int_equal(result.report->number, i + 1);
		assert_int_equal(result.error, i == 1 ? -EMSGSIZE : 0);
		(void)report_unref(result.report);
	}
	assert_int_equal(status_of(sender).failed, 1);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_false(is_readable(fake.out));
	fake_close(&fake);
}

/* Reads all that is in a pipe whose writers are gone. */
static void
assert_pipe(int fds[2], const char *wanted)
{
	char text[4096] = "";
	ssize_t length;

	(void)close(fds[1]);
	length = read(fds[0], text, sizeof(text) - 1);
	assert_true(length >= 0);
	assert_string_equal(text, wanted);
	(void)close(fds[0]);
}

/* An alert's line without where there is more, and nothing else. */
static void
assert_bare(int fds[2])
{
	char line[1024] = "";

	(void)close(fds[1]);
	assert_true(read(fds[0], line, sizeof(line) - 1) > 0);
	assert_memory_equal(line, "<4>OVERSTAY tcp 0.0.0.0:60855 ", 30);
	assert_string_equal(line + strlen(line) - strlen("odd.service\n"), "odd.service\n");
	(void)close(fds[0]);
}

static void
assert_alert(struct fake *fake)
{
	char text[MESSAGE_TEXT_MAX];

	take_next(fake, text);
	assert_non_null(strstr(text, "; see: journalctl OVERSTAY_STAY=0011"));
}

static void
test_auto(void **state)
{
	struct fake fake;
	struct sender *sender;
	int fds[2];

	(void)state;
	fake_open(&fake);
	/* A journal: nothing on stderr. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_AUTO, &fake, fds[1]);
	assert_true(status_of(sender).journal_available);
	send_number(sender, 1);
	assert_next(&fake, "CONFIG 1");
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_pipe(fds, "");
	/* None: at once on stderr, with the priority. */
	atomic_store(&fake.error, -ENOENT);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_AUTO, &fake, fds[1]);
	send_number(sender, 2);
	send_number(sender, 3);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_pipe(fds, "<4>CONFIG 2\n<4>CONFIG 3\n");
	/* What is not in the journal is not to be searched for there. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_AUTO, &fake, fds[1]);
	send_alert(sender);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_bare(fds);
	/* It was there and went: waited for, and on the way out stderr gets what waits. */
	atomic_store(&fake.error, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_AUTO, &fake, fds[1]);
	atomic_store(&fake.error, -ECONNREFUSED);
	send_number(sender, 4);
	await_stuck(sender);
	assert_false(is_readable(fds[0]));
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_pipe(fds, "<4>CONFIG 4\n");
	assert_false(is_readable(fake.out));
	fake_close(&fake);
}

/* stderr alone: the journal is not even asked. */
static void
test_stderr(void **state)
{
	struct fake fake;
	struct sender *sender;
	int fds[2];

	(void)state;
	fake_open(&fake);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_STDERR, &fake, fds[1]);
	send_number(sender, 1);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_pipe(fds, "<4>CONFIG 1\n");
	assert_false(is_readable(fake.out));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	sender = start(SENDER_STDERR, &fake, fds[1]);
	send_alert(sender);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_bare(fds);
	/* Nobody reads it: given up, no signal. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)close(fds[0]);
	sender = start(SENDER_STDERR, NULL, fds[1]);
	send_number(sender, 2);
	while (status_of(sender).failed == 0)
		(void)sched_yield();
	assert_int_equal(status_of(sender).last_error, -EPIPE);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	(void)close(fds[1]);
	fake_close(&fake);
}

/* A terminal beside the journal: both get it, once, the terminal with the local time. */
static void
test_terminal(void **state)
{
	struct fake fake;
	struct sender *sender;
	_close_ int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	_close_ int slave = -1;
	char text[256] = "", line[1024];
	size_t used = 0;

	(void)state;
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	tzset();
	fake_open(&fake);
	sender = start(SENDER_AUTO, &fake, slave);
	send_number(sender, 1);
	assert_next(&fake, "CONFIG 1");
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	while (strchr(text, '\n') == NULL) {
		assert_readable(master);
		ssize_t length = read(master, text + used, sizeof(text) - 1 - used);
		assert_true(length > 0);
		used += (size_t)length;
	}
	assert_string_equal(text, "2026-01-02 03:04:05 CONFIG 1\r\n");
	/* There the journal is to be searched. */
	sender = start(SENDER_AUTO, &fake, slave);
	send_alert(sender);
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_alert(&fake);
	assert_readable(master);
	memset(line, 0, sizeof(line));
	assert_true(read(master, line, sizeof(line) - 1) > 0);
	assert_non_null(strstr(line, "; see: journalctl OVERSTAY_STAY=0011"));
	assert_false(is_readable(fake.out));
	assert_false(is_readable(master));
	fake_close(&fake);
}

/* stderr is the journal's own stream where JOURNAL_STREAM= says so. */
static void
test_journal_stream(void **state)
{
	struct terminal terminal;
	struct stat status;
	char stream[64];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fstat(fds[1], &status), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
	    (uintmax_t)status.st_ino);
	terminal_init(&terminal, fds[1], stream);
	assert_true(terminal.is_journal);
	terminal_init(&terminal, fds[1], "1:2");
	assert_false(terminal.is_journal);
	terminal_init(&terminal, fds[1], NULL);
	assert_false(terminal.is_journal);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

/* Settings hold for what is sent from then on, not for what waits already. */
static void
test_settings(void **state)
{
	struct fake fake;
	struct sender *sender;
	char text[MESSAGE_TEXT_MAX];

	(void)state;
	fake_open(&fake);
	atomic_store(&fake.error, -ECONNREFUSED);
	sender = start(SENDER_JOURNAL, &fake, -1);
	for (int i = 0; i < 2; i++) {
		struct report *report = report_of(EVENT_APPEARED, "0.0.0.0",
		    report_process("/bin/x", "x|--token|geheim", ""));
		assert_int_equal(sender_send(sender, report), 0);
		(void)report_unref(report);
		sender_set(sender, CMDLINE_OFF, "beef");
	}
	atomic_store(&fake.error, 0);
	take_next(&fake, text);
	assert_non_null(strstr(text, "/bin/x \"--token ***\" [4242]"));
	take_next(&fake, text);
	assert_non_null(strstr(text, "/bin/x [4242]"));
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	fake_close(&fake);
}

/* Signals are for the loop: the thread takes none. */
static void
test_signals(void **state)
{
	struct fake fake;
	struct sender *sender;
	sigset_t set;

	(void)state;
	fake_open(&fake);
	sender = start(SENDER_JOURNAL, &fake, -1);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	/* Of the two threads neither takes it: it stays pending and does not end the process. */
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	send_number(sender, 1);
	assert_next(&fake, "CONFIG 1");
	assert_int_equal(sender_stop(sender, 5 * USEC_PER_SEC), 0);
	assert_int_equal(sigtimedwait(&set, NULL, &(struct timespec){ 0 }), SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
	fake_close(&fake);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_full_queue),
		cmocka_unit_test(test_stop_hung),
		cmocka_unit_test(test_stop_blocked),
		cmocka_unit_test(test_stop_drains),
		cmocka_unit_test(test_away_and_back),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_auto),
		cmocka_unit_test(test_stderr),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_journal_stream),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_signals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alert/sender", tests, NULL, NULL);
}
