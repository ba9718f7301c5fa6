/* SPDX-License-Identifier: MIT */
/*
 * The database behind executables.h, without the thread: for executables.c and its test.
 */
#ifndef OVERSTAY_STORE_EXECUTABLES_FILE_H
#define OVERSTAY_STORE_EXECUTABLES_FILE_H

#include "base/macros.h"
#include "store/executable-list.h"

/* A larger file is not ours. Every row with a path of 4 KiB needs half of it. */
#define EXECUTABLES_FILE_SIZE_MAX (128 * 1024 * 1024)

struct executables_file;

/* One that is to be written. */
struct executable_change {
	struct executable_change *next;
	struct executable executable;
};

/*
 * Opens the database in directory, and makes it where there is none. One that cannot be used is put
 * aside and a new one begun: *ret_aside says why, EXECUTABLES_ASIDE_NONE where that was not needed.
 * Returns 0 or -errno.
 */
int executables_file_open(const char *directory, const char *boot_id, struct executables_file **ret,
    enum executables_aside *ret_aside) _mustcheck_;

/* Accepts NULL; returns NULL. */
struct executables_file *executables_file_close(struct executables_file *file);

/* Reads the rows of this boot. Returns 0, -EBADMSG where one makes no sense, another -errno. */
int executables_file_load(struct executables_file *file, struct executable_list *ret) _mustcheck_;

/*
 * Makes the changes of the list, all or none, durably; with them go the rows of other boots and the
 * oldest beyond EXECUTABLES_MAX. Returns 0, -EBADMSG where the database is damaged, another -errno.
 */
int executables_file_apply(struct executables_file *file,
    const struct executable_change *changes) _mustcheck_;

/* Puts the database aside, whatever it is; it must not be open. Returns 0 or -errno. */
int executables_file_put_aside(const char *directory, enum executables_aside aside) _mustcheck_;

#endif
