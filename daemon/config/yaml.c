/* SPDX-License-Identifier: MIT */
/*
 * From bytes to a tree of nodes, by libyaml's events. (Its document API loses where an
 * alias stands: it gives the marks of the anchored node. An event has marks of its own.)
 *
 * What a configuration has no use for is refused with a clear error, and so cannot be used
 * against the reader: tags (which change what a scalar is), a second document, a key twice in a
 * map, keys that are no scalars, control characters, NUL bytes and what is no UTF-8. An alias is
 * replaced by a copy of what its anchor names, and `<<` by the keys of what it names, as
 * configuration management writes them back. Depth, nodes, keys and the text that aliases copy are
 * bounded, so time and memory are too, also where aliases explode: a file of 1 MiB costs at most
 * some 60 MiB while it is read. Scalars stay the text that was written: an unquoted 12 is no number
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
#include "config/yaml-reader.h"

/* What people write who mean something else than libyaml takes it for. */
static const char *
find_hint(const yaml_parser_t *parser)
{
	static const struct {
		const char *problem, *context, *hint;
	} hints[] = {
		{ "cannot start any token", "",
		    ": quote a value that begins with @, ` or %, indent with spaces" },
		{ "mapping values are not allowed", "",
		    ": quote a value that contains \": \", or begin the key in the same column" },
		{ "unknown escape character", "",
		    ": a backslash in double quotes begins an escape, use single quotes" },
		{ "expected <document start>", "",
		    ": options are \"name: value\", one a line, in the same column" },
		{ "could not find expected ':'", "", ": a key ends with a colon and a blank" },
		{ "did not find expected '-'", "",
		    ": the keys of an entry begin in the same column" },
		{ "did not find expected ',' or ']'", "",
		    ": close the bracket, or quote a value that contains \" #\"" },
		{ "did not find expected ',' or '}'", "",
		    ": close the brace, or quote a value that contains \" #\"" },
		{ "", "an alias", ": quote a value that begins with *" },
		{ "", "an anchor", ": quote a value that begins with &" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (parser->problem != NULL && strstr(parser->problem, hints[i].problem) != NULL &&
		    (hints[i].context[0] == '\0' ||
			(parser->context != NULL &&
			    strstr(parser->context, hints[i].context) != NULL)))
			return hints[i].hint;
	return "";
}

/* The text from a line and column on, both from 0, columns in characters. */
static const char *
find_place(const struct reader *reader, size_t line, size_t column)
{
	const char *at = reader->text, *end = at + reader->size;

	for (; line > 0 && at < end; at++)
		if (*at == '\n')
			line--;
	for (; column > 0 && at < end; column--) {
		at++;
		/* Those that follow the first byte of a character. */
		while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
			at++;
	}
	return at;
}

/* Says what people write who are surprised that it is wrong. Returns false if it is none of it. */
static bool
explain_place(struct reader *reader)
{
	const yaml_mark_t *mark = &reader->parser.problem_mark;
	const char *at = find_place(reader, mark->line, mark->column);
	size_t left = (size_t)(reader->text + reader->size - at);

	if (left >= 1 && at[0] == '\t')
		context_message(reader->context, CONFIG_ERROR, (unsigned)mark->line + 1,
		    (unsigned)mark->column + 1, "found a tab, expected blanks as indentation");
	else if (left >= 2 && at[0] == '{' && at[1] == '{')
		context_message(reader->context, CONFIG_ERROR, (unsigned)mark->line + 1,
		    (unsigned)mark->column + 1, "found a template that was not filled in: {{");
	else if (left >= 2 && (at[0] == '{' || at[0] == '%') && at > reader->text &&
	    (at[1] == '%' || at[-1] == '{'))
		context_message(reader->context, CONFIG_ERROR, (unsigned)mark->line + 1,
		    (unsigned)mark->column, "found a template that was not filled in: {%%");
	else
		return false;
	return true;
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
	/* What follows a template on its line is wrong because of it. */
	if (reader->template_line == parser->problem_mark.line + 1 || explain_place(reader))
		return;
	if (parser->context != NULL)
		context_message(reader->context, CONFIG_ERROR,
		    (unsigned)parser->problem_mark.line + 1,
		    (unsigned)parser->problem_mark.column + 1,
		    "invalid YAML: %s, %s that began at line %zu%s", parser->problem,
		    parser->context, parser->context_mark.line + 1, find_hint(parser));
	else
		context_message(reader->context, CONFIG_ERROR,
		    (unsigned)parser->problem_mark.line + 1,
		    (unsigned)parser->problem_mark.column + 1, "invalid YAML: %s%s",
		    parser->problem != NULL ? parser->problem : "unknown error", find_hint(parser));
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

/* A map as the only key of a map is what is left of a template: {{ name }}. */
static void
refuse_key(struct reader *reader, struct node *map, const struct node *key)
{
	if (map->count == 1 && key->kind == NODE_MAP && key->line == map->line &&
	    key->column == map->column + 1) {
		reader_refuse(reader, map, "found a template that was not filled in: {{");
		reader->template_line = map->line;
		map->broken = true;
	} else
		reader_refuse(reader, key, "found %s as a key, expected a name",
		    node_kind_text(key));
}

/*
 * The key of a map that was just read: a scalar, and not there before; else it is passed
 * over.
 */
static void
reader_check_key(struct reader *reader, struct node *map)
{
	struct node *key = &map->items[map->count - 1];

	if (key->kind == NODE_BROKEN)
		return;
	if (key->kind != NODE_SCALAR) {
		refuse_key(reader, map, key);
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

static void
reader_check_tag(struct reader *reader, const struct node *node, const yaml_char_t *tag)
{
	if (tag != NULL)
		reader_refuse(reader, node, "tag %s is not supported, expected a value without one",
		    QUOTE((const char *)tag));
}

/* True where nothing more is to be read. */
static bool
reader_check_bounds(struct reader *reader, const struct node *node, unsigned depth)
{
	reader->nodes++;
	if (depth > YAML_DEPTH_MAX)
		reader_refuse(reader, node, "nested too deeply, expected at most %d levels",
		    YAML_DEPTH_MAX);
	else if (reader->nodes > YAML_NODES_MAX)
		reader_refuse(reader, node, "too many values, expected at most %d in a file",
		    YAML_NODES_MAX);
	else
		return false;
	reader->stopped = true;
	return true;
}

/* The anchor that the value of the event has, NULL where it has none. */
static const char *
event_anchor(const yaml_event_t *event)
{
	const yaml_char_t *anchor = event->type == YAML_SCALAR_EVENT ? event->data.scalar.anchor :
	    event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.anchor :
						       event->data.mapping_start.anchor;

	return (const char *)anchor;
}

/* Reads the value that event begins, to its end. */
static void
reader_value(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *ret)
{
	const char *anchor = event_anchor(event);

	if (anchor != NULL)
		anchor_begin(reader, ret, anchor);
	if (event->type == YAML_SCALAR_EVENT) {
		reader_check_tag(reader, ret, event->data.scalar.tag);
		reader_scalar(reader, event, ret);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		reader_check_tag(reader, ret, event->data.sequence_start.tag);
		ret->kind = NODE_LIST;
		reader_items(reader, YAML_SEQUENCE_END_EVENT, depth, ret);
	} else {
		reader_check_tag(reader, ret, event->data.mapping_start.tag);
		ret->kind = NODE_MAP;
		reader_items(reader, YAML_MAPPING_END_EVENT, depth, ret);
		reader_merge(reader, ret);
		if (ret->broken)
			ret->kind = NODE_BROKEN;
	}
	if (anchor != NULL)
		anchor_end(reader, ret, anchor);
}

/* Reads the node that event begins, to its end. */
static void
reader_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct node *ret)
{
	ret->line = (unsigned)event->start_mark.line + 1;
	ret->column = (unsigned)event->start_mark.column + 1;
	if (reader_check_bounds(reader, ret, depth))
		return;
	if (event->type == YAML_ALIAS_EVENT)
		reader_alias(reader, (const char *)event->data.alias.anchor, depth, ret);
	else
		reader_value(reader, event, depth, ret);
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

bool
node_parse(struct config_context *context, const char *text, size_t size, struct node *ret)
{
	struct reader reader = { .context = context, .text = text, .size = size };

	*ret = (struct node){ .line = 1, .column = 1 };
	if (size > YAML_SIZE_MAX) {
		context_message(context, CONFIG_ERROR, 1, 1,
		    "file is too large, expected at most %d bytes", YAML_SIZE_MAX);
		return false;
	}
	if (!yaml_check_characters(context, text, size))
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
	anchors_clear(&reader);
	if (reader.stopped)
		node_clear(ret);
	return !reader.failed;
}
