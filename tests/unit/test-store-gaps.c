/* SPDX-License-Identifier: MIT */
/*
 * While nobody watched: what two marks say of it, that they survive what ends a daemon, and that an
 * idle host writes nothing to its disk. And that what other releases kept is taken over.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "store-help.h"
#include "store/database.h"
#include "store/executables.h"
#include "store/gaps.h"

#define OLD   "executables.db"
#define HOUR  USEC_PER_HOUR
#define NOON  (uint64_t)1700000000000000
#define OTHER "7d5a1f9c-0000-4000-8000-000000000002"

/* Of one boot, begun an hour before noon. */
static struct mark
mark_at(const char *boot_id, uint64_t boottime_usec, bool stopped)
{
	struct mark mark = {
		.polled = { boottime_usec, NOON - HOUR + boottime_usec },
		.stopped = stopped,
	};

	(void)snprintf(mark.boot_id, sizeof(mark.boot_id), "%s", boot_id);
	return mark;
}

static struct moment
moment_at(uint64_t boottime_usec)
{
	return (struct moment){ boottime_usec, NOON - HOUR + boottime_usec };
}

/* "stopped 1000000": the reason and the length; "<" = at most, "?" = not known. */
static const char *
gap_text(const struct gap *gap)
{
	static char buffer[128];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	text_printf(&text, "%s ", gap_reason_name(gap->reason));
	if (!gap->is_measured)
		text_add(&text, "?");
	else
		text_printf(&text, "%s%llu", gap->at_most ? "<" : "",
		    (unsigned long long)(gap->until_usec - gap->since_usec));
	return buffer;
}

static void
what_marks_say(void **state)
{
	const struct mark none = { 0 };
	const struct {
		const char *expected;
		struct mark saved, last_poll;
		bool is_lost;
	} cases[] = {
		{ "first-start ?", none, none, false },
		{ "unknown ?", none, none, true },
		{ "stopped 5", mark_at(BOOT, 95, true), mark_at(BOOT, 95, true), false },
		{ "killed 5", mark_at(BOOT, 20, false), mark_at(BOOT, 95, false), false },
		/* Killed between the one and the other. */
		{ "stopped 5", mark_at(BOOT, 95, true), mark_at(BOOT, 95, false), false },
		{ "killed 10", mark_at(BOOT, 90, false), mark_at(BOOT, 20, true), false },
		/* The one in memory is gone, or is of another boot. */
		{ "killed <80", mark_at(BOOT, 20, false), none, false },
		{ "stopped 80", mark_at(BOOT, 20, true), none, false },
		{ "killed <80", mark_at(BOOT, 20, false), mark_at(OTHER, 95, false), false },
		/* The one on the disk is. */
		{ "killed 5", none, mark_at(BOOT, 95, false), true },
		{ "stopped 5", mark_at(OTHER, 99, true), mark_at(BOOT, 95, true), false },
		/* The host was down. */
		{ "host-down 50", mark_at(OTHER, 50, true), none, false },
		{ "host-down <50", mark_at(OTHER, 50, false), none, false },
		{ "host-down <50", mark_at(OTHER, 50, false), mark_at(OTHER, 95, false), false },
		/* The clock went backwards; of this boot's, it cannot. */
		{ "host-down ?", mark_at(OTHER, 101, true), none, false },
		{ "unknown ?", mark_at(BOOT, 101, true), none, false },
	};
	const struct moment now = moment_at(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct last_run last_run = { cases[i].saved, cases[i].last_poll,
			cases[i].is_lost };
		struct gap gap = mark_gap(&last_run, BOOT, &now);

		if (strcmp(gap_text(&gap), cases[i].expected) != 0)
			fail_msg("case %zu: %s, not %s", i, gap_text(&gap), cases[i].expected);
		assert_int_equal(gap.until_usec, now.realtime_usec);
	}
}

/* A clock that was set within a boot changes no length. */
static void
a_clock_that_was_set(void **state)
{
	struct last_run last_run = { .last_poll = mark_at(BOOT, 95, false) };
	struct moment now = moment_at(100);
	struct gap gap;

	(void)state;
	now.realtime_usec += USEC_PER_DAY;
	gap = mark_gap(&last_run, BOOT, &now);
	assert_string_equal(gap_text(&gap), "killed 5");
	now.realtime_usec = 3;
	gap = mark_gap(&last_run, BOOT, &now);
	assert_string_equal(gap_text(&gap), "killed ?");
}

