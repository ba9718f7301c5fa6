/* SPDX-License-Identifier: MIT */
/*
 * For tests/lint/columns.sh: the columns of --once, "NAME<tab>TYPE" a line, as overstayd(8) words
 * the types.
 */
#include <stdio.h>
#include <stdlib.h>

#include "serve/columns.h"

static const char *const types[] = {
	[COLUMN_TEXT] = "strings",
	[COLUMN_WORD] = "strings",
	[COLUMN_WORDS] = "lists of strings",
	[COLUMN_NUMBER] = "numbers",
	[COLUMN_NUMBERS] = "lists of numbers",
	[COLUMN_SPAN] = "numbers",
	[COLUMN_SWITCH] = "true or false",
};

int
main(void)
{
	for (const struct column *column = columns; column->name != NULL; column++)
		printf("%s\t%s\n", column->name, types[column->type]);
	return EXIT_SUCCESS;
}
