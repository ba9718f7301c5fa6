/* SPDX-License-Identifier: MIT */
/*
 * A listing as a table, by libsmartcols: it measures the terminal and wraps what does not fit;
 * where the output is no terminal nothing is cut.
 *
 * Values come escaped; what libsmartcols would escape once more is switched off, and where the
 * locale is not UTF-8 every byte beyond ASCII is escaped here.
 */
#include <errno.h>
#include <langinfo.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/output.h"
#include "serve/table.h"

/* A cell: one value, or all of a list; four bytes for each that the locale cannot show. */
#define CELL_MAX (4 * MESSAGE_FIELD_MAX + 64)

/* A text is wrapped to this share of the terminal if it must be, and needs so many cells. */
#define TEXT_WIDTH     0.15
#define TEXT_WIDTH_MIN 10

struct printer {
	const struct column_choice *choice;
	const struct listing *listing;
	const struct table_options *options;
	bool utf8; /* by the locale */
	struct libscols_table *table;
};

static void
add_for_locale(const struct printer *printer, struct text *cell, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (printer->utf8 || (unsigned char)*c < 0x80)
			text_printf(cell, "%c", *c);
		else
			text_printf(cell, "\\x%02x", (unsigned char)*c);
}

/* Microseconds as a time span. */
static void
add_span(struct text *cell, const char *value)
{
	char span[DURATION_TEXT_MAX];

	text_add(cell, duration_format(strtoull(value, NULL, 10), span));
}

/* All values with commas between them; those of a list of words have spaces there. */
static void
add_list(const struct printer *printer, size_t index, const struct stay_view *view,
    struct text *cell)
{
	char buffer[MESSAGE_FIELD_MAX + 1];
	struct text value;

	for (uint32_t number = 0;; number++) {
		text_init(&value, buffer, sizeof(buffer));
		if (!column_value(printer->choice, index, printer->listing, view, number, &value))
			return;
		for (char *c = buffer; *c != '\0'; c++)
			if (*c == ' ')
				*c = ',';
		text_printf(cell, "%s%s", number == 0 ? "" : ",", buffer);
	}
}

/* Returns false where there is nothing to say; the cell is "-" then. */
static bool
fill_cell(const struct printer *printer, size_t index, const struct stay_view *view,
    struct text *cell)
{
	const struct column *column = printer->choice->list[index].column;
	bool is_list = column->type == COLUMN_WORDS ||
	    (column->type == COLUMN_NUMBERS && printer->options->raw);
	char buffer[MESSAGE_FIELD_MAX + 1];
	struct text value;
	uint32_t more;

	text_init(&value, buffer, sizeof(buffer));
	if (!column_value(printer->choice, index, printer->listing, view, 0, &value)) {
		text_add(cell, column->absent != NULL ? column->absent(view) : "-");
		return column->absent != NULL;
	}
	if (is_list)
		add_list(printer, index, view, cell);
	else if (column->type == COLUMN_SPAN && !printer->options->raw)
		add_span(cell, buffer);
	else
		add_for_locale(printer, cell, buffer);
	more = column->more == NULL || printer->options->raw ? 0 : column->more(view);
	if (more > 0)
		text_printf(cell, " (+%u)", more);
	return true;
}

/* Whether the column says anything. */
static bool
is_news(const struct printer *printer, size_t index, char *buffer)
{
	const char *plain = printer->choice->list[index].column->plain;

	for (size_t i = 0; i < printer->listing->count; i++) {
		struct text cell;

		text_init(&cell, buffer, CELL_MAX);
		if (fill_cell(printer, index, &printer->listing->views[i], &cell) &&
		    (plain == NULL || strcmp(buffer, plain) != 0))
			return true;
	}
	return false;
}

/* The bytes of the heading or the longest cell. */
static size_t
measure(const struct printer *printer, size_t index, char *buffer)
{
	size_t longest = strlen(column_heading(printer->choice->list[index].column, true, buffer));

	for (size_t i = 0; i < printer->listing->count; i++) {
		struct text cell;

		text_init(&cell, buffer, CELL_MAX);
		(void)fill_cell(printer, index, &printer->listing->views[i], &cell);
		if (cell.used > longest)
			longest = cell.used;
	}
	return longest;
}

/* What is short is not broken: a user's name, an address. */
static bool
is_wrapped(const struct printer *printer, size_t index, char *buffer)
{
	enum column_type type = printer->choice->list[index].column->type;

	return (type == COLUMN_TEXT || type == COLUMN_WORDS) &&
	    measure(printer, index, buffer) > TEXT_WIDTH_MIN;
}

