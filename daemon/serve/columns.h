/* SPDX-License-Identifier: MIT */
/*
 * THE table of columns: what can be shown of a stay, as a column and as a key of JSON. overstayd(8)
 * names them, and tests/lint/columns.sh holds both together. See columns.c.
 */
#ifndef OVERSTAY_SERVE_COLUMNS_H
#define OVERSTAY_SERVE_COLUMNS_H

#include "alert/field-table.h"
#include "serve/listing.h"

enum column_type {
	COLUMN_TEXT,
	COLUMN_WORD,  /* one of a few short ones: never wrapped */
	COLUMN_WORDS, /* a list, its words separated by spaces */
	COLUMN_NUMBER,
	COLUMN_NUMBERS, /* a list, a value each */
	COLUMN_SPAN,	/* a number of microseconds */
	COLUMN_SWITCH,	/* yes or no */
	COLUMN_TYPE_COUNT,
};

struct column {
	const char *name; /* "owner_reason": the field without OVERSTAY_, in small letters */
	enum column_type type;
	/* What is no news: the table leaves out a column that has nothing else. NULL = only what
	 * is not known. */
	const char *plain;
	/* How a table writes a value that there is not; NULL = "-". */
	const char *(*absent)(const struct stay_view *view);
	/* How many more than the one that the table shows; NULL = it has no room for more. */
	uint32_t (*more)(const struct stay_view *view);
	/* Appends the value, as a field_function does; NULL = that of the field. */
	void (*fill)(struct text *value, const struct stay_view *view);
};

/* The table; columns[i].name is NULL behind the last. */
extern const struct column columns[];

/* More than there are. */
#define COLUMNS_MAX 64

/* The longest name of a column as it is written, with its NUL. */
#define COLUMN_NAME_MAX 32

/* Those that are shown, in their order. */
struct column_choice {
	size_t count;
	struct {
		const struct column *column;
		const struct field_row *field; /* NULL = the column fills itself */
		bool by_name;		       /* somebody asked for it: it is not left out */
	} list[COLUMNS_MAX];
};

/* What a table shows, and what JSON shows, where nobody chose. */
void columns_choose_default(struct column_choice *ret);
void columns_choose_all(struct column_choice *ret);

/*
 * Reads names separated by commas, in any case, as the heading or the key has them; a "+" in front
 * puts them behind the default ones. One that is named again stays where it is. Returns 0; -EINVAL:
 * the name at *ret_wrong, *ret_length bytes of the list, is none.
 */
int columns_choose(const char *list, struct column_choice *ret, const char **ret_wrong,
    size_t *ret_length) _mustcheck_;

/* The name in capitals; of a COLUMN_SPAN that is written as a time span without "_USEC". buffer has
 * COLUMN_NAME_MAX bytes. Returns buffer. */
const char *column_heading(const struct column *column, bool as_span, char *buffer);

/*
 * Appends value number `number` (0 but for COLUMN_NUMBERS) of the choice's column `index`: escaped,
 * bounded by MESSAGE_FIELD_MAX. Returns false where there is none: it is not known.
 */
bool column_value(const struct column_choice *choice, size_t index, const struct listing *listing,
    const struct stay_view *view, uint32_t number, struct text *value);

#endif
