/* SPDX-License-Identifier: MIT */
/*
 * Which tables there are, in which of two databases, on one connection: `main` in the state
 * directory, durable, and `run` in the runtime directory, which is memory and outlives the daemon,
 * but no reboot. What nobody needs after a reboot is written to `run` alone, so an idle host writes
 * nothing to a disk.
 *
 * The versions: a step that was released is never changed. New tables and columns are a new step
 * behind the others (store/database.h).
 *
 * What it never does: have a transaction over both databases, which would leave a third file
 * behind a crash. The disk is first: who is killed in between has an older mark in memory, and the
 * later one counts (mark.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/database.h"
#include "store/executables.h"
#include "store/gaps.h"
#include "store/marks.h"
#include "store/tables.h"

#define RUN "run"

static const char *const main_steps[] = {
	EXECUTABLES_TABLE ";" MARKS_META_TABLE ";" GAPS_TABLE,
};

static const char *const run_steps[] = {
	MARKS_POLL_TABLE,
};

static const struct database_schema main_schema = { TABLES_NAME, main_steps,
	ARRAY_SIZE(main_steps) };
static const struct database_schema run_schema = { TABLES_NAME, run_steps, ARRAY_SIZE(run_steps) };

struct tables {
	const struct tables_options *options;
	struct database database;
	struct executables *executables;
	struct gaps *gaps;
	struct marks *meta;
	bool pruned; /* rows of other boots are gone */
	bool
	    is_lost; /* the last run is not known: its database was put aside, or had no such row */
	bool is_attached;
	struct database_place run_place;
	struct marks *poll; /* NULL = nothing is attached */
};

static void
detach_run(struct tables *tables)
{
	tables->poll = marks_close(tables->poll);
	if (tables->is_attached)
		database_detach(&tables->database, RUN);
	tables->is_attached = false;
	free(tables->run_place.path);
	tables->run_place = (struct database_place){ 0 };
}

/* Opened on its own first: what is wrong with it must not be the other's fault. */
static int
attach_run(struct tables *tables)
{
	struct database run;
	enum store_aside aside;
	int r;

	if (tables->options->runtime_directory == NULL)
		return -ENOENT;
	r = database_open(&run, tables->options->runtime_directory, &run_schema, &aside);
	if (r < 0)
		return r;
	tables->run_place = run.place;
	run.place.path = NULL;
	database_close(&run);
	r = database_attach(&tables->database, RUN, &tables->run_place);
	tables->is_attached = r == 0;
	if (r == 0)
		r = marks_open(&tables->database, MARKS_POLL, &tables->poll);
	if (r < 0)
		detach_run(tables);
	return r;
}

/* The rows of the list, all or none. */
static int
add_all(struct tables *tables, const struct executable_list *list)
{
	int r = database_begin(&tables->database);

	if (r < 0)
		return r;
	for (size_t i = list->count; r == 0 && i-- > 0;)
		r = executables_add(tables->executables, &list->items[i]);
	return database_end(&tables->database, r);
}

/* Earlier releases had another database. It goes once its rows are here. */
static int
take_over(struct tables *tables, enum store_aside *aside)
{
	const char *directory = tables->options->state_directory;
	struct executable_list list;
	int r = executables_load_old(directory, tables->options->boot_id, &list);

	if (r == -EBADMSG) {
		*aside = STORE_ASIDE_DAMAGED;
		tables->is_lost = true;
		return 0;
	}
	if (r < 0 || list.items == NULL)
		return r;
	tables->is_lost = true;
	r = add_all(tables, &list);
	executable_list_clear(&list);
	return r < 0 ? r : executables_remove_old(directory);
}

