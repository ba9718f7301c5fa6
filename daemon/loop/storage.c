/* SPDX-License-Identifier: MIT */
/*
 * What outlives a restart: hands what the engine and the polls bring to the store's thread, and
 * what that kept to the engine and to the message of the start.
 *
 * Which programs were verified goes to the engine before the first poll, so that a rule by `exe`
 * still matches a service whose file an upgrade has replaced since. Until when the host was watched
 * says for how long it was not: until the first complete poll of this start.
 *
 * What it never does: wait for the disk but once, for START_WAIT_USEC at the start. A disk that is
 * full, read-only, damaged or hangs is said (degraded), and the daemon goes on without.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-id128.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/storage.h"
#include "store/store.h"

/* A start waits so long for what an earlier run knew; it is taken in later where it comes later. */
#define START_WAIT_USEC USEC_PER_SEC

/* A stop waits so long for what is not on the disk yet. */
#define STOP_WAIT_USEC USEC_PER_SEC

struct storage {
	const struct ground *ground;
	const char *state_directory, *runtime_directory;
	struct store *store; /* NULL = its thread could not be started */
	struct event *event;
	enum store_aside aside; /* that was reported */
	char boot_id[SD_ID128_STRING_MAX];

	bool is_loaded; /* what was kept is here, */
	struct last_run last_run;
	bool is_polled; /* there was a complete poll, */
	struct moment first_polled;
	uint64_t polled_usec; /* and the last one was this (CLOCK_BOOTTIME) */
	bool is_gap_saved;
};

static void
on_added(const struct executable *executable, void *argument)
{
	const struct storage *storage = argument;
	int r = store_add_executable(storage->store, executable);

	if (r < 0)
		log_debug("store", "cannot save %s: %s", executable->path, strerror(-r));
}

static void
gap_until(const struct storage *storage, const struct moment *until, struct gap *ret)
{
	if (storage->is_loaded)
		*ret = mark_gap(&storage->last_run, storage->boot_id, until);
	else
		*ret = (struct gap){ .reason = GAP_UNKNOWN, .until_usec = until->realtime_usec };
}

/* Once it is over, and known. */
static void
save_gap(struct storage *storage)
{
	struct gap gap;

	if (storage->is_gap_saved || !storage->is_loaded || !storage->is_polled)
		return;
	gap_until(storage, &storage->first_polled, &gap);
	storage->is_gap_saved = store_add_gap(storage->store, &gap) == 0;
}

/* Takes in what was kept, once it is there. */
static void
take_in(struct storage *storage, uint64_t wait_usec)
{
	struct tables_kept kept;
	struct executable_list *list = &kept.executables;

	if (store_loaded(storage->store, wait_usec, &kept) < 0)
		return;
	/* The newest first, in the list; where all do not fit the oldest make room. */
	for (size_t i = list->count; i-- > 0;)
		if (engine_add_verified(storage->ground->engine, &list->items[i]) < 0)
			break;
	log_debug("store", "%zu programs verified before the start", list->count);
	executable_list_clear(list);
	storage->last_run = kept.last_run;
	storage->is_loaded = true;
	save_gap(storage);
}

/* A database that was put aside is reported once: nothing is wrong from then on. */
static void
report_aside(struct storage *storage, enum store_aside aside)
{
	bool damaged = aside == STORE_ASIDE_DAMAGED;

	if (aside == storage->aside)
		return;
	storage->aside = aside;
	outlet_put(storage->ground->outlet,
	    report_new(damaged ? NOTICE_STORE_DAMAGED : NOTICE_STORE_OTHER_VERSION,
		SEVERITY_WARNING,
		FACTS(fact_number(FACT_CONDITION, CONDITION_STORE),
		    fact_text(FACT_PATH,
			damaged ? TABLES_NAME STORE_SUFFIX_DAMAGED :
				  TABLES_NAME STORE_SUFFIX_OTHER))));
}

static void
report_error(struct storage *storage, enum notice notice, const char *directory, int error)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, TABLES_NAME);
	conditions_begin(storage->ground->conditions, CONDITION_STORE, notice,
	    FACTS(fact_text(FACT_PATH, path), fact_number(FACT_ERROR, (uint64_t)-error)));
}

