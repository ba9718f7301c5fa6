/* SPDX-License-Identifier: MIT */
/*
 * A database of ours: SQLite, because it survives a crash at any moment by itself and anybody can
 * ask it with sqlite3(1).
 *
 * A rollback journal, not a write-ahead log: one file between the writes, a second one only during
 * them, no shared memory, and no part in the faults that versions before 3.51.3 have with a log.
 * synchronous=EXTRA syncs the directory too, so what was written is there after a power failure. A
 * transaction takes two or three syncs.
 *
 * Nothing that is found in the file is believed: it must be a regular file of bounded size, of a
 * version of ours, with exactly the tables of that version and nothing else that could run (no
 * trigger, no view), and pass SQLite's own check; that each row makes sense is its table's affair.
 * What does not is put aside and a new one begun. What the tables of a version are is not written
 * down a second time: the same steps are run in memory, and both must come to the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/database.h"

/* Somebody who reads the database with a tool of their own is waited for so long. */
#define BUSY_TIMEOUT_MSEC 1000

/* The longest value that is read or written, a path with room to spare. */
#define VALUE_SIZE_MAX (64 * 1024)

/* What else SQLite may keep beside a database. */
static const char *const companions[] = { "-journal", "-wal", "-shm" };

static const char *const suffixes[] = {
	[STORE_ASIDE_NONE] = "",
	[STORE_ASIDE_DAMAGED] = STORE_SUFFIX_DAMAGED,
	[STORE_ASIDE_OTHER] = STORE_SUFFIX_OTHER,
};

static const struct {
	int code; /* primary result code */
	int error;
} errors[] = {
	{ SQLITE_OK, 0 },
	{ SQLITE_ROW, 0 },
	{ SQLITE_DONE, 0 },
	{ SQLITE_CORRUPT, -EBADMSG },
	{ SQLITE_NOTADB, -EBADMSG },
	{ SQLITE_CONSTRAINT, -EBADMSG },
	{ SQLITE_MISMATCH, -EBADMSG },
	{ SQLITE_TOOBIG, -EBADMSG },
	/* Our texts are right: the tables are not what they must be. */
	{ SQLITE_ERROR, -EBADMSG },
	{ SQLITE_FULL, -ENOSPC },
	{ SQLITE_READONLY, -EROFS },
	{ SQLITE_BUSY, -EBUSY },
	{ SQLITE_NOMEM, -ENOMEM },
	{ SQLITE_PERM, -EACCES },
};

int
database_error(const struct database *database, int code)
{
	int system_error;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == (code & 0xff))
			return errors[i].error;
	system_error = sqlite3_system_errno(database->handle);
	return system_error > 0 ? -system_error : -EIO;
}

static int
run_text(struct database *database, const char *text)
{
	return database_error(database, sqlite3_exec(database->handle, text, NULL, NULL, NULL));
}

int
database_step(struct database *database, sqlite3_stmt *statement, int code)
{
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	(void)sqlite3_reset(statement);
	return database_error(database, code);
}

int
database_prepare(struct database *database, const char *const *texts, size_t count,
    sqlite3_stmt **ret)
{
	int r = 0;

	for (size_t i = 0; i < count; i++)
		ret[i] = NULL;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = database_error(database,
		    sqlite3_prepare_v3(database->handle, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
			&ret[i], NULL));
	if (r < 0)
		database_finalize(ret, count);
	return r;
}

void
database_finalize(sqlite3_stmt **statements, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)sqlite3_finalize(statements[i]);
		statements[i] = NULL;
	}
}

/* Not IMMEDIATE: that would begin one on every attached database, and write where nothing is. */
int
database_begin(struct database *database)
{
	return run_text(database, "BEGIN");
}

int
database_end(struct database *database, int r)
{
	if (r == 0)
		r = run_text(database, "COMMIT");
	/* A failure may have rolled back by itself; then there is nothing to do. */
	if (r < 0 && sqlite3_get_autocommit(database->handle) == 0)
		(void)!run_text(database, "ROLLBACK");
	return r;
}

/* The first row's first column as a number. */
static int
ask_number(struct database *database, const char *text, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return code == SQLITE_DONE ? -EBADMSG : database_error(database, code);
}

