/* SPDX-License-Identifier: MIT */
/*
 * Reads the files of the configuration. Only regular files are read: opening never waits
 * for the other end of a pipe, and the size is bounded before anything is parsed. /dev/null
 * alone is taken as an empty file, since a link to it is how a packaged file is masked.
 *
 * The configuration decides what is alerted about, so whoever may write it may hide: what
 * others than root (or the user who runs this) may change is warned of, the directories
 * too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "config/files.h"
#include "config/yaml.h"

static void
fail(struct config_context *context, int error)
{
	if (error == ENOMEM)
		context_no_memory(context);
	else
		context_message(context, CONFIG_ERROR, 1, 1, "cannot be read: %s", strerror(error));
}

static void
check_writers(struct config_context *context, const struct stat *status)
{
	if (status->st_uid != 0 && status->st_uid != geteuid())
		context_message(context, CONFIG_WARNING, 1, 1,
		    "owned by uid %u, expected root: this user can hide listeners from overstayd",
		    (unsigned)status->st_uid);
	if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		context_message(context, CONFIG_WARNING, 1, 1,
		    "mode %04o allows writing by group or others, expected %04o",
		    (unsigned)status->st_mode & 07777, (unsigned)status->st_mode & 07777 & ~022U);
}

/* So much at least is read at once. */
#define READ_BYTES 4096

/* Reads fd to its end, at most most bytes. Returns 0 or -errno. */
static int
read_all(int fd, size_t most, char **ret_text, size_t *ret_size)
{
	_free_ char *text = NULL;
	size_t used = 0, room = 0;

	while (used < most) {
		ssize_t got;

		if (used == room &&
		    array_reserve(&text, &room, used + READ_BYTES, ARRAY_UNBOUNDED) < 0)
			return -ENOMEM;
		got = read(fd, text + used, (room < most ? room : most) - used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	*ret_text = take_ptr(text);
	*ret_size = used;
	return 0;
}

enum file_result
file_read(struct config_context *context, char **ret_text, size_t *ret_size)
{
	_close_ int fd = open(context->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int r;

	if (fd < 0 && errno == ENOENT)
		return FILE_MISSING;
	if (fd < 0 || fstat(fd, &status) < 0) {
		fail(context, errno);
		return FILE_FAILED;
	}
	if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) {
		*ret_text = NULL;
		*ret_size = 0;
		return FILE_READ;
	}
	if (!S_ISREG(status.st_mode)) {
		context_message(context, CONFIG_ERROR, 1, 1, "%s, expected a regular file",
		    S_ISDIR(status.st_mode) ? "is a directory" : "is a special file");
		return FILE_FAILED;
	}
	check_writers(context, &status);
	r = read_all(fd, YAML_SIZE_MAX + 1, ret_text, ret_size);
	if (r < 0) {
		fail(context, -r);
		return FILE_FAILED;
	}
	return FILE_READ;
}

/* Keeps a copy of the name. Returns false without memory or room, with the error said. */
static bool
list_add(struct config_context *context, struct file_list *list, const char *name)
{
	if (list->count == FILES_MAX) {
		context_message(context, CONFIG_ERROR, 1, 1,
		    "too many files, expected at most %d in a directory", FILES_MAX);
		return false;
	}
	if (array_fit(&list->names, list->count + 1) == 0) {
		list->names[list->count] = strdup(name);
		if (list->names[list->count] != NULL) {
			list->count++;
			return true;
		}
	}
	context_no_memory(context);
	return false;
}

static bool
ends_in(const char *name, const char *ending)
{
	size_t length = strlen(name), wanted = strlen(ending);

	return length > wanted && strcmp(name + length - wanted, ending) == 0;
}

static bool
list_entries(struct config_context *context, DIR *directory, struct file_list *list)
{
	for (;;) {
		const struct dirent *entry;

		errno = 0;
		entry = readdir(directory);
		if (entry == NULL && errno != 0) {
			fail(context, errno);
			return false;
		}
		if (entry == NULL)
			return true;
		if (entry->d_name[0] == '.')
			continue;
		if (ends_in(entry->d_name, ".yml"))
			context_message(context, CONFIG_WARNING, 1, 1,
			    "%s is ignored, expected a name that ends in .yaml",
			    QUOTE(entry->d_name));
		if (ends_in(entry->d_name, ".yaml") && !list_add(context, list, entry->d_name))
			return false;
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
file_list_read(struct config_context *context, struct file_list *ret)
{
	struct file_list list = { 0 };
	DIR *directory = opendir(context->file);
	struct stat status;
	bool fine;

	*ret = list;
	if (directory == NULL && errno == ENOENT)
		return true;
	if (directory == NULL) {
		fail(context, errno);
		return false;
	}
	if (fstat(dirfd(directory), &status) == 0)
		check_writers(context, &status);
	fine = list_entries(context, directory, &list);
	(void)closedir(directory);
	if (list.count > 0)
		qsort(list.names, list.count, sizeof(*list.names), compare_names);
	*ret = list;
	return fine;
}

bool
file_list_has(const struct file_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->names[i], name) == 0)
			return true;
	return false;
}

void
file_list_clear(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct file_list){ 0 };
}
