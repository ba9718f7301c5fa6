/* SPDX-License-Identifier: MIT */
/*
 * YAML as a tree of nodes that know their line and column. See yaml.c for what is refused.
 */
#ifndef OVERSTAY_CONFIG_YAML_H
#define OVERSTAY_CONFIG_YAML_H

#include <stddef.h>
#include <stdio.h>

#include "base/macros.h"
#include "config/messages.h"

/* Bounds of one file. Nothing of the configuration nests deeper than six levels. */
#define YAML_SIZE_MAX	 (1024 * 1024)
#define YAML_DEPTH_MAX	 16
#define YAML_NODES_MAX	 250000 /* what is written by config_dump() in 1 MiB has fewer */
#define YAML_KEYS_MAX	 256	/* of one map; each is compared with those before it */
#define YAML_ANCHORS_MAX 1024	/* of one file; each alias is compared with their names */

enum node_kind {
	NODE_EMPTY,  /* nothing there: an empty file, a key without a value, ~, null */
	NODE_BROKEN, /* an error has been said about it: pass it over */
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	enum node_kind kind;
	unsigned line, column; /* 1-based; columns count characters */
	char *text;	       /* of a scalar: UTF-8, NUL-terminated, without a NUL inside */
	struct node *items;    /* of a list; of a map key, value, key, value */
	size_t count, room;
	bool broken; /* of a map that is being read: it will be NODE_BROKEN */
};

/* To walk a map: for (i = 0; i < node->count; i += 2), key items[i], value items[i + 1]. */

/*
 * Reads text (size bytes) into *ret, to be cleared with node_clear(). Returns true where
 * the text was without an error. Where it was not the errors are in context's messages;
 * *ret is NODE_EMPTY where the syntax is broken, else it may be judged further, so that all
 * errors are reported at once.
 */
bool node_parse(struct config_context *context, const char *text, size_t size, struct node *ret);

/* A deep copy. Returns false without memory; what was made is in *ret. */
bool node_copy(const struct node *node, struct node *ret);

/* Frees what the node holds, not the node itself. */
void node_clear(struct node *node);

/* True where node is a scalar of that text. */
bool node_is(const struct node *node, const char *text);

/* "a list", for messages. */
const char *node_kind_text(const struct node *node);

/*
 * A scalar, or a list of them: the places to walk. Anything else is an error with what was
 * expected. Returns the number of scalars in *ret_items (borrowed), 0 with an error said.
 */
size_t node_scalars(struct config_context *context, const struct node *node, size_t max,
    const char *expected, const struct node **ret_items);

/* True where node is a scalar; else says what was expected. */
bool node_is_scalar(struct config_context *context, const struct node *node, const char *expected);

/*
 * libyaml does not say at which line and column a character is bad, and takes a NUL for the
 * end of the file: so every character is looked at before. Returns false with the error
 * said.
 */
bool yaml_check_characters(struct config_context *context, const char *text, size_t size);

/*
 * Writes any text (UTF-8, as node_parse() gives it) as a scalar in double quotes, on one
 * line.
 */
void yaml_write_text(const char *text, FILE *file);

#endif