/* With a directory in memory beside it. */
static struct store *
start_both(struct fixture *fixture, const char *boot_id)
{
	static char run[128];
	struct store *store = NULL;

	(void)snprintf(run, sizeof(run), "%s/run", fixture->root);
	assert_true(mkdir(run, 0700) == 0 || errno == EEXIST);
	fixture->options.runtime_directory = run;
	fixture->options.boot_id = boot_id;
	assert_int_equal(store_start(&fixture->options, &store), 0);
	return store;
}

static struct last_run
last_run_of(struct store *store)
{
	struct tables_kept kept;

	assert_int_equal(store_loaded(store, TIMEOUT_USEC, &kept), 0);
	executable_list_clear(&kept.executables);
	return kept.last_run;
}

/* The gap at 100 us of that boot, by what is kept; and the store goes on. */
static const char *
expect_gap(struct fixture *fixture, const char *boot_id, struct store **ret)
{
	const struct moment now = moment_at(100);
	struct last_run last_run;
	struct gap gap;

	*ret = start_both(fixture, boot_id);
	last_run = last_run_of(*ret);
	gap = mark_gap(&last_run, boot_id, &now);
	return gap_text(&gap);
}

/* Waits until nothing waits any more. */
static void
settle(struct store *store)
{
	uint64_t until_usec = clock_monotonic_usec() + TIMEOUT_USEC;
	struct store_status status;

	do {
		store_status(store, &status);
		assert_true(clock_monotonic_usec() < until_usec);
		(void)usleep(1000);
	} while (status.waiting > 0);
}

static void
polled_at(struct store *store, uint64_t boottime_usec)
{
	const struct moment polled = moment_at(boottime_usec);

	store_polled(store, &polled);
	settle(store);
}

static void
add_gap(struct store *store, enum gap_reason reason, uint64_t since_usec)
{
	const struct gap gap = { reason, true, false, since_usec, since_usec + 5 };

	assert_int_equal(store_add_gap(store, &gap), 0);
	settle(store);
}

static void
marks_outlive_what_ends_the_daemon(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;

	assert_string_equal(expect_gap(fixture, BOOT, &store), "first-start ?");
	polled_at(store, 10);
	add_gap(store, GAP_FIRST_START, 1);
	polled_at(store, 20);
	/* Without a word. */
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed 80");
	/* It ended again, before its first poll. */
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed 80");
	polled_at(store, 30);
	store_stopped(store);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "stopped 70");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, OTHER, &store), "host-down 70");
	polled_at(store, 40);
	/* Other boots are forgotten in memory, too. */
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, OTHER, &store), "killed 60");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
}

/* Killed by the kernel, in a process of its own. */
static void
marks_outlive_a_kill(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		(void)expect_gap(fixture, BOOT, &store);
		polled_at(store, 10);
		add_gap(store, GAP_FIRST_START, 1);
		polled_at(store, 60);
		(void)raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed 40");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	/* After a power cut, memory is gone. */
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/run/%s", fixture->root,
	    TABLES_NAME);
	assert_int_equal(unlink(fixture->path), 0);
	assert_string_equal(expect_gap(fixture, OTHER, &store), "host-down <90");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
}

static void
an_idle_host_writes_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;
	struct stat before, after, directory_before, directory_after;

	(void)expect_gap(fixture, BOOT, &store);
	polled_at(store, 1);
	add_gap(store, GAP_FIRST_START, 1);
	assert_int_equal(stat(fixture->path, &before), 0);
	assert_int_equal(stat(fixture->root, &directory_before), 0);
	for (uint64_t i = 2; i <= 50; i++)
		polled_at(store, i);
	assert_int_equal(stat(fixture->path, &after), 0);
	assert_int_equal(stat(fixture->root, &directory_after), 0);
	/* Not even a journal came and went. */
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
	assert_memory_equal(&directory_before.st_mtim, &directory_after.st_mtim,
	    sizeof(directory_before.st_mtim));
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed 50");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
}

/* The answer of a statement, as one line. */
static const char *
ask(const char *path, const char *sql)
{
	static char buffer[512];
	sqlite3_stmt *statement = NULL;
	sqlite3 *database;
	const char *answer = NULL;

	assert_int_equal(sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
	if (sqlite3_step(statement) == SQLITE_ROW)
		answer = (const char *)sqlite3_column_text(statement, 0);
	(void)snprintf(buffer, sizeof(buffer), "%s", answer != NULL ? answer : "none");
	(void)sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);
	return buffer;
}

static void
gaps_can_be_asked_for(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = start_only(fixture->root, BOOT);
	const struct gap unknown = { .reason = GAP_UNKNOWN, .until_usec = 7 };
	const struct gap bounded = { GAP_HOST_DOWN, true, true, 10, 30 };

	add_gap(store, GAP_STOPPED, 1);
	assert_int_equal(store_add_gap(store, &unknown), 0);
	assert_int_equal(store_add_gap(store, &bounded), 0);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(
	    ask(fixture->path,
		"SELECT group_concat(ifnull(since_usec, 'NULL') || ' ' || until_usec || ' ' || "
		"at_most || ' ' || reason, '; ') FROM gap"),
	    "1 6 0 stopped; NULL 7 0 unknown; 10 30 1 host-down");
}

