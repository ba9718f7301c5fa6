/* SPDX-License-Identifier: MIT */
/*
 * A list of messages, each kept as its fields. Without memory the run ends at once:
 * a scenario that lost a message would prove nothing.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/hash.h"
#include "or-die.h"
#include "told.h"
#include "words.h"

void
told_add(struct told_list *list, uint64_t at_usec, const struct message *message)
{
	struct told *told;
	char *to;

	if (array_reserve(&list->items, &list->room, list->count + 1, ARRAY_UNBOUNDED) < 0)
		(void)or_die(NULL);
	told = &list->items[list->count++];
	*told = (struct told){ .at_usec = at_usec, .priority = message->priority };
	for (size_t i = 0; i < message->field_count; i++)
		told->fields_size += message->fields[i].iov_len + 1;
	to = told->fields = or_die(malloc(told->fields_size + 1));
	for (size_t i = 0; i < message->field_count; i++) {
		memcpy(to, message->fields[i].iov_base, message->fields[i].iov_len);
		to += message->fields[i].iov_len;
		*to++ = '\0';
	}
	list->sum = hash_add(list->sum, &told->at_usec, sizeof(told->at_usec));
	list->sum = hash_add(list->sum, &told->priority, sizeof(told->priority));
	list->sum = hash_add(list->sum, told->fields, told->fields_size);
}

static void
told_free(struct told *told)
{
	free(told->fields);
}

void
told_forget(struct told_list *list)
{
	if (list->keeps)
		return;
	for (size_t i = 0; i < list->next; i++)
		told_free(&list->items[i]);
	list->count -= list->next;
	if (list->count > 0)
		memmove(list->items, list->items + list->next, list->count * sizeof(*list->items));
	list->next = 0;
}

void
told_clear(struct told_list *list)
{
	list->next = list->count;
	list->keeps = false;
	told_forget(list);
	free(list->items);
	*list = (struct told_list){ 0 };
}

const char *
told_field(const struct told *told, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < told->fields_size; at += strlen(told->fields + at) + 1)
		if (strncmp(told->fields + at, name, length) == 0 &&
		    told->fields[at + length] == '=')
			return told->fields + at + length + 1;
	return NULL;
}

/* " tcp 0.0.0.0:60855", from the fields; nothing where the message is about no stay. */
static void
add_endpoint(struct text *text, const struct told *told)
{
	const char *protocol = told_field(told, "OVERSTAY_PROTOCOL");
	const char *address = told_field(told, "OVERSTAY_ADDRESS");
	const char *interface = told_field(told, "OVERSTAY_INTERFACE");
	const char *port = told_field(told, "OVERSTAY_PORT");
	bool brackets = address != NULL && strchr(address, ':') != NULL;

	if (protocol == NULL || address == NULL || port == NULL)
		return;
	text_printf(text, " %s %s%s%s%s%s:%s", protocol, brackets ? "[" : "", address,
	    interface == NULL ? "" : "%", interface == NULL ? "" : interface, brackets ? "]" : "",
	    port);
}

char *
told_format(const struct told *told)
{
	char clock[CLOCK_TEXT_MAX], line[256];
	const char *event = or_die((void *)(uintptr_t)told_field(told, "OVERSTAY_EVENT"));
	struct text text;

	text_init(&text, line, sizeof(line));
	text_printf(&text, "%s %s ", clock_format(told->at_usec, clock),
	    severity_name(told->priority));
	for (; *event != '\0'; event++)
		text_printf(&text, "%c", toupper((unsigned char)*event));
	add_endpoint(&text, told);
	return or_die(strdup(line));
}
