/* SPDX-License-Identifier: MIT */
/*
 * Prints the texts of a scenario's messages to standard output, each shape of them once: five
 * thousand alerts that differ in their ports alone are one line to be read. The shape is the text
 * without its numbers and its stay's id. Knows nothing of what the texts say.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "texts.h"

/* The text with a '#' for each number and without an id, to be freed. */
static char *
shape_of(const char *text)
{
	static const char id[] = "OVERSTAY_STAY=";
	char *shape = strdup(text), *to = shape;

	if (shape == NULL)
		abort();
	for (const char *from = text; *from != '\0'; from++) {
		bool digit = isdigit((unsigned char)*from) != 0;

		if (strncmp(from, id, sizeof(id) - 1) == 0)
			break;
		if (!digit || to == shape || to[-1] != '#')
			*to++ = (char)(digit ? '#' : *from);
	}
	*to = '\0';
	return shape;
}

void
texts_print(struct texts *texts, const char *text)
{
	_free_ char *shape = shape_of(text);

	for (size_t i = 0; i < texts->count; i++)
		if (strcmp(texts->shapes[i], shape) == 0)
			return;
	if (array_reserve(&texts->shapes, &texts->room, texts->count + 1, ARRAY_UNBOUNDED) < 0)
		abort();
	texts->shapes[texts->count++] = take_ptr(shape);
	(void)puts(text);
}

void
texts_clear(struct texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->shapes[i]);
	free(texts->shapes);
	*texts = (struct texts){ 0 };
}