static void
on_status(evutil_socket_t fd, short what, void *argument)
{
	struct storage *storage = argument;
	struct store_status status;

	(void)fd;
	(void)what;
	store_acknowledge(storage->store);
	store_status(storage->store, &status);
	take_in(storage, 0);
	if (status.add_all)
		engine_tell_verified(storage->ground->engine);
	report_aside(storage, status.aside);
	if (status.error < 0)
		report_error(storage, NOTICE_STORE_NOT_SAVED, storage->state_directory,
		    status.error);
	else if (status.run_error < 0)
		report_error(storage, NOTICE_STORE_POLL_NOT_SAVED, storage->runtime_directory,
		    status.run_error);
	else
		conditions_end(storage->ground->conditions, CONDITION_STORE);
}

/* The engine has taken in a poll. When a complete one was made is kept. */
static void
on_passed(void *argument)
{
	struct storage *storage = argument;
	const struct snapshot *last = engine_last_poll(storage->ground->engine);
	struct moment polled = clock_now();

	if (last == NULL || last->incomplete != 0 || last->taken_usec == storage->polled_usec ||
	    last->taken_usec > polled.boottime_usec)
		return;
	polled.realtime_usec = moment_realtime_usec(&polled, last->taken_usec);
	polled.boottime_usec = storage->polled_usec = last->taken_usec;
	if (!storage->is_polled)
		storage->first_polled = polled;
	storage->is_polled = true;
	store_polled(storage->store, &polled);
	save_gap(storage);
}

/* Without a database the daemon runs on; only what ends it is an error. */
static int
start(struct storage *storage)
{
	const struct ground *ground = storage->ground;
	const struct tables_options options = {
		.state_directory = storage->state_directory,
		.runtime_directory = storage->runtime_directory,
		.boot_id = storage->boot_id,
	};
	sd_id128_t boot;
	int r;

	r = sd_id128_get_boot(&boot);
	if (r == 0) {
		(void)sd_id128_to_string(boot, storage->boot_id);
		r = store_start(&options, &storage->store);
	}
	if (r < 0) {
		conditions_begin(ground->conditions, CONDITION_STORE, NOTICE_STORE_NOT_STARTED,
		    FACTS(fact_number(FACT_ERROR, (uint64_t)-r)));
		return 0;
	}
	r = loop_add_descriptor(ground->loop, store_fd(storage->store), on_status, storage,
	    &storage->event);
	if (r == 0)
		r = loop_subscribe(ground->loop, LOOP_PASSED, on_passed, storage);
	if (r < 0)
		return r;
	engine_set_verified(ground->engine, on_added, storage);
	take_in(storage, START_WAIT_USEC);
	return 0;
}

int
storage_new(const struct ground *ground, const char *state_directory, const char *runtime_directory,
    struct storage **ret)
{
	struct storage *storage;
	int r;

	if (state_directory == NULL)
		return 0;
	storage = calloc(1, sizeof(*storage));
	if (storage == NULL)
		return -ENOMEM;
	storage->ground = ground;
	storage->state_directory = state_directory;
	storage->runtime_directory = runtime_directory;
	r = start(storage);
	if (r < 0)
		(void)storage_free(storage);
	else
		*ret = storage;
	return r;
}

struct storage *
storage_free(struct storage *storage)
{
	size_t lost;

	if (storage == NULL)
		return NULL;
	loop_drop(&storage->event);
	engine_set_verified(storage->ground->engine, NULL, NULL);
	lost = store_stop(storage->store, STOP_WAIT_USEC);
	if (lost > 0)
		log_debug("store", "%zu changes were not saved", lost);
	free(storage);
	return NULL;
}

bool
storage_gap(const struct storage *storage, struct gap *ret)
{
	const struct moment now = clock_now();

	if (storage == NULL || storage->store == NULL)
		return false;
	gap_until(storage, storage->is_polled ? &storage->first_polled : &now, ret);
	return true;
}

void
storage_note_stop(struct storage *storage)
{
	/* Before the first complete poll, what ended was the run before. */
	if (storage != NULL && storage->store != NULL && storage->is_polled)
		store_stopped(storage->store);
}