/* What the column needs of a line, with the space behind it. */
static size_t
needed_width(const struct printer *printer, size_t index, char *buffer)
{
	size_t least = strlen(column_heading(printer->choice->list[index].column, true, buffer));

	if (!is_wrapped(printer, index, buffer))
		return measure(printer, index, buffer) + 1;
	return (least > TEXT_WIDTH_MIN ? least : TEXT_WIDTH_MIN) + 1;
}

/* Leaves out what can be spared, until the rest fits the terminal. */
static void
spare_columns(const struct printer *printer, bool *shown, char *buffer)
{
	static const char *const spared[] = { "owner_reason", "sockets", "choice", "container",
		"user_unit", "rule", "unit" };
	size_t width[COLUMNS_MAX] = { 0 }, sum = 0;

	for (size_t i = 0; i < printer->choice->count; i++) {
		width[i] = shown[i] ? needed_width(printer, i, buffer) : 0;
		sum += width[i];
	}
	for (size_t s = 0; s < ARRAY_SIZE(spared); s++)
		for (size_t i = 0; i < printer->choice->count; i++)
			if (sum > scols_table_get_termwidth(printer->table) + 1 && shown[i] &&
			    !printer->choice->list[i].by_name &&
			    strcmp(printer->choice->list[i].column->name, spared[s]) == 0) {
				shown[i] = false;
				sum -= width[i];
			}
}

/* For a script none is left out: its columns must not move with what they say. */
static void
choose_shown(const struct printer *printer, FILE *file, bool *shown, char *buffer)
{
	bool all = printer->options->raw || printer->options->no_headings;

	for (size_t i = 0; i < printer->choice->count; i++)
		shown[i] = all || printer->choice->list[i].by_name || is_news(printer, i, buffer);
	if (!all && isatty(fileno(file)))
		spare_columns(printer, shown, buffer);
}

static int
add_columns(const struct printer *printer, const bool *shown, char *buffer)
{
	for (size_t i = 0; i < printer->choice->count; i++) {
		const struct column *column = printer->choice->list[i].column;
		bool is_number = column->type == COLUMN_NUMBER || column->type == COLUMN_NUMBERS ||
		    column->type == COLUMN_SPAN;
		char heading[COLUMN_NAME_MAX];
		bool wrapped;

		if (!shown[i])
			continue;
		wrapped = !printer->options->raw && is_wrapped(printer, i, buffer);
		(void)column_heading(column, !printer->options->raw, heading);
		if (scols_table_new_column(printer->table, heading, wrapped ? TEXT_WIDTH : 0,
			wrapped	      ? SCOLS_FL_WRAP :
			    is_number ? SCOLS_FL_RIGHT :
					0) == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int
add_line(const struct printer *printer, const struct stay_view *view, const bool *shown,
    char *buffer)
{
	struct libscols_line *line = scols_table_new_line(printer->table, NULL);
	size_t place = 0;
	int r = line == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < printer->choice->count && r == 0; i++) {
		struct text cell;

		if (!shown[i])
			continue;
		text_init(&cell, buffer, CELL_MAX);
		(void)fill_cell(printer, i, view, &cell);
		r = scols_line_set_data(line, place++, buffer);
	}
	return r;
}

static int
print(const struct printer *printer, FILE *file)
{
	char *buffer = malloc(CELL_MAX);
	bool shown[COLUMNS_MAX];
	int r = buffer == NULL ? -ENOMEM : 0;

	if (r == 0) {
		choose_shown(printer, file, shown, buffer);
		r = add_columns(printer, shown, buffer);
	}
	scols_table_set_stream(printer->table, file);
	scols_table_enable_noencoding(printer->table, 1);
	scols_table_enable_raw(printer->table, printer->options->raw);
	scols_table_enable_noheadings(printer->table, printer->options->no_headings);
	for (size_t i = 0; i < printer->listing->count && r == 0; i++)
		r = add_line(printer, &printer->listing->views[i], shown, buffer);
	if (r == 0)
		r = scols_print_table(printer->table);
	free(buffer);
	return r;
}

int
table_print(FILE *file, const struct column_choice *choice, const struct listing *listing,
    const struct table_options *options)
{
	struct printer printer = {
		.choice = choice,
		.listing = listing,
		.options = options,
		.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	};
	int r;

	if (listing->count == 0)
		return 0;
	printer.table = scols_new_table();
	r = printer.table == NULL ? -ENOMEM : print(&printer, file);
	if (r == 0)
		r = output_finish(file);
	scols_unref_table(printer.table);
	return r;
}
