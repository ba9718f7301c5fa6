/* SPDX-License-Identifier: MIT */
/*
 * For tests/golden/fields.sh and tests/lint/messages.sh: the interface that messages are, a line
 * each. The schema; "kind EVENT MESSAGE_ID"; "field NAME<tab>TYPE[, repeated]<tab>EVENTS". Fails
 * if a field has two types.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/events.h"
#include "alert/field-type.h"

/* One that messages about stays and others share comes twice. Returns whether it came before. */
static bool
came_before(size_t n, const struct field_entry *entry)
{
	struct field_entry other;

	for (size_t i = 0; i < n && fields_entry(i, &other); i++)
		if (strcmp(other.name, entry->name) == 0)
			return true;
	return false;
}

/* Adds the kinds of those that come later. */
static void
merge(size_t n, struct field_entry *entry)
{
	struct field_entry other;

	for (size_t i = n + 1; fields_entry(i, &other); i++) {
		if (strcmp(other.name, entry->name) != 0)
			continue;
		if (other.type != entry->type || other.repeated != entry->repeated) {
			fprintf(stderr, "%s has two types\n", entry->name);
			exit(EXIT_FAILURE);
		}
		entry->kinds |= other.kinds;
	}
}

static void
print_kinds(uint32_t kinds)
{
	if (kinds == (1U << EVENT_COUNT) - 1) {
		printf(" all");
		return;
	}
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		if ((kinds >> i & 1) != 0)
			printf(" %s", event_kind_name((enum event_kind)i));
}

int
main(void)
{
	struct field_entry entry;

	printf("schema %d\n", FIELDS_SCHEMA);
	for (unsigned i = 0; i < EVENT_COUNT; i++)
		printf("kind %s %s\n", event_kind_name((enum event_kind)i),
		    event_of((enum event_kind)i)->message_id);
	for (size_t i = 0; fields_entry(i, &entry); i++) {
		if (came_before(i, &entry))
			continue;
		merge(i, &entry);
		printf("field %s\t%s%s\t:", entry.name, field_type_name(entry.type),
		    entry.repeated ? ", repeated" : "");
		print_kinds(entry.kinds);
		printf("\n");
	}
	return EXIT_SUCCESS;
}