static int
open_tables(struct tables *tables, enum store_aside *ret_aside)
{
	struct database *database = &tables->database;
	const struct tables_options *options = tables->options;
	int r = database_open(database, options->state_directory, &main_schema, ret_aside);

	if (r < 0)
		return r;
	tables->is_lost = *ret_aside != STORE_ASIDE_NONE;
	r = executables_open(database, options->boot_id, &tables->executables);
	if (r == 0)
		r = gaps_open(database, &tables->gaps);
	if (r == 0)
		r = marks_open(database, MARKS_META, &tables->meta);
	if (r == 0)
		r = take_over(tables, ret_aside);
	if (r == 0)
		(void)!attach_run(tables);
	return r;
}

int
tables_open(const struct tables_options *options, struct tables **ret, enum store_aside *ret_aside)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	int r;

	*ret_aside = STORE_ASIDE_NONE;
	if (tables == NULL)
		return -ENOMEM;
	tables->options = options;
	r = open_tables(tables, ret_aside);
	if (r < 0)
		(void)tables_close(tables);
	else
		*ret = tables;
	return r;
}

struct tables *
tables_close(struct tables *tables)
{
	if (tables == NULL)
		return NULL;
	detach_run(tables);
	tables->executables = executables_close(tables->executables);
	tables->gaps = gaps_close(tables->gaps);
	tables->meta = marks_close(tables->meta);
	database_close(&tables->database);
	free(tables);
	return NULL;
}

bool
tables_are_in_place(const struct tables *tables)
{
	return database_is_in_place(&tables->database.place);
}

int
tables_load(struct tables *tables, struct tables_kept *ret)
{
	struct last_run *last_run = &ret->last_run;
	int r;

	*ret = (struct tables_kept){ .last_run.is_lost = tables->is_lost };
	r = marks_load(tables->meta, &last_run->saved);
	if (r == 0 && tables->poll != NULL && marks_load(tables->poll, &last_run->last_poll) < 0) {
		/* It is worth nothing; the next mark begins a new one. */
		last_run->last_poll = (struct mark){ 0 };
		detach_run(tables);
		(void)!database_remove(tables->options->runtime_directory, TABLES_NAME);
	}
	if (r == 0)
		r = executables_load(tables->executables, &ret->executables);
	return r;
}

static bool
is_for_disk(const struct change *changes)
{
	for (; changes != NULL; changes = changes->next)
		if (changes->kind != CHANGE_POLLED)
			return true;
	return false;
}

static int
apply_one(struct tables *tables, const struct change *change)
{
	switch (change->kind) {
	case CHANGE_EXECUTABLE:
		return executables_add(tables->executables, &change->executable);
	case CHANGE_GAP:
		return gaps_add(tables->gaps, &change->gap);
	case CHANGE_POLLED:
	case CHANGE_STOPPED:
		break;
	}
	return 0;
}

int
tables_apply(struct tables *tables, const struct change *changes, const struct mark *mark)
{
	int r;

	if (tables->pruned && !is_for_disk(changes))
		return 0;
	r = database_begin(&tables->database);
	if (r < 0)
		return r;
	for (; r == 0 && changes != NULL; changes = changes->next)
		r = apply_one(tables, changes);
	if (r == 0 && mark->boot_id[0] != '\0')
		r = marks_save(tables->meta, mark);
	if (r == 0)
		r = executables_prune(tables->executables);
	r = database_end(&tables->database, r);
	tables->pruned = tables->pruned || r == 0;
	return r;
}

int
tables_mark(struct tables *tables, const struct mark *mark)
{
	int r = 0;

	if (tables->options->runtime_directory == NULL || mark->boot_id[0] == '\0')
		return 0;
	if (tables->poll != NULL && !database_is_in_place(&tables->run_place))
		detach_run(tables);
	if (tables->poll == NULL)
		r = attach_run(tables);
	if (r == 0)
		r = marks_save(tables->poll, mark);
	if (r < 0)
		detach_run(tables);
	if (r == -EBADMSG)
		(void)!database_remove(tables->options->runtime_directory, TABLES_NAME);
	return r;
}

int
tables_put_aside(const struct tables_options *options, enum store_aside aside)
{
	return database_put_aside(options->state_directory, TABLES_NAME, aside);
}
