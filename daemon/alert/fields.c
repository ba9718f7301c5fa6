/* SPDX-License-Identifier: MIT */
/*
 * The fields that stand in the journal: tables with a row for each, in the order of the manual
 * (overstayd(8), JOURNAL FIELDS; tests/lint/messages holds both together). Those of every message
 * are here, those of a stay in fields-stay.c, those of an owner in fields-owner.c. What is about no
 * stay has its facts as fields: their table is model/notice.c's.
 *
 * A row's function appends the value; a field whose value is not known is left out, never empty.
 * Foreign bytes are escaped as in the text, so that journalctl prints every field as text. All is
 * bounded: a field by MESSAGE_FIELD_MAX (OVERSTAY_ITEMS by ITEMS_JSON_MAX), a message by
 * MESSAGE_BYTES_MAX.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "alert/events.h"
#include "alert/field-table.h"
#include "alert/field-value.h"
#include "alert/fields.h"
#include "alert/items.h"
#include "alert/say.h"

static void
message_id(struct text *value, const struct field_source *source)
{
	text_add(value, event_of(source->report->kind)->message_id);
}

static void
priority(struct text *value, const struct field_source *source)
{
	text_printf(value, "%d", (int)source->report->priority);
}

static void
identifier(struct text *value, const struct field_source *source)
{
	(void)source;
	text_add(value, "overstayd");
}

/* LOG_DAEMON, as in syslog(3). */
static void
facility(struct text *value, const struct field_source *source)
{
	(void)source;
	text_printf(value, "%d", LOG_FAC(LOG_DAEMON));
}

static void
schema(struct text *value, const struct field_source *source)
{
	(void)source;
	text_printf(value, "%d", FIELDS_SCHEMA);
}

static void
event_name(struct text *value, const struct field_source *source)
{
	text_add(value, event_kind_name(source->report->kind));
}

static void
number(struct text *value, const struct field_source *source)
{
	if (source->report->number != 0)
		text_printf(value, "%" PRIu64, source->report->number);
}

static void
config(struct text *value, const struct field_source *source)
{
	if (source->context->config != NULL)
		value_add_name(value, source->context->config);
}

static const struct field_row rows[] = {
	{ "MESSAGE_ID", FIELDS_ALWAYS, FIELD_ID, false, message_id },
	{ "PRIORITY", FIELDS_ALWAYS, FIELD_INTEGER, false, priority },
	{ "SYSLOG_IDENTIFIER", FIELDS_ALWAYS, FIELD_STRING, false, identifier },
	{ "SYSLOG_FACILITY", FIELDS_ALWAYS, FIELD_INTEGER, false, facility },
	{ "OVERSTAY_SCHEMA", FIELDS_ALWAYS, FIELD_INTEGER, false, schema },
	{ "OVERSTAY_EVENT", FIELDS_ALWAYS, FIELD_WORD, false, event_name },
	{ "OVERSTAY_NUMBER", FIELDS_ALWAYS, FIELD_INTEGER, false, number },
	{ "OVERSTAY_CONFIG", FIELDS_ALWAYS, FIELD_ID, false, config },
};

static const struct field_table fields_of_all = { rows, ARRAY_SIZE(rows) };

/* In the order of the manual. */
static const struct field_table *const tables[] = {
	&fields_of_all,
	&fields_of_stay,
	&fields_of_owner,
};

static const char *const type_names[FIELD_TYPE_COUNT] = {
	[FIELD_STRING] = "string",
	[FIELD_WORD] = "word",
	[FIELD_INTEGER] = "integer",
	[FIELD_USEC] = "usec",
	[FIELD_TIME] = "time",
	[FIELD_ID] = "id",
	[FIELD_BOOLEAN] = "boolean",
	[FIELD_WORDS] = "list of words",
	[FIELD_INTEGERS] = "list of integers",
	[FIELD_STRINGS] = "list of strings",
	[FIELD_JSON] = "JSON",
};

const char *
field_type_name(enum field_type type)
{
	return type_names[type];
}

/* The kinds whose messages have the fields of that group. */
static uint32_t
kinds_of_group(enum field_group group)
{
	uint32_t kinds = 0;

	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if ((event_of((enum event_kind)i)->fields & group) != 0)
			kinds |= 1U << i;
	return kinds;
}

static uint32_t
kinds_of_fact(enum fact_name name)
{
	uint32_t kinds = 0;

	for (unsigned i = NOTICE_NONE + 1; i < NOTICE_COUNT; i++)
		if (notice_carries((enum notice)i, name))
			kinds |= 1U << notice_kind((enum notice)i);
	return kinds;
}

/* "OVERSTAY_" and the fact's name. */
static void
name_fact(enum fact_name name, char ret[FIELD_NAME_MAX])
{
	(void)snprintf(ret, FIELD_NAME_MAX, "OVERSTAY_%s", fact_name(name));
}

