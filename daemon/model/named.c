/* SPDX-License-Identifier: MIT */
/*
 * Names are looked up after the configuration was read, by another process, and again and again: a
 * user may come with a directory service minutes after the start. So a match keeps no number but
 * the name's place, and what is answered is in force for every rule at once.
 *
 * Invariant: only known names match anybody. An answer that does not come changes nothing.
 *
 * Cost: as many comparisons as there are names, while the configuration is read.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "model/named.h"

struct named *
named_list_find(const struct named_list *list, const char *name, bool group)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i]->group == group && strcmp(list->items[i]->name, name) == 0)
			return list->items[i];
	return NULL;
}

static void
named_free(struct named *named)
{
	free(named->name);
	free(named->where);
	free(named);
}

struct named *
named_list_add(struct named_list *list, const char *name, bool group, const char *where)
{
	struct named *named = calloc(1, sizeof(*named));

	if (named == NULL)
		return NULL;
	named->group = group;
	named->name = strdup(name);
	named->where = strdup(where);
	if (named->name == NULL || named->where == NULL ||
	    array_fit(&list->items, list->count + 1) < 0) {
		named_free(named);
		return NULL;
	}
	list->items[list->count++] = named;
	return named;
}

size_t
named_list_count(const struct named_list *list, enum named_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->items[i]->state == state;
	return count;
}

void
named_list_inherit(struct named_list *list, const struct named_list *other)
{
	for (size_t i = 0; i < list->count; i++) {
		struct named *named = list->items[i];
		const struct named *known = named_list_find(other, named->name, named->group);

		if (known != NULL && known->state != NAMED_UNASKED)
			(void)named_answer(named, known->state, known->id);
	}
}

void
named_list_clear(struct named_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		named_free(list->items[i]);
	free(list->items);
	*list = (struct named_list){ 0 };
}

bool
named_answer(struct named *named, enum named_state state, uint32_t id)
{
	bool changed = named->state != state || (state == NAMED_KNOWN && named->id != id);

	named->state = state;
	named->id = id;
	return changed;
}
