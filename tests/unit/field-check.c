/* SPDX-License-Identifier: MIT */
/*
 * Holds messages against the table of fields: those that unit tests render, and all of the
 * scenarios. The table is what tests/golden/fields.txt shows, so a field whose value is of another
 * type than the table says cannot pass. JSON is held against its grammar. A field that the
 * catalogue shows stands in every message of the kind.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/events.h"
#include "field-check.h"

static bool
is_number(const char *value, size_t length)
{
	size_t digits = strspn(value, "0123456789");

	/* JSON and databases take 64 bits; no zeros before a number. */
	return digits == length && length > 0 && length <= 20 && (value[0] != '0' || length == 1);
}

static bool
is_word(const char *value, size_t length)
{
	return length > 0 && length < 64 &&
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") >= length;
}

static bool
is_string_of_list(const char *value, size_t length)
{
	(void)value;
	return length > 0;
}

/* One blank between two entries, none before or behind. */
static bool
is_list(const char *value, bool (*is_entry)(const char *value, size_t length))
{
	for (;;) {
		size_t length = strcspn(value, " ");

		/* A number ends at its digits: a copy of the piece alone. */
		char entry[4096];

		if (length >= sizeof(entry))
			return false;
		(void)snprintf(entry, sizeof(entry), "%.*s", (int)length, value);
		if (!is_entry(entry, length))
			return false;
		if (value[length] == '\0')
			return true;
		value += length + 1;
	}
}

/* A parser of RFC 8259 that keeps nothing. Each returns what is behind, NULL = no such thing. */
static const char *skip_value(const char *at, unsigned depth);

static const char *
skip_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < 0x20)
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u' && strspn(at + 1, "0123456789abcdefABCDEF") >= 4)
			at += 4;
		else if (*at == '\0' || strchr("\"\\/bfnrt", *at) == NULL)
			return NULL;
	}
	return at + 1;
}

/* "[...]" or "{...}" whose entries are split by commas. */
static const char *
skip_entries(const char *at, char end, unsigned depth)
{
	if (*++at == end)
		return at + 1;
	for (; at != NULL; at++) {
		if (end == '}') {
			at = skip_string(at);
			if (at == NULL || *at++ != ':')
				return NULL;
		}
		at = skip_value(at, depth + 1);
		if (at == NULL || (*at != ',' && *at != end))
			return NULL;
		if (*at == end)
			return at + 1;
	}
	return NULL;
}

static const char *
skip_value(const char *at, unsigned depth)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t digits = strspn(at, "0123456789");

	if (depth > 8)
		return NULL;
	if (*at == '[')
		return skip_entries(at, ']', depth);
	if (*at == '{')
		return skip_entries(at, '}', depth);
	if (*at == '"')
		return skip_string(at);
	if (digits > 0)
		return is_number(at, digits) ? at + digits : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	return NULL;
}

static bool
is_json(const char *value)
{
	const char *end = value[0] == '[' ? skip_value(value, 0) : NULL;

	return end != NULL && *end == '\0';
}

bool
field_check_value(enum field_type type, const char *value)
{
	size_t length = strlen(value);

	switch (type) {
	case FIELD_STRING:
		return length > 0;
	case FIELD_WORD:
		return is_word(value, length);
	case FIELD_INTEGER:
	case FIELD_USEC:
		return is_number(value, length);
	case FIELD_TIME:
		/* Not a time since the host started: after 2001. */
		return is_number(value, length) && length >= 16;
	case FIELD_ID:
		return length >= 8 && strspn(value, "0123456789abcdef") == length;
	case FIELD_BOOLEAN:
		return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
	case FIELD_WORDS:
		return is_list(value, is_word);
	case FIELD_INTEGERS:
		return is_list(value, is_number);
	case FIELD_STRINGS:
		return is_list(value, is_string_of_list);
	case FIELD_JSON:
		return is_json(value);
	case FIELD_TYPE_COUNT:
		break;
	}
	return false;
}

