/* SPDX-License-Identifier: MIT */
/*
 * The queue between the loop and the helper thread, and that thread.
 *
 * The loop puts reports in, the thread takes the first, renders and delivers it, and only then
 * removes it: what is being sent still counts as waiting. The queue is a ring of fixed size; where
 * it is full the loop is told and keeps the report, so nothing is dropped here unless a message
 * itself cannot be sent. How many that were is told by a SUPPRESSED message once one gets through.
 *
 * The loop waits for nothing but the lock, which is never held across a system call that can wait.
 * An idle thread sleeps on a condition without a timeout. Two references, the caller's and the
 * thread's, keep the memory: a thread that hangs (in a name service, in a journal that stopped
 * reading) is left behind with its own.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alert/delivery.h"
#include "alert/host.h"
#include "base/clock.h"

/* How much longer than its timeout a stop waits for the thread to notice. */
#define STOP_SLACK_USEC (200 * USEC_PER_MSEC)

struct settings {
	enum cmdline_mode cmdline;
	char config[MESSAGE_CONFIG_MAX];
};

/* A report and the settings it was sent under. */
struct entry {
	struct report *report;
	struct settings settings;
};

struct sender {
	atomic_uint references;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;	/* for the thread: there is a report, or stopping */
	pthread_cond_t done;	/* for sender_stop(): finished */

	/* Under the lock. */
	struct entry queue[SENDER_QUEUE_MAX];
	uint32_t first, count;
	bool refused;		/* sender_send() said -EAGAIN and waits for room */
	bool stopping, finished;
	struct settings settings;
	uint64_t sent, failed;

	struct delivery delivery;

	/* Of the thread. */
	uint64_t lost;		/* messages given up and not yet told */
	int lost_error;		/* why, of the last one */
	struct host_cache host;
	struct message message;
};

static const char *const target_names[] = {
	[SENDER_AUTO] = "auto",
	[SENDER_JOURNAL] = "journal",
	[SENDER_STDERR] = "stderr",
};

int
sender_target_parse(const char *text, enum sender_target *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(target_names); i++)
		if (strcmp(target_names[i], text) == 0) {
			*ret = (enum sender_target)i;
			return 0;
		}
	return -EINVAL;
}

static void
settings_fill(struct settings *settings, enum cmdline_mode cmdline, const char *config)
{
	settings->cmdline = cmdline;
	(void)snprintf(settings->config, sizeof(settings->config), "%s",
	    config == NULL ? "" : config);
}

static void
sender_unref(struct sender *sender)
{
	if (atomic_fetch_sub(&sender->references, 1) != 1)
		return;
	for (uint32_t i = 0; i < sender->count; i++)
		(void)report_free(sender->queue[(sender->first + i) % SENDER_QUEUE_MAX].report);
	delivery_clear(&sender->delivery);
	(void)pthread_cond_destroy(&sender->work);
	(void)pthread_cond_destroy(&sender->done);
	(void)pthread_mutex_destroy(&sender->lock);
	free(sender);
}

static int
send_report(struct sender *sender, const struct report *report, const struct settings *settings)
{
	struct message_context context = {
		.cmdline = settings->cmdline,
		.config = settings->config,
		.user_name = host_user_name,
		.interface_name = host_interface_name,
		.process_runs = host_process_runs,
		.argument = &sender->host,
	};

	message_render(&sender->message, report, &context);
	return delivery_send(&sender->delivery, &sender->message);
}

/* Messages that were given up are told as soon as one gets through again. */
static void
tell_lost(struct sender *sender, const struct settings *settings)
{
	struct report *report;

	if (sender->lost == 0)
		return;
	report = report_new(EVENT_SUPPRESSED, SEVERITY_WARNING,
	    "%llu messages could not be sent: %s", (unsigned long long)sender->lost,
	    strerrordesc_np(-sender->lost_error));
	if (report == NULL)
		return;
	report->realtime_usec = clock_realtime_usec();
	report->boottime_usec = clock_boottime_usec();
	(void)report_add_field(report, "COUNT", "%llu", (unsigned long long)sender->lost);
	if (send_report(sender, report, settings) == 0)
		sender->lost = 0;
	(void)report_free(report);
}

/* Waits for the first report. Returns false where there is none and none will come. */
static bool
next_entry(struct sender *sender, struct entry *ret)
{
	bool any;

	(void)pthread_mutex_lock(&sender->lock);
	while (sender->count == 0 && !sender->stopping)
		(void)pthread_cond_wait(&sender->work, &sender->lock);
	any = sender->count > 0;
	if (any)
		*ret = sender->queue[sender->first];
	(void)pthread_mutex_unlock(&sender->lock);
	return any;
}

/* Removes the first report, which was delivered or given up. */
static void
remove_entry(struct sender *sender, bool sent)
{
	bool room;

	(void)pthread_mutex_lock(&sender->lock);
	sender->first = (sender->first + 1) % SENDER_QUEUE_MAX;
	sender->count--;
	sender->sent += sent;
	sender->failed += !sent;
	room = sender->refused && sender->count <= SENDER_QUEUE_MAX / 2;
	if (room)
		sender->refused = false;
	(void)pthread_mutex_unlock(&sender->lock);
	if (room)
		delivery_notify(&sender->delivery);
}

