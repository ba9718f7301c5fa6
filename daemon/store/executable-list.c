/* SPDX-License-Identifier: MIT */
/*
 * The list of executables that are kept, and the words for a database that was put aside.
 */
#include <stdlib.h>

#include "store/executable-list.h"

static const char *const aside_texts[] = {
	[EXECUTABLES_ASIDE_NONE] = "",
	[EXECUTABLES_ASIDE_DAMAGED] =
	    "the database of executables was damaged; started a new one, kept the old one "
	    "as " EXECUTABLES_NAME_DAMAGED,
	[EXECUTABLES_ASIDE_OTHER] =
	    "the database of executables has another version; started a new one, kept the old one "
	    "as " EXECUTABLES_NAME_OTHER,
};

const char *
executables_aside_text(enum executables_aside aside)
{
	return aside_texts[aside];
}

void
executable_list_clear(struct executable_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].path);
	free(list->items);
	*list = (struct executable_list){ 0 };
}
