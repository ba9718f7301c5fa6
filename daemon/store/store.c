/* SPDX-License-Identifier: MIT */
/*
 * The thread that keeps what must outlive a restart (base/worker.h has it and its queue).
 *
 * The loop puts changes into the queue and never waits. The thread takes all that are there, makes
 * them in one transaction, and removes them only then: what fails (a full disk, a read-only one,
 * no directory) stays, is counted as waiting, and is tried again ever more seldom, with the
 * database opened anew. So a transaction that is not whole is never seen, and nothing is lost but
 * what did not fit into the queue, which is reported (add_all), as is a database that had to be
 * put aside.
 *
 * The mark of the last poll is no change of its own: there is one, the latest, and one item of the
 * queue says that there is. While the disk fails it is kept as seldom as the disk is tried.
 *
 * Memory: what waits, at most STORE_QUEUE_MAX changes of a path each. Cost of a poll: a wake-up,
 * and a transaction in memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/worker.h"
#include "store/store.h"

/* After a failure it is tried again so soon, then ever later. */
#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

/* A single mark that failed is nothing to wake anybody for. */
#define MARK_FAILURES_MAX 3

struct store {
	struct worker *worker; /* owns this struct: it frees it */
	struct tables_options options;
	char *state_directory, *runtime_directory, *boot_id;

	/* Under the worker's lock. */
	bool tried, loaded; /* the database was opened, or that failed; its rows are in kept */
	bool taken;	    /* they were handed over */
	struct tables_kept kept;
	struct store_status status;
	struct mark mark;
	bool is_mark_queued;

	/* Of the thread. */
	struct tables *tables;	/* NULL = not open */
	uint64_t pause_usec;	/* before the next try; 0 = the last one succeeded */
	unsigned mark_failures; /* in a row */
};

static void
release(void *context)
{
	struct store *store = context;

	executable_list_clear(&store->kept.executables);
	free(store->state_directory);
	free(store->runtime_directory);
	free(store->boot_id);
	free(store);
}

static void
release_change(void *item)
{
	const struct change *change = item;

	if (change->kind == CHANGE_EXECUTABLE)
		free(change->executable.path);
}

/* What was kept is not whole any more. */
static void
note_loss(struct store *store, enum store_aside aside)
{
	worker_lock(store->worker);
	if (aside != STORE_ASIDE_NONE)
		store->status.aside = aside;
	store->status.add_all = true;
	worker_unlock(store->worker);
	worker_notify(store->worker);
}

/* Opens the tables, and reads what is in them if that was not done yet. */
static int
open_and_load(struct store *store)
{
	enum store_aside aside;
	struct tables_kept kept = { 0 };
	int r;

	r = tables_open(&store->options, &store->tables, &aside);
	if (aside != STORE_ASIDE_NONE)
		note_loss(store, aside);
	if (r < 0 || store->loaded)
		return r;
	r = tables_load(store->tables, &kept);
	if (r < 0)
		return r;
	worker_lock(store->worker);
	kept.last_run.is_lost |= store->status.aside != STORE_ASIDE_NONE;
	store->kept = kept;
	store->loaded = true;
	worker_progress(store->worker);
	worker_unlock(store->worker);
	worker_notify(store->worker);
	return 0;
}

/* The first count changes of the queue as a list; NULL = none. */
static struct change *
link_changes(struct store *store, size_t count)
{
	struct change *next = NULL;

	for (size_t i = count; i > 0; i--) {
		struct change *change = worker_item(store->worker, i - 1);

		change->next = next;
		next = change;
	}
	return next;
}

/* Opens what is not open, and makes the changes. */
static int
write_changes(struct store *store, const struct change *changes, const struct mark *mark)
{
	int r = 0;

	if (store->tables != NULL && !tables_are_in_place(store->tables)) {
		store->tables = tables_close(store->tables);
		note_loss(store, STORE_ASIDE_NONE);
	}
	if (store->tables == NULL)
		r = open_and_load(store);
	if (r == 0)
		r = tables_apply(store->tables, changes, mark);
	return r;
}