static void *
sender_run(void *argument)
{
	struct sender *sender = argument;
	struct entry entry;

	(void)pthread_setname_np(pthread_self(), "alert");
	while (next_entry(sender, &entry)) {
		int r = send_report(sender, entry.report, &entry.settings);

		if (r == -ECANCELED)
			break;
		if (r < 0) {
			sender->lost++;
			sender->lost_error = r;
		} else
			tell_lost(sender, &entry.settings);
		remove_entry(sender, r == 0);
		(void)report_free(entry.report);
	}
	(void)pthread_mutex_lock(&sender->lock);
	sender->finished = true;
	(void)pthread_cond_signal(&sender->done);
	(void)pthread_mutex_unlock(&sender->lock);
	sender_unref(sender);
	return NULL;
}

/* Signals are the loop's: the thread is started with all of them blocked. */
static int
start_thread(struct sender *sender)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r != 0)
		return -r;
	atomic_store(&sender->references, 2);
	r = pthread_create(&sender->thread, NULL, sender_run, sender);
	if (r != 0)
		atomic_store(&sender->references, 1);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void
init_locks(struct sender *sender)
{
	pthread_condattr_t attributes;

	/* None of these can fail on Linux with these arguments. */
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&sender->done, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	(void)pthread_cond_init(&sender->work, NULL);
	(void)pthread_mutex_init(&sender->lock, NULL);
}

int
sender_start(const struct sender_options *options, struct sender **ret)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int r;

	if (sender == NULL)
		return -ENOMEM;
	r = delivery_init(&sender->delivery, options);
	if (r < 0) {
		free(sender);
		return r;
	}
	atomic_init(&sender->references, 1);
	settings_fill(&sender->settings, options->cmdline, options->config);
	init_locks(sender);
	r = start_thread(sender);
	if (r < 0) {
		sender_unref(sender);
		return r;
	}
	*ret = sender;
	return 0;
}

int
sender_send(struct sender *sender, struct report *report)
{
	int r = 0;

	(void)pthread_mutex_lock(&sender->lock);
	if (sender->count == SENDER_QUEUE_MAX) {
		sender->refused = true;
		r = -EAGAIN;
	} else {
		uint32_t last = (sender->first + sender->count++) % SENDER_QUEUE_MAX;
		sender->queue[last] = (struct entry){ report, sender->settings };
		(void)pthread_cond_signal(&sender->work);
	}
	(void)pthread_mutex_unlock(&sender->lock);
	return r;
}

int
sender_fd(const struct sender *sender)
{
	return sender->delivery.event_fd;
}

void
sender_acknowledge(struct sender *sender)
{
	uint64_t count;

	/* Nothing to read is as good. */
	(void)!read(sender->delivery.event_fd, &count, sizeof(count));
}

void
sender_set(struct sender *sender, enum cmdline_mode cmdline, const char *config)
{
	(void)pthread_mutex_lock(&sender->lock);
	settings_fill(&sender->settings, cmdline, config);
	(void)pthread_mutex_unlock(&sender->lock);
}

void
sender_status(struct sender *sender, struct sender_status *ret)
{
	(void)pthread_mutex_lock(&sender->lock);
	*ret = (struct sender_status){
		.journal_available = atomic_load(&sender->delivery.journal_available),
		.stuck = atomic_load(&sender->delivery.waiting),
		.queued = sender->count,
		.sent = sender->sent,
		.failed = sender->failed,
		.last_error = atomic_load(&sender->delivery.last_error),
	};
	(void)pthread_mutex_unlock(&sender->lock);
}

uint32_t
sender_stop(struct sender *sender, uint64_t timeout_usec)
{
	uint64_t deadline_usec, until_usec;
	struct timespec until;
	bool finished;
	uint32_t left;

	if (sender == NULL)
		return 0;
	deadline_usec = clock_monotonic_usec() + timeout_usec;
	until_usec = deadline_usec + STOP_SLACK_USEC;
	until = (struct timespec){
		.tv_sec = (time_t)(until_usec / USEC_PER_SEC),
		.tv_nsec = (long)(until_usec % USEC_PER_SEC * 1000),
	};
	delivery_stop(&sender->delivery, deadline_usec);
	(void)pthread_mutex_lock(&sender->lock);
	sender->stopping = true;
	(void)pthread_cond_signal(&sender->work);
	while (!sender->finished &&
	    pthread_cond_timedwait(&sender->done, &sender->lock, &until) == 0)
		;
	finished = sender->finished;
	left = sender->count;
	(void)pthread_mutex_unlock(&sender->lock);
	if (finished)
		(void)pthread_join(sender->thread, NULL);
	else
		(void)pthread_detach(sender->thread);
	sender_unref(sender);
	return left;
}
