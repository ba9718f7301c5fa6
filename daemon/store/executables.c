/* SPDX-License-Identifier: MIT */
/*
 * The queue between the loop and the thread that keeps verified executables on the disk.
 *
 * The loop appends changes to a list and never waits but for the lock, which is not held across a
 * system call. The thread takes all that are there, makes them in one transaction, and frees them
 * only then: what fails (a full disk, a read-only one) stays, is counted as waiting, and is tried
 * again ever more seldom, with the database opened anew. So a transaction that is not whole is
 * never seen, and nothing is lost but what did not fit into the queue, which is told (add_all), as
 * is a database that had to be put aside.
 *
 * An idle thread sleeps without a timeout. Two references, the caller's and the thread's, keep the
 * memory: a thread that hangs on a disk is left behind with its own. Memory: what waits, at most
 * EXECUTABLES_QUEUE_MAX changes of a path each.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/executables-file.h"

/* After a failure it is tried again so soon, then ever later. */
#define RETRY_FIRST_USEC USEC_PER_SEC
#define RETRY_LAST_USEC	 (5 * USEC_PER_MIN)

/* A list with its end. */
struct changes {
	struct executable_change *first, **end;
};

struct executables {
	atomic_uint references;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;	/* for the thread: there are changes, or stopping */
	pthread_cond_t done;	/* for those who wait: loaded, failed or finished */
	int event_fd;
	char *directory, *boot_id;

	/* Under the lock. */
	struct changes pending;
	size_t waiting;		/* changes pending and in the batch */
	bool tried, loaded;	/* the database was opened, or that failed; its rows are in list */
	bool taken;		/* they were handed over */
	struct executable_list list;
	struct executables_status status;
	bool stopping, finished;

	/* Of the thread. */
	struct executables_file *file;	/* NULL = not open */
	struct changes batch;
	uint64_t pause_usec;	/* before the next try; 0 = the last one succeeded */
};

static const char *const aside_texts[] = {
	[EXECUTABLES_ASIDE_NONE] = "",
	[EXECUTABLES_ASIDE_DAMAGED] =
	    "the database of executables was damaged; started a new one, kept the old one as "
	    EXECUTABLES_NAME_DAMAGED,
	[EXECUTABLES_ASIDE_OTHER] =
	    "the database of executables has another version; started a new one, kept the old one "
	    "as " EXECUTABLES_NAME_OTHER,
};

const char *
executables_aside_text(enum executables_aside aside)
{
	return aside_texts[aside];
}

void
executable_list_clear(struct executable_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct executable_list){ 0 };
}

static void
changes_init(struct changes *changes)
{
	changes->first = NULL;
	changes->end = &changes->first;
}

static void
changes_append(struct changes *changes, struct changes *more)
{
	if (more->first == NULL)
		return;
	*changes->end = more->first;
	changes->end = more->end;
	changes_init(more);
}

static void
changes_clear(struct changes *changes)
{
	while (changes->first != NULL) {
		struct executable_change *change = changes->first;

		changes->first = change->next;
		free(change->executable.path);
		free(change);
	}
	changes_init(changes);
}

static void
executables_unref(struct executables *executables)
{
	if (atomic_fetch_sub(&executables->references, 1) != 1)
		return;
	changes_clear(&executables->pending);
	changes_clear(&executables->batch);
	executable_list_clear(&executables->list);
	if (executables->event_fd >= 0)
		(void)close(executables->event_fd);
	(void)pthread_cond_destroy(&executables->work);
	(void)pthread_cond_destroy(&executables->done);
	(void)pthread_mutex_destroy(&executables->lock);
	free(executables->directory);
	free(executables->boot_id);
	free(executables);
}

static void
notify(struct executables *executables)
{
	uint64_t one = 1;

	(void)!write(executables->event_fd, &one, sizeof(one));
}

static struct timespec
timespec_of(uint64_t usec)
{
	return (struct timespec){
		.tv_sec = (time_t)(usec / USEC_PER_SEC),
		.tv_nsec = (long)(usec % USEC_PER_SEC * 1000),
	};
}

/* A database was put aside: what it held is gone. */
static void
note_aside(struct executables *executables, enum executables_aside aside)
{
	if (aside == EXECUTABLES_ASIDE_NONE)
		return;
	(void)pthread_mutex_lock(&executables->lock);
	executables->status.aside = aside;
	executables->status.add_all = true;
	(void)pthread_mutex_unlock(&executables->lock);
	notify(executables);
}

