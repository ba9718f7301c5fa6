/* SPDX-License-Identifier: MIT */
/*
 * Where a message goes, and what happens when it does not get there.
 *
 *	journal   the journal alone. While it is away the message waits, tried again at growing
 *		  intervals, and what comes behind it waits in the queue.
 *	auto	  the journal, and a terminal on stderr too. A journal that was there and went is
 *		  waited for, half a minute; one that never was is not: stderr gets the message.
 *	stderr	  stderr alone.
 *
 * A message is written once to each place. Where stderr is the journal's own stream, it is used
 * only if the journal's socket was never to be had: else each alert would be there twice, or
 * written to a stream that nobody reads.
 *
 * Nothing here blocks in a system call as long as poll(2) tells the truth; a sink that filled up in
 * between can still hold the thread (see sender_stop()). All waits end at the deadline.
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "alert/delivery.h"
#include "base/cleanup.h"
#include "base/clock.h"

/* For how long a journal that went is waited for before stderr gets what belongs to it: longer
 * than a restart of journald takes, shorter than an administrator waits. */
#define AWAY_MAX_USEC (30 * USEC_PER_SEC)

/* First and longest pause between two tries. */
#define BACKOFF_MIN_USEC (100 * USEC_PER_MSEC)
#define BACKOFF_MAX_USEC (10 * USEC_PER_SEC)

/* A terminal beside the journal must not hold the journal up: one that was stopped (^S) loses
 * lines, the journal has them all. */
#define TERMINAL_WAIT_USEC USEC_PER_SEC

static struct timespec
to_timespec(uint64_t usec)
{
	return (struct timespec){
		.tv_sec = (time_t)(usec / USEC_PER_SEC),
		.tv_nsec = (long)(usec % USEC_PER_SEC * 1000),
	};
}

/*
 * Waits until fd (-1 = none) is writable, at most timeout_usec. Returns 0, -ETIMEDOUT, -ECANCELED
 * if the deadline has come, or without a descriptor -EINTR where one was set meanwhile.
 */
static int
wait_writable(struct delivery *delivery, int fd, uint64_t timeout_usec)
{
	uint64_t now_usec = clock_monotonic_usec(), end_usec = now_usec + timeout_usec;

	if (end_usec < now_usec)
		end_usec = USEC_NEVER;
	for (;; now_usec = clock_monotonic_usec()) {
		uint64_t deadline_usec = atomic_load(&delivery->deadline_usec);
		uint64_t until_usec = deadline_usec < end_usec ? deadline_usec : end_usec;
		uint64_t left_usec = until_usec > now_usec ? until_usec - now_usec : 0;
		struct timespec left = to_timespec(left_usec);
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLOUT },
			/* Once it has told of the deadline there is no more to hear from it. */
			{ .fd = deadline_usec == USEC_NEVER ? delivery->stop_fd : -1,
			    .events = POLLIN },
		};

		if (now_usec >= deadline_usec)
			return -ECANCELED;
		int r = ppoll(fds, 2, until_usec == USEC_NEVER ? NULL : &left, NULL);
		if (r > 0 && fds[0].revents != 0)
			return 0;
		if (r > 0 && fd < 0)
			return -EINTR;
		if (r == 0 && until_usec == end_usec)
			return -ETIMEDOUT;
	}
}

/* Waits as above, for others to see. */
static int
wait_openly(struct delivery *delivery, int fd, uint64_t timeout_usec)
{
	int r = wait_writable(delivery, fd, 0);

	if (r != -ETIMEDOUT)
		return r;
	atomic_store(&delivery->waiting, true);
	r = wait_writable(delivery, fd, timeout_usec);
	atomic_store(&delivery->waiting, false);
	return r;
}

/* Notes how a try with the journal went. */
static void
note_journal(struct delivery *delivery, int r)
{
	bool available = r == 0;

	if (r < 0)
		atomic_store(&delivery->last_error, r);
	if (available) {
		delivery->journal_seen = true;
		delivery->away_since_usec = 0;
		delivery->backoff_usec = BACKOFF_MIN_USEC;
	} else if (delivery->away_since_usec == 0)
		delivery->away_since_usec = clock_monotonic_usec();
	if (atomic_exchange(&delivery->journal_available, available) != available)
		worker_notify(delivery->worker);
}

/* True if the message is at fault, not the journal: then trying again is of no use. */
static bool
is_about_message(int r)
{
	return r == -EINVAL || r == -EMSGSIZE || r == -E2BIG;
}

/* One try with the journal. Returns 0, -ECANCELED or -errno. */
static int
try_journal(struct delivery *delivery, const struct message *message)
{
	const struct sink *journal = delivery->journal;
	_close_ int fd = -1;
	int r = journal->probe(journal->argument, &fd);

	if (r == 0 && fd >= 0)
		r = wait_openly(delivery, fd, USEC_NEVER);
	if (r == -ECANCELED)
		return r;
	if (r == 0)
		r = journal->send(journal->argument, message);
	if (is_about_message(r))
		atomic_store(&delivery->last_error, r);
	else
		note_journal(delivery, r);
	return r;
}

