/* SPDX-License-Identifier: MIT */
/*
 * What the helper thread does: takes the first report, renders and delivers it, and only then
 * removes it, so that what is being sent still counts as waiting. Nothing is dropped here unless a
 * message itself cannot be sent. How many that were is told by a SUPPRESSED message once one gets
 * through. The thread and its queue are base/worker.c's.
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
	atomic_uint_least64_t sent, failed;
	struct delivery delivery;

	/* Of the thread. */
	uint64_t lost;	/* messages given up and not yet told */
	int lost_error; /* why, of the last one */
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

	delivery_clear(&sender->delivery);
	free(sender);
}

static void
release_entry(void *item)
{
	(void)report_free(((struct entry *)item)->report);
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

/* Messages that were given up are told as soon as one gets through again. */
static void
tell_lost(struct sender *sender, const struct sender_settings *settings)
{
	struct report *report;

	if (sender->lost == 0)
		return;
	report =
	    report_new(EVENT_SUPPRESSED, SEVERITY_WARNING, "%llu messages could not be sent: %s",
		(unsigned long long)sender->lost, strerrordesc_np(-sender->lost_error));
	if (report == NULL)
		return;
	report->realtime_usec = clock_realtime_usec();
	report->boottime_usec = clock_boottime_usec();
	(void)report_add_field(report, "COUNT", "%llu", (unsigned long long)sender->lost);
	if (send_report(sender, report, settings) == 0)
		sender->lost = 0;
	(void)report_free(report);
}

static void
run(struct worker *worker, void *context)
{
	struct sender *sender = context;

	while (worker_wait(worker) > 0) {
		const struct entry *entry = worker_item(worker, 0);
		struct report *report = entry->report;
		int r = send_report(sender, report, &entry->settings);

		if (r == -ECANCELED)
			break;
		if (r < 0) {
			sender->lost++;
			sender->lost_error = r;
		} else
			tell_lost(sender, &entry->settings);
		atomic_fetch_add(r == 0 ? &sender->sent : &sender->failed, 1);
		worker_remove(worker, 1);
		(void)report_free(report);
	}
}

int
sender_start(const struct sender_options *options, struct sender **ret)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int r;

	if (sender == NULL)
		return -ENOMEM;
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
	const struct entry entry = { report, sender->settings };

	return worker_put(sender->worker, &entry);
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
