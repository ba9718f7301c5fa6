/* SPDX-License-Identifier: MIT */
/*
 * Who runs --check can read more than the service: that is root without capabilities, and its unit
 * hides directories from it (systemd/overstayd.service.in), which a link may lead into.
 *
 * Of a path that leads nowhere by links nothing is said but by its modes: where the files of the
 * configuration are is the packager's choice.
 *
 * Cost: two system calls a link, one a directory on the way.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/readers.h"

/* As many as the kernel follows. */
#define LINKS_FOLLOWED_MAX 40

/* True where a path is the directory or inside of it. */
static bool
is_inside(const char *path, const char *directory)
{
	size_t length = strlen(directory);

	return strncmp(path, directory, length) == 0 &&
	    (path[length] == '/' || path[length] == '\0');
}

/* Hidden by ProtectHome=, PrivateTmp= and TemporaryFileSystem=. */
static bool
is_hidden(const char *path)
{
	static const char *const hidden[] = { "/home", "/root", "/run", "/tmp", "/var" };
	static const char *const bound[] = { "/run/overstay", "/var/lib/overstay" };

	for (size_t i = 0; i < ARRAY_SIZE(bound); i++)
		if (is_inside(path, bound[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		if (is_inside(path, hidden[i]))
			return true;
	return false;
}

const char *
readers_hidden_text(const char *target)
{
	return is_hidden(target) ? ": overstayd.service sees no /home, /root, /run, /tmp and /var" :
				   "";
}

/* Without capabilities root is a user like others. */
static bool
root_may(const struct stat *status, unsigned wanted)
{
	unsigned shift = status->st_uid == 0 ? 6 : status->st_gid == 0 ? 3 : 0;

	return (status->st_mode >> shift & wanted) == wanted;
}

/* Where a link leads that the service does not see, into buffer; true where there is one. */
static bool
find_hidden_link(const char *path, char buffer[PATH_MAX])
{
	char here[PATH_MAX];

	(void)snprintf(here, sizeof(here), "%s", path);
	for (unsigned i = 0; i < LINKS_FOLLOWED_MAX; i++) {
		ssize_t length = readlink(here, buffer, PATH_MAX - 1);

		if (length <= 0 || buffer[0] != '/')
			return false;
		buffer[length] = '\0';
		if (is_hidden(buffer))
			return true;
		memcpy(here, buffer, sizeof(here));
	}
	return false;
}

/* False with an error said where a link leads to what is hidden. */
static bool
check_link(struct config_context *context, const char *place)
{
	char target[PATH_MAX];
	bool hidden = find_hidden_link(context->file, target);

	if (!hidden && (strcmp(place, context->file) == 0 || !is_hidden(place)))
		return true;
	if (!hidden)
		(void)snprintf(target, sizeof(target), "%s", place);
	context_message(context, CONFIG_ERROR, 1, 1,
	    "cannot be read by overstayd.service: a symbolic link leads to %s%s",
	    QUOTE_PATH(target), readers_hidden_text(target));
	return false;
}

/* The directories on the way to a place without links, which it cuts. */
static void
check_way(struct config_context *context, char *place)
{
	for (char *slash = strchr(place + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		struct stat status;

		*slash = '\0';
		if (stat(place, &status) == 0 && !root_may(&status, 1)) {
			context_message(context, CONFIG_ERROR, 1, 1,
			    "cannot be read by overstayd.service, which has no capabilities: "
			    "directory %s has mode %04o and owner uid %u",
			    QUOTE(place), (unsigned)status.st_mode & 07777,
			    (unsigned)status.st_uid);
			return;
		}
		*slash = '/';
	}
}

void
readers_check(struct config_context *context, const struct stat *status, char *place)
{
	if (!context->service)
		return;
	if (!root_may(status, S_ISDIR(status->st_mode) ? 5 : 4))
		context_message(context, CONFIG_ERROR, 1, 1,
		    "mode %04o of uid %u cannot be read by overstayd.service, which has no "
		    "capabilities, "
		    "expected owner root and mode %04o",
		    (unsigned)status->st_mode & 07777, (unsigned)status->st_uid,
		    S_ISDIR(status->st_mode) ? 0755U : 0644U);
	else if (place != NULL && check_link(context, place))
		check_way(context, place);
}
