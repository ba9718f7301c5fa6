/* SPDX-License-Identifier: MIT */
/*
 * The table of executables that were verified, so that a process whose file an upgrade has replaced
 * since is still known for what it runs after a restart of the daemon. See executables.c.
 */
#ifndef OVERSTAY_STORE_EXECUTABLES_H
#define OVERSTAY_STORE_EXECUTABLES_H

#include "store/database.h"
#include "store/executable-list.h"

/* SQL that makes it. */
#define EXECUTABLES_TABLE                                                                \
	"CREATE TABLE executable (boot_id TEXT NOT NULL, pid INTEGER NOT NULL, "         \
	"start_usec INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, " \
	"uid INTEGER NOT NULL, path TEXT NOT NULL, UNIQUE (pid, start_usec, boot_id))"

struct executables;

/* Both borrowed. Returns 0 or -errno. */
int executables_open(struct database *database, const char *boot_id,
    struct executables **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct executables *executables_close(struct executables *executables);

/* Reads the rows of this boot. Returns 0, -EBADMSG if one makes no sense, another -errno. */
int executables_load(struct executables *executables, struct executable_list *ret) _mustcheck_;

/* Adds one; it takes the place of what is kept of that process. Returns 0 or -errno. */
int executables_add(struct executables *executables,
    const struct executable *executable) _mustcheck_;

/* Removes the rows of other boots, and the oldest beyond EXECUTABLES_MAX. Returns 0 or -errno. */
int executables_prune(struct executables *executables) _mustcheck_;

/*
 * Releases before this table had it in a database of its own. Reads that one, which stays as it is.
 * Returns 0 (*ret is empty if there is none), -EBADMSG if it cannot be used and was put aside,
 * another -errno.
 */
int executables_load_old(const char *directory, const char *boot_id,
    struct executable_list *ret) _mustcheck_;
/* Removes it, once its rows are here. Returns 0 or -errno. */
int executables_remove_old(const char *directory) _mustcheck_;

#endif
