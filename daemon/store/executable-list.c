/* SPDX-License-Identifier: MIT */
/*
 * The list of executables that are kept.
 */
#include <stdlib.h>

#include "store/executable-list.h"

void
executable_list_clear(struct executable_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct executable_list){ 0 };
}
