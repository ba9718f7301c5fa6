/* SPDX-License-Identifier: MIT */
/*
 * What the tests of daemon/store/ share: a state directory, and the making, keeping and finding of
 * executables in it.
 */
#ifndef OVERSTAY_TESTS_STORE_HELP_H
#define OVERSTAY_TESTS_STORE_HELP_H

#include "base/clock.h"
#include "store/store.h"

#define BOOT	     "7d5a1f9c-0000-4000-8000-000000000001"
#define TIMEOUT_USEC (20 * USEC_PER_SEC)

struct fixture {
	char root[64];
	char path[128]; /* of the database */
	struct tables_options options;
};

/* cmocka's set-up and tear-down: *state is a struct fixture. Fails where strange files are left. */
int set_up(void **state);
int tear_down(void **state);

#define with_directory(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

void remove_files(const struct fixture *fixture);
bool is_there(const struct fixture *fixture, const char *name);

/* A process with that pid and path (borrowed); all else follows from the pid. */
struct executable process(int32_t pid, const char *path);

/* The pids that are kept, newest first, as "3 2 1"; every other value must be process()'s. The
 * list is cleared. */
const char *pids_of(struct executable_list *list);

/* Starts the thread, which must find those. */
struct store *start(const struct fixture *fixture, const char *boot_id, const char *expected_pids);
void add(struct store *store, int32_t pid);

/* Waits until the thread's last try ended with that error. ret->add_all: it was told meanwhile. */
void wait_for_error(struct store *store, int error, struct store_status *ret);

/* Starts the thread, whatever it finds. */
struct store *start_only(const char *directory, const char *boot_id);

/* Opens the tables, without a thread; that must come of it. */
struct tables *open_tables(const struct fixture *fixture, enum store_aside expected);

/* What is kept of executables. As tables_load(). */
int load(struct tables *tables, struct executable_list *ret);

/* Adds the processes first to last in one transaction. As tables_apply(). */
int apply(struct tables *tables, int32_t first, int32_t last);

/* Runs SQL on the database of that name from outside. */
void tamper(const struct fixture *fixture, const char *name, const char *sql);

#endif
