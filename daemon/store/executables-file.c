/* SPDX-License-Identifier: MIT */
/*
 * The database of verified executables: SQLite, because it survives a crash at any moment by
 * itself and anybody can ask it with sqlite3(1).
 *
 * A rollback journal, not a write-ahead log: one file in the state directory between the writes, a
 * second one only during them, and no shared memory. synchronous=EXTRA syncs the directory too, so
 * what was applied is there after a power failure. A write is rare (a process that is new in the
 * range), and takes two or three syncs.
 *
 * Nothing that is found in the file is believed: it must be a regular file of bounded size, of our
 * version, with our one table and nothing else that could run (no trigger, no view), pass SQLite's
 * own check, and each row must make sense. What does not is put aside and a new one begun, since
 * all that is lost is the memory of files that were replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "store/executables-file.h"

/* PRAGMA user_version: to be raised with every change of SCHEMA. */
#define VERSION_NUMBER 2

/* Somebody who reads the database with a tool of their own is waited for so long. */
#define BUSY_TIMEOUT_MSEC 1000

/* The longest value that is read or written, a path with room to spare. */
#define VALUE_SIZE_MAX (64 * 1024)

#define STRING(number)	#number
#define TEXT_OF(number) STRING(number)

#define SCHEMA                                                                           \
	"CREATE TABLE executable (boot_id TEXT NOT NULL, pid INTEGER NOT NULL, "         \
	"start_usec INTEGER NOT NULL, device INTEGER NOT NULL, inode INTEGER NOT NULL, " \
	"uid INTEGER NOT NULL, path TEXT NOT NULL, UNIQUE (pid, start_usec, boot_id))"

enum statement {
	STATEMENT_BEGIN,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_LOAD,
	STATEMENT_ADD,
	STATEMENT_REMOVE_OTHERS,
	STATEMENT_REMOVE_OLDEST,
	STATEMENT_COUNT,
};

/* Those with ?1 have the boot there. */
static const char *const statement_texts[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_LOAD] = "SELECT pid, start_usec, device, inode, uid, path FROM executable "
			   "WHERE boot_id = ?1 ORDER BY rowid DESC LIMIT " TEXT_OF(EXECUTABLES_MAX),
	[STATEMENT_ADD] = "INSERT OR REPLACE INTO executable "
			  "(boot_id, pid, start_usec, device, inode, uid, path) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATEMENT_REMOVE_OTHERS] = "DELETE FROM executable WHERE boot_id <> ?1",
	[STATEMENT_REMOVE_OLDEST] =
	    "DELETE FROM executable WHERE rowid <= (SELECT rowid "
	    "FROM executable ORDER BY rowid DESC LIMIT 1 OFFSET " TEXT_OF(EXECUTABLES_MAX) ")",
};

struct executables_file {
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	bool pruned; /* rows of other boots are gone */
};

/* What else SQLite may keep beside the database. */
static const char *const companions[] = { "-journal", "-wal", "-shm" };

static const char *const aside_names[] = {
	[EXECUTABLES_ASIDE_DAMAGED] = EXECUTABLES_NAME_DAMAGED,
	[EXECUTABLES_ASIDE_OTHER] = EXECUTABLES_NAME_OTHER,
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

/* The -errno of a result code; where it is about files, what the system said. */
static int
error_of(sqlite3 *database, int code)
{
	int system_error;

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].code == (code & 0xff))
			return errors[i].error;
	system_error = sqlite3_system_errno(database);
	return system_error > 0 ? -system_error : -EIO;
}

static int
run_text(sqlite3 *database, const char *text)
{
	return error_of(database, sqlite3_exec(database, text, NULL, NULL, NULL));
}

/* Runs a prepared statement that gives no rows, and leaves it ready for the next time. */
static int
run_statement(struct executables_file *file, enum statement statement)
{
	int code = sqlite3_step(file->statements[statement]);

	(void)sqlite3_reset(file->statements[statement]);
	return error_of(file->database, code);
}

