/* SPDX-License-Identifier: MIT */
/*
 * The thread that keeps verified executables on the disk (base/worker.h has it and its queue).
 *
 * The loop puts changes into the queue and never waits. The thread takes all that are there, makes
 * them in one transaction, and removes them only then: what fails (a full disk, a read-only one)
 * stays, is counted as waiting, and is tried again ever more seldom, with the database opened anew.
 * So a transaction that is not whole is never seen, and nothing is lost but what did not fit into
 * the queue, which is reported (add_all), as is a database that had to be put aside.
 *
 * Memory: what waits, at most EXECUTABLES_QUEUE_MAX changes of a path each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/worker.h"
#include "store/executables-file.h"
#include "store/executables.h"

/* After a failure it is tried again so soon, then ever later. */
#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

struct executables {
	struct worker *worker; /* owns this struct: it frees it */
	char *directory, *boot_id;

	/* Under the worker's lock. */
	bool tried, loaded; /* the database was opened, or that failed; its rows are in list */
	bool taken;	    /* they were handed over */
	struct executable_list list;
	struct executables_status status;

	/* Of the thread. */
	struct executables_file *file; /* NULL = not open */
	uint64_t pause_usec;	       /* before the next try; 0 = the last one succeeded */
};

static void
release(void *context)
{
	struct executables *executables = context;

	executable_list_clear(&executables->list);
	free(executables->directory);
	free(executables->boot_id);
	free(executables);
}

static void
release_change(void *item)
{
	free(((struct executable_change *)item)->executable.path);
}

/* A database was put aside: what it held is gone. */
static void
note_aside(struct executables *executables, enum executables_aside aside)
{
	if (aside == EXECUTABLES_ASIDE_NONE)
		return;
	worker_lock(executables->worker);
	executables->status.aside = aside;
	executables->status.add_all = true;
	worker_unlock(executables->worker);
	worker_notify(executables->worker);
}

/* Opens the database, and reads its rows where that was not done yet. */
static int
open_and_load(struct executables *executables)
{
	enum executables_aside aside;
	struct executable_list list = { 0 };
	int r;

	r = executables_file_open(executables->directory, executables->boot_id, &executables->file,
	    &aside);
	note_aside(executables, aside);
	if (r < 0 || executables->loaded)
		return r;
	r = executables_file_load(executables->file, &list);
	if (r < 0)
		return r;
	worker_lock(executables->worker);
	executables->list = list;
	executables->loaded = true;
	worker_progress(executables->worker);
	worker_unlock(executables->worker);
	worker_notify(executables->worker);
	return 0;
}

/* The first count changes of the queue as a list; NULL = none. */
static struct executable_change *
link_changes(struct executables *executables, size_t count)
{
	struct executable_change *next = NULL;

	for (size_t i = count; i > 0; i--) {
		struct executable_change *change = worker_item(executables->worker, i - 1);

		change->next = next;
		next = change;
	}
	return next;
}

/* Opens what is not open, and makes the changes. */
static int
write_changes(struct executables *executables, const struct executable_change *changes)
{
	int r = executables->file == NULL ? open_and_load(executables) : 0;

	if (r == 0)
		r = executables_file_apply(executables->file, changes);
	if (r < 0)
		executables->file = executables_file_close(executables->file);
	return r;
}

/* As above; what turns out to be damaged only then is put aside, a new one takes the changes. */
static int
try_changes(struct executables *executables, const struct executable_change *changes)
{
	int r = write_changes(executables, changes);

	if (r != -EBADMSG)
		return r;
	r = executables_file_put_aside(executables->directory, EXECUTABLES_ASIDE_DAMAGED);
	if (r < 0)
		return r;
	note_aside(executables, EXECUTABLES_ASIDE_DAMAGED);
	return write_changes(executables, changes);
}

static uint64_t
next_pause_usec(uint64_t pause_usec)
{
	if (pause_usec == 0)
		return RETRY_FIRST_USEC;
	return pause_usec * 2 < RETRY_LAST_USEC ? pause_usec * 2 : RETRY_LAST_USEC;
}

