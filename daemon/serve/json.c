/* SPDX-License-Identifier: MIT */
/*
 * JSON of a listing: the keys are the columns' names, numbers are numbers, lists are lists, and
 * null is what is not known or is not there. Whatever bytes a process gave itself, the output is
 * valid: values come escaped, as in the journal.
 *
 * Cost: one listener is in memory at a time.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/output.h"
#include "serve/json.h"

static json_t *
number_of(const char *text)
{
	unsigned long long number;

	errno = 0;
	number = strtoull(text, NULL, 10);
	/* No kernel counts that far, and JSON's readers do not either. */
	return errno != 0 || number > INT64_MAX ? json_null() : json_integer((json_int_t)number);
}

/* NULL without memory. */
static json_t *
words_of(const char *text)
{
	json_t *list = json_array();

	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (json_array_append_new(list, json_stringn(text, length)) < 0) {
			json_decref(list);
			return NULL;
		}
		text += length + (text[length] == ' ');
	}
	return list;
}

/* NULL without memory. */
static json_t *
numbers_of(const struct column_choice *choice, size_t index, const struct listing *listing,
    const struct stay_view *view)
{
	json_t *list = json_array();
	char buffer[MESSAGE_FIELD_MAX + 1];
	struct text text;
	uint32_t number = 0;

	for (;;) {
		text_init(&text, buffer, sizeof(buffer));
		if (!column_value(choice, index, listing, view, number++, &text))
			return list;
		if (json_array_append_new(list, number_of(buffer)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
}

/* NULL without memory. */
static json_t *
value_of(const struct column_choice *choice, size_t index, const struct listing *listing,
    const struct stay_view *view)
{
	const struct column *column = choice->list[index].column;
	char buffer[MESSAGE_FIELD_MAX + 1];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	/* That there are no reasons is known. */
	if (!column_value(choice, index, listing, view, 0, &text) && column->type != COLUMN_WORDS)
		return json_null();
	switch (column->type) {
	case COLUMN_WORDS:
		return words_of(buffer);
	case COLUMN_NUMBER:
	case COLUMN_SPAN:
		return number_of(buffer);
	case COLUMN_NUMBERS:
		return numbers_of(choice, index, listing, view);
	case COLUMN_SWITCH:
		return json_boolean(strcmp(buffer, "yes") == 0);
	case COLUMN_TEXT:
	case COLUMN_WORD:
	case COLUMN_TYPE_COUNT:
		break;
	}
	return json_string(buffer);
}

static int
print_listener(FILE *file, const struct column_choice *choice, const struct listing *listing,
    const struct stay_view *view)
{
	json_t *object = json_object();
	int r = object == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < choice->count && r == 0; i++)
		if (json_object_set_new(object, choice->list[i].column->name,
			value_of(choice, i, listing, view)) < 0)
			r = -ENOMEM;
	if (r == 0 && json_dumpf(object, file, 0) < 0)
		r = -EIO;
	json_decref(object);
	return r;
}

/* The list of what could not be seen. */
static int
print_incomplete(FILE *file, const struct listing *listing)
{
	json_t *list = json_array();
	int r = list == NULL ? -ENOMEM : 0;

	for (size_t i = 0; i < listing->incomplete_count && r == 0; i++)
		if (json_array_append_new(list, json_string(listing->incomplete[i])) < 0)
			r = -ENOMEM;
	if (r == 0 && json_dumpf(list, file, 0) < 0)
		r = -EIO;
	json_decref(list);
	return r;
}

int
json_print(FILE *file, const struct column_choice *choice, const struct listing *listing)
{
	int r;

	(void)fprintf(file, "{\"schema\": %d, \"complete\": %s, \"incomplete\": ", JSON_SCHEMA,
	    listing->incomplete_count == 0 ? "true" : "false");
	r = print_incomplete(file, listing);
	(void)fputs(", \"listeners\": [", file);
	for (size_t i = 0; i < listing->count && r == 0; i++) {
		(void)fputs(i == 0 ? "\n" : ",\n", file);
		r = print_listener(file, choice, listing, &listing->views[i]);
	}
	(void)fputs("]}\n", file);
	return r < 0 ? r : output_finish(file);
}
