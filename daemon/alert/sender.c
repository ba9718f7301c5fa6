/* SPDX-License-Identifier: MIT */
/*
 * What the helper thread does: takes the first report, renders and delivers it, and only then
 * removes it, so that what is being sent still counts as waiting. Nothing is dropped here unless a
 * message itself cannot be sent, and what became of each report goes back to the owner. The thread
 * and its queue are base/worker.c's.
 *
 * Invariant: reports that wait and results that wait are SENDER_QUEUE_MAX together, so there is
 * always room for a result.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/delivery.h"
#include "alert/host.h"
#include "base/clock.h"
#include "base/worker.h"

/* How much longer than its timeout a stop waits for the thread to notice. */
#define STOP_SLACK_USEC (200 * USEC_PER_MSEC)

struct sender_settings {
	enum cmdline_mode cmdline;
	char config[MESSAGE_CONFIG_MAX];
};

/* A report and the settings it was sent under. */
struct entry {
	struct report *report;
	struct sender_settings settings;
};

struct sender {
	struct worker *worker;		 /* owns this struct: it frees it */
	struct sender_settings settings; /* of the owner's side */
	size_t under_way;		 /* of the owner's side: handed over, and no result taken */
	atomic_uint_least64_t sent, failed;
	struct delivery delivery;

	/* Under the worker's lock: a ring. */
	struct sender_result results[SENDER_QUEUE_MAX];
	size_t first_result, result_count;

	/* Of the thread. */
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
settings_fill(struct sender_settings *settings, enum cmdline_mode cmdline, const char *config)
{
	settings->cmdline = cmdline;
	(void)snprintf(settings->config, sizeof(settings->config), "%s",
	    config == NULL ? "" : config);
}

static void
release(void *context)
{
	struct sender *sender = context;

	for (size_t i = 0; i < sender->result_count; i++)
		(void)report_unref(
		    sender->results[(sender->first_result + i) % SENDER_QUEUE_MAX].report);
	delivery_clear(&sender->delivery);
	if (sender->host.names.release != NULL)
		sender->host.names.release(sender->host.names.argument);
	free(sender);
}

static void
release_entry(void *item)
{
	(void)report_unref(((struct entry *)item)->report);
}

static int
send_report(struct sender *sender, const struct report *report,
    const struct sender_settings *settings)
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

/* Hands over what became of the first report, and removes it. */
static void
finish_first(struct sender *sender, struct report *report, int r)
{
	size_t place;

	atomic_fetch_add(r == 0 ? &sender->sent : &sender->failed, 1);
	worker_remove(sender->worker, 1);
	worker_lock(sender->worker);
	place = (sender->first_result + sender->result_count++) % SENDER_QUEUE_MAX;
	sender->results[place] = (struct sender_result){ report, r };
	worker_unlock(sender->worker);
	worker_notify(sender->worker);
}

static void
run(struct worker *worker, void *context)
{
	struct sender *sender = context;

	while (worker_wait(worker) > 0) {
		const struct entry *entry = worker_item(worker, 0);
		int r = send_report(sender, entry->report, &entry->settings);

		if (r == -ECANCELED)
			break;
		finish_first(sender, entry->report, r);
	}
}

static int
release_names(const struct host_names *names)
{
	if (names->release != NULL)
		names->release(names->argument);
	return -ENOMEM;
}

int
sender_start(const struct sender_options *options, struct sender **ret)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int r;

	if (sender == NULL)
		return release_names(&options->names);
	sender->host.names = options->names;
	settings_fill(&sender->settings, options->cmdline, options->config);
	r = worker_new(
	    &(struct worker_options){
		.name = "alert",
		.item_size = sizeof(struct entry),
		.queue_max = SENDER_QUEUE_MAX,
		.run = run,
		.release_item = release_entry,
		.release = release,
		.context = sender,
	    },
	    &sender->worker);
	if (r < 0) {
		(void)release_names(&options->names);
		free(sender);
		return r;
	}
	r = delivery_init(&sender->delivery, options, sender->worker);
	if (r == 0)
		r = worker_start(sender->worker);
	if (r < 0) {
		(void)worker_stop(sender->worker, 0);
		return r;
	}
	*ret = sender;
	return 0;
}

int
sender_send(struct sender *sender, struct report *report)
{
	struct entry entry = { .settings = sender->settings };
	int r;

	if (sender->under_way == SENDER_QUEUE_MAX)
		return -EAGAIN;
	entry.report = report_ref(report);
	r = worker_put(sender->worker, &entry);
	if (r < 0)
		(void)report_unref(report);
	else
		sender->under_way++;
	return r;
}

bool
sender_result(struct sender *sender, struct sender_result *ret)
{
	bool found;

	worker_lock(sender->worker);
	found = sender->result_count > 0;
	if (found) {
		*ret = sender->results[sender->first_result];
		sender->first_result = (sender->first_result + 1) % SENDER_QUEUE_MAX;
		sender->result_count--;
	}
	worker_unlock(sender->worker);
	sender->under_way -= found;
	return found;
}

int
sender_fd(const struct sender *sender)
{
	return worker_fd(sender->worker);
}

void
sender_acknowledge(struct sender *sender)
{
	worker_acknowledge(sender->worker);
}

void
sender_set(struct sender *sender, enum cmdline_mode cmdline, const char *config)
{
	settings_fill(&sender->settings, cmdline, config);
}

void
sender_status(struct sender *sender, struct sender_status *ret)
{
	*ret = (struct sender_status){
		.journal_available = atomic_load(&sender->delivery.journal_available),
		.stuck = atomic_load(&sender->delivery.waiting),
		.queued = (uint32_t)worker_count(sender->worker),
		.sent = atomic_load(&sender->sent),
		.failed = atomic_load(&sender->failed),
		.last_error = atomic_load(&sender->delivery.last_error),
	};
}

uint32_t
sender_stop(struct sender *sender, uint64_t timeout_usec)
{
	if (sender == NULL)
		return 0;
	delivery_stop(&sender->delivery, clock_monotonic_usec() + timeout_usec);
	return (uint32_t)worker_stop(sender->worker, timeout_usec + STOP_SLACK_USEC);
}
