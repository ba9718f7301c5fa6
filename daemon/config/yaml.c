/* SPDX-License-Identifier: MIT */
/*
 * From bytes to a tree of nodes, by libyaml's events. (Its document API loses where an
 * alias stands: it gives the marks of the anchored node. An event has marks of its own.)
 *
 * What a configuration has no use for is refused with a clear error, and so cannot be used
 * against the reader: anchors and aliases (which explode), tags (which change what a scalar
 * is), a second document, a key twice in a map, keys that are no scalars, control
 * characters, NUL bytes and what is no UTF-8. Depth, nodes and keys are bounded, so time
 * and memory are too: a file of 1 MiB costs at most some 40 MiB while it is read. Scalars
 * stay the text that was written: an unquoted off, no or 12 is no boolean and no number
 * here.
 *
 * After an error that does not break the syntax the reading goes on, so that all are
 * reported at once.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/array.h"
#include "base/text.h"
#include "config/yaml.h"

struct reader {
	yaml_parser_t parser;
	struct config_context *context;
	size_t nodes;
	bool stopped; /* nothing more can be read; the error has been said */
	bool failed;  /* an error has been said */
};

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

/* Says an error about the node; it is passed over from then on. */
#define reader_refuse(reader, node, ...)                               \
	do {                                                           \
		(reader)->failed = true;                               \
		context_error((reader)->context, (node), __VA_ARGS__); \
	} while (0)

static void
reader_out_of_memory(struct reader *reader)
{
	context_no_memory(reader->context);
	reader->failed = reader->stopped = true;
}

/* Says why libyaml could not go on. */
static void
reader_syntax_error(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;

	if (parser->error == YAML_MEMORY_ERROR) {
		reader_out_of_memory(reader);
		return;
	}
	reader->failed = reader->stopped = true;
	if (parser->context != NULL)
		context_message(reader->context, CONFIG_ERROR,
		    (unsigned)parser->problem_mark.line + 1,
		    (unsigned)parser->problem_mark.column + 1,
		    "invalid YAML: %s, %s that began at line %zu", parser->problem, parser->context,
		    parser->context_mark.line + 1);
	else
		context_message(reader->context, CONFIG_ERROR,
		    (unsigned)parser->problem_mark.line + 1,
		    (unsigned)parser->problem_mark.column + 1, "invalid YAML: %s",
		    parser->problem != NULL ? parser->problem : "unknown error");
}

/*
 * Gets the next event; to be given to yaml_event_delete(). Returns false where it is over.
 */
static bool
reader_next(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event))
		return true;
	reader_syntax_error(reader);
	return false;
}

/* Appends an empty node. Returns NULL without memory. */
static struct node *
node_append(struct reader *reader, struct node *parent)
{
	if (array_reserve(&parent->items, &parent->room, parent->count + 1, ARRAY_UNBOUNDED) < 0) {
		reader_out_of_memory(reader);
		return NULL;
	}
	parent->items[parent->count] = (struct node){ 0 };
	return &parent->items[parent->count++];
}

static void
reader_scalar(struct reader *reader, const yaml_event_t *event, struct node *ret)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	if (plain && (length == 0 || strcmp(text, "~") == 0 || strcmp(text, "null") == 0))
		return;
	if (memchr(text, '\0', length) != NULL) {
		ret->kind = NODE_BROKEN;
		reader_refuse(reader, ret, "found a NUL character in a value, expected text");
		return;
	}
	ret->text = strndup(text, length);
	if (ret->text == NULL)
		reader_out_of_memory(reader);
	else
		ret->kind = NODE_SCALAR;
}

/*
 * The key of a map that was just read: a scalar, and not there before; else it is passed
 * over.
 */
static void
reader_check_key(struct reader *reader, const struct node *map)
{
	struct node *key = &map->items[map->count - 1];

	if (key->kind == NODE_BROKEN)
		return;
	if (key->kind != NODE_SCALAR) {
		reader_refuse(reader, key, "found %s as a key, expected a name",
		    node_kind_text(key));
		return;
	}
	for (size_t i = 0; i + 1 < map->count; i += 2)
		if (node_is(&map->items[i], key->text)) {
			reader_refuse(reader, key,
			    "duplicate key %s, expected once; first at "
			    "line %u",
			    QUOTE(key->text), map->items[i].line);
			key->kind = NODE_BROKEN;
			return;
		}
}

static void reader_node(struct reader *reader, const yaml_event_t *event, unsigned depth,
    struct node *ret);

/* Reads the items of a list or map until the event that ends it. */
static void
reader_items(struct reader *reader, yaml_event_type_t end, unsigned depth, struct node *ret)
{
	while (!reader->stopped) {
		yaml_event_t event;
		struct node *item;

		if (!reader_next(reader, &event))
			return;
		if (event.type == end) {
			yaml_event_delete(&event);
			return;
		}
		item = node_append(reader, ret);
		if (item != NULL)
			reader_node(reader, &event, depth + 1, item);
		yaml_event_delete(&event);
		if (ret->kind != NODE_MAP || reader->stopped)
			continue;
		if (ret->count % 2 == 1)
			reader_check_key(reader, ret);
		if (ret->count > 2 * YAML_KEYS_MAX) {
			reader_refuse(reader, ret, "too many keys in a map, expected at most %d",
			    YAML_KEYS_MAX);
			reader->stopped = true;
		}
	}
}

/* Anchors and tags stand before any kind of value. */
static void
reader_check_properties(struct reader *reader, const struct node *node, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
	if (anchor != NULL)
		reader_refuse(reader, node,
		    "anchor %s is not supported, expected a value without "
		    "one",
		    QUOTE((const char *)anchor));
	if (tag != NULL)
		reader_refuse(reader, node, "tag %s is not supported, expected a value without one",
		    QUOTE((const char *)tag));
}

