/* SPDX-License-Identifier: MIT */
/*
 * The statements that compare what was told, what the engine counts and what it asked the kernel
 * with what the scenario says. Complaints read as a diff: "-" was expected and did not come, "+"
 * came and was not expected.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "script.h"

void
complain(struct script *script, const char *format, ...)
{
	char raw[4096], line[4096];
	struct text text;
	va_list arguments;

	if (script->complaints++ >= COMPLAINTS_MAX || script->silent)
		return;
	va_start(arguments, format);
	(void)vsnprintf(raw, sizeof(raw), format, arguments);
	va_end(arguments);
	/* Nothing that a scenario says may look like a line of TAP. */
	text_init(&text, line, sizeof(line));
	text_escape(&text, raw, strlen(raw), sizeof(line) - 1);
	(void)printf("# %s:%zu: %s\n", script->path, script->at + 1, line);
}

static void
complain_told(struct script *script, const struct told *told)
{
	_free_ char *line = told_format(told);

	complain(script, "+ %s", line);
}

void
check_nothing_left(struct script *script)
{
	struct told_list *list = &script->world.told;

	for (; list->next < list->count; list->next++)
		complain_told(script, &list->items[list->next]);
	script->expected = 0;
	told_forget(list);
}

static bool
is_expected(const char *pattern, const struct told *told)
{
	_free_ char *line = told_format(told);

	return pattern_matches(pattern, line);
}

/* Compares the next message. Where it is another one, but the expected one follows, those between
 * are complained about. */
static void
expect_one(struct script *script, const char *pattern)
{
	struct told_list *list = &script->world.told;
	size_t found = list->next;

	while (found < list->count && !is_expected(pattern, &list->items[found]))
		found++;
	if (found == list->count) {
		complain(script, "- %s", pattern);
		script->expected = 0;
		return;
	}
	for (; list->next < found; list->next++)
		complain_told(script, &list->items[list->next]);
	list->next++;
	script->expected++;
}

int
check_expect(struct script *script, const char *rest)
{
	uint64_t count = 1;
	unsigned complaints = script->complaints;
	int digits = (int)strspn(rest, "0123456789");

	script->asserted++;
	script->expected = 0;
	if (strcmp(rest, "nothing") == 0) {
		check_nothing_left(script);
		return 0;
	}
	if (digits > 0 && rest[digits] == ' ') {
		if (sscanf(rest, "%" SCNu64, &count) != 1 || count == 0)
			return -EINVAL;
		rest += digits + 1;
	}
	/* After the first that is missing, the rest of them is no news. */
	for (uint64_t i = 0; i < count && script->complaints == complaints; i++)
		expect_one(script, rest);
	return 0;
}

/* The messages the last `expect` was about. */
static const struct told *
expected_told(const struct script *script, size_t index)
{
	const struct told_list *list = &script->world.told;

	return &list->items[list->next - script->expected + index];
}

static void
check_value(struct script *script, const char *name, const char *pattern)
{
	script->asserted++;
	for (size_t i = 0; i < script->expected; i++) {
		const char *value = told_field(expected_told(script, i), name);

		if (value == NULL || !pattern_matches(pattern, value))
			complain(script, "%s is %s, expected %s", name,
			    value == NULL ? "not there" : value, pattern);
	}
}

static void
check_absent(struct script *script, const char *name)
{
	script->asserted++;
	for (size_t i = 0; i < script->expected; i++) {
		const char *value = told_field(expected_told(script, i), name);

		if (value != NULL)
			complain(script, "%s is %s, expected not there", name, value);
	}
}

int
check_field(struct script *script, const char *rest)
{
	const char *equals = strchr(rest, '=');
	char name[64];

	if (equals == NULL || (size_t)(equals - rest) >= sizeof(name))
		return -EINVAL;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - rest), rest);
	check_value(script, name, equals + 1);
	return 0;
}

int
check_nofield(struct script *script, const char *rest)
{
	check_absent(script, rest);
	return 0;
}

