/* SPDX-License-Identifier: MIT */
/*
 * Finds scenarios, and reads the lines of one, those of the files it includes in the place of the
 * lines "include FILE".
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "script.h"

int
script_find_all(const char *files, glob_t *ret)
{
	const char *source = getenv("abs_top_srcdir");
	_free_ char *pattern = NULL;

	if (asprintf(&pattern, "%s/tests/scenario/%s", source == NULL ? "." : source, files) < 0)
		abort();
	return glob(pattern, 0, NULL, ret) == 0 ? 0 : -ENOENT;
}

/* A file beside that of path. */
static int
read_included(struct script *script, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	_free_ char *beside = NULL;

	if (asprintf(&beside, "%.*s%s", slash == NULL ? 0 : (int)(slash + 1 - path), path, name) <
	    0)
		abort();
	return script_read(script, beside);
}

int
script_read(struct script *script, const char *path)
{
	_fclose_ FILE *file = fopen(path, "re");
	_free_ char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int r = 0;

	if (file == NULL)
		return -errno;
	while (r == 0 && (length = getline(&line, &size, file)) >= 0) {
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = '\0';
		if (strncmp(line, "include ", 8) == 0) {
			r = read_included(script, path, line + 8);
			continue;
		}
		if (array_reserve(&script->lines, &script->line_room, script->line_count + 1,
			ARRAY_UNBOUNDED) < 0)
			abort();
		script->lines[script->line_count++] = take_ptr(line);
		size = 0;
	}
	return r < 0 || !ferror(file) ? r : -EIO;
}

void
script_clear(struct script *script)
{
	for (size_t i = 0; i < script->line_count; i++)
		free(script->lines[i]);
	free(script->lines);
}