/* The first row's first column as a number. argument: text for ?1, NULL = there is none. */
static int
ask_number(sqlite3 *database, const char *text, const char *argument, int64_t *ret)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, text, -1, &statement, NULL);

	if (code == SQLITE_OK && argument != NULL)
		code = sqlite3_bind_text(statement, 1, argument, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	(void)sqlite3_finalize(statement);
	return code == SQLITE_DONE ? -EBADMSG : error_of(database, code);
}

/*
 * SQLite's own check of the pages. As a statement, not by SELECT ... FROM pragma_quick_check(1):
 * newer versions take the argument of that for a table's name.
 */
static int
check_pages(sqlite3 *database)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, "PRAGMA quick_check(1)", -1, &statement, NULL);
	const char *answer;
	bool good = false;

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		answer = (const char *)sqlite3_column_text(statement, 0);
		good = answer != NULL && strcmp(answer, "ok") == 0;
	}
	(void)sqlite3_finalize(statement);
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return good ? 0 : -EBADMSG;
	return error_of(database, code);
}

/* Nothing in the file may run, name a function, or make a value as large as it likes. */
static void
restrict_database(sqlite3 *database)
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
		(void)sqlite3_db_config(database, options[i].option, options[i].value, NULL);
	(void)sqlite3_limit(database, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX);
	(void)sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
	(void)sqlite3_busy_timeout(database, BUSY_TIMEOUT_MSEC);
}

/* Makes the table in a database that has nothing in it. */
static int
create_schema(sqlite3 *database)
{
	return run_text(database,
	    "BEGIN IMMEDIATE;" SCHEMA ";PRAGMA user_version = " TEXT_OF(VERSION_NUMBER) ";COMMIT");
}

/* Whether the database is ours and whole; an empty one becomes ours. */
static int
check_database(sqlite3 *database, enum executables_aside *ret_aside)
{
	int64_t version = 0, things = 0, good = 0;
	int r;

	r = ask_number(database, "PRAGMA user_version", NULL, &version);
	if (r == 0)
		r = ask_number(database, "SELECT count(*) FROM sqlite_master", NULL, &things);
	if (r < 0)
		return r;
	if (version == 0 && things == 0)
		return create_schema(database);
	if (version != VERSION_NUMBER) {
		*ret_aside = EXECUTABLES_ASIDE_OTHER;
		return -EBADMSG;
	}
	/* What the library makes for itself is no harm: the index of UNIQUE, ANALYZE's tables. */
	r = ask_number(database,
	    "SELECT total(sql IS ?1) = 1 AND "
	    "total(sql IS NOT ?1 AND substr(name, 1, 7) <> 'sqlite_') = 0 FROM sqlite_master",
	    SCHEMA, &good);
	if (r < 0 || good != 1)
		return r < 0 ? r : -EBADMSG;
	return check_pages(database);
}

/*
 * The file must be there and be one of bounded size before SQLite looks at it. On a read-only disk
 * it may still be read. Returns 0, 1 = it can only be read, or -errno.
 */
static int
check_file(const char *path)
{
	bool read_only = false;
	int error;
	_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat status;

	if (fd < 0 && (errno == EROFS || errno == EACCES)) {
		error = errno;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0)
			return -error;
		read_only = true;
	}
	if (fd < 0)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EBADMSG : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISREG(status.st_mode) && status.st_size <= EXECUTABLES_FILE_SIZE_MAX ? read_only :
											-EBADMSG;
}

/* Opens and checks; -EBADMSG = what is there has to be put aside. */
static int
open_database(struct executables_file *file, const char *path, const char *boot_id,
    enum executables_aside *ret_aside)
{
	int r = check_file(path);
	bool read_only = r == 1;