static void
the_oldest_gaps_go(void **state)
{
	struct fixture *fixture = *state;
	struct tables *tables = open_tables(fixture, STORE_ASIDE_NONE);
	const struct mark none = { 0 };
	_free_ struct change *changes = calloc(GAPS_MAX + 2, sizeof(*changes));

	assert_non_null(changes);
	for (size_t i = 0; i < GAPS_MAX + 2; i++)
		changes[i] = (struct change){
			.next = i < GAPS_MAX + 1 ? &changes[i + 1] : NULL,
			.kind = CHANGE_GAP,
			.gap = { GAP_STOPPED, true, false, i, i + 1 },
		};
	assert_int_equal(tables_apply(tables, changes, &none), 0);
	(void)tables_close(tables);
	assert_string_equal(
	    ask(fixture->path, "SELECT count(*) || ' ' || min(since_usec) FROM gap"), "4096 2");
}

/* What earlier releases had. */
static void
make_old(const struct fixture *fixture, const char *boot_id)
{
	char text[512];

	tamper(fixture, OLD, EXECUTABLES_TABLE ";PRAGMA user_version = 2");
	for (int pid = 1; pid <= 3; pid++) {
		const struct executable executable = process(pid, "/usr/bin/old");

		(void)snprintf(text, sizeof(text),
		    "INSERT INTO executable VALUES ('%s', %d, %llu, %llu, %llu, %u, '%s')", boot_id,
		    executable.pid, (unsigned long long)executable.start_usec,
		    (unsigned long long)executable.device, (unsigned long long)executable.inode,
		    executable.uid, executable.path);
		tamper(fixture, OLD, text);
	}
}

static void
an_older_database_is_taken_over(void **state)
{
	struct fixture *fixture = *state;
	struct store *store;

	make_old(fixture, BOOT);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "unknown ?");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_false(is_there(fixture, OLD));
	assert_int_equal(store_stop(start(fixture, BOOT, "3 2 1"), TIMEOUT_USEC), 0);
	/* Another boot's rows are worth nothing. The release before ran again meanwhile. */
	make_old(fixture, OTHER);
	assert_int_equal(store_stop(start(fixture, BOOT, "3 2 1"), TIMEOUT_USEC), 0);
	assert_false(is_there(fixture, OLD));
}

static void
a_damaged_older_database_is_put_aside(void **state)
{
	struct fixture *fixture = *state;
	struct store_status status;
	struct store *store;

	make_old(fixture, BOOT);
	tamper(fixture, OLD, "UPDATE executable SET path = 'x'");
	store = start(fixture, BOOT, "");
	wait_for_error(store, 0, &status);
	assert_true(status.add_all);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_true(is_there(fixture, OLD STORE_SUFFIX_DAMAGED));
	assert_false(is_there(fixture, OLD));
	assert_int_equal(store_stop(start(fixture, BOOT, ""), TIMEOUT_USEC), 0);
}

/* Every step from one version to the next, and a version that is not known yet. */
static void
versions(void **state)
{
	static const char *const steps[] = {
		"CREATE TABLE a (x); INSERT INTO a VALUES (1)",
		"ALTER TABLE a ADD COLUMN y; UPDATE a SET y = 2",
		"CREATE TABLE b (z); INSERT INTO b SELECT y + 1 FROM a",
	};
	const struct fixture *fixture = *state;
	struct database database;
	enum store_aside aside;

	for (size_t from = 1; from <= 3; from++)
		for (size_t to = 1; to <= 3; to++) {
			const struct database_schema old = { TABLES_NAME, steps, from },
						     new = { TABLES_NAME, steps, to };

			assert_int_equal(database_open(&database, fixture->root, &old, &aside), 0);
			assert_int_equal(aside, STORE_ASIDE_NONE);
			database_close(&database);
			assert_int_equal(database_open(&database, fixture->root, &new, &aside), 0);
			assert_int_equal(aside, from > to ? STORE_ASIDE_OTHER : STORE_ASIDE_NONE);
			database_close(&database);
			if (to == 3)
				assert_string_equal(ask(fixture->path, "SELECT z FROM b"), "3");
			assert_string_equal(ask(fixture->path, "PRAGMA user_version"),
			    to == 3	? "3" :
				to == 2 ? "2" :
					  "1");
			remove_files(fixture);
		}
}

