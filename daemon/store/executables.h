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
#include "store/executable-list.h"

/* So many changes wait for the disk at most: all that are kept, and all of them once more. */
#define EXECUTABLES_QUEUE_MAX (2 * EXECUTABLES_MAX)

struct executables_status {
	int error;	/* -errno of the last try, which is repeated; 0 = it succeeded */
	size_t waiting; /* changes that are not on the disk yet */
	enum executables_aside aside; /* the last that happened since the start */
	/* What was kept is not whole, since a database was put aside or the queue was full: add
	 * all that are known. Told once. */
	bool add_all;
};

struct executables;

/*
 * Starts the thread for the database in directory, which is opened there: a disk that hangs holds
 * nobody here. boot_id names this boot. Returns 0 or -errno.
 */
int executables_start(const char *directory, const char *boot_id,
    struct executables **ret) _mustcheck_;

/*
 * Hands over what was kept of this boot, once, waiting for the disk at most timeout_usec. Returns
 * 0, -ETIMEDOUT, -EALREADY where it was taken already, another -errno where it cannot be read;
 * after an error it may be asked for again whenever executables_fd() becomes readable.
 */
int executables_loaded(struct executables *executables, uint64_t timeout_usec,
    struct executable_list *ret) _mustcheck_;

/*
 * Keeps one (copied; it takes the place of what is kept of that process). Never waits. Returns 0,
 * -EINVAL for what cannot be one, -ENOBUFS if too many wait for the disk, -ENOMEM.
 */
int executables_add(struct executables *executables,
    const struct executable *executable) _mustcheck_;

/* Readable when executables_status() has changed; executables_acknowledge() makes it quiet. */
int executables_fd(const struct executables *executables);
void executables_acknowledge(struct executables *executables);
void executables_status(struct executables *executables, struct executables_status *ret);

/*
 * Waits at most timeout_usec for what is still to be written and ends; a thread that hangs on a
 * disk is left behind. Accepts NULL. Returns how many changes were not kept.
 */
size_t executables_stop(struct executables *executables, uint64_t timeout_usec);

#endif