/* The n-th fact that is a field. */
static bool
find_fact_field(size_t n, struct field_entry *ret)
{
	for (unsigned i = 0; i < FACT_NAME_COUNT; i++) {
		enum fact_name name = (enum fact_name)i;

		if (!fact_is_field(name) || n-- > 0)
			continue;
		*ret = (struct field_entry){
			.type = say_fact_type(name),
			.kinds = kinds_of_fact(name),
		};
		name_fact(name, ret->name);
		return true;
	}
	return false;
}

bool
fields_entry(size_t n, struct field_entry *ret)
{
	static const struct field_row message = { "MESSAGE", FIELDS_ALWAYS, FIELD_STRING, false,
		NULL };
	const struct field_row *row = n == 0 ? &message : NULL;

	n -= n > 0;
	for (size_t i = 0; i < ARRAY_SIZE(tables) && row == NULL; i++) {
		if (n < tables[i]->count)
			row = &tables[i]->rows[n];
		else
			n -= tables[i]->count;
	}
	if (row == NULL)
		return find_fact_field(n, ret);
	*ret = (struct field_entry){
		.type = row->type,
		.repeated = row->repeated,
		.kinds = kinds_of_group(row->group),
	};
	(void)snprintf(ret->name, sizeof(ret->name), "%s", row->name);
	return true;
}

/* Begins a field of at most max bytes behind those that are there; false if there is no room for
 * another. */
static bool
field_begin(struct message *message, struct text *field, const char *name, size_t max)
{
	size_t room = message->bytes.size - message->bytes.used;

	if (message->field_count == MESSAGE_FIELDS_MAX || room < max + 1) {
		message->cut = true;
		return false;
	}
	text_init(field, message->bytes.data + message->bytes.used, max + 1);
	text_printf(field, "%s=", name);
	return true;
}

/* Keeps the field if it has a value. Returns whether it has one. */
static bool
field_end(struct message *message, const struct text *field, const char *name)
{
	if (field->used <= strlen(name) + 1)
		return false;
	message->fields[message->field_count++] = (struct iovec){
		.iov_base = field->data,
		.iov_len = field->used,
	};
	message->bytes.used += field->used + 1;
	return true;
}

void
field_add(struct message *message, const char *name, const char *value)
{
	struct text field;

	if (!field_begin(message, &field, name, MESSAGE_FIELD_MAX))
		return;
	text_add(&field, value);
	(void)field_end(message, &field, name);
}

static void
add_row(struct message *message, const struct field_row *row, struct field_source *source)
{
	struct text field;

	source->number = 0;
	do {
		if (!field_begin(message, &field, row->name, MESSAGE_FIELD_MAX))
			return;
		row->function(&field, source);
		source->number++;
	} while (field_end(message, &field, row->name) && row->repeated);
}

static void
add_table(struct message *message, const struct field_table *table, uint32_t groups,
    struct field_source *source)
{
	for (size_t i = 0; i < table->count; i++)
		if ((groups & table->rows[i].group) != 0)
			add_row(message, &table->rows[i], source);
}

static void
add_fact(struct message *message, const struct fact *fact)
{
	char name[FIELD_NAME_MAX];
	struct text field;

	name_fact(fact->name, name);
	if (!fact_is_field(fact->name) || !field_begin(message, &field, name, MESSAGE_FIELD_MAX))
		return;
	say_fact_value(&field, fact);
	(void)field_end(message, &field, name);
}

/* What is left out of OVERSTAY_ITEMS is counted in a field of its own. */
static void
add_items(struct message *message, const struct items *items, const struct message_context *context)
{
	char name[FIELD_NAME_MAX];
	struct fact left_out;
	struct text field;

	name_fact(FACT_ITEMS, name);
	if (!field_begin(message, &field, name, ITEMS_JSON_MAX + strlen(name) + 1))
		return;
	left_out = fact_number(FACT_ITEMS_OMITTED, items_write(&field, items, context));
	(void)field_end(message, &field, name);
	if (left_out.number > 0)
		add_fact(message, &left_out);
}

void
fields_add(struct message *message, const struct report *report,
    const struct message_context *context)
{
	uint32_t groups = event_of(report->kind)->fields;
	struct field_source source = {
		.report = report,
		.stay = report->stay,
		.process = report->stay == NULL ? NULL : owner_first(report->stay->owner),
		.place = report->stay == NULL ? NULL : owner_place(report->stay->owner),
		.context = context,
	};

	/* A summary of many is of their kind, but about no stay. */
	if (report->stay == NULL)
		groups = FIELDS_ALWAYS;
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		add_table(message, tables[i], groups, &source);
	for (size_t i = 0; i < report->fact_count; i++)
		if (fact_type(report->facts[i].name) == FACT_TYPE_ITEMS)
			add_items(message, report->facts[i].items, context);
		else
			add_fact(message, &report->facts[i]);
}
