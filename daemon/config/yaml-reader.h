/* SPDX-License-Identifier: MIT */
/*
 * The reader of YAML while it reads: what yaml.c and yaml-alias.c share. Inside these two only.
 */
#ifndef OVERSTAY_CONFIG_YAML_READER_H
#define OVERSTAY_CONFIG_YAML_READER_H

#include <yaml.h>

#include "base/macros.h"
#include "config/yaml.h"

/* What an anchor names: its own copy, since a list that grows moves its nodes. */
struct anchor {
	char *name;
	struct node node;
	size_t nodes, bytes; /* in it, with all below */
	unsigned depth;
	bool open; /* its value is still being read */
};

struct reader {
	yaml_parser_t parser;
	struct config_context *context;
	const char *text; /* borrowed; all of the file */
	size_t size;
	struct anchor *anchors;
	size_t anchor_count, anchor_room;
	size_t nodes;
	size_t copied_bytes;	/* of text, by aliases */
	bool stopped;		/* nothing more can be read; the error has been said */
	bool failed;		/* an error has been said */
	unsigned template_line; /* of the last that was not filled in, 0 = none */
};

/* Says an error about the node; it is passed over from then on. */
#define reader_refuse(reader, node, ...)                               \
	do {                                                           \
		(reader)->failed = true;                               \
		context_error((reader)->context, (node), __VA_ARGS__); \
	} while (0)

static inline void
reader_out_of_memory(struct reader *reader)
{
	context_no_memory(reader->context);
	reader->failed = reader->stopped = true;
}

/* The anchor before a value; from here on its name means that value and no earlier one. */
void anchor_begin(struct reader *reader, const struct node *node, const char *name);

/* The value of that anchor has been read whole. */
void anchor_end(struct reader *reader, const struct node *node, const char *name);

/* Frees all anchors. */
void anchors_clear(struct reader *reader);

/* Puts the value of that anchor in the place of an alias, at that depth. */
void reader_alias(struct reader *reader, const char *name, unsigned depth, struct node *ret);

/* Replaces the key `<<` of a map that was read. */
void reader_merge(struct reader *reader, struct node *map);

#endif
