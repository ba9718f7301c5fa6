/* SPDX-License-Identifier: MIT */
/*
 * The table of gaps: one row for each start of the daemon. It is written, and never read here: who
 * reads it is an auditor with sqlite3(1).
 *
 * What it never does: begin or end a transaction. Cost: GAPS_MAX rows of 40 bytes.
 */
#include <errno.h>
#include <stdlib.h>

#include "store/gaps.h"

#define STRING(number)	#number
#define TEXT_OF(number) STRING(number)

enum gap_statement {
	STATEMENT_ADD,
	STATEMENT_REMOVE_OLDEST,
	STATEMENT_COUNT,
};

static const char *const statement_texts[STATEMENT_COUNT] = {
	[STATEMENT_ADD] = "INSERT INTO main.gap (since_usec, until_usec, at_most, reason) "
			  "VALUES (?1, ?2, ?3, ?4)",
	[STATEMENT_REMOVE_OLDEST] =
	    "DELETE FROM main.gap WHERE rowid <= (SELECT rowid FROM main.gap "
	    "ORDER BY rowid DESC LIMIT 1 OFFSET " TEXT_OF(GAPS_MAX) ")",
};

struct gaps {
	struct database *database;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

int
gaps_open(struct database *database, struct gaps **ret)
{
	struct gaps *gaps = calloc(1, sizeof(*gaps));
	int r;

	if (gaps == NULL)
		return -ENOMEM;
	gaps->database = database;
	r = database_prepare(database, statement_texts, STATEMENT_COUNT, gaps->statements);
	if (r < 0)
		(void)gaps_close(gaps);
	else
		*ret = gaps;
	return r;
}

struct gaps *
gaps_close(struct gaps *gaps)
{
	if (gaps == NULL)
		return NULL;
	database_finalize(gaps->statements, STATEMENT_COUNT);
	free(gaps);
	return NULL;
}

int
gaps_add(struct gaps *gaps, const struct gap *gap)
{
	sqlite3_stmt *statement = gaps->statements[STATEMENT_ADD];
	int code = gap->is_measured ? sqlite3_bind_int64(statement, 1, (int64_t)gap->since_usec) :
				      sqlite3_bind_null(statement, 1);
	int r;

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 2, (int64_t)gap->until_usec);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, gap->at_most);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(statement, 4, gap_reason_name(gap->reason), -1,
		    SQLITE_STATIC);
	r = database_step(gaps->database, statement, code);
	if (r < 0)
		return r;
	return database_step(gaps->database, gaps->statements[STATEMENT_REMOVE_OLDEST], SQLITE_OK);
}