	if (r < 0)
		return r;
	r = sqlite3_open_v2(path, &file->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	    NULL);
	if (r != SQLITE_OK)
		return error_of(file->database, r);
	restrict_database(file->database);
	r = run_text(file->database,
	    "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; "
	    "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -512; "
	    "PRAGMA max_page_count = 32768; PRAGMA cell_size_check = ON");
	if (r == 0)
		r = check_database(file->database, ret_aside);
	/* A header can say that newer versions alone may write. */
	if (r == 0 && !read_only && sqlite3_db_readonly(file->database, "main") != 0)
		r = -EBADMSG;
	for (size_t i = 0; r == 0 && i < STATEMENT_COUNT; i++)
		r = error_of(file->database,
		    sqlite3_prepare_v3(file->database, statement_texts[i], -1,
			SQLITE_PREPARE_PERSISTENT, &file->statements[i], NULL));
	for (size_t i = 0; r == 0 && i < STATEMENT_COUNT; i++)
		if (sqlite3_bind_parameter_count(file->statements[i]) > 0)
			r = error_of(file->database,
			    sqlite3_bind_text(file->statements[i], 1, boot_id, -1,
				SQLITE_TRANSIENT));
	return r;
}

static int
open_once(const char *directory, const char *boot_id, struct executables_file **ret,
    enum executables_aside *ret_aside)
{
	char path[PATH_MAX];
	struct executables_file *file;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", directory, EXECUTABLES_NAME) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		return -ENOMEM;
	*ret_aside = EXECUTABLES_ASIDE_DAMAGED;
	r = open_database(file, path, boot_id, ret_aside);
	if (r < 0)
		(void)executables_file_close(file);
	else
		*ret = file;
	return r;
}

int
executables_file_open(const char *directory, const char *boot_id, struct executables_file **ret,
    enum executables_aside *ret_aside)
{
	enum executables_aside aside, ignored;
	int r = open_once(directory, boot_id, ret, &aside);

	*ret_aside = EXECUTABLES_ASIDE_NONE;
	if (r != -EBADMSG)
		return r;
	r = executables_file_put_aside(directory, aside);
	if (r < 0)
		return r;
	*ret_aside = aside;
	return open_once(directory, boot_id, ret, &ignored);
}

struct executables_file *
executables_file_close(struct executables_file *file)
{
	if (file == NULL)
		return NULL;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		(void)sqlite3_finalize(file->statements[i]);
	(void)sqlite3_close(file->database);
	free(file);
	return NULL;
}

int
executables_file_put_aside(const char *directory, enum executables_aside aside)
{
	_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char from[64], to[64];

	if (fd < 0)
		return -errno;
	/* Those beside it first: a journal left behind would be played into the new one. */
	for (size_t i = 0; i < ARRAY_SIZE(companions); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", EXECUTABLES_NAME, companions[i]);
		(void)snprintf(to, sizeof(to), "%s%s", aside_names[aside], companions[i]);
		(void)unlinkat(fd, to, 0);
		if (renameat(fd, from, fd, to) < 0 && errno != ENOENT)
			return -errno;
	}
	if (renameat(fd, EXECUTABLES_NAME, fd, aside_names[aside]) < 0 && errno != ENOENT)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
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
executables_file_load(struct executables_file *file, struct executable_list *ret)
{
	sqlite3_stmt *statement = file->statements[STATEMENT_LOAD];
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
		r = error_of(file->database, code);
	(void)sqlite3_reset(statement);
	if (r < 0) {
		executable_list_clear(&list);
		return r;
	}
	*ret = list;
	return 0;
}

static int
add_one(struct executables_file *file, const struct executable *executable)
{
	sqlite3_stmt *statement = file->statements[STATEMENT_ADD];
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
	return code == SQLITE_OK ? run_statement(file, STATEMENT_ADD) :
				   error_of(file->database, code);
}

int
executables_file_apply(struct executables_file *file, const struct executable_change *changes)
{
	int r = run_statement(file, STATEMENT_BEGIN);

	if (r < 0)
		return r;
	if (!file->pruned)
		r = run_statement(file, STATEMENT_REMOVE_OTHERS);
	for (; r == 0 && changes != NULL; changes = changes->next)
		r = add_one(file, &changes->executable);
	if (r == 0)
		r = run_statement(file, STATEMENT_REMOVE_OLDEST);
	if (r == 0)
		r = run_statement(file, STATEMENT_COMMIT);
	/* A failure may have rolled back by itself; then there is nothing to do. */
	if (r < 0 && sqlite3_get_autocommit(file->database) == 0)
		(void)run_statement(file, STATEMENT_ROLLBACK);
	file->pruned = file->pruned || r == 0;
	return r;
}