static const char *
find_field(const struct message *message, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < message->field_count; i++) {
		const char *field = message->fields[i].iov_base;

		if (strncmp(field, name, length) == 0 && field[length] == '=')
			return field + length + 1;
	}
	return NULL;
}

/* The kind as the message names it, by its id too; EVENT_COUNT = neither. */
static unsigned
find_kind(const struct message *message)
{
	const char *event = find_field(message, "OVERSTAY_EVENT");
	const char *id = find_field(message, "MESSAGE_ID");
	unsigned kind = 0;

	while (kind < EVENT_COUNT &&
	    (event == NULL || id == NULL ||
		strcmp(event_kind_name((enum event_kind)kind), event) != 0 ||
		strcmp(event_of((enum event_kind)kind)->message_id, id) != 0))
		kind++;
	return kind;
}

/* What is wrong with a field: NULL = nothing. */
static const char *
check_one(const char *name, const char *value, unsigned kind, bool again)
{
	struct field_entry entry;
	bool known = false;

	for (size_t i = 0; fields_entry(i, &entry); i++) {
		if (strcmp(entry.name, name) != 0)
			continue;
		if (!field_check_value(entry.type, value))
			return field_type_name(entry.type);
		if (again && !entry.repeated)
			return "there once";
		known = known || (entry.kinds >> kind & 1) != 0;
	}
	return known ? NULL : "a field of this kind";
}

/* The catalogue's text about the kind, NULL where nobody says what directory it is in. */
static const char *
find_explanation(const char *id)
{
	static char catalogue[65536];
	const char *source = getenv("abs_top_srcdir");
	char path[PATH_MAX], heading[64];
	FILE *file;

	if (source == NULL)
		return NULL;
	(void)snprintf(path, sizeof(path), "%s/systemd/overstay.catalog", source);
	file = catalogue[0] == '\0' ? fopen(path, "re") : NULL;
	if (file != NULL) {
		catalogue[fread(catalogue, 1, sizeof(catalogue) - 1, file)] = '\0';
		(void)fclose(file);
	}
	(void)snprintf(heading, sizeof(heading), "\n-- %s\n", id);
	return strstr(catalogue, heading) + 1;
}

/* A field between at signs that the message has not: journalctl would show the name. */
static const char *
check_explanation(const struct message *message, unsigned kind)
{
	static char name[FIELD_NAME_MAX];
	const char *at = find_explanation(event_of((enum event_kind)kind)->message_id);
	const char *end = at == NULL ? NULL : strstr(at, "\n-- ");

	while (at != NULL && (at = strchr(at, '@')) != NULL && (end == NULL || at < end)) {
		size_t length = strcspn(++at, "@");

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, at);
		if (find_field(message, name) == NULL)
			return name;
		at += length + 1;
	}
	return NULL;
}

const char *
field_check(const struct message *message)
{
	static char complaint[MESSAGE_FIELD_MAX + 256];
	unsigned kind = find_kind(message);

	if (kind == EVENT_COUNT)
		return "no kind";
	for (size_t i = 0; i < message->field_count; i++) {
		const char *field = message->fields[i].iov_base, *sign = strchr(field, '=');
		char name[FIELD_NAME_MAX];
		const char *wrong;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(sign - field), field);
		wrong = check_one(name, sign + 1, kind, find_field(message, name) != sign + 1);
		if (wrong == NULL)
			continue;
		(void)snprintf(complaint, sizeof(complaint), "%s of %s, expected %s: %.4000s", name,
		    event_kind_name((enum event_kind)kind), wrong, sign + 1);
		return complaint;
	}
	return NULL;
}

const char *
field_check_explained(const struct message *message)
{
	static char complaint[FIELD_NAME_MAX + 128];
	unsigned kind = find_kind(message);
	const char *missing = kind == EVENT_COUNT ? NULL : check_explanation(message, kind);

	if (missing == NULL)
		return NULL;
	(void)snprintf(complaint, sizeof(complaint), "no %s, which the catalogue shows of %s",
	    missing, event_kind_name((enum event_kind)kind));
	return complaint;
}
