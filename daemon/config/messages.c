/* SPDX-License-Identifier: MIT */
/*
 * The messages of a load: collected, never printed, so that an administrator gets every
 * error at once and the same texts serve --check, the journal and the tests.
 *
 * Errors prevent a load. Warnings are about what is allowed and most likely not meant, notes about
 * what another host may have and this one has not. One kind never keeps another from being said.
 *
 * A configuration may be hostile or a binary file by mistake: values are escaped and cut
 * before they stand in a message, and of each kind at most CONFIG_MESSAGES_MAX are kept;
 * what is more is counted. Without memory a message is lost, and the load fails with
 * -ENOMEM whatever it said: no warning is lost in silence.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "config/messages.h"
#include "config/yaml.h"

/* A message longer than this is cut: a path of the longest kind and a sentence fit. */
#define MESSAGE_SIZE 6144

/* The longest name that a distance is worked out for. */
#define NAME_LENGTH_MAX 64

void
context_no_memory(struct config_context *context)
{
	context->no_memory = true;
}

const char *
quote_text(const char *value, size_t length, char *buffer, size_t size)
{
	struct text text;

	text_init(&text, buffer, size);
	text_add(&text, "\"");
	text_escape(&text, value, length, size - 3);
	text_add(&text, "\"");
	return buffer;
}

/* Makes room for one more message and fills it, text being copied. Returns false without memory. */
static bool
messages_keep(struct config_messages *messages, struct config_message message)
{
	_free_ char *copy = strdup(message.text);

	if (copy == NULL || array_fit(&messages->items, messages->count + 1) < 0)
		return false;
	message.text = take_ptr(copy);
	messages->items[messages->count++] = message;
	return true;
}

static bool
message_is_before(const struct config_message *a, const struct config_message *b)
{
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void
messages_sort(struct config_messages *messages, size_t from)
{
	/* There are at most 200, mostly in order already; what is equal keeps its order. */
	for (size_t i = from; i < messages->count; i++) {
		struct config_message moved = messages->items[i];
		size_t at = i;

		for (; at > from && message_is_before(&moved, &messages->items[at - 1]); at--)
			messages->items[at] = messages->items[at - 1];
		messages->items[at] = moved;
	}
}

/* The word of each kind behind the place, and of what is not kept. */
static const struct {
	const char *word, *more;
} kinds[] = {
	[CONFIG_ERROR] = { "error", "errors" },
	[CONFIG_WARNING] = { "warning", "warnings" },
	[CONFIG_NOTE] = { "note", "notes" },
};

static bool
messages_have(const struct config_messages *messages, const char *text)
{
	for (size_t i = 0; i < messages->count; i++)
		if (strcmp(messages->items[i].text, text) == 0)
			return true;
	return false;
}

void
context_message(struct config_context *context, enum config_message_kind kind, unsigned line,
    unsigned column, const char *format, ...)
{
	struct config_messages *messages = context->messages;
	char buffer[MESSAGE_SIZE];
	struct text text;
	va_list arguments;

	if (messages->strict)
		kind = CONFIG_ERROR;
	if (messages->counts[kind] >= CONFIG_MESSAGES_MAX) {
		messages->counts[kind]++;
		return;
	}
	text_init(&text, buffer, sizeof(buffer));
	text_escape_string(&text, context->file, 4200);
	text_printf(&text, ":%u:%u: %s: ", line, column, kinds[kind].word);
	va_start(arguments, format);
	(void)vsnprintf(buffer + text.used, sizeof(buffer) - text.used, format, arguments);
	va_end(arguments);
	if (messages_have(messages, buffer))
		return;
	messages->counts[kind]++;
	if (!messages_keep(messages, (struct config_message){ kind, line, column, buffer }))
		context_no_memory(context);
}

struct message_mark
messages_mark(const struct config_messages *messages)
{
	struct message_mark mark = { .count = messages->count };

	memcpy(mark.counts, messages->counts, sizeof(mark.counts));
	return mark;
}

void
messages_take_back(struct config_messages *messages, const struct message_mark *mark)
{
	while (messages->count > mark->count)
		free(messages->items[--messages->count].text);
	memcpy(messages->counts, mark->counts, sizeof(mark->counts));
}

void
context_leave_out(struct config_context *context, struct name_list *list)
{
	_free_ char *copy = strdup(context->file);

	if (copy == NULL || array_fit(&list->names, list->count + 1) < 0)
		context_no_memory(context);
	else
		list->names[list->count++] = take_ptr(copy);
}

void
config_messages_clear(struct config_messages *messages)
{
	if (messages == NULL)
		return;
	for (size_t i = 0; i < messages->count; i++)
		free(messages->items[i].text);
	free(messages->items);
	*messages = (struct config_messages){ 0 };
}

void
config_messages_print(const struct config_messages *messages, FILE *file)
{
	for (size_t i = 0; i < messages->count; i++)
		(void)fprintf(file, "%s\n", messages->items[i].text);
	for (unsigned i = 0; i < CONFIG_MESSAGE_KIND_COUNT; i++)
		if (messages->counts[i] > CONFIG_MESSAGES_MAX)
			(void)fprintf(file, "... and %zu more %s\n",
			    messages->counts[i] - CONFIG_MESSAGES_MAX, kinds[i].more);
}

/* As people read it: `Warning` is `warning`, and `session_ended` is `session-ended`. */
static int
fold(char character)
{
	return character == '_' ? '-' : tolower((unsigned char)character);
}

static unsigned
least_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, two letters the wrong way round being one slip; both at most
 * NAME_LENGTH_MAX long. */
static unsigned
edit_distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_LENGTH_MAX + 1] = { { 0 } };
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t length = strlen(b);

	for (size_t j = 0; j <= length; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		unsigned *spare = before;

		before = above;
		above = row;
		row = spare;
		row[0] = (unsigned)i + 1;
		for (size_t j = 0; j < length; j++) {
			unsigned replaced = above[j] + (fold(a[i]) != fold(b[j]));

			row[j + 1] = least_of(replaced, least_of(row[j], above[j + 1]) + 1);
			if (i > 0 && j > 0 && fold(a[i]) == fold(b[j - 1]) &&
			    fold(a[i - 1]) == fold(b[j]))
				row[j + 1] = least_of(row[j + 1], before[j - 1] + 1);
		}
	}
	return row[length];
}

