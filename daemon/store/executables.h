/* SPDX-License-Identifier: MIT */
/*
 * Executables that were verified, so that a process whose file an upgrade has replaced since is
 * still known for what it runs after a restart of the daemon: a table in the state directory, and
 * the thread that keeps it. See executables.c.
 */
#ifndef OVERSTAY_STORE_EXECUTABLES_H
#define OVERSTAY_STORE_EXECUTABLES_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "engine/verified.h"

/* The name inside the state directory, and the ends of the names of what was put aside. */
#define EXECUTABLES_NAME	 "executables.db"
#define EXECUTABLES_NAME_DAMAGED EXECUTABLES_NAME ".corrupt"
#define EXECUTABLES_NAME_OTHER	 EXECUTABLES_NAME ".other-version"

/* So many are kept; then the oldest go. */
#define EXECUTABLES_MAX	   8192
#define EXECUTABLE_PATH_MAX 4096

/* So many changes wait for the disk at most: all that are kept, and as many removals. */
#define EXECUTABLES_QUEUE_MAX (2 * EXECUTABLES_MAX)

struct executable_list {
	struct executable *items;
	size_t count;
};

/* Why a database that was found was put aside and a new one begun. */
enum executables_aside {
	EXECUTABLES_ASIDE_NONE,
	EXECUTABLES_ASIDE_DAMAGED,	/* now EXECUTABLES_NAME_DAMAGED */
	EXECUTABLES_ASIDE_OTHER,	/* of another version: now EXECUTABLES_NAME_OTHER */
};

struct executables_status {
	int error;		/* -errno of the last try, which is repeated; 0 = it succeeded */
	size_t waiting;		/* changes that are not on the disk yet */
	enum executables_aside aside;	/* the last that happened since the start */
	/* What was kept is not whole, since a database was put aside or the queue was full: add
	 * all that are known. Told once. */
	bool add_all;
};

struct executables;

/* Frees the items; the list is empty then. */
void executable_list_clear(struct executable_list *list);

/*
 * Starts the thread for the database in directory, which is opened there: a disk that hangs holds
 * nobody here. boot_id names this boot. Returns 0 or -errno.
 */
int executables_start(const char *directory, const char *boot_id, struct executables **ret)
    _mustcheck_;

/*
 * Hands over what was kept of this boot, once, waiting for the disk at most timeout_usec. Returns
 * 0, -ETIMEDOUT, -EALREADY where it was taken already, another -errno where it cannot be read;
 * after an error it may be asked for again whenever executables_fd() becomes readable.
 */
int executables_loaded(struct executables *executables, uint64_t timeout_usec,
    struct executable_list *ret) _mustcheck_;

/*
 * Keep one (copied; it takes the place of what is kept of that process), or forget one. Never
 * waits. Return 0, -EINVAL for what cannot be one, -ENOBUFS where too many wait for the disk,
 * -ENOMEM.
 */
int executables_add(struct executables *executables, const struct executable *executable)
    _mustcheck_;
int executables_remove(struct executables *executables, int32_t pid, uint64_t start_usec)
    _mustcheck_;

/* Readable when executables_status() has changed; executables_acknowledge() makes it quiet. */
int executables_fd(const struct executables *executables);
void executables_acknowledge(struct executables *executables);
void executables_status(struct executables *executables, struct executables_status *ret);

/*
 * Waits at most timeout_usec for what is still to be written and ends; a thread that hangs on a
 * disk is left behind. Accepts NULL. Returns how many changes were not kept.
 */
size_t executables_stop(struct executables *executables, uint64_t timeout_usec);

/* A clause for a person; "" for EXECUTABLES_ASIDE_NONE. */
const char *executables_aside_text(enum executables_aside aside);

#endif
