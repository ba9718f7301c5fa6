/* SPDX-License-Identifier: MIT */
/*
 * Two tables of one row each: `meta` in the state directory and `poll` of the database in memory
 * say until when the host was watched. What that means is mark.c's.
 *
 * What it never does: begin or end a transaction.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/marks.h"

enum mark_statement {
	STATEMENT_LOAD,
	STATEMENT_SAVE,
	STATEMENT_COUNT,
};

#define LOAD   "SELECT boot_id, polled_boottime_usec, polled_usec, stopped FROM "
#define SAVE   "INSERT OR REPLACE INTO "
#define ROW    " (one, boot_id, polled_boottime_usec, polled_usec, stopped) " VALUES
#define VALUES "VALUES (1, ?1, ?2, ?3, ?4)"

static const char *const statement_texts[MARKS_TABLE_COUNT][STATEMENT_COUNT] = {
	[MARKS_META] = { LOAD "main.meta", SAVE "main.meta" ROW },
	[MARKS_POLL] = { LOAD "run.poll", SAVE "run.poll" ROW },
};

struct marks {
	struct database *database;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

int
marks_open(struct database *database, enum marks_table table, struct marks **ret)
{
	struct marks *marks = calloc(1, sizeof(*marks));
	int r;

	if (marks == NULL)
		return -ENOMEM;
	marks->database = database;
	r = database_prepare(database, statement_texts[table], STATEMENT_COUNT, marks->statements);
	if (r < 0)
		(void)marks_close(marks);
	else
		*ret = marks;
	return r;
}

struct marks *
marks_close(struct marks *marks)
{
	if (marks == NULL)
		return NULL;
	database_finalize(marks->statements, STATEMENT_COUNT);
	free(marks);
	return NULL;
}

/* The columns of STATEMENT_LOAD. */
static int
read_row(sqlite3_stmt *row, struct mark *ret)
{
	const char *boot_id;
	size_t length;

	if (sqlite3_column_type(row, 0) != SQLITE_TEXT)
		return -EBADMSG;
	for (int i = 1; i < 4; i++)
		if (sqlite3_column_type(row, i) != SQLITE_INTEGER ||
		    sqlite3_column_int64(row, i) < 0)
			return -EBADMSG;
	boot_id = (const char *)sqlite3_column_text(row, 0);
	if (boot_id == NULL)
		return -ENOMEM;
	length = strlen(boot_id);
	if (length == 0 || length >= BOOT_ID_SIZE || length != (size_t)sqlite3_column_bytes(row, 0))
		return -EBADMSG;
	memcpy(ret->boot_id, boot_id, length + 1);
	ret->polled.boottime_usec = (uint64_t)sqlite3_column_int64(row, 1);
	ret->polled.realtime_usec = (uint64_t)sqlite3_column_int64(row, 2);
	ret->stopped = sqlite3_column_int64(row, 3) != 0;
	return 0;
}

int
marks_load(struct marks *marks, struct mark *ret)
{
	sqlite3_stmt *statement = marks->statements[STATEMENT_LOAD];
	int code = sqlite3_step(statement);
	int r;

	*ret = (struct mark){ 0 };
	r = code == SQLITE_ROW ? read_row(statement, ret) : database_error(marks->database, code);
	(void)sqlite3_reset(statement);
	return r;
}

int
marks_save(struct marks *marks, const struct mark *mark)
{
	sqlite3_stmt *statement = marks->statements[STATEMENT_SAVE];
	int code = sqlite3_bind_text(statement, 1, mark->boot_id, -1, SQLITE_STATIC);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 2, (int64_t)mark->polled.boottime_usec);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, (int64_t)mark->polled.realtime_usec);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 4, mark->stopped);
	return database_step(marks->database, statement, code);
}