/* Reads the node that event begins, to its end. */
static void
reader_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *ret)
{
	ret->line = (unsigned)event->start_mark.line + 1;
	ret->column = (unsigned)event->start_mark.column + 1;
	if (depth > YAML_DEPTH_MAX || ++reader->nodes > YAML_NODES_MAX) {
		if (depth > YAML_DEPTH_MAX)
			reader_refuse(reader, ret, "nested too deeply, expected at most %d levels",
			    YAML_DEPTH_MAX);
		else
			reader_refuse(reader, ret, "too many values, expected at most %d in a file",
			    YAML_NODES_MAX);
		reader->stopped = true;
		return;
	}
	if (event->type == YAML_ALIAS_EVENT) {
		ret->kind = NODE_BROKEN;
		reader_refuse(reader, ret, "alias %s is not supported, expected the value itself",
		    QUOTE((const char *)event->data.alias.anchor));
	} else if (event->type == YAML_SCALAR_EVENT) {
		reader_check_properties(reader, ret, event->data.scalar.anchor,
		    event->data.scalar.tag);
		reader_scalar(reader, event, ret);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		reader_check_properties(reader, ret, event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
		ret->kind = NODE_LIST;
		reader_items(reader, YAML_SEQUENCE_END_EVENT, depth, ret);
	} else {
		reader_check_properties(reader, ret, event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
		ret->kind = NODE_MAP;
		reader_items(reader, YAML_MAPPING_END_EVENT, depth, ret);
	}
}

/* Reads the stream: at most one document, with one node. */
static void
reader_stream(struct reader *reader, struct node *ret)
{
	bool seen = false, over = false;

	while (!reader->stopped && !over) {
		yaml_event_t event;

		if (!reader_next(reader, &event))
			return;
		over = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && seen) {
			context_message(reader->context, CONFIG_ERROR,
			    (unsigned)event.start_mark.line + 1,
			    (unsigned)event.start_mark.column + 1,
			    "found a second document, expected one document in a file");
			reader->failed = reader->stopped = true;
		} else if (event.type == YAML_DOCUMENT_START_EVENT)
			seen = true;
		else if (event.type != YAML_STREAM_START_EVENT &&
		    event.type != YAML_DOCUMENT_END_EVENT && !over)
			reader_node(reader, &event, 0, ret);
		yaml_event_delete(&event);
	}
}

/*
 * Decodes one character of UTF-8 (RFC 3629). Returns its length, 0 where the bytes are
 * none.
 */
static size_t
decode(const unsigned char *bytes, size_t length, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = bytes[0] < 0x80 ? 1 :
	    (bytes[0] & 0xe0) == 0xc0 ? 2 :
	    (bytes[0] & 0xf0) == 0xe0 ? 3 :
	    (bytes[0] & 0xf8) == 0xf0 ? 4 :
					0;

	if (size == 0 || size > length)
		return 0;
	*ret = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (bytes[i] & 0x3f);
	}
	if (*ret < least[size] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret <= 0xdfff))
		return 0;
	return size;
}

/*
 * Characters that may not stand in the file as they are (in double quotes there are
 * escapes): those that YAML forbids, and the line breaks that libyaml counts and no editor
 * does.
 */
static bool
is_forbidden(uint32_t character)
{
	if (character == '\t' || character == '\n' || character == '\r')
		return false;
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
	    character == 0x2029 || character == 0xfffe || character == 0xffff;
}

/*
 * libyaml does not say at which line and column a character is bad, and takes a NUL for the
 * end of the file: so every character is looked at before. Returns false with the error
 * said.
 */
static bool
check_characters(struct config_context *context, const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned line = 1, column = 1;

	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = decode(bytes + at, size - at, &character);
		if (length == 0)
			context_message(context, CONFIG_ERROR, line, column,
			    "invalid byte 0x%02x, expected UTF-8", bytes[at]);
		else if (is_forbidden(character))
			context_message(context, CONFIG_ERROR, line, column,
			    "found %s U+%04X, expected text",
			    character == 0 ? "NUL byte" : "control character", character);
		if (length == 0 || is_forbidden(character))
			return false;
		column++;
		if (character == '\n' ||
		    (character == '\r' && (at + 1 == size || bytes[at + 1] != '\n'))) {
			line++;
			column = 1;
		}
	}
	return true;
}

bool
node_parse(struct config_context *context, const char *text, size_t size, struct node *ret)
{
	struct reader reader = { .context = context };

	*ret = (struct node){ .line = 1, .column = 1 };
	if (size > YAML_SIZE_MAX) {
		context_message(context, CONFIG_ERROR, 1, 1,
		    "file is too large, expected at most %d bytes", YAML_SIZE_MAX);
		return false;
	}
	if (!check_characters(context, text, size))
		return false;
	if (!yaml_parser_initialize(&reader.parser)) {
		context_no_memory(context);
		return false;
	}
	/* libyaml aborts where the text is NULL, as that of an empty file may be. */
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(size == 0 ? "" : text),
	    size);
	reader_stream(&reader, ret);
	yaml_parser_delete(&reader.parser);
	if (reader.stopped)
		node_clear(ret);
	return !reader.failed;
}

void
yaml_write_text(const char *text, FILE *file)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = strlen(text);

	(void)fputc('"', file);
	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = decode(bytes + at, size - at, &character);
		if (length == 0)
			break;
		if (character == '"' || character == '\\')
			(void)fprintf(file, "\\%c", (int)character);
		else if (text_is_plain(text + at, length))
			(void)fwrite(bytes + at, 1, length, file);
		else
			(void)fprintf(file, "\\U%08x", character);
	}
	(void)fputc('"', file);
}
