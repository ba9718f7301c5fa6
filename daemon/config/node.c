/* SPDX-License-Identifier: MIT */
/*
 * Nodes of a tree of YAML, whatever made them. Depth is bounded by who makes them, so what walks
 * them may recurse.
 */
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"

void
node_clear(struct node *node)
{
	if (node == NULL)
		return;
	for (size_t i = 0; i < node->count; i++)
		node_clear(&node->items[i]);
	free(node->items);
	free(node->text);
	*node = (struct node){ 0 };
}

const char *
node_kind_text(const struct node *node)
{
	static const char *const texts[] = {
		[NODE_EMPTY] = "no value",
		[NODE_BROKEN] = "no value",
		[NODE_SCALAR] = "a single value",
		[NODE_LIST] = "a list",
		[NODE_MAP] = "a map",
	};

	return texts[node->kind];
}

bool
node_is(const struct node *node, const char *text)
{
	return node->kind == NODE_SCALAR && strcmp(node->text, text) == 0;
}

bool
node_is_scalar(struct config_context *context, const struct node *node, const char *expected)
{
	if (node->kind == NODE_SCALAR)
		return true;
	if (node->kind != NODE_BROKEN)
		context_error(context, node, "found %s, expected %s", node_kind_text(node),
		    expected);
	return false;
}

size_t
node_scalars(struct config_context *context, const struct node *node, size_t max,
    const char *expected, const struct node **ret_items)
{
	if (node->kind != NODE_LIST) {
		*ret_items = node;
		return node_is_scalar(context, node, expected) ? 1 : 0;
	}
	if (node->count == 0) {
		context_error(context, node, "found an empty list, expected %s", expected);
		return 0;
	}
	if (node->count > max) {
		context_error(context, node, "found a list of %zu entries, expected at most %zu",
		    node->count, max);
		return 0;
	}
	for (size_t i = 0; i < node->count; i++)
		if (!node_is_scalar(context, &node->items[i], expected))
			return 0;
	*ret_items = node->items;
	return node->count;
}

bool
node_copy(const struct node *node, struct node *ret)
{
	*ret = (struct node){ .kind = node->kind, .line = node->line, .column = node->column };
	if (node->text != NULL) {
		ret->text = strdup(node->text);
		if (ret->text == NULL)
			return false;
	}
	if (node->count == 0)
		return true;
	ret->items = calloc(node->count, sizeof(*ret->items));
	if (ret->items == NULL)
		return false;
	ret->room = node->count;
	for (size_t i = 0; i < node->count; i++) {
		ret->count++;
		if (!node_copy(&node->items[i], &ret->items[i]))
			return false;
	}
	return true;
}
