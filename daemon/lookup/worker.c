/* SPDX-License-Identifier: MIT */
/*
 * Python's multiprocessing starts its helpers as code in an argument: python3 -c "from
 * multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)". That is no
 * code of somebody's, if it is exactly that: the words of CPython's Lib/multiprocessing
 * (spawn.py, forkserver.py, resource_tracker.py, semaphore_tracker.py), with numbers and, for the
 * fork server, literal lists and strings, which can call nothing.
 *
 * What it never does: believe code that only begins so, or an argument elsewhere. Before -c there
 * are only options that multiprocessing passes on (subprocess._args_from_interpreter_flags()).
 *
 * Pure. Cost: below 1 us.
 */
#include <string.h>

#include "lookup/worker.h"

/* Takes text off the front of *at. */
static bool
take(const char **at, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool
take_number(const char **at)
{
	size_t digits = strspn(*at, "0123456789");

	*at += digits;
	return digits > 0;
}

/* "tracker_fd=5, pipe_handle=7" */
static bool
take_named_numbers(const char **at)
{
	do {
		size_t letters = strspn(*at, "abcdefghijklmnopqrstuvwxyz_");

		*at += letters;
		if (letters == 0 || !take(at, "=") || !take_number(at))
			return false;
	} while (take(at, ", "));
	return true;
}

/* A string as repr() writes it. */
static bool
take_string(const char **at)
{
	char quote = **at;

	for ((*at)++; **at != '\0'; (*at)++) {
		if (**at == quote) {
			(*at)++;
			return true;
		}
		if (**at == '\\' && (*at)[1] != '\0')
			(*at)++;
	}
	return false;
}

/* Numbers, strings, lists and maps of them: nothing that could be called. */
static bool
take_literals(const char **at)
{
	static const char *const words[] = { "None", "True", "False", "**" };

	while (**at != '\0' && **at != ')') {
		size_t plain = strspn(*at, "0123456789, []{}:");
		size_t word = 0;

		*at += plain;
		if (plain > 0)
			continue;
		if (**at == '\'' || **at == '"') {
			if (!take_string(at))
				return false;
			continue;
		}
		while (word < ARRAY_SIZE(words) && !take(at, words[word]))
			word++;
		if (word == ARRAY_SIZE(words))
			return false;
	}
	return true;
}

static bool
is_workers_code(const char *code)
{
	static const struct {
		const char *before;
		bool (*inside)(const char **at);
	} forms[] = {
		{ "from multiprocessing.spawn import spawn_main; spawn_main(", take_named_numbers },
		{ "from multiprocessing.resource_tracker import main;main(", take_number },
		{ "from multiprocessing.semaphore_tracker import main;main(", take_number },
		{ "from multiprocessing.forkserver import main; main(", take_literals },
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const char *at = code;

		if (take(&at, forms[i].before))
			return forms[i].inside(&at) && strcmp(at, ")") == 0;
	}
	return false;
}

/* An option that multiprocessing passes on: letters without a value, or -W and its value. */
static bool
is_passed_on(const char *option)
{
	return option[0] == '-' && option[1] != '\0' &&
	    (option[1] == 'W' || strspn(option + 1, "bBdEiIOPqsSuv") == strlen(option + 1));
}

bool
worker_is_python(const char *arguments, size_t length)
{
	const char *end = arguments + length, *at = arguments;

	if (length == 0 || end[-1] != '\0')
		return false;
	for (at += strlen(at) + 1; at < end; at += strlen(at) + 1) {
		const char *next = at + strlen(at) + 1;

		if (strcmp(at, "-c") == 0)
			return next < end && is_workers_code(next);
		/* -X alone has its value behind it. */
		if (strcmp(at, "-X") == 0 && next < end)
			at = next;
		else if (!is_passed_on(at) && strncmp(at, "-X", 2) != 0)
			return false;
	}
	return false;
}
