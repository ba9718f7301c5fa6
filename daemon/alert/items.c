/* SPDX-License-Identifier: MIT */
/*
 * OVERSTAY_ITEMS: JSON (RFC 8259) with an object for each listener. A key is the name of a field
 * without OVERSTAY_, in small letters, and its value is that field's: escaped as in the field, so
 * that bytes that are no text come out as text, and then as JSON wants it. Integers are numbers.
 * What is not known has no key.
 *
 * Written by hand, since this thread takes no memory for a message. Bounded: each string by
 * STRING_MAX, the array by ITEMS_JSON_MAX.
 */
#include <inttypes.h>
#include <string.h>

#include "alert/describe.h"
#include "alert/items.h"

/* Of a value, in bytes as a field has them; what is longer is cut. */
#define STRING_MAX 256

/* One object at most: a dozen strings, each byte of which may become two. */
#define OBJECT_MAX 8192

struct object {
	struct text *text;
	const char *before; /* what stands before the next key */
};

static void
begin_key(struct object *object, const char *key)
{
	text_printf(object->text, "%s\"%s\":", object->before, key);
	object->before = ",";
}

static void
add_number(struct object *object, const char *key, uint64_t number)
{
	begin_key(object, key);
	text_printf(object->text, "%" PRIu64, number);
}

/* Text that has been escaped as a field has it; "" = not known. */
static void
add_plain(struct object *object, const char *key, const char *value)
{
	if (value[0] == '\0')
		return;
	begin_key(object, key);
	text_add(object->text, "\"");
	for (; *value != '\0'; value++)
		text_printf(object->text, "%s%c", *value == '"' || *value == '\\' ? "\\" : "",
		    *value);
	text_add(object->text, "\"");
}

/* Foreign bytes; NULL = not known. */
static void
add_bytes(struct object *object, const char *key, const char *bytes)
{
	char buffer[STRING_MAX + 1];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	if (bytes != NULL)
		text_escape_string(&text, bytes, STRING_MAX);
	add_plain(object, key, buffer);
}

static void
add_listener(struct object *object, const struct item *item)
{
	char address[ENDPOINT_TEXT_MAX], id[2 * sizeof(item->stay) + 1];
	struct text text;

	text_init(&text, id, sizeof(id));
	for (size_t i = 0; i < sizeof(item->stay); i++)
		text_printf(&text, "%02x", item->stay[i]);
	add_plain(object, "stay", id);
	add_plain(object, "severity", severity_name(item->severity));
	add_plain(object, "protocol", protocol_name((enum protocol)item->endpoint.protocol));
	add_plain(object, "address", endpoint_format_address(&item->endpoint, address));
	add_number(object, "port", item->endpoint.port);
	add_plain(object, "exposure", exposure_name(endpoint_exposure(&item->endpoint)));
	add_number(object, "age_usec", item->age_usec);
	add_plain(object, "class", class_name(item->class));
}

static void
add_place(struct object *object, const struct place *place)
{
	char buffer[STRING_MAX + 1];
	struct text text;

	text_init(&text, buffer, sizeof(buffer));
	describe_unit(&text, place->unit, STRING_MAX);
	add_plain(object, "unit", buffer);
	text_init(&text, buffer, sizeof(buffer));
	describe_unit(&text, place->user_unit, STRING_MAX);
	add_plain(object, "user_unit", buffer);
	add_bytes(object, "container", place->container);
}

static void
add_owner(struct object *object, const struct item *item, const struct message_context *context)
{
	const struct process *process = item->owner == NULL ? NULL : owner_first(item->owner);
	uint32_t uid = process != NULL ? process->uid : item->uid;

	if (item->owner != NULL)
		add_plain(object, "owner", owner_kind_name(item->owner->kind));
	if (process != NULL) {
		add_number(object, "pid", (uint64_t)process->pid);
		add_bytes(object, "comm", process->comm);
		add_bytes(object, "exe", process->exe);
		add_bytes(object, "script", process->script);
	}
	if (uid != UINT32_MAX) {
		add_number(object, "uid", uid);
		add_bytes(object, "user",
		    context->user_name == NULL ? NULL : context->user_name(uid, context->argument));
	}
	if (item->owner != NULL)
		add_place(object, owner_place(item->owner));
	if (process != NULL)
		add_bytes(object, "forwards_to", process->forwards_to);
}

uint32_t
items_write(struct text *text, const struct items *items, const struct message_context *context)
{
	char buffer[OBJECT_MAX];
	uint32_t written = 0;
	size_t begin = text->used;

	text_add(text, "[");
	for (; written < items->count; written++) {
		struct text own;
		struct object object = { &own, "{" };

		text_init(&own, buffer, sizeof(buffer));
		add_listener(&object, &items->items[written]);
		add_owner(&object, &items->items[written], context);
		text_add(&own, "}");
		/* With a comma before it and the array's end behind it. */
		if (own.cut || text->used - begin + own.used + 2 > ITEMS_JSON_MAX)
			break;
		text_printf(text, "%s%s", written == 0 ? "" : ",", buffer);
	}
	text_add(text, "]");
	return items->all - written;
}
