/* SPDX-License-Identifier: MIT */
/*
 * Lists of listeners for messages about many: a forwarder that takes only warnings loses the
 * entries of each at info, so the one message that it takes carries them.
 *
 * Owners are shared, as reports share them. Cost: 80 bytes each, at most ITEMS_MAX.
 */
#include <stdlib.h>

#include "model/items.h"

static struct items *
make(size_t room)
{
	struct items *items = calloc(1, sizeof(*items) + room * sizeof(items->items[0]));

	if (items != NULL)
		items->room = (uint32_t)room;
	return items;
}

struct items *
items_new(size_t all)
{
	return make(all < ITEMS_MAX ? all : ITEMS_MAX);
}

void
items_add(struct items *items, const struct item *item)
{
	items->all++;
	if (items->count == items->room)
		return;
	items->items[items->count] = *item;
	items->items[items->count++].owner = owner_ref(item->owner);
}

struct items *
items_copy(const struct items *items)
{
	struct items *copy = make(items->count);

	if (copy == NULL)
		return NULL;
	for (uint32_t i = 0; i < items->count; i++)
		items_add(copy, &items->items[i]);
	copy->all = items->all;
	return copy;
}

struct items *
items_free(struct items *items)
{
	for (uint32_t i = 0; items != NULL && i < items->count; i++)
		(void)owner_unref(items->items[i].owner);
	free(items);
	return NULL;
}
