/* SPDX-License-Identifier: MIT */
/*
 * Globs of paths against the directories of the host, or of a staged tree: for --check alone.
 *
 * It never follows more than it was given: `**` goes one level deep. What cannot be read is passed
 * over, since that proves nothing.
 *
 * Cost: at most EXPAND_MAX entries of directories a glob, however many there are.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/expand.h"
#include "config/files.h"
#include "model/glob.h"

#define EXPAND_MAX 4096

struct expansion {
	const struct config_context *context;
	expand_function *function;
	void *data;
	unsigned entries;
	char path[PATH_MAX];
};

static bool expand(struct expansion *expansion, size_t length, const char *rest);

/* The path with one name more; 0 where that is too long. */
static size_t
append(struct expansion *expansion, size_t length, const char *name, size_t name_length)
{
	if (length + 1 + name_length >= sizeof(expansion->path))
		return 0;
	expansion->path[length] = '/';
	memcpy(expansion->path + length + 1, name, name_length);
	expansion->path[length + 1 + name_length] = '\0';
	return length + 1 + name_length;
}

static DIR *
open_directory(const struct expansion *expansion)
{
	const char *root = expansion->context->root;
	char inside[2 * PATH_MAX];
	DIR *directory;
	int fd;

	(void)snprintf(inside, sizeof(inside), "%s%s/", root == NULL ? "" : root, expansion->path);
	fd = file_open(expansion->context, inside, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (directory == NULL && fd >= 0)
		(void)close(fd);
	return directory;
}

static bool
expand_wildcard(struct expansion *expansion, size_t length, const char *glob, const char *rest)
{
	DIR *directory = open_directory(expansion);
	const struct dirent *entry;
	bool found = false;

	while (directory != NULL && !found && (entry = readdir(directory)) != NULL) {
		size_t longer;

		if (++expansion->entries > EXPAND_MAX)
			break;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    !glob_match(glob, entry->d_name, GLOB_TEXT))
			continue;
		longer = append(expansion, length, entry->d_name, strlen(entry->d_name));
		found = longer != 0 && expand(expansion, longer, rest);
		expansion->path[length] = '\0';
	}
	if (directory != NULL)
		(void)closedir(directory);
	return found;
}

/* The glob behind what the path has of it. */
static bool
expand(struct expansion *expansion, size_t length, const char *rest)
{
	char name[NAME_MAX + 1];

	for (;;) {
		size_t name_length;

		rest += strspn(rest, "/");
		name_length = strcspn(rest, "/");
		if (name_length == 0)
			return length > 0 &&
			    expansion->function(expansion->context, expansion->path,
				expansion->data);
		if (name_length >= sizeof(name))
			return false;
		memcpy(name, rest, name_length);
		name[name_length] = '\0';
		rest += name_length;
		if (strpbrk(name, "*?\\") != NULL)
			return expand_wildcard(expansion, length, name, rest);
		length = append(expansion, length, name, name_length);
		if (length == 0)
			return false;
	}
}

bool
expand_glob(const struct config_context *context, const char *glob, expand_function *function,
    void *data)
{
	struct expansion expansion = { .context = context, .function = function, .data = data };

	return glob[0] == '/' && expand(&expansion, 0, glob);
}