/* Opens the database, and reads its rows where that was not done yet. */
static int
open_and_load(struct executables *executables)
{
	enum executables_aside aside;
	struct executable_list list = { 0 };
	int r;

	r = executables_file_open(executables->directory, executables->boot_id,
	    &executables->file, &aside);
	note_aside(executables, aside);
	if (r < 0 || executables->loaded)
		return r;
	r = executables_file_load(executables->file, &list);
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&executables->lock);
	executables->list = list;
	executables->loaded = true;
	(void)pthread_cond_broadcast(&executables->done);
	(void)pthread_mutex_unlock(&executables->lock);
	notify(executables);
	return 0;
}

/* Opens what is not open, and makes the changes of the batch. */
static int
write_batch(struct executables *executables)
{
	int r = executables->file == NULL ? open_and_load(executables) : 0;

	if (r == 0)
		r = executables_file_apply(executables->file, executables->batch.first);
	if (r < 0)
		executables->file = executables_file_close(executables->file);
	return r;
}

/* As above; what turns out to be damaged only then is put aside, and a new one takes the batch. */
static int
try_batch(struct executables *executables)
{
	int r = write_batch(executables);

	if (r != -EBADMSG)
		return r;
	r = executables_file_put_aside(executables->directory, EXECUTABLES_ASIDE_DAMAGED);
	if (r < 0)
		return r;
	note_aside(executables, EXECUTABLES_ASIDE_DAMAGED);
	return write_batch(executables);
}

/* One try, and what follows from it. */
static void
work(struct executables *executables)
{
	int r = try_batch(executables);
	size_t written = 0;
	bool changed;

	if (r == 0) {
		for (struct executable_change *change = executables->batch.first; change != NULL;
		     change = change->next)
			written++;
		changes_clear(&executables->batch);
		executables->pause_usec = 0;
	} else
		executables->pause_usec = executables->pause_usec == 0 ? RETRY_FIRST_USEC :
		    executables->pause_usec * 2 < RETRY_LAST_USEC ? executables->pause_usec * 2 :
		    RETRY_LAST_USEC;
	(void)pthread_mutex_lock(&executables->lock);
	changed = executables->status.error != r || executables->status.add_all;
	executables->status.error = r;
	executables->waiting -= written;
	executables->tried = true;
	(void)pthread_cond_broadcast(&executables->done);
	(void)pthread_mutex_unlock(&executables->lock);
	if (changed)
		notify(executables);
}

/*
 * Waits until there is something to do: changes, after a failure the time to try again, or the end.
 * Returns false where it is the end.
 */
static bool
next_batch(struct executables *executables)
{
	uint64_t retry_usec = clock_monotonic_usec() + executables->pause_usec;
	struct timespec until = timespec_of(retry_usec);
	bool go_on;

	(void)pthread_mutex_lock(&executables->lock);
	while (!executables->stopping) {
		if (executables->pause_usec > 0) {
			if (pthread_cond_timedwait(&executables->work, &executables->lock,
				&until) == ETIMEDOUT)
				break;
		} else if (executables->pending.first == NULL)
			(void)pthread_cond_wait(&executables->work, &executables->lock);
		else
			break;
	}
	changes_append(&executables->batch, &executables->pending);
	go_on = !executables->stopping;
	(void)pthread_mutex_unlock(&executables->lock);
	return go_on;
}

static void *
run(void *argument)
{
	struct executables *executables = argument;
	bool go_on = true;

	(void)pthread_setname_np(pthread_self(), "executables");
	work(executables);
	while (go_on) {
		go_on = next_batch(executables);
		if (go_on || executables->batch.first != NULL)
			work(executables);
	}
	executables->file = executables_file_close(executables->file);
	(void)pthread_mutex_lock(&executables->lock);
	executables->finished = true;
	(void)pthread_cond_broadcast(&executables->done);
	(void)pthread_mutex_unlock(&executables->lock);
	executables_unref(executables);
	return NULL;
}

/* Signals are the loop's: the thread is started with all of them blocked. */
static int
start_thread(struct executables *executables)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	r = pthread_sigmask(SIG_SETMASK, &all, &before);
	if (r != 0)
		return -r;
	atomic_store(&executables->references, 2);
	r = pthread_create(&executables->thread, NULL, run, executables);
	if (r != 0)
		atomic_store(&executables->references, 1);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

static void
init_locks(struct executables *executables)
{
	pthread_condattr_t attributes;

	/* None of these can fail on Linux with these arguments. */
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&executables->work, &attributes);
	(void)pthread_cond_init(&executables->done, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	(void)pthread_mutex_init(&executables->lock, NULL);
}