/* The directory is removed while the daemon runs, and comes back. */
static void
a_removed_directory(void **state)
{
	struct fixture *fixture = *state;
	struct store_status status;
	struct store *store;
	char path[128], file[160];
	bool add_all;

	(void)snprintf(path, sizeof(path), "%s/late", fixture->root);
	(void)snprintf(file, sizeof(file), "%s/%s", path, TABLES_NAME);
	assert_int_equal(mkdir(path, 0700), 0);
	store = start_only(path, BOOT);
	(void)last_run_of(store);
	polled_at(store, 1);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(path), 0);
	/* The next poll finds that out, on an idle host too. */
	store_polled(store, &(struct moment){ 2, NOON });
	/* That all are to be added is said once, with either. */
	wait_for_error(store, -ENOENT, &status);
	add_all = status.add_all;
	assert_int_equal(mkdir(path, 0700), 0);
	wait_for_error(store, 0, &status);
	assert_true(add_all || status.add_all);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(ask(file, "SELECT polled_boottime_usec FROM meta"), "2");
	assert_int_equal(unlink(file), 0);
}

/* What is wrong in memory costs the mark alone. */
static void
a_bad_runtime_directory(void **state)
{
	struct fixture *fixture = *state;
	struct store_status status;
	struct store *store;
	char path[128];

	(void)expect_gap(fixture, BOOT, &store);
	polled_at(store, 10);
	add_gap(store, GAP_FIRST_START, 1);
	polled_at(store, 20);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	tamper(fixture, "run/" TABLES_NAME, "UPDATE poll SET boot_id = ''");
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed <90");
	polled_at(store, 30);
	/* It was removed while the daemon runs. */
	(void)snprintf(path, sizeof(path), "%s/run/%s", fixture->root, TABLES_NAME);
	assert_int_equal(unlink(path), 0);
	polled_at(store, 40);
	assert_true(is_there(fixture, "run/" TABLES_NAME));
	/* With its directory, for longer. */
	assert_int_equal(unlink(path), 0);
	(void)snprintf(path, sizeof(path), "%s/run", fixture->root);
	assert_int_equal(rmdir(path), 0);
	for (uint64_t i = 50; i < 53; i++)
		polled_at(store, i);
	store_status(store, &status);
	assert_int_equal(status.error, 0);
	assert_int_equal(status.run_error, -ENOENT);
	assert_int_equal(mkdir(path, 0700), 0);
	polled_at(store, 53);
	store_status(store, &status);
	assert_int_equal(status.run_error, 0);
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
	assert_string_equal(expect_gap(fixture, BOOT, &store), "killed 47");
	assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
}

/* A row of marks that makes no sense makes a database that is none. */
static void
strange_marks(void **state)
{
	static const char *const texts[] = {
		"UPDATE meta SET boot_id = ''",
		"UPDATE meta SET boot_id = x'4142'",
		"UPDATE meta SET boot_id = 'a' || char(0)",
		"UPDATE meta SET boot_id = printf('%040d', 1)",
		"UPDATE meta SET polled_boottime_usec = -1",
		"UPDATE meta SET polled_boottime_usec = 'x'",
		"UPDATE meta SET polled_usec = 1.5",
		"UPDATE meta SET polled_usec = -1",
		"UPDATE meta SET stopped = 'no'",
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct store *store;
		struct store_status status;

		(void)expect_gap(fixture, BOOT, &store);
		polled_at(store, 10);
		add_gap(store, GAP_FIRST_START, 1);
		assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
		tamper(fixture, "run/" TABLES_NAME, "DELETE FROM poll");
		tamper(fixture, TABLES_NAME, texts[i]);
		if (strcmp(expect_gap(fixture, BOOT, &store), "unknown ?") != 0)
			fail_msg("believed: %s", texts[i]);
		wait_for_error(store, 0, &status);
		assert_int_equal(status.aside, STORE_ASIDE_DAMAGED);
		assert_int_equal(store_stop(store, TIMEOUT_USEC), 0);
		remove_files(fixture);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_marks_say),
		cmocka_unit_test(a_clock_that_was_set),
		with_directory(marks_outlive_what_ends_the_daemon),
		with_directory(marks_outlive_a_kill),
		with_directory(an_idle_host_writes_nothing),
		with_directory(gaps_can_be_asked_for),
		with_directory(the_oldest_gaps_go),
		with_directory(an_older_database_is_taken_over),
		with_directory(a_damaged_older_database_is_put_aside),
		with_directory(versions),
		with_directory(a_removed_directory),
		with_directory(a_bad_runtime_directory),
		with_directory(strange_marks),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("store-gaps", tests, NULL, NULL);
}