/* As above; what turns out to be damaged only then is put aside, a new one takes the changes. */
static int
try_changes(struct store *store, const struct change *changes, const struct mark *mark)
{
	int r = write_changes(store, changes, mark);

	if (r != -EBADMSG)
		return r;
	store->tables = tables_close(store->tables);
	r = tables_put_aside(&store->options, STORE_ASIDE_DAMAGED);
	if (r < 0)
		return r;
	note_loss(store, STORE_ASIDE_DAMAGED);
	return write_changes(store, changes, mark);
}

/* In memory, whether or not the disk took its part. Returns what is to be reported. */
static int
try_mark(struct store *store, const struct mark *mark)
{
	int r = store->tables == NULL ? 0 : tables_mark(store->tables, mark);

	store->mark_failures = r < 0 ? store->mark_failures + 1 : 0;
	return store->mark_failures >= MARK_FAILURES_MAX ? r : 0;
}

static uint64_t
next_pause_usec(uint64_t pause_usec)
{
	if (pause_usec == 0)
		return RETRY_FIRST_USEC;
	return pause_usec * 2 < RETRY_LAST_USEC ? pause_usec * 2 : RETRY_LAST_USEC;
}

static bool
has_mark(const struct change *changes)
{
	for (; changes != NULL; changes = changes->next)
		if (changes->kind == CHANGE_POLLED)
			return true;
	return false;
}

/* The latest mark. From here on a later one needs an item of its own. */
static struct mark
take_mark(struct store *store, const struct change *changes)
{
	struct mark mark;

	worker_lock(store->worker);
	mark = store->mark;
	store->is_mark_queued = store->is_mark_queued && !has_mark(changes);
	worker_unlock(store->worker);
	return mark;
}

/* The changes stay in the queue. */
static void
keep_mark(struct store *store, const struct change *changes)
{
	worker_lock(store->worker);
	store->is_mark_queued = store->is_mark_queued || has_mark(changes);
	worker_unlock(store->worker);
}

static void
note_result(struct store *store, int error, int run_error)
{
	struct store_status *status = &store->status;
	bool changed;

	worker_lock(store->worker);
	changed = status->error != error || status->run_error != run_error || status->add_all;
	status->error = error;
	status->run_error = run_error;
	store->tried = true;
	worker_progress(store->worker);
	worker_unlock(store->worker);
	if (changed)
		worker_notify(store->worker);
}

/* One try with the first count changes, and what follows from it. */
static void
work(struct store *store, size_t count)
{
	const struct change *changes = link_changes(store, count);
	const struct mark mark = take_mark(store, changes);
	int r = try_changes(store, changes, &mark);
	int run_error = try_mark(store, &mark);

	if (r == 0) {
		for (size_t i = 0; i < count; i++)
			release_change(worker_item(store->worker, i));
		worker_remove(store->worker, count);
	} else {
		store->tables = tables_close(store->tables);
		keep_mark(store, changes);
	}
	store->pause_usec = r == 0 ? 0 : next_pause_usec(store->pause_usec);
	note_result(store, r, run_error);
}

static void
run(struct worker *worker, void *context)
{
	struct store *store = context;
	bool go_on = true;
	size_t count = 0;

	while (go_on) {
		/* At the start with none: what is kept has to be read. */
		work(store, count);
		if (store->pause_usec == 0) {
			count = worker_wait(worker);
			go_on = count > 0;
		} else {
			go_on = worker_pause(worker, store->pause_usec);
			count = worker_count(worker);
		}
	}
	/* Stopped while the disk failed: once more. */
	if (count > 0)
		work(store, count);
	store->tables = tables_close(store->tables);
}

/* Copies a text that may be NULL. */
static int
copy(const char *text, char **ret)
{
	*ret = text != NULL ? strdup(text) : NULL;
	return text != NULL && *ret == NULL ? -ENOMEM : 0;
}

static int
copy_options(struct store *store, const struct tables_options *options)
{
	int r = copy(options->state_directory, &store->state_directory);

	if (r == 0)
		r = copy(options->runtime_directory, &store->runtime_directory);
	if (r == 0)
		r = copy(options->boot_id, &store->boot_id);
	if (r == 0 && strlen(store->boot_id) >= sizeof(store->mark.boot_id))
		r = -EINVAL;
	store->options = (struct tables_options){ store->state_directory, store->runtime_directory,
		store->boot_id };
	return r;
}

