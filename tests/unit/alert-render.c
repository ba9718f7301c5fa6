/* SPDX-License-Identifier: MIT */
/*
 * Rendered messages for tests. See alert-render.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alert-render.h"
#include "alert/events.h"
#include "alert/items.h"
#include "base/cleanup.h"
#include "field-check.h"

static const char *
name_of(uint32_t uid, void *argument)
{
	(void)argument;
	return uid == 0 ? "root" : uid == 1000 ? "alice" : uid == 666 ? "a\nb\x1b[31m" : NULL;
}

static const char *
interface_of(uint32_t index, void *argument)
{
	(void)argument;
	return index == 2 ? "eth0" : NULL;
}

static bool
runs(const struct process *process, void *argument)
{
	(void)argument;
	return process->pid == 4242;
}

const struct message_context host = {
	.cmdline = CMDLINE_MASKED,
	.config = "0123abcd",
	.user_name = name_of,
	.interface_name = interface_of,
	.process_runs = runs,
};

const char *
nth_value(const struct message *message, const char *name, unsigned n)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < message->field_count; i++) {
		const char *field = message->fields[i].iov_base;
		assert_int_equal(strlen(field), message->fields[i].iov_len);
		if (strncmp(field, name, length) == 0 && field[length] == '=' && n-- == 0)
			return field + length + 1;
	}
	return NULL;
}

const char *
value(const struct message *message, const char *name)
{
	return nth_value(message, name, 0);
}

#define ITEMS "OVERSTAY_ITEMS="

/* What every message must be, whatever it is about. */
static void
check_sane(const struct message *message)
{
	assert_true(strlen(message->text) < MESSAGE_TEXT_MAX);
	assert_string_equal(value(message, "MESSAGE"), message->text);
	assert_true(message->field_count <= MESSAGE_FIELDS_MAX);
	for (size_t i = 0; i < message->field_count; i++) {
		const char *field = message->fields[i].iov_base, *sign = strchr(field, '=');
		_free_ char *plain = NULL;

		/* The one that is longer holds a list of whole entries. */
		assert_true(message->fields[i].iov_len <=
		    (strncmp(field, ITEMS, strlen(ITEMS)) == 0 ? strlen(ITEMS) + ITEMS_JSON_MAX :
								 MESSAGE_FIELD_MAX));
		assert_non_null(sign);
		assert_true(sign[1] != '\0');
		/* Nothing is left to be escaped, but for the backslashes of escapes. */
		plain = strdup(field);
		assert_non_null(plain);
		for (char *c = plain; *c != '\0'; c++)
			*c = *c == '\\' ? '/' : *c;
		assert_true(text_is_plain(plain, strlen(plain)));
	}
}

/* Appends the text to the file that tests/golden/messages.sh names, if it asks. */
static void
hand_over(const char *test, const struct message *message)
{
	const char *path = test == NULL ? NULL : getenv("OVERSTAY_TEXTS");
	_fclose_ FILE *file = path == NULL ? NULL : fopen(path, "ae");

	if (path == NULL)
		return;
	assert_non_null(file);
	assert_true(fprintf(file, "%s %s\n", test, message->text) > 0);
}

struct message *
render_for(const char *test, struct report *report, const struct message_context *context)
{
	struct message *message = malloc(sizeof(*message));
	const char *wrong;
	bool sent;

	assert_non_null(message);
	assert_non_null(report);
	message_render(message, report, context);
	/* A stay in a message that has none is made up by a test of the bytes. */
	sent = report->stay == NULL || (event_of(report->kind)->fields & FIELDS_STAY) != 0;
	(void)report_unref(report);
	check_sane(message);
	wrong = field_check(message);
	if (wrong == NULL && sent)
		wrong = field_check_explained(message);
	if (wrong != NULL)
		fail_msg("%s", wrong);
	hand_over(test, message);
	return message;
}

void
check_pieces_for(const char *test, struct report *report, const struct message_context *context,
    const char *const *pieces)
{
	_free_ struct message *message = render_for(test, report, context);
	const char *at = message->text;

	if (strncmp(at, pieces[0], strlen(pieces[0])) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", at, pieces[0]);
	for (; *pieces != NULL; at += strlen(*pieces), pieces++) {
		at = strstr(at, *pieces);
		if (at == NULL)
			fail_msg("\"%s\" lacks \"%s\"", message->text, *pieces);
	}
}

void
check_end(const struct message *message, const char *end)
{
	size_t length = strlen(message->text);

	assert_true(length >= strlen(end));
	assert_string_equal(message->text + length - strlen(end), end);
}
