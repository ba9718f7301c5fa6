/* SPDX-License-Identifier: MIT */
/*
 * A SQLite database that is ours: opened, checked, made or migrated, or put aside. For the files of
 * this room alone; which tables there are is store.c's. See database.c.
 */
#ifndef OVERSTAY_STORE_DATABASE_H
#define OVERSTAY_STORE_DATABASE_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "store/aside.h"

/* A larger file is not ours: room for every bound of every table, twice. */
#define DATABASE_FILE_SIZE_MAX (128 * 1024 * 1024)

/*
 * What a database holds. Version n (PRAGMA user_version) is what the first n steps make of an empty
 * one; so a step is never changed, new ones are added behind it, and any older version is migrated.
 */
struct database_schema {
	const char *name;	  /* of the file */
	const char *const *steps; /* SQL, each from one version to the next */
	size_t step_count;
};

/* The file that was opened, to know it again. */
struct database_place {
	char *path;
	uint64_t device, inode;
};

struct database {
	sqlite3 *handle;
	struct database_place place;
};

/*
 * Opens the database of that schema in directory, makes it if there is none, migrates an older
 * one. One that cannot be used is put aside and a new one begun: *ret_aside says why,
 * STORE_ASIDE_NONE if that was not needed. Returns 0 or -errno; then nothing is open.
 */
int database_open(struct database *database, const char *directory,
    const struct database_schema *schema, enum store_aside *ret_aside) _mustcheck_;

/* Accepts one that is not open. */
void database_close(struct database *database);

/* Puts the file of that name aside with its journal, whatever it is; it must not be open. Returns 0
 * or -errno. */
int database_put_aside(const char *directory, const char *name, enum store_aside aside) _mustcheck_;

/* Removes it. It must not be open. Returns 0 or -errno. */
int database_remove(const char *directory, const char *name) _mustcheck_;

/* False if the file is not where it was opened any more: what is written would be lost. */
bool database_is_in_place(const struct database_place *place);

/*
 * Adds the database in another file, which was opened and checked before, to an open one: under
 * that name in statements. Returns 0 or -errno.
 */
int database_attach(struct database *database, const char *name,
    const struct database_place *place) _mustcheck_;
/* No statement may be prepared that names it. */
void database_detach(struct database *database, const char *name);

/* The -errno of a result code of SQLite's; if it is about files, what the system said. */
int database_error(const struct database *database, int code);

/* Prepares count statements, all or none. Returns 0 or -errno. */
int database_prepare(struct database *database, const char *const *texts, size_t count,
    sqlite3_stmt **ret) _mustcheck_;
void database_finalize(sqlite3_stmt **statements, size_t count);

/* Runs a prepared statement that gives no rows, and leaves it ready for the next time; code is that
 * of the binding of its values. Returns 0 or -errno. */
int database_step(struct database *database, sqlite3_stmt *statement, int code) _mustcheck_;

/* A transaction over everything that is written until its end; r: what came of that, < 0 takes it
 * all back. Return 0 or -errno. */
int database_begin(struct database *database) _mustcheck_;
int database_end(struct database *database, int r) _mustcheck_;

#endif