/* The same as a text, to be freed; *ret NULL = the value is none. */
static int
ask_text(struct database *database, const char *text, char **ret)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL);
	const char *value = NULL;
	int r;

	*ret = NULL;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	r = code == SQLITE_DONE ? -EBADMSG : database_error(database, code);
	if (code == SQLITE_ROW)
		value = (const char *)sqlite3_column_text(statement, 0);
	if (value != NULL) {
		*ret = strdup(value);
		r = *ret == NULL ? -ENOMEM : 0;
	}
	(void)sqlite3_finalize(statement);
	return r;
}

/*
 * SQLite's own check of the pages. As a statement, not by SELECT ... FROM pragma_quick_check(1):
 * newer versions take the argument of that for a table's name.
 */
static int
check_pages(struct database *database)
{
	_free_ char *answer = NULL;
	int r = ask_text(database, "PRAGMA quick_check(1)", &answer);

	if (r < 0)
		return r;
	return answer != NULL && strcmp(answer, "ok") == 0 ? 0 : -EBADMSG;
}

/* Nothing in the file may run, name a function, or make a value as large as it likes. */
static void
restrict_database(sqlite3 *handle)
{
	static const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		(void)sqlite3_db_config(handle, options[i].option, options[i].value, NULL);
	(void)sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX);
	(void)sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);
	(void)sqlite3_busy_timeout(handle, BUSY_TIMEOUT_MSEC);
}

/* All that a database is made of, as one text. What the library makes for itself is no harm: the
 * index of UNIQUE, ANALYZE's tables. */
static int
describe(struct database *database, char **ret)
{
	return ask_text(database,
	    "SELECT group_concat(coalesce(sql, name), ';') FROM (SELECT sql, name FROM "
	    "sqlite_master WHERE substr(name, 1, 7) <> 'sqlite_' ORDER BY type, name)",
	    ret);
}

/* The same of what it should be. */
static int
describe_version(const struct database_schema *schema, size_t version, char **ret)
{
	struct database model = { 0 };
	int r = database_error(&model,
	    sqlite3_open_v2(":memory:", &model.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		NULL));

	for (size_t i = 0; r == 0 && i < version; i++)
		r = run_text(&model, schema->steps[i]);
	if (r == 0)
		r = describe(&model, ret);
	(void)sqlite3_close(model.handle);
	return r;
}

/* Whether what is there is what its version has. */
static int
check_tables(struct database *database, const struct database_schema *schema, size_t version)
{
	_free_ char *expected = NULL, *found = NULL;
	int r = describe_version(schema, version, &expected);

	if (r == 0)
		r = describe(database, &found);
	if (r < 0)
		return r;
	return expected != NULL && found != NULL && strcmp(expected, found) == 0 ? 0 : -EBADMSG;
}

/* From that version to the newest, all steps or none. */
static int
migrate(struct database *database, const struct database_schema *schema, size_t version)
{
	char text[64];
	int r = database_begin(database);

	if (r < 0)
		return r;
	for (size_t i = version; r == 0 && i < schema->step_count; i++)
		r = run_text(database, schema->steps[i]);
	(void)snprintf(text, sizeof(text), "PRAGMA user_version = %zu", schema->step_count);
	if (r == 0)
		r = run_text(database, text);
	return database_end(database, r);
}

/* Whether the database is ours and whole; an empty one becomes ours, an older one new. */
static int
check_database(struct database *database, const struct database_schema *schema, bool read_only,
    enum store_aside *ret_aside)
{
	int64_t version = 0, things = 0;
	int r;

	r = ask_number(database, "PRAGMA user_version", &version);
	if (r == 0)
		r = ask_number(database, "SELECT count(*) FROM sqlite_master", &things);
	if (r < 0)
		return r;
	if (version == 0 && things == 0)
		return migrate(database, schema, 0);
	if (version < 1 || version > (int64_t)schema->step_count) {
		*ret_aside = STORE_ASIDE_OTHER;
		return -EBADMSG;
	}
	r = check_tables(database, schema, (size_t)version);
	if (r == 0)
		r = check_pages(database);
	/* A header can say that newer versions of SQLite alone may write. */
	if (r == 0 && !read_only && sqlite3_db_readonly(database->handle, "main") != 0)
		r = -EBADMSG;
	if (r == 0 && version < (int64_t)schema->step_count)
		r = migrate(database, schema, (size_t)version);
	return r;
}