int
store_start(const struct tables_options *options, struct store **ret)
{
	struct store *store = calloc(1, sizeof(*store));
	int r;

	if (store == NULL)
		return -ENOMEM;
	r = worker_new(
	    &(struct worker_options){
		.name = "store",
		.item_size = sizeof(struct change),
		.queue_max = STORE_QUEUE_MAX,
		.run = run,
		.release_item = release_change,
		.release = release,
		.context = store,
	    },
	    &store->worker);
	if (r < 0) {
		free(store);
		return r;
	}
	r = copy_options(store, options);
	if (r == 0)
		r = worker_start(store->worker);
	if (r < 0) {
		(void)worker_stop(store->worker, 0);
		return r;
	}
	*ret = store;
	return 0;
}

int
store_loaded(struct store *store, uint64_t timeout_usec, struct tables_kept *ret)
{
	uint64_t until_usec = clock_monotonic_usec() + timeout_usec;
	int r = 0;

	worker_lock(store->worker);
	while (!store->loaded && !store->tried && worker_wait_progress(store->worker, until_usec))
		;
	if (store->taken)
		r = -EALREADY;
	else if (!store->loaded)
		r = store->tried ? store->status.error : -ETIMEDOUT;
	else {
		*ret = store->kept;
		store->kept.executables = (struct executable_list){ 0 };
		store->taken = true;
	}
	worker_unlock(store->worker);
	return r;
}

/* Takes the change, whose path goes with it or is freed. Returns 0 or -ENOBUFS. */
static int
put(struct store *store, struct change *change)
{
	int r = worker_put(store->worker, change);

	if (r == 0)
		return 0;
	release_change(change);
	worker_lock(store->worker);
	store->status.add_all = true;
	worker_unlock(store->worker);
	return -ENOBUFS;
}

int
store_add_executable(struct store *store, const struct executable *executable)
{
	struct change change = { .kind = CHANGE_EXECUTABLE, .executable = *executable };

	if (executable->pid <= 0 || executable->path[0] != '/' ||
	    strnlen(executable->path, EXECUTABLE_PATH_MAX + 1) > EXECUTABLE_PATH_MAX)
		return -EINVAL;
	change.executable.path = strdup(executable->path);
	return change.executable.path == NULL ? -ENOMEM : put(store, &change);
}

int
store_add_gap(struct store *store, const struct gap *gap)
{
	return put(store, &(struct change){ .kind = CHANGE_GAP, .gap = *gap });
}

void
store_polled(struct store *store, const struct moment *polled)
{
	bool is_queued;

	worker_lock(store->worker);
	memcpy(store->mark.boot_id, store->boot_id, strlen(store->boot_id) + 1);
	store->mark.polled = *polled;
	is_queued = store->is_mark_queued;
	store->is_mark_queued = true;
	worker_unlock(store->worker);
	if (is_queued || worker_put(store->worker, &(struct change){ .kind = CHANGE_POLLED }) == 0)
		return;
	worker_lock(store->worker);
	store->is_mark_queued = false;
	worker_unlock(store->worker);
}

void
store_stopped(struct store *store)
{
	worker_lock(store->worker);
	store->mark.stopped = true;
	worker_unlock(store->worker);
	(void)put(store, &(struct change){ .kind = CHANGE_STOPPED });
}

int
store_fd(const struct store *store)
{
	return worker_fd(store->worker);
}

void
store_acknowledge(struct store *store)
{
	worker_acknowledge(store->worker);
}

void
store_status(struct store *store, struct store_status *ret)
{
	size_t waiting = worker_count(store->worker);

	worker_lock(store->worker);
	*ret = store->status;
	ret->waiting = waiting;
	/* While the disk fails there would only be more that do not fit. */
	ret->add_all = store->status.add_all && store->status.error == 0;
	if (ret->add_all)
		store->status.add_all = false;
	worker_unlock(store->worker);
}

size_t
store_stop(struct store *store, uint64_t timeout_usec)
{
	return store == NULL ? 0 : worker_stop(store->worker, timeout_usec);
}
