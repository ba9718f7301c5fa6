/* SPDX-License-Identifier: MIT */
/*
 * Paths of scripts: where one is, and whether it is a file at all.
 *
 * What it never does: look. Links are not followed, since they may have changed, or stand in
 * another mount namespace.
 *
 * Pure; no allocation. Cost: a pass over the path.
 */
#include <stdio.h>
#include <string.h>

#include "model/program.h"

/* Skips the digits that text begins with; false where there are none. */
static bool
skip_number(const char **text)
{
	size_t digits = strspn(*text, "0123456789");

	*text += digits;
	return digits > 0;
}

/* Skips the word that text begins with; false where it does not. */
static bool
skip_word(const char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length) != 0)
		return false;
	*text += length;
	return true;
}

bool
program_path_is_input(const char *path)
{
	if (strcmp(path, "/dev/stdin") == 0)
		return true;
	if (skip_word(&path, "/dev/fd/"))
		return skip_number(&path) && *path == '\0';
	if (!skip_word(&path, "/proc/"))
		return false;
	if (!skip_word(&path, "self/") && !skip_word(&path, "thread-self/") &&
	    !(skip_number(&path) && skip_word(&path, "/")))
		return false;
	if (skip_word(&path, "task/") && !(skip_number(&path) && skip_word(&path, "/")))
		return false;
	return skip_word(&path, "fd/") && skip_number(&path) && *path == '\0';
}

bool
program_script_path(const char *cwd, const char *argument, char *buffer, size_t size)
{
	char joined[2 * 4096 + 2];
	size_t used = 0;
	int length;

	if (argument[0] != '/' && cwd[0] != '/')
		return false;
	length = snprintf(joined, sizeof(joined), "%s%s%s", argument[0] == '/' ? "" : cwd,
	    argument[0] == '/' ? "" : "/", argument);
	if (length < 0 || (size_t)length >= sizeof(joined))
		return false;
	for (const char *at = joined; *at != '\0';) {
		size_t part;

		at += strspn(at, "/");
		part = strcspn(at, "/");
		if (part == 2 && strncmp(at, "..", 2) == 0) {
			while (used > 0 && buffer[--used] != '/')
				;
		} else if (part > 0 && !(part == 1 && *at == '.')) {
			if (used + 1 + part >= size)
				return false;
			buffer[used++] = '/';
			memcpy(buffer + used, at, part);
			used += part;
		}
		at += part;
	}
	buffer[used] = '\0';
	return used > 0;
}