/*
 * The file must be there and be one of bounded size before SQLite looks at it. On a read-only disk
 * it may still be read. Returns 0, 1 = it can only be read, or -errno.
 */
static int
check_file(struct database_place *place)
{
	bool read_only = false;
	int error;
	_close_ int fd =
	    open(place->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat status;

	if (fd < 0 && (errno == EROFS || errno == EACCES)) {
		error = errno;
		fd = open(place->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			return -error;
		read_only = true;
	}
	if (fd < 0)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EBADMSG : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	place->device = status.st_dev;
	place->inode = status.st_ino;
	return S_ISREG(status.st_mode) && status.st_size <= DATABASE_FILE_SIZE_MAX ? read_only :
										     -EBADMSG;
}

/* Opens and checks; -EBADMSG = what is there has to be put aside. */
static int
open_file(struct database *database, const struct database_schema *schema,
    enum store_aside *ret_aside)
{
	int r = check_file(&database->place);
	bool read_only = r == 1;

	if (r < 0)
		return r;
	r = sqlite3_open_v2(database->place.path, &database->handle,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (r != SQLITE_OK)
		return database_error(database, r);
	restrict_database(database->handle);
	r = run_text(database,
	    "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; "
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512; "
	    "PRAGMA max_page_count = 32768; PRAGMA cell_size_check = ON");
	return r < 0 ? r : check_database(database, schema, read_only, ret_aside);
}

static int
open_once(struct database *database, const char *directory, const struct database_schema *schema,
    enum store_aside *ret_aside)
{
	int r;

	*database = (struct database){ 0 };
	*ret_aside = STORE_ASIDE_DAMAGED;
	if (asprintf(&database->place.path, "%s/%s", directory, schema->name) < 0) {
		database->place.path = NULL;
		return -ENOMEM;
	}
	r = open_file(database, schema, ret_aside);
	if (r < 0)
		database_close(database);
	return r;
}

int
database_open(struct database *database, const char *directory,
    const struct database_schema *schema, enum store_aside *ret_aside)
{
	enum store_aside aside, ignored;
	int r = open_once(database, directory, schema, &aside);

	*ret_aside = STORE_ASIDE_NONE;
	if (r != -EBADMSG)
		return r;
	r = database_put_aside(directory, schema->name, aside);
	if (r < 0)
		return r;
	*ret_aside = aside;
	return open_once(database, directory, schema, &ignored);
}

void
database_close(struct database *database)
{
	(void)sqlite3_close(database->handle);
	free(database->place.path);
	*database = (struct database){ 0 };
}

/* Calls function for each file that may belong to the database, the database itself last. */
static int
each_file(const char *directory, const char *name, enum store_aside aside,
    int (*function)(int fd, const char *name, const char *aside_name))
{
	_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	if (fd < 0)
		return -errno;
	for (size_t i = 0; i <= ARRAY_SIZE(companions); i++) {
		const char *end = i < ARRAY_SIZE(companions) ? companions[i] : "";

		(void)snprintf(from, sizeof(from), "%s%s", name, end);
		(void)snprintf(to, sizeof(to), "%s%s%s", name, suffixes[aside], end);
		if (function(fd, from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* What is beside it goes first: a journal left behind would be played into the new one. */
static int
rename_file(int fd, const char *name, const char *aside_name)
{
	(void)unlinkat(fd, aside_name, 0);
	return renameat(fd, name, fd, aside_name);
}

static int
remove_file(int fd, const char *name, const char *aside_name)
{
	(void)aside_name;
	return unlinkat(fd, name, 0);
}

int
database_put_aside(const char *directory, const char *name, enum store_aside aside)
{
	return each_file(directory, name, aside, rename_file);
}

int
database_remove(const char *directory, const char *name)
{
	return each_file(directory, name, STORE_ASIDE_NONE, remove_file);
}

bool
database_is_in_place(const struct database_place *place)
{
	struct stat status;

	return stat(place->path, &status) == 0 && status.st_dev == place->device &&
	    status.st_ino == place->inode;
}

int
database_attach(struct database *database, const char *name, const struct database_place *place)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, "ATTACH ?1 AS ?2", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_bind_text(statement, 1, place->path, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return database_error(database, code);
}

void
database_detach(struct database *database, const char *name)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "DETACH %s", name);
	(void)!run_text(database, text);
}
