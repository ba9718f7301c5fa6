/* SPDX-License-Identifier: MIT */
/*
 * `requires:` of a file: the version of overstayd that it is written for. An older one leaves the
 * whole file out, so that 500 hosts of two versions may have the same files, and says so. It is
 * asked before anything else of the file is, whose other keys may all be unknown.
 */
#include <string.h>

#include "base/macros.h"
#include "config/requires.h"

/* "0.3" or "0.3.1". */
#define VERSION_PARTS  3
#define VERSION_DIGITS 6

/* Returns what follows the version, NULL where there is none. */
static const char *
version_parse(const char *text, unsigned ret[VERSION_PARTS])
{
	size_t parts = 0;

	memset(ret, 0, VERSION_PARTS * sizeof(*ret));
	for (;;) {
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > VERSION_DIGITS)
			return NULL;
		for (size_t i = 0; i < digits; i++)
			ret[parts] = ret[parts] * 10 + (unsigned)(*text++ - '0');
		if (++parts == VERSION_PARTS || text[0] != '.')
			return parts < 2 ? NULL : text;
		text++;
	}
}

static bool
version_is_later(const unsigned a[VERSION_PARTS], const unsigned b[VERSION_PARTS])
{
	for (size_t i = 0; i < VERSION_PARTS; i++)
		if (a[i] != b[i])
			return a[i] > b[i];
	return false;
}

static const struct node *
find_requires(const struct node *tree)
{
	if (tree->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i + 1 < tree->count; i += 2)
		if (node_is(&tree->items[i], REQUIRES_KEY))
			return &tree->items[i + 1];
	return NULL;
}

bool
requires_met(struct config_context *context, const struct node *tree,
    const struct message_mark *before)
{
	static const char expected[] = "a version such as \"0.3\"";
	const struct node *value = find_requires(tree);
	unsigned wanted[VERSION_PARTS], own[VERSION_PARTS];
	const char *rest;

	if (value == NULL || !node_is_scalar(context, value, expected))
		return true;
	rest = version_parse(value->text, wanted);
	if (rest == NULL || rest[0] != '\0') {
		context_error(context, value, REQUIRES_KEY " is %s, expected %s",
		    QUOTE(value->text), expected);
		return true;
	}
	if (version_parse(VERSION, own) == NULL || !version_is_later(wanted, own))
		return true;
	/* What a later version writes otherwise is no error of the file. */
	messages_take_back(context->messages, before);
	context_warn(context, value, "file requires overstayd %s, this is %s: left out",
	    value->text, VERSION);
	context_leave_out(context, context->newer);
	return false;
}
