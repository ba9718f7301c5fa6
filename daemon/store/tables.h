/* SPDX-License-Identifier: MIT */
/*
 * All tables of the state, open: those of the state directory, and those of the runtime directory.
 * For the store's thread. See tables.c.
 */
#ifndef OVERSTAY_STORE_TABLES_H
#define OVERSTAY_STORE_TABLES_H

#include "base/macros.h"
#include "store/aside.h"
#include "store/change.h"
#include "store/executable-list.h"
#include "store/mark.h"

/* The name in both directories. */
#define TABLES_NAME "overstay.db"

struct tables_options {
	const char *state_directory;
	const char *runtime_directory; /* NULL = nothing is kept in memory */
	const char *boot_id;
};

/* What earlier runs left. */
struct tables_kept {
	struct executable_list executables; /* of this boot, the newest first */
	struct last_run last_run;
};

struct tables;

/*
 * Opens the databases (store/database.h) and takes over what earlier releases kept elsewhere.
 * options are borrowed until the end. *ret_aside: what was kept is not whole, and why. Returns 0
 * or -errno; what is wrong in the runtime directory is no error here.
 */
int tables_open(const struct tables_options *options, struct tables **ret,
    enum store_aside *ret_aside) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct tables *tables_close(struct tables *tables);

/* False if the file in the state directory was removed or replaced. */
bool tables_are_in_place(const struct tables *tables);

/* Returns 0, -EBADMSG if a row makes no sense, another -errno. */
int tables_load(struct tables *tables, struct tables_kept *ret) _mustcheck_;

/*
 * Makes the changes of the list, all or none, durably, if one of them is for the disk. With them go
 * the mark, rows of other boots, and the oldest beyond the bounds. Returns 0, -EBADMSG if the
 * database is damaged, another -errno.
 */
int tables_apply(struct tables *tables, const struct change *changes,
    const struct mark *mark) _mustcheck_;

/* Keeps the mark in memory. Returns 0 or -errno. */
int tables_mark(struct tables *tables, const struct mark *mark) _mustcheck_;

/* Puts the database in the state directory aside; it must not be open. Returns 0 or -errno. */
int tables_put_aside(const struct tables_options *options, enum store_aside aside) _mustcheck_;

#endif