/* Whether a journal that does not answer is to be waited for. */
static bool
is_worth_waiting(const struct delivery *delivery)
{
	if (delivery->target == SENDER_JOURNAL)
		return true;
	if (!delivery->journal_seen)
		return false;
	if (delivery->terminal.is_journal)
		return true;
	/* On the way out stderr is better than nothing. */
	return atomic_load(&delivery->deadline_usec) == USEC_NEVER &&
	    clock_monotonic_usec() - delivery->away_since_usec < AWAY_MAX_USEC;
}

/* Returns 0, -ECANCELED, or -errno if it will not be sent to the journal. */
static int
send_journal(struct delivery *delivery, const struct message *message)
{
	for (;;) {
		int r = try_journal(delivery, message);

		if (r == 0 || r == -ECANCELED || is_about_message(r) || !is_worth_waiting(delivery))
			return r;
		r = wait_openly(delivery, -1, delivery->backoff_usec);
		if (r == -ECANCELED)
			return r;
		delivery->backoff_usec *= 2;
		if (delivery->backoff_usec > BACKOFF_MAX_USEC)
			delivery->backoff_usec = BACKOFF_MAX_USEC;
	}
}

/* Writes the line to stderr, waiting at most timeout_usec at a time. */
static int
write_line(struct delivery *delivery, const struct message *message, bool has_journal,
    uint64_t timeout_usec)
{
	char line[TERMINAL_LINE_MAX];
	size_t length = terminal_format(&delivery->terminal, message, has_journal, line), at = 0;

	if (delivery->terminal.fd < 0)
		return -EBADF;
	while (at < length) {
		int r = wait_openly(delivery, delivery->terminal.fd, timeout_usec);
		if (r < 0)
			return r;
		ssize_t written = write(delivery->terminal.fd, line + at, length - at);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (written > 0)
			at += (size_t)written;
	}
	return 0;
}

/* A person at a terminal sees the message beside the journal. Returns whether the line is there. */
static bool
show_beside(struct delivery *delivery, const struct message *message)
{
	int r;

	if (delivery->target != SENDER_AUTO || !delivery->terminal.is_terminal)
		return false;
	r = write_line(delivery, message, atomic_load(&delivery->journal_available),
	    delivery->terminal_stuck ? 0 : TERMINAL_WAIT_USEC);
	delivery->terminal_stuck = r == -ETIMEDOUT;
	return r == 0;
}

int
delivery_send(struct delivery *delivery, const struct message *message)
{
	bool shown;
	int r;

	/* After a system call that hung for long, nothing more is begun. */
	if (clock_monotonic_usec() >= atomic_load(&delivery->deadline_usec))
		return -ECANCELED;
	shown = show_beside(delivery, message);
	if (delivery->target != SENDER_STDERR) {
		r = send_journal(delivery, message);
		if (r == 0 || r == -ECANCELED || delivery->target == SENDER_JOURNAL)
			return r;
	}
	if (shown)
		return 0;
	r = write_line(delivery, message, false, USEC_NEVER);
	if (r < 0 && r != -ECANCELED)
		atomic_store(&delivery->last_error, r);
	return r;
}

int
delivery_init(struct delivery *delivery, const struct sender_options *options,
    struct worker *worker)
{
	*delivery = (struct delivery){
		.target = options->target,
		.journal = options->journal != NULL ? options->journal : &journal_sink,
		.worker = worker,
		.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.backoff_usec = BACKOFF_MIN_USEC,
	};
	if (delivery->stop_fd < 0)
		return -errno;
	atomic_init(&delivery->deadline_usec, USEC_NEVER);
	terminal_init(&delivery->terminal, options->stderr_fd, getenv("JOURNAL_STREAM"));
	if (options->target != SENDER_STDERR) {
		_close_ int fd = -1;
		int r = delivery->journal->probe(delivery->journal->argument, &fd);
		delivery->journal_seen = r == 0;
		atomic_store(&delivery->journal_available, r == 0);
		atomic_store(&delivery->last_error, r);
	}
	return 0;
}

void
delivery_clear(struct delivery *delivery)
{
	if (delivery->stop_fd >= 0)
		(void)close(delivery->stop_fd);
}

void
delivery_stop(struct delivery *delivery, uint64_t deadline_usec)
{
	static const uint64_t one = 1;

	/* In this order: who wakes must find the deadline. */
	atomic_store(&delivery->deadline_usec, deadline_usec);
	(void)!write(delivery->stop_fd, &one, sizeof(one));
}
