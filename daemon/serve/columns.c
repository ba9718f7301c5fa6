/* SPDX-License-Identifier: MIT */
/*
 * What can be shown of a stay. A column has the name, the value and the escaping of the field in
 * the journal (alert/'s tables), so that whoever knows one of them knows all three; what it adds is
 * the type. The few that are no fields, or that a list always has, fill themselves.
 *
 * Invariants: names are unique; every column fills itself or has a field of its name.
 * Cost: fields are searched by name once for a choice, not per value.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "serve/columns.h"

/* What a table shows where nobody chose: it leaves out those that have nothing to say. */
static const char default_names[] =
    "protocol,address,port,choice,sockets,user,pid,exe,script,unit,user_unit,container,origin,"
    "class,reasons,hints,owner_reason,threshold_usec,rule";

static void
fill_allowed(struct text *value, const struct stay_view *view)
{
	text_add(value, view->allowed ? "yes" : "no");
}

static void
fill_sockets(struct text *value, const struct stay_view *view)
{
	text_printf(value, "%u", view->stay.sockets);
}

static void
fill_users(struct text *value, const struct stay_view *view)
{
	text_printf(value, "%u", view->stay.users);
}

static void
fill_exe_deleted(struct text *value, const struct stay_view *view)
{
	const struct process *process = owner_first(view->stay.owner);

	if (process != NULL)
		text_add(value, process->exe_deleted ? "yes" : "no");
}

static uint32_t
more_users(const struct stay_view *view)
{
	return view->stay.users - 1;
}

static uint32_t
more_pids(const struct stay_view *view)
{
	return view->stay.owner->holders - 1;
}

static const char *
no_threshold(const struct stay_view *view)
{
	return view->allowed ? "allowed" : "never";
}

const struct column columns[] = {
	{ "protocol", COLUMN_WORD },
	{ "address", COLUMN_TEXT },
	{ "port", COLUMN_NUMBER },
	{ "interface", COLUMN_TEXT },
	{ "v6only", COLUMN_SWITCH },
	{ "exposure", COLUMN_WORD },
	{ "choice", COLUMN_WORD, .plain = "asked" },
	{ "netns_cookie", COLUMN_NUMBER },
	{ "age_usec", COLUMN_SPAN },
	{ "age_max_usec", COLUMN_SPAN },
	{ "threshold_usec", COLUMN_SPAN, .absent = no_threshold },
	{ "first_seen_usec", COLUMN_NUMBER },
	{ "range", COLUMN_WORD },
	{ "severity", COLUMN_WORD },
	{ "class", COLUMN_WORD },
	{ "reasons", COLUMN_WORDS },
	{ "strength", COLUMN_WORD },
	{ "hints", COLUMN_WORDS },
	{ "last_used_usec", COLUMN_NUMBER },
	{ "allowed", COLUMN_SWITCH, .plain = "no", .fill = fill_allowed },
	{ "rule", COLUMN_TEXT },
	{ "note", COLUMN_TEXT },
	{ "would_allow", COLUMN_TEXT },
	{ "sockets", COLUMN_NUMBER, .plain = "1", .fill = fill_sockets },
	{ "users", COLUMN_NUMBER, .plain = "1", .fill = fill_users },
	{ "cookie", COLUMN_NUMBER },
	{ "inode", COLUMN_NUMBER },
	{ "owner", COLUMN_WORD },
	{ "owner_reason", COLUMN_TEXT },
	{ "observed_usec", COLUMN_NUMBER },
	{ "holders", COLUMN_NUMBER },
	{ "pid", COLUMN_NUMBERS, .more = more_pids },
	{ "comm", COLUMN_TEXT },
	{ "exe", COLUMN_TEXT },
	{ "exe_deleted", COLUMN_SWITCH, .plain = "no", .fill = fill_exe_deleted },
	{ "exe_sha256", COLUMN_TEXT },
	{ "script", COLUMN_TEXT },
	{ "cmdline", COLUMN_TEXT },
	{ "cwd", COLUMN_TEXT },
	{ "uid", COLUMN_NUMBER },
	{ "user", COLUMN_TEXT, .more = more_users },
	{ "loginuid", COLUMN_NUMBER },
	{ "parent", COLUMN_NUMBER },
	{ "parent_comm", COLUMN_TEXT },
	{ "started_usec", COLUMN_NUMBER },
	{ "unit", COLUMN_TEXT },
	{ "user_unit", COLUMN_TEXT },
	{ "slice", COLUMN_TEXT },
	{ "session", COLUMN_TEXT },
	{ "origin", COLUMN_WORD, .plain = "unit" },
	{ "container", COLUMN_TEXT },
	{ "container_kind", COLUMN_WORD },
	{ "forwards_to", COLUMN_TEXT },
	{ NULL },
};

