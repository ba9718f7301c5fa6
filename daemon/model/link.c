/* SPDX-License-Identifier: MIT */
/*
 * A rule names a program by a path; the kernel names it by the path that has no links in it. The
 * table has a row for each path that the rules name, with what overstay-lookup found there the last
 * time it was asked. A link that leads elsewhere later is so followed at the next question.
 *
 * What it never does: follow a path. That is a matter of the host's tree (lookup/links.c).
 *
 * Cost: a binary search for each glob that does not match by its text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/search.h"
#include "model/link.h"

size_t
link_length(const char *glob)
{
	size_t length = strcspn(glob, "*?\\");

	if (glob[0] != '/')
		return 0;
	/* The name that has the wildcard is no directory. */
	if (glob[length] != '\0')
		while (length > 0 && glob[--length] != '/')
			;
	return length > 1 && length < LINK_PATH_MAX ? length : 0;
}

/* A path that does not end with a NUL. */
struct cut_path {
	const char *text;
	size_t length;
};

static int
compare_text(const struct cut_path *path, const char *other)
{
	int order = strncmp(path->text, other, path->length);

	return order != 0 || other[path->length] == '\0' ? order : -1;
}

static int
compare(const void *key, const void *element)
{
	return compare_text(key, ((const struct link *)element)->path);
}

struct link *
link_table_find(const struct link_table *table, const char *path, size_t length)
{
	const struct cut_path key = { path, length };

	return search_find(&key, table->links, table->count, sizeof(table->links[0]), compare);
}

int
link_table_add(struct link_table *table, const char *path, size_t length)
{
	const struct cut_path key = { path, length };
	size_t place =
	    search_bound(&key, table->links, table->count, sizeof(table->links[0]), compare);
	char *copy;

	if (place < table->count && compare(&key, &table->links[place]) == 0)
		return 0;
	if (table->count == LINKS_MAX || table->bytes + length > LINKS_BYTES_MAX)
		return -E2BIG;
	copy = strndup(path, length);
	if (copy == NULL || array_fit(&table->links, table->count + 1) < 0) {
		free(copy);
		return -ENOMEM;
	}
	memmove(&table->links[place + 1], &table->links[place],
	    (table->count - place) * sizeof(table->links[0]));
	table->links[place] = (struct link){ .path = copy };
	table->count++;
	table->bytes += length;
	return 0;
}

int
link_set_target(struct link *link, const char *target, size_t length)
{
	const struct cut_path key = { target, length };
	bool known = link->target != NULL, news = !link->asked;
	char *copy = NULL;

	if (target != NULL && known && compare_text(&key, link->target) == 0)
		return 0;
	if (target != NULL) {
		copy = strndup(target, length);
		if (copy == NULL)
			return -ENOMEM;
	}
	news |= known || target != NULL;
	free(link->target);
	link->target = copy;
	link->asked = true;
	return news;
}

int
link_table_take(struct link_table *table, const struct link_table *from)
{
	int news = 0;

	for (size_t i = 0; i < from->count; i++) {
		const struct link *known = &from->links[i];
		struct link *link =
		    known->asked ? link_table_find(table, known->path, strlen(known->path)) : NULL;
		int r = 0;

		if (link != NULL)
			r = link_set_target(link, known->target,
			    known->target == NULL ? 0 : strlen(known->target));
		if (r < 0)
			return r;
		news |= r;
	}
	return news;
}

bool
link_table_is_open(const struct link_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (!table->links[i].asked)
			return true;
	return false;
}

void
link_table_clear(struct link_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->links[i].path);
		free(table->links[i].target);
	}
	free(table->links);
	*table = (struct link_table){ 0 };
}
