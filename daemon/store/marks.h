/* SPDX-License-Identifier: MIT */
/*
 * Until when the host was watched. See marks.c.
 */
#ifndef OVERSTAY_STORE_MARKS_H
#define OVERSTAY_STORE_MARKS_H

#include "base/moment.h"
#include "model/gap.h"
#include "store/database.h"
#include "store/mark.h"

#define MARKS_COLUMNS                                                    \
	"(one INTEGER PRIMARY KEY CHECK (one = 1), "                     \
	"boot_id TEXT NOT NULL, polled_boottime_usec INTEGER NOT NULL, " \
	"polled_usec INTEGER NOT NULL, stopped INTEGER NOT NULL)"

/* SQL that makes them: in the state directory, and in memory. */
#define MARKS_META_TABLE "CREATE TABLE meta " MARKS_COLUMNS
#define MARKS_POLL_TABLE "CREATE TABLE poll " MARKS_COLUMNS

enum marks_table {
	MARKS_META, /* of the main database */
	MARKS_POLL, /* of the attached one */
	MARKS_TABLE_COUNT,
};

struct marks;

/* Borrowed. Returns 0 or -errno. */
int marks_open(struct database *database, enum marks_table table, struct marks **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct marks *marks_close(struct marks *marks);

/* Returns 0, *ret->boot_id "" = there is none; -EBADMSG if it makes no sense, another -errno. */
int marks_load(struct marks *marks, struct mark *ret) _mustcheck_;

/* Returns 0 or -errno. */
int marks_save(struct marks *marks, const struct mark *mark) _mustcheck_;

#endif