_Static_assert(ARRAY_SIZE(columns) <= COLUMNS_MAX + 1, "all of them may be chosen");

const char *
column_heading(const struct column *column, bool as_span, char *buffer)
{
	size_t length = strlen(column->name);

	if (as_span && column->type == COLUMN_SPAN)
		length -= strlen("_usec");
	for (size_t i = 0; i < length; i++)
		buffer[i] = (char)toupper((unsigned char)column->name[i]);
	buffer[length] = '\0';
	return buffer;
}

/* The field that has the column's name behind OVERSTAY_, in capitals. */
static const struct field_row *
find_field(const struct column *column)
{
	static const struct field_table *const tables[] = { &fields_of_stay, &fields_of_owner };
	char wanted[sizeof("OVERSTAY_") + COLUMN_NAME_MAX] = "OVERSTAY_";

	if (column->fill != NULL)
		return NULL;
	(void)column_heading(column, false, wanted + strlen(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (size_t row = 0; row < tables[i]->count; row++)
			if (strcmp(tables[i]->rows[row].name, wanted) == 0)
				return &tables[i]->rows[row];
	return NULL;
}

/* A column is shown once, however often it is named. */
static void
choose_one(struct column_choice *choice, const struct column *column, bool by_name)
{
	for (size_t i = 0; i < choice->count; i++) {
		if (choice->list[i].column != column)
			continue;
		choice->list[i].by_name |= by_name;
		return;
	}
	choice->list[choice->count].column = column;
	choice->list[choice->count].field = find_field(column);
	choice->list[choice->count].by_name = by_name;
	choice->count++;
}

void
columns_choose_all(struct column_choice *ret)
{
	*ret = (struct column_choice){ 0 };
	for (const struct column *column = columns; column->name != NULL; column++)
		choose_one(ret, column, false);
}

static const struct column *
find_column(const char *name, size_t length)
{
	for (const struct column *column = columns; column->name != NULL; column++) {
		char heading[COLUMN_NAME_MAX];

		for (unsigned as_span = 0; as_span < 2; as_span++) {
			(void)column_heading(column, as_span != 0, heading);
			if (strlen(heading) == length && strncasecmp(heading, name, length) == 0)
				return column;
		}
	}
	return NULL;
}

static int
add_names(struct column_choice *choice, const char *list, bool by_name, const char **ret_wrong,
    size_t *ret_length)
{
	for (;;) {
		size_t length = strcspn(list, ",");
		const struct column *column = find_column(list, length);

		if (column == NULL) {
			*ret_wrong = list;
			*ret_length = length;
			return -EINVAL;
		}
		choose_one(choice, column, by_name);
		if (list[length] == '\0')
			return 0;
		list += length + 1;
	}
}

void
columns_choose_default(struct column_choice *ret)
{
	const char *wrong;
	size_t length;

	*ret = (struct column_choice){ 0 };
	/* All of them exist: the unit test reads them. */
	(void)add_names(ret, default_names, false, &wrong, &length);
}

int
columns_choose(const char *list, struct column_choice *ret, const char **ret_wrong,
    size_t *ret_length)
{
	*ret = (struct column_choice){ 0 };
	if (*list == '+') {
		columns_choose_default(ret);
		list++;
	}
	return add_names(ret, list, true, ret_wrong, ret_length);
}

bool
column_value(const struct column_choice *choice, size_t index, const struct listing *listing,
    const struct stay_view *view, uint32_t number, struct text *value)
{
	const struct column *column = choice->list[index].column;
	const struct report report = {
		.realtime_usec = listing->moment.realtime_usec,
		.boottime_usec = listing->moment.boottime_usec,
	};
	const struct field_source source = {
		.report = &report,
		.stay = &view->stay,
		.process = owner_first(view->stay.owner),
		.place = owner_place(view->stay.owner),
		.context = listing->context,
		.number = number,
	};
	size_t before = value->used;

	if (number > 0 && column->type != COLUMN_NUMBERS)
		return false;
	if (column->fill != NULL)
		column->fill(value, view);
	else if (choice->list[index].field != NULL)
		choice->list[index].field->function(value, &source);
	return value->used > before;
}
