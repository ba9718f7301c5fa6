/* SPDX-License-Identifier: MIT */
/*
 * The daemon's life: STARTED and READY=1 once the first poll was taken in, the watchdog's beat, the
 * end of the loop at SIGTERM and SIGINT, STOPPED; and what the engine's HEARTBEAT is to say.
 *
 * Cost: a wake-up in half of WatchdogSec=; none without it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-id128.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/text.h"
#include "loop/heart.h"

/* Of STARTED. */
#define FACTS_MAX 9

struct heart {
	const struct ground *ground;
	const struct storage *storage;
	struct event *terminate, *interrupt;
	struct event *watchdog;
	uint64_t beat_usec;   /* between two of the watchdog's */
	uint64_t offset_usec; /* of this host's heartbeats in the hour */
};

/*
 * When in the hour this host speaks: the same until it is started anew, another on each host. Who
 * knows the id of a machine need not learn of it here, so the sum of both ids is mixed.
 */
static uint64_t
choose_offset(void)
{
	sd_id128_t machine = SD_ID128_NULL, boot = SD_ID128_NULL;
	uint64_t hash = HASH_BEGIN;

	/* A host without a file of its id is told from others by its start. */
	(void)sd_id128_get_machine(&machine);
	(void)sd_id128_get_boot(&boot);
	hash = hash_add(hash, machine.bytes, sizeof(machine.bytes));
	hash = hash_add(hash, boot.bytes, sizeof(boot.bytes));
	return hash_mix(hash) % USEC_PER_HOUR;
}

static void
on_settings(void *argument)
{
	const struct heart *heart = argument;
	const struct ground *ground = heart->ground;

	engine_set_heartbeat(ground->engine, heart->offset_usec, VERSION,
	    settings_config(ground->settings)->hash);
}

/* The files that are no part of the configuration in force. Returns NULL if there are none. */
static const char *
left_out(const struct heart *heart, char *buffer, size_t size)
{
	const struct config *config = settings_config(heart->ground->settings);
	const struct name_list *lists[] = { &config->newer, &config->exposed };
	struct text text;

	text_init(&text, buffer, size);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		for (size_t j = 0; j < lists[i]->count; j++)
			text_printf(&text, "%s%s", text.used > 0 ? ", " : "", lists[i]->names[j]);
	return text.used > 0 ? buffer : NULL;
}

/* For how long nobody watched, and why. Returns how many facts that are, at most 2. */
static size_t
unwatched(const struct heart *heart, struct fact *facts)
{
	struct gap gap;

	if (!storage_gap(heart->storage, &gap))
		return 0;
	facts[0] = fact_number(FACT_UNWATCHED_REASON, gap.reason);
	if (!gap.is_measured)
		return 1;
	facts[1] = fact_number(gap.at_most ? FACT_UNWATCHED_MAX_USEC : FACT_UNWATCHED_USEC,
	    gap.until_usec - gap.since_usec);
	return 2;
}

static void
on_ready(void *argument)
{
	const struct heart *heart = argument;
	const struct ground *ground = heart->ground;
	struct track_counts counts;
	char ranges[128], files[512];

	struct fact facts[FACTS_MAX] = { 0 };
	size_t count;

	engine_counts(ground->engine, &counts);
	ranges_format(engine_ranges(ground->engine), ranges, sizeof(ranges));
	facts[0] = fact_number(FACT_LISTENERS, counts.stays);
	facts[1] = fact_text(FACT_VERSION, VERSION);
	facts[2] = fact_text(FACT_RANGES, ranges);
	facts[3] = fact_number(FACT_TCP, counts.tcp);
	facts[4] = fact_number(FACT_UDP, counts.udp);
	facts[5] = fact_text(FACT_HASH, settings_config(ground->settings)->hash);
	facts[6] = fact_text(FACT_LEFT_OUT, left_out(heart, files, sizeof(files)));
	count = 7 + unwatched(heart, facts + 7);
	outlet_put(ground->outlet, report_new(NOTICE_STARTED, SEVERITY_INFO, facts, count));
	status_update(ground->status);
	(void)sd_notify(0, "READY=1");
}

void
heart_stopping(struct heart *heart)
{
	const struct ground *ground = heart->ground;
	uint64_t hold_usec = loop_longest_hold_usec(ground->loop);
	struct moment moment = clock_now();
	struct track_counts counts;

	(void)sd_notify(0, "STOPPING=1");
	engine_suppressed(ground->engine, &moment, true);
	engine_counts(ground->engine, &counts);
	outlet_put(ground->outlet,
	    report_new(NOTICE_STOPPED, SEVERITY_INFO,
		FACTS(fact_number(FACT_LISTENERS, counts.stays),
		    fact_number(FACT_OVERSTAYING, counts.overstaying),
		    fact_number(FACT_LONGEST_HOLD_USEC, hold_usec))));
}

static void
on_end(evutil_socket_t number, short what, void *argument)
{
	const struct heart *heart = argument;

	(void)number;
	(void)what;
	loop_stop(heart->ground->loop);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *argument)
{
	const struct heart *heart = argument;

	(void)fd;
	(void)what;
	(void)sd_notify(0, "WATCHDOG=1");
	loop_arm(heart->watchdog, heart->beat_usec);
}

static int
start_watchdog(struct heart *heart)
{
	uint64_t limit_usec = 0;
	int r;

	if (sd_watchdog_enabled(0, &limit_usec) <= 0)
		return 0;
	heart->beat_usec = limit_usec / 2;
	r = loop_add_timer(heart->ground->loop, on_watchdog, heart, &heart->watchdog);
	if (r < 0)
		return r;
	loop_put_first(heart->watchdog);
	loop_arm(heart->watchdog, heart->beat_usec);
	return 0;
}

int
heart_new(const struct ground *ground, const struct storage *storage, struct heart **ret)
{
	struct heart *heart = calloc(1, sizeof(*heart));
	int r;

	if (heart == NULL)
		return -ENOMEM;
	heart->ground = ground;
	heart->storage = storage;
	heart->offset_usec = choose_offset();
	on_settings(heart);
	r = loop_add_signal(ground->loop, SIGTERM, on_end, heart, &heart->terminate);
	if (r == 0)
		r = loop_add_signal(ground->loop, SIGINT, on_end, heart, &heart->interrupt);
	if (r == 0)
		r = start_watchdog(heart);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_READY, on_ready, heart);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_SETTINGS, on_settings, heart);
	if (r < 0) {
		(void)heart_free(heart);
		return r;
	}
	loop_put_first(heart->terminate);
	loop_put_first(heart->interrupt);
	*ret = heart;
	return 0;
}

struct heart *
heart_free(struct heart *heart)
{
	if (heart == NULL)
		return NULL;
	loop_drop(&heart->watchdog);
	loop_drop(&heart->interrupt);
	loop_drop(&heart->terminate);
	free(heart);
	return NULL;
}
