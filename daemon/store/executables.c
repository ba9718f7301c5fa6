/* SPDX-License-Identifier: MIT */
/*
 * The table of verified executables: one row for a process of this boot that was verified to run
 * the file at its path. A row that makes no sense makes the database one that is not ours.
 *
 * What it never does: begin or end a transaction. Cost: a write is rare (a process that is new in
 * the range); EXECUTABLES_MAX rows with a path of 4 KiB need 32 MiB.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/executables.h"

#define STRING(number)	#number
#define TEXT_OF(number) STRING(number)

#define OLD_NAME "executables.db"

enum executable_statement {
	STATEMENT_LOAD,
	STATEMENT_ADD,
	STATEMENT_REMOVE_OTHERS,
	STATEMENT_REMOVE_OLDEST,
	STATEMENT_COUNT,
};

/* Those with ?1 have the boot there. */
static const char *const statement_texts[STATEMENT_COUNT] = {
	[STATEMENT_LOAD] = "SELECT pid, start_usec, device, inode, uid, path FROM main.executable "
			   "WHERE boot_id = ?1 ORDER BY rowid DESC LIMIT " TEXT_OF(EXECUTABLES_MAX),
	[STATEMENT_ADD] = "INSERT OR REPLACE INTO main.executable "
			  "(boot_id, pid, start_usec, device, inode, uid, path) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATEMENT_REMOVE_OTHERS] = "DELETE FROM main.executable WHERE boot_id <> ?1",
	[STATEMENT_REMOVE_OLDEST] =
	    "DELETE FROM main.executable WHERE rowid <= (SELECT rowid "
	    "FROM main.executable ORDER BY rowid DESC LIMIT 1 OFFSET " TEXT_OF(EXECUTABLES_MAX) ")",
};

struct executables {
	struct database *database;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

int
executables_open(struct database *database, const char *boot_id, struct executables **ret)
{
	struct executables *executables = calloc(1, sizeof(*executables));
	int r;

	if (executables == NULL)
		return -ENOMEM;
	executables->database = database;
	r = database_prepare(database, statement_texts, STATEMENT_COUNT, executables->statements);
	for (size_t i = 0; r == 0 && i < STATEMENT_COUNT; i++)
		if (sqlite3_bind_parameter_count(executables->statements[i]) > 0)
			r = database_error(database,
			    sqlite3_bind_text(executables->statements[i], 1, boot_id, -1,
				SQLITE_TRANSIENT));
	if (r < 0)
		(void)executables_close(executables);
	else
		*ret = executables;
	return r;
}

struct executables *
executables_close(struct executables *executables)
{
	if (executables == NULL)
		return NULL;
	database_finalize(executables->statements, STATEMENT_COUNT);
	free(executables);
	return NULL;
}

/* The columns of STATEMENT_LOAD. */
static int
read_row(sqlite3_stmt *row, struct executable *ret)
{
	const char *path;
	size_t length;
	int64_t pid, uid;

	for (int i = 0; i < 5; i++)
		if (sqlite3_column_type(row, i) != SQLITE_INTEGER)
			return -EBADMSG;
	if (sqlite3_column_type(row, 5) != SQLITE_TEXT)
		return -EBADMSG;
	pid = sqlite3_column_int64(row, 0);
	uid = sqlite3_column_int64(row, 4);
	path = (const char *)sqlite3_column_text(row, 5);
	if (path == NULL)
		return -ENOMEM;
	length = (size_t)sqlite3_column_bytes(row, 5);
	if (pid <= 0 || pid > INT32_MAX || uid < 0 || uid > UINT32_MAX)
		return -EBADMSG;
	if (path[0] != '/' || length > EXECUTABLE_PATH_MAX || strlen(path) != length)
		return -EBADMSG;
	*ret = (struct executable){
		.pid = (int32_t)pid,
		.start_usec = (uint64_t)sqlite3_column_int64(row, 1),
		.device = (uint64_t)sqlite3_column_int64(row, 2),
		.inode = (uint64_t)sqlite3_column_int64(row, 3),
		.uid = (uint32_t)uid,
		.path = strdup(path),
	};
	return ret->path == NULL ? -ENOMEM : 0;
}

int
executables_load(struct executables *executables, struct executable_list *ret)
{
	sqlite3_stmt *statement = executables->statements[STATEMENT_LOAD];
	struct executable_list list = { 0 };
	int code, r = 0;

	list.items = calloc(EXECUTABLES_MAX, sizeof(*list.items));
	if (list.items == NULL)
		return -ENOMEM;
	while (r == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		r = read_row(statement, &list.items[list.count]);
		list.count += r == 0;
	}
	if (r == 0)
		r = database_error(executables->database, code);
	(void)sqlite3_reset(statement);
	if (r < 0) {
		executable_list_clear(&list);
		return r;
	}
	*ret = list;
	return 0;
}

int
executables_add(struct executables *executables, const struct executable *executable)
{
	sqlite3_stmt *statement = executables->statements[STATEMENT_ADD];
	int code = sqlite3_bind_int64(statement, 2, executable->pid);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, (int64_t)executable->start_usec);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 4, (int64_t)executable->device);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 5, (int64_t)executable->inode);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 6, executable->uid);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(statement, 7, executable->path, -1, SQLITE_STATIC);
	return database_step(executables->database, statement, code);
}

int
executables_prune(struct executables *executables)
{
	int r = database_step(executables->database,
	    executables->statements[STATEMENT_REMOVE_OTHERS], SQLITE_OK);

	if (r < 0)
		return r;
	return database_step(executables->database,
	    executables->statements[STATEMENT_REMOVE_OLDEST], SQLITE_OK);
}

int
executables_load_old(const char *directory, const char *boot_id, struct executable_list *ret)
{
	/* There was a version 1 before there was a release. */
	static const char *const steps[] = { "", EXECUTABLES_TABLE };
	static const struct database_schema schema = { OLD_NAME, steps, ARRAY_SIZE(steps) };
	struct executables *executables = NULL;
	struct database database;
	enum store_aside aside;
	struct stat status;
	char path[PATH_MAX];
	int r;

	*ret = (struct executable_list){ 0 };
	(void)snprintf(path, sizeof(path), "%s/%s", directory, OLD_NAME);
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	r = database_open(&database, directory, &schema, &aside);
	if (r < 0)
		return r;
	r = executables_open(&database, boot_id, &executables);
	if (r == 0)
		r = executables_load(executables, ret);
	(void)executables_close(executables);
	database_close(&database);
	if (r == -EBADMSG) {
		aside = STORE_ASIDE_DAMAGED;
		r = database_put_aside(directory, OLD_NAME, aside);
	}
	return r == 0 && aside != STORE_ASIDE_NONE ? -EBADMSG : r;
}

int
executables_remove_old(const char *directory)
{
	return database_remove(directory, OLD_NAME);
}