/* One try with the first count changes, and what follows from it. */
static void
work(struct executables *executables, size_t count)
{
	int r = try_changes(executables, link_changes(executables, count));
	bool changed;

	if (r == 0) {
		for (size_t i = 0; i < count; i++)
			release_change(worker_item(executables->worker, i));
		worker_remove(executables->worker, count);
	}
	executables->pause_usec = r == 0 ? 0 : next_pause_usec(executables->pause_usec);
	worker_lock(executables->worker);
	changed = executables->status.error != r || executables->status.add_all;
	executables->status.error = r;
	executables->tried = true;
	worker_progress(executables->worker);
	worker_unlock(executables->worker);
	if (changed)
		worker_notify(executables->worker);
}

static void
run(struct worker *worker, void *context)
{
	struct executables *executables = context;
	bool go_on = true;
	size_t count = 0;

	while (go_on) {
		/* At the start with none: what is kept has to be read. */
		work(executables, count);
		if (executables->pause_usec == 0) {
			count = worker_wait(worker);
			go_on = count > 0;
		} else {
			go_on = worker_pause(worker, executables->pause_usec);
			count = worker_count(worker);
		}
	}
	/* Stopped while the disk failed: once more. */
	if (count > 0)
		work(executables, count);
	executables->file = executables_file_close(executables->file);
}

int
executables_start(const char *directory, const char *boot_id, struct executables **ret)
{
	struct executables *executables = calloc(1, sizeof(*executables));
	int r;

	if (executables == NULL)
		return -ENOMEM;
	r = worker_new(
	    &(struct worker_options){
		.name = "executables",
		.item_size = sizeof(struct executable_change),
		.queue_max = EXECUTABLES_QUEUE_MAX,
		.run = run,
		.release_item = release_change,
		.release = release,
		.context = executables,
	    },
	    &executables->worker);
	if (r < 0) {
		free(executables);
		return r;
	}
	executables->directory = strdup(directory);
	executables->boot_id = strdup(boot_id);
	r = executables->directory != NULL && executables->boot_id != NULL ?
	    worker_start(executables->worker) :
	    -ENOMEM;
	if (r < 0) {
		(void)worker_stop(executables->worker, 0);
		return r;
	}
	*ret = executables;
	return 0;
}

int
executables_loaded(struct executables *executables, uint64_t timeout_usec,
    struct executable_list *ret)
{
	uint64_t until_usec = clock_monotonic_usec() + timeout_usec;
	int r = 0;

	worker_lock(executables->worker);
	while (!executables->loaded && !executables->tried &&
	    worker_wait_progress(executables->worker, until_usec))
		;
	if (executables->taken)
		r = -EALREADY;
	else if (!executables->loaded)
		r = executables->tried ? executables->status.error : -ETIMEDOUT;
	else {
		*ret = executables->list;
		executables->list = (struct executable_list){ 0 };
		executables->taken = true;
	}
	worker_unlock(executables->worker);
	return r;
}

/* Takes the change, whose path goes with it or is freed. Returns 0, -ENOBUFS or -ENOMEM. */
static int
put(struct executables *executables, struct executable_change *change)
{
	int r = worker_put(executables->worker, change);

	if (r == 0)
		return 0;
	release_change(change);
	worker_lock(executables->worker);
	executables->status.add_all = true;
	worker_unlock(executables->worker);
	return -ENOBUFS;
}

int
executables_add(struct executables *executables, const struct executable *executable)
{
	struct executable_change change = { .executable = *executable };

	if (executable->pid <= 0 || executable->path[0] != '/' ||
	    strnlen(executable->path, EXECUTABLE_PATH_MAX + 1) > EXECUTABLE_PATH_MAX)
		return -EINVAL;
	change.executable.path = strdup(executable->path);
	return change.executable.path == NULL ? -ENOMEM : put(executables, &change);
}

int
executables_fd(const struct executables *executables)
{
	return worker_fd(executables->worker);
}

void
executables_acknowledge(struct executables *executables)
{
	worker_acknowledge(executables->worker);
}

void
executables_status(struct executables *executables, struct executables_status *ret)
{
	size_t waiting = worker_count(executables->worker);

	worker_lock(executables->worker);
	*ret = executables->status;
	ret->waiting = waiting;
	/* While the disk fails there would only be more that do not fit. */
	ret->add_all = executables->status.add_all && executables->status.error == 0;
	if (ret->add_all)
		executables->status.add_all = false;
	worker_unlock(executables->worker);
}

size_t
executables_stop(struct executables *executables, uint64_t timeout_usec)
{
	return executables == NULL ? 0 : worker_stop(executables->worker, timeout_usec);
}