int
executables_start(const char *directory, const char *boot_id, struct executables **ret)
{
	struct executables *executables = calloc(1, sizeof(*executables));
	int r = -ENOMEM;

	if (executables == NULL)
		return -ENOMEM;
	atomic_init(&executables->references, 1);
	changes_init(&executables->pending);
	changes_init(&executables->batch);
	init_locks(executables);
	executables->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	executables->directory = strdup(directory);
	executables->boot_id = strdup(boot_id);
	if (executables->event_fd < 0)
		r = -errno;
	else if (executables->directory != NULL && executables->boot_id != NULL)
		r = start_thread(executables);
	if (r < 0) {
		executables_unref(executables);
		return r;
	}
	*ret = executables;
	return 0;
}

int
executables_loaded(struct executables *executables, uint64_t timeout_usec,
    struct executable_list *ret)
{
	struct timespec until = timespec_of(clock_monotonic_usec() + timeout_usec);
	int r = 0;

	(void)pthread_mutex_lock(&executables->lock);
	while (!executables->loaded && !executables->tried &&
	    pthread_cond_timedwait(&executables->done, &executables->lock, &until) == 0)
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
	(void)pthread_mutex_unlock(&executables->lock);
	return r;
}

/* Takes the change. Returns 0 or -ENOBUFS. */
static int
put(struct executables *executables, struct executable_change *change)
{
	struct changes one = { change, &change->next };
	int r = 0;

	(void)pthread_mutex_lock(&executables->lock);
	if (executables->waiting >= EXECUTABLES_QUEUE_MAX) {
		executables->status.add_all = true;
		r = -ENOBUFS;
	} else {
		changes_append(&executables->pending, &one);
		executables->waiting++;
		(void)pthread_cond_signal(&executables->work);
	}
	(void)pthread_mutex_unlock(&executables->lock);
	changes_clear(&one);
	return r;
}

int
executables_add(struct executables *executables, const struct executable *executable)
{
	struct executable_change *change;

	if (executable->pid <= 0 || executable->path[0] != '/' ||
	    strnlen(executable->path, EXECUTABLE_PATH_MAX + 1) > EXECUTABLE_PATH_MAX)
		return -EINVAL;
	change = calloc(1, sizeof(*change));
	if (change == NULL)
		return -ENOMEM;
	change->executable = *executable;
	change->executable.path = strdup(executable->path);
	if (change->executable.path == NULL) {
		free(change);
		return -ENOMEM;
	}
	return put(executables, change);
}

int
executables_remove(struct executables *executables, int32_t pid, uint64_t start_usec)
{
	struct executable_change *change;

	if (pid <= 0)
		return -EINVAL;
	change = calloc(1, sizeof(*change));
	if (change == NULL)
		return -ENOMEM;
	change->removed = true;
	change->executable.pid = pid;
	change->executable.start_usec = start_usec;
	return put(executables, change);
}

int
executables_fd(const struct executables *executables)
{
	return executables->event_fd;
}

void
executables_acknowledge(struct executables *executables)
{
	uint64_t count;

	/* Nothing to read is as good. */
	(void)!read(executables->event_fd, &count, sizeof(count));
}

void
executables_status(struct executables *executables, struct executables_status *ret)
{
	(void)pthread_mutex_lock(&executables->lock);
	*ret = executables->status;
	ret->waiting = executables->waiting;
	/* While the disk fails there would only be more that do not fit. */
	ret->add_all = executables->status.add_all && executables->status.error == 0;
	if (ret->add_all)
		executables->status.add_all = false;
	(void)pthread_mutex_unlock(&executables->lock);
}

size_t
executables_stop(struct executables *executables, uint64_t timeout_usec)
{
	struct timespec until = timespec_of(clock_monotonic_usec() + timeout_usec);
	bool finished;
	size_t left;

	if (executables == NULL)
		return 0;
	(void)pthread_mutex_lock(&executables->lock);
	executables->stopping = true;
	(void)pthread_cond_signal(&executables->work);
	while (!executables->finished &&
	    pthread_cond_timedwait(&executables->done, &executables->lock, &until) == 0)
		;
	finished = executables->finished;
	left = executables->waiting;
	(void)pthread_mutex_unlock(&executables->lock);
	if (finished)
		(void)pthread_join(executables->thread, NULL);
	else
		(void)pthread_detach(executables->thread);
	executables_unref(executables);
	return left;
}