/* "sudo" is meant for "su", and "crond" for "cron": the longest that it begins with. */
static const char *
beginning_name(const char *written, const char *const *names)
{
	const char *longest = NULL;

	for (const char *const *name = names; *name != NULL; name++) {
		size_t length = strlen(*name);

		if (length >= 2 && strlen(written) <= length + 2 &&
		    strncasecmp(written, *name, length) == 0 &&
		    (longest == NULL || length > strlen(longest)))
			longest = *name;
	}
	return longest;
}

const char *
nearest_name(const char *written, const char *const *names)
{
	/* Two slips, but not more than a third of the word: "sctp" is not meant as "tcp". */
	size_t length = strlen(written);
	unsigned least = length >= 6 ? 3 : length >= 2 ? 2 : 1;
	const char *nearest = NULL;

	if (length > NAME_LENGTH_MAX)
		return NULL;
	for (const char *const *name = names; *name != NULL; name++) {
		unsigned distance;

		/* What is only half written means the whole: "prot". */
		if (length >= 3 && strncasecmp(written, *name, length) == 0)
			return *name;
		if (strlen(*name) > NAME_LENGTH_MAX)
			continue;
		distance = edit_distance(written, *name);
		if (distance < least) {
			least = distance;
			nearest = *name;
		}
	}
	return nearest != NULL ? nearest : beginning_name(written, names);
}

void
context_wrong_value(struct config_context *context, const struct node *node, const char *what,
    const char *expected, const char *const *names)
{
	const char *nearest = nearest_name(node->text, names);

	if (nearest != NULL)
		context_error(context, node, "%s is %s, did you mean \"%s\"?", what,
		    QUOTE(node->text), nearest);
	else
		context_error(context, node, "%s is %s, expected %s", what, QUOTE(node->text),
		    expected);
}

void
context_unknown(struct config_context *context, const struct node *key, const char *const *names)
{
	const char *nearest = nearest_name(key->text, names);
	char buffer[512];
	struct text list;

	if (nearest != NULL) {
		context_error(context, key, "unknown key %s, did you mean \"%s\"?",
		    QUOTE(key->text), nearest);
		return;
	}
	text_init(&list, buffer, sizeof(buffer));
	for (size_t i = 0; names[i] != NULL; i++)
		text_printf(&list, "%s%s", i == 0 ? "" : ", ", names[i]);
	context_error(context, key, "unknown key %s, expected %s%s", QUOTE(key->text),
	    names[1] == NULL ? "" : "one of ", buffer);
}
