/* SPDX-License-Identifier: MIT */
/*
 * The programs that rules name, as they are in the file system: for --check alone, where a person
 * reads it. A daemon in its sandbox sees another file system, and a rule does not depend on it.
 *
 * A path with a wildcard stands for the files that match it today. What cannot be seen is passed
 * over.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "config/expand.h"
#include "config/files.h"
#include "config/rules.h"

static bool
is_literal(const char *glob)
{
	return strpbrk(glob, "*?\\") == NULL;
}

/* Opens a program of this host or of the staged tree. Returns the descriptor or -errno. */
static int
open_program(const struct config_context *context, const char *path)
{
	char inside[2 * PATH_MAX];

	if (context->root == NULL)
		return file_open(context, path, O_PATH);
	(void)snprintf(inside, sizeof(inside), "%s%s", context->root, path);
	return file_open(context, inside, O_PATH);
}

/* How much of the place of a file is the staged tree's own. */
static size_t
root_length(const struct config_context *context)
{
	char place[PATH_MAX];
	_close_ int fd = -1;

	if (context->root == NULL)
		return 0;
	fd = open(context->root, O_PATH | O_CLOEXEC);
	return fd >= 0 && file_place(fd, place) ? strlen(place) : 0;
}

/* True where any user may run the file: it is executable, and every directory on the way is. */
static bool
is_public(const struct config_context *context, const char *path, void *data)
{
	_close_ int fd = open_program(context, path);
	char place[PATH_MAX];
	struct stat status;
	size_t skip;

	(void)data;
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    (status.st_mode & S_IXOTH) == 0 || !file_place(fd, place))
		return false;
	skip = root_length(context);
	if (strlen(place) <= skip)
		return false;
	for (char *slash = strchr(place + skip + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stat(place, &status) < 0 || (status.st_mode & S_IXOTH) == 0)
			return false;
		*slash = '/';
	}
	return true;
}

const char *
programs_find_public(const struct config_context *context, const struct glob_list *globs)
{
	if (!context->examine || context->packaged)
		return NULL;
	for (size_t i = 0; i < globs->count; i++)
		if (expand_glob(context, globs->globs[i], is_public, NULL))
			return globs->globs[i];
	return NULL;
}

void
rule_check_programs(struct config_context *context, const struct parsed_rule *parsed)
{
	const struct glob_list *globs = &parsed->rule.match.exe;

	if (!context->examine || !context->verbose || context->packaged || !parsed->rule.enabled)
		return;
	for (size_t i = 0; i < globs->count; i++) {
		_close_ int fd = -1;

		if (!is_literal(globs->globs[i]))
			continue;
		fd = open_program(context, globs->globs[i]);
		if (fd == -ENOENT || fd == -ENOTDIR)
			context_note(context, parsed, "exe %s does not exist %s",
			    QUOTE(globs->globs[i]),
			    context->root == NULL ? "on this host" : "in this tree");
	}
}
