/* SPDX-License-Identifier: MIT */
/*
 * Anchors, aliases and merge keys, as configuration management writes them back. An alias is
 * replaced by a copy of what its anchor names, so that whoever judges the tree never meets one.
 *
 * Invariants: with all aliases replaced a file has no more nodes than any may have, and its anchors
 * and aliases no more text; what exceeds that is an error at its place before anything is copied. A
 * name is searched among at most YAML_ANCHORS_MAX.
 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "config/yaml-reader.h"

/* Adds up what a copy of the node takes. */
static void
anchor_measure(struct anchor *anchor, const struct node *node, unsigned depth)
{
	anchor->nodes++;
	anchor->bytes += node->text == NULL ? 0 : strlen(node->text) + 1;
	if (depth > anchor->depth)
		anchor->depth = depth;
	for (size_t i = 0; i < node->count; i++)
		anchor_measure(anchor, &node->items[i], depth + 1);
}

static struct anchor *
anchor_find(struct reader *reader, const char *name)
{
	for (size_t i = 0; i < reader->anchor_count; i++)
		if (strcmp(reader->anchors[i].name, name) == 0)
			return &reader->anchors[i];
	return NULL;
}

void
anchor_begin(struct reader *reader, const struct node *node, const char *name)
{
	struct anchor *anchor = anchor_find(reader, name);

	if (anchor == NULL && reader->anchor_count == YAML_ANCHORS_MAX) {
		reader_refuse(reader, node, "too many anchors, expected at most %d in a file",
		    YAML_ANCHORS_MAX);
		reader->stopped = true;
		return;
	}
	if (anchor == NULL) {
		if (array_reserve(&reader->anchors, &reader->anchor_room, reader->anchor_count + 1,
			YAML_ANCHORS_MAX) < 0) {
			reader_out_of_memory(reader);
			return;
		}
		anchor = &reader->anchors[reader->anchor_count];
		*anchor = (struct anchor){ .name = strdup(name) };
		if (anchor->name == NULL) {
			reader_out_of_memory(reader);
			return;
		}
		reader->anchor_count++;
	}
	anchor->open = true;
}

/* Counts one more copy of what the anchor names. */
static bool
reader_copy_fits(struct reader *reader, const struct node *place, const char *what,
    const struct anchor *anchor)
{
	reader->nodes += anchor->nodes;
	reader->copied_bytes += anchor->bytes;
	if (reader->nodes <= YAML_NODES_MAX && reader->copied_bytes <= YAML_SIZE_MAX)
		return true;
	reader_refuse(reader, place,
	    "%s %s makes the file too large, expected at most %d values and %d bytes of text with "
	    "all aliases replaced",
	    what, QUOTE(anchor->name), YAML_NODES_MAX, YAML_SIZE_MAX);
	reader->stopped = true;
	return false;
}

void
anchor_end(struct reader *reader, const struct node *node, const char *name)
{
	struct anchor *anchor = anchor_find(reader, name);

	if (reader->stopped || anchor == NULL)
		return;
	node_clear(&anchor->node);
	anchor->nodes = anchor->bytes = anchor->depth = 0;
	anchor->open = false;
	anchor_measure(anchor, node, 0);
	/* Anchors may lie in each other, and each keeps a copy. */
	if (reader_copy_fits(reader, node, "anchor", anchor) && !node_copy(node, &anchor->node))
		reader_out_of_memory(reader);
}

/* A value by its anchor. Its inside keeps the places where it was written. */
void
reader_alias(struct reader *reader, const char *name, unsigned depth, struct node *ret)
{
	const struct anchor *anchor = anchor_find(reader, name);
	unsigned line = ret->line, column = ret->column;

	ret->kind = NODE_BROKEN;
	if (anchor == NULL || anchor->open) {
		reader_refuse(reader, ret, "unknown alias %s, expected &%s before a value above",
		    QUOTE(name), name);
		return;
	}
	if (depth + anchor->depth > YAML_DEPTH_MAX) {
		reader_refuse(reader, ret, "alias %s nests too deeply, expected at most %d levels",
		    QUOTE(name), YAML_DEPTH_MAX);
		return;
	}
	if (!reader_copy_fits(reader, ret, "alias", anchor))
		return;
	if (!node_copy(&anchor->node, ret))
		reader_out_of_memory(reader);
	ret->line = line;
	ret->column = column;
}

void
anchors_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->anchor_count; i++) {
		free(reader->anchors[i].name);
		node_clear(&reader->anchors[i].node);
	}
	free(reader->anchors);
}

/* True where the map has that key itself. */
static bool
map_has(const struct node *map, const char *key)
{
	for (size_t i = 0; i + 1 < map->count; i += 2)
		if (node_is(&map->items[i], key))
			return true;
	return false;
}

/* Moves the keys of `from` into the map that it has not itself. */
static void
merge_map(struct reader *reader, struct node *map, struct node *from)
{
	for (size_t i = 0; i + 1 < from->count; i += 2) {
		struct node *key = &from->items[i];

		if (key->kind != NODE_SCALAR || map_has(map, key->text))
			continue;
		if (map->count >= 2 * YAML_KEYS_MAX) {
			reader_refuse(reader, map, "too many keys in a map, expected at most %d",
			    YAML_KEYS_MAX);
			return;
		}
		if (array_reserve(&map->items, &map->room, map->count + 2, ARRAY_UNBOUNDED) < 0) {
			reader_out_of_memory(reader);
			return;
		}
		map->items[map->count++] = *key;
		map->items[map->count++] = from->items[i + 1];
		*key = (struct node){ .kind = NODE_BROKEN };
		from->items[i + 1] = (struct node){ .kind = NODE_BROKEN };
	}
}

/*
 * The key `<<` of a map that was read: the keys of the map that it names, or of those of a list,
 * the first of them first. What the map says itself stands.
 */
void
reader_merge(struct reader *reader, struct node *map)
{
	struct node value;
	size_t place = 0;

	while (place < map->count && !node_is(&map->items[place], "<<"))
		place += 2;
	if (reader->stopped || place + 1 >= map->count)
		return;
	/* Passed over from now on, and its value taken from it: the map is going to move. */
	map->items[place].kind = NODE_BROKEN;
	value = map->items[place + 1];
	map->items[place + 1] = (struct node){ .kind = NODE_BROKEN };
	if (value.kind == NODE_MAP)
		merge_map(reader, map, &value);
	for (size_t i = 0; value.kind == NODE_LIST && i < value.count; i++)
		if (value.items[i].kind == NODE_MAP)
			merge_map(reader, map, &value.items[i]);
		else if (value.items[i].kind != NODE_BROKEN)
			reader_refuse(reader, &value.items[i],
			    "<< refers to %s, expected a map or a list of maps",
			    node_kind_text(&value.items[i]));
	if (value.kind == NODE_SCALAR || value.kind == NODE_EMPTY)
		reader_refuse(reader, &value, "<< refers to %s, expected a map or a list of maps",
		    node_kind_text(&value));
	node_clear(&value);
}