/* The fields that are written as time spans, and how the fields are called. */
static const struct {
	const char *word, *name;
} spans[] = {
	{ "age", "OVERSTAY_AGE_USEC" },
	{ "age-max", "OVERSTAY_AGE_MAX_USEC" },
	{ "away", "OVERSTAY_AWAY_USEC" },
	{ "span", "OVERSTAY_SPAN_USEC" },
	{ "every", "OVERSTAY_EVERY_USEC" },
	{ "threshold", "OVERSTAY_THRESHOLD_USEC" },
};

/* "user-unit" is OVERSTAY_USER_UNIT. Returns whether its value is a time span. */
static bool
name_field(const char *word, char *name, size_t size)
{
	struct text text;

	text_init(&text, name, size);
	for (size_t i = 0; i < ARRAY_SIZE(spans); i++)
		if (strcmp(word, spans[i].word) == 0) {
			text_add(&text, spans[i].name);
			return true;
		}
	text_add(&text, "OVERSTAY_");
	for (; *word != '\0'; word++)
		text_printf(&text, "%c", *word == '-' ? '_' : toupper((unsigned char)*word));
	return false;
}

int
check_with(struct script *script, const char *rest)
{
	char name[64], number[32];
	struct words words;
	const char *word;
	uint64_t usec;

	if (words_split(rest, &words) < 0 || words.count == 0)
		return -EINVAL;
	while ((word = words_next(&words)) != NULL) {
		bool absent = strcmp(word, "no") == 0, is_span;

		if (words.next == words.count)
			return -EINVAL;
		is_span = name_field(absent ? words_next(&words) : word, name, sizeof(name));
		if (absent)
			check_absent(script, name);
		else if (!is_span)
			check_value(script, name, words_next(&words));
		else if (words_duration(&words, &usec) == 0) {
			(void)snprintf(number, sizeof(number), "%" PRIu64, usec);
			check_value(script, name, number);
		} else
			return -EINVAL;
	}
	return 0;
}

int
check_stay(struct script *script, const char *rest)
{
	uint64_t number;
	char field[64];

	if (sscanf(rest, "%" SCNu64, &number) != 1)
		return -EINVAL;
	(void)snprintf(field, sizeof(field), "OVERSTAY_STAY=%032" PRIx64, number);
	return check_field(script, field);
}

int
check_counts(struct script *script, const char *rest)
{
	struct world *world = &script->world;
	struct track_counts counts;
	struct words words;

	engine_counts(world->engine, &counts);
	const struct {
		const char *name;
		uint64_t value;
	} known[] = {
		{ "listeners", counts.stays },
		{ "sockets", counts.sockets },
		{ "overstaying", counts.overstaying },
		{ "allowed", counts.allowed },
		{ "away", counts.away },
		{ "tcp", counts.tcp },
		{ "udp", counts.udp },
		{ "held-back", world->held_back },
		{ "proofs", world->proofs },
		{ "dumps", world->dumps },
		{ "ids", world->ids },
		{ "unasked", engine_short_of(world->engine)[SHORT_OF_QUESTIONS] },
		{ "unasked-peers", engine_short_of(world->engine)[SHORT_OF_PEERS] },
		{ "unkept", engine_short_of(world->engine)[SHORT_OF_OWNERS] },
		{ "given-up", engine_short_of(world->engine)[SHORT_OF_AWAY] },
		{ "unreported", engine_short_of(world->engine)[SHORT_OF_REPORTED] },
		{ "unfollowed", engine_short_of(world->engine)[SHORT_OF_FOLLOWED] },
	};

	if (words_split(rest, &words) < 0 || words.count == 0)
		return -EINVAL;
	for (const char *word; (word = words_next(&words)) != NULL;) {
		size_t row = 0;
		uint64_t wanted;

		while (row < ARRAY_SIZE(known) && strcmp(known[row].name, word) != 0)
			row++;
		if (row == ARRAY_SIZE(known) || words_number(&words, &wanted) < 0)
			return -EINVAL;
		script->asserted++;
		if (known[row].value != wanted)
			complain(script, "%s is %" PRIu64 ", expected %" PRIu64, word,
			    known[row].value, wanted);
	}
	return 0;
}
