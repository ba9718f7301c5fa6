/* SPDX-License-Identifier: MIT */
/*
 * What must outlive a restart: the thread that keeps it in a database, and what earlier runs left
 * there. See store.c.
 */
#ifndef OVERSTAY_STORE_STORE_H
#define OVERSTAY_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "store/tables.h"

/* So many changes wait for the disk at most: all that are kept, and all of them once more. */
#define STORE_QUEUE_MAX (2 * EXECUTABLES_MAX)

struct store_status {
	int error;		/* -errno of the last try, which is repeated; 0 = it succeeded */
	int run_error;		/* the same of the mark in the runtime directory */
	size_t waiting;		/* changes that are not on the disk yet */
	enum store_aside aside; /* the last that happened since the start */
	/* What was kept is not whole, since a database was put aside or the queue was full: add
	 * all that are known. Told once. */
	bool add_all;
};

struct store;

/*
 * Starts the thread for the databases, which are opened there: a disk that hangs holds nobody here.
 * options and their texts are copied. Returns 0 or -errno.
 */
int store_start(const struct tables_options *options, struct store **ret) _mustcheck_;

/*
 * Hands over what was kept, once, waiting for the disk at most timeout_usec. Returns 0, -ETIMEDOUT,
 * -EALREADY if it was taken already, another -errno if it cannot be read; after an error it may be
 * asked for again whenever store_fd() becomes readable.
 */
int store_loaded(struct store *store, uint64_t timeout_usec, struct tables_kept *ret) _mustcheck_;

/*
 * Keeps a verified executable (copied). Never waits. Returns 0, -EINVAL for what cannot be one,
 * -ENOBUFS if too many wait for the disk, -ENOMEM.
 */
int store_add_executable(struct store *store, const struct executable *executable) _mustcheck_;

/* Keeps a gap that is over. Never waits. Returns 0 or -ENOBUFS. */
int store_add_gap(struct store *store, const struct gap *gap) _mustcheck_;

/* The last complete poll was made then. Never waits. */
void store_polled(struct store *store, const struct moment *polled);
/* The daemon stops, after that poll. */
void store_stopped(struct store *store);

/* Readable when store_status() has changed; store_acknowledge() makes it quiet. */
int store_fd(const struct store *store);
void store_acknowledge(struct store *store);
void store_status(struct store *store, struct store_status *ret);

/*
 * Waits at most timeout_usec for what is still to be written and ends; a thread that hangs on a
 * disk is left behind. Accepts NULL. Returns how many changes were not kept.
 */
size_t store_stop(struct store *store, uint64_t timeout_usec);

#endif
