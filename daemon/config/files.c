/* SPDX-License-Identifier: MIT */
/*
 * Reads the files of the configuration. Only regular files are read: opening never waits
 * for the other end of a pipe, and the size is bounded before anything is parsed. /dev/null
 * alone is taken as an empty file, since a link to it is how a packaged file is masked.
 *
 * The configuration decides what is alerted about, so whoever may write it may hide: what
 * anybody may change is not read, and what others than root (or the user who runs this) may
 * change is warned of, the directories too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "config/files.h"
#include "config/readers.h"
#include "config/yaml.h"

static void
fail(struct config_context *context, int error)
{
	if (error == ENOMEM)
		context_no_memory(context);
	else
		context_message(context, CONFIG_ERROR, 1, 1, "cannot be read: %s", strerror(error));
}

/* What anybody may change: an error, or at a start no part of the configuration. */
static void
refuse_writers(struct config_context *context, const char *path, const struct stat *status)
{
	unsigned mode = status->st_mode & 07777;
	const char *file = context->file;

	context->file = path;
	context_message(context, context->starting ? CONFIG_WARNING : CONFIG_ERROR, 1, 1,
	    "mode %04o allows writing by others, expected %04o%s", mode, mode & ~022U,
	    context->starting ? ": left out" : "");
	context->file = file;
	if (context->starting)
		context_leave_out(context, context->exposed);
}

static void
warn_writers(struct config_context *context, const char *path, const struct stat *status)
{
	unsigned mode = status->st_mode & 07777;
	const char *file = context->file;

	context->file = path;
	if (status->st_uid != 0 && status->st_uid != geteuid())
		context_message(context, CONFIG_WARNING, 1, 1,
		    "owned by uid %u, expected root: this user can hide listeners from overstayd",
		    (unsigned)status->st_uid);
	if ((mode & S_IWGRP) != 0 && status->st_gid != 0)
		context_message(context, CONFIG_WARNING, 1, 1,
		    "mode %04o allows writing by gid %u, expected %04o", mode,
		    (unsigned)status->st_gid, mode & ~022U);
	context->file = file;
}

bool
file_place(int fd, char *buffer)
{
	char link[64];
	ssize_t length;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, buffer, PATH_MAX - 1);
	if (length <= 0)
		return false;
	buffer[length] = '\0';
	return buffer[0] == '/';
}

/* The directory that an open file really lies in. */
static bool
find_parent(int fd, char *path, struct stat *ret)
{
	if (!file_place(fd, path))
		return false;
	*strrchr(path, '/') = '\0';
	return stat(path[0] == '\0' ? "/" : path, ret) == 0;
}

/*
 * Who may change the open file or directory, or put another in its place. Returns false where
 * that is anybody.
 */
static bool
check_writers(struct config_context *context, int fd, const struct stat *status)
{
	char path[PATH_MAX];
	struct stat parent;

	if ((status->st_mode & S_IWOTH) != 0) {
		refuse_writers(context, context->file, status);
		return false;
	}
	warn_writers(context, context->file, status);
	if (context->alone || !find_parent(fd, path, &parent))
		return true;
	/* In a sticky directory only the owner puts something else in a file's place. */
	if ((parent.st_mode & S_ISVTX) != 0)
		parent.st_mode &= ~(mode_t)(S_IWOTH | S_IWGRP);
	if ((parent.st_mode & S_IWOTH) != 0) {
		refuse_writers(context, path, &parent);
		return false;
	}
	warn_writers(context, path, &parent);
	return true;
}

static void
check_readers(struct config_context *context, int fd, const struct stat *status)
{
	char place[PATH_MAX];

	readers_check(context, status, file_place(fd, place) ? place : NULL);
}

/* Opens what is inside of the directory root, wherever links in it lead. */
static int
open_inside(int root, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)flags, .resolve = resolve };
	long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* A link to /dev/null says the same in every tree. */
static bool
is_masked(int root, const char *path)
{
	_close_ int fd = open_inside(root, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, RESOLVE_IN_ROOT);
	char target[sizeof("/dev/null")];

	return fd >= 0 && readlinkat(fd, "", target, sizeof(target)) == sizeof(target) - 1 &&
	    memcmp(target, "/dev/null", sizeof(target) - 1) == 0;
}

int
file_open(const struct config_context *context, const char *path, int flags)
{
	size_t length = context->root == NULL ? 0 : strlen(context->root);
	_close_ int root = -1;
	int fd;

	if (length == 0 || strncmp(path, context->root, length) != 0) {
		fd = open(path, flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	root = open(context->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	path += length;
	path += strspn(path, "/");
	if (is_masked(root, path)) {
		fd = open("/dev/null", flags | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return open_inside(root, path[0] == '\0' ? "." : path, flags | O_CLOEXEC, RESOLVE_IN_ROOT);
}

/* Where the open link leads, and why that does not help: the whole file, or a directory on its
 * path. */
static void
say_link(struct config_context *context, int link, const char *path, int error)
{
	const char *why = error == -ENOENT ? "which does not exist" : "permission denied";
	char target[PATH_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);

	target[length < 0 ? 0 : length] = '\0';
	if (strcmp(path, context->file) == 0)
		context_message(context, CONFIG_ERROR, 1, 1,
		    "cannot be read: it is a symbolic link to %s, %s%s", QUOTE_PATH(target), why,
		    readers_hidden_text(target));
	else
		context_message(context, CONFIG_ERROR, 1, 1,
		    "cannot be read: %s is a symbolic link to %s, %s%s", QUOTE_PATH(path),
		    QUOTE_PATH(target), why, readers_hidden_text(target));
}

/*
 * Says the error if the file cannot be found because of a link on its path: somebody put it there,
 * and what it leads to is gone (a share that is not mounted), or hidden, which is not to have no
 * rules.
 */
static bool
refuse_link(struct config_context *context)
{
	size_t root = context->root == NULL ? 0 : strlen(context->root);
	_free_ char *path = strdup(context->file);

	if (path == NULL) {
		context_no_memory(context);
		return true;
	}
	for (char *end = path + strlen(path); end != NULL && (size_t)(end - path) > root;
	     end = strrchr(path, '/')) {
		_close_ int link = -1, target = -1;
		struct stat status;

		*end = '\0';
		link = file_open(context, path, O_PATH | O_NOFOLLOW);
		if (link < 0)
			continue;
		if (fstat(link, &status) < 0 || !S_ISLNK(status.st_mode))
			return false;
		target = file_open(context, path, O_PATH);
		if (target != -ENOENT && target != -EACCES)
			return false;
		say_link(context, link, path, target);
		return true;
	}
	return false;
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

static enum file_result
read_text(struct config_context *context, int fd, char **ret_text, size_t *ret_size)
{
	int r = read_all(fd, YAML_SIZE_MAX + 1, ret_text, ret_size);

	if (r < 0) {
		fail(context, -r);
		return FILE_FAILED;
	}
	return FILE_READ;
}

enum file_result
file_read(struct config_context *context, char **ret_text, size_t *ret_size)
{
	_close_ int fd = file_open(context, context->file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if ((fd == -ENOENT || fd == -EACCES) && refuse_link(context))
		return FILE_FAILED;
	if (fd == -ENOENT)
		return FILE_MISSING;
	if (fd < 0 || fstat(fd, &status) < 0) {
		fail(context, fd < 0 ? -fd : errno);
		return FILE_FAILED;
	}
	if (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3)) {
		*ret_text = NULL;
		*ret_size = 0;
		return FILE_READ;
	}
	if (!S_ISREG(status.st_mode)) {
		context_message(context, CONFIG_ERROR, 1, 1, "%s, expected a regular file%s",
		    S_ISDIR(status.st_mode) ? "is a directory" : "is a special file",
		    context->alone && S_ISFIFO(status.st_mode) ?
			", or --check - for standard input" :
			"");
		return FILE_FAILED;
	}
	check_readers(context, fd, &status);
	if (!check_writers(context, fd, &status))
		return context->starting ? FILE_LEFT_OUT : FILE_FAILED;
	return read_text(context, fd, ret_text, ret_size);
}

enum file_result
file_read_input(struct config_context *context, char **ret_text, size_t *ret_size)
{
	return read_text(context, STDIN_FILENO, ret_text, ret_size);
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

/* An ending that is meant for .yaml. */
static bool
is_misnamed(const char *name)
{
	static const char *const endings[] = { ".yml", ".YAML", ".YML", ".conf", ".json" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (ends_in(name, endings[i]))
			return true;
	return false;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
list_sort(struct file_list *list)
{
	if (list->count > 0)
		qsort(list->names, list->count, sizeof(*list->names), compare_names);
}

/* What becomes of a name in a directory. */
enum entry_kind {
	ENTRY_NONE,
	ENTRY_READ,
	ENTRY_IGNORED, /* which is said */
};

typedef enum entry_kind entry_function(const char *name, const char *const *known);

/* Reads a directory into two lists in the order of the names. Returns false with an error said. */
static bool
list_entries(struct config_context *context, DIR *directory, entry_function *function,
    const char *const *known, struct file_list *ret_read, struct file_list *ret_ignored)
{
	bool fine = true;

	for (;;) {
		const struct dirent *entry;
		enum entry_kind kind;

		errno = 0;
		entry = readdir(directory);
		if (entry == NULL && errno != 0) {
			fail(context, errno);
			fine = false;
		}
		if (entry == NULL || !fine)
			break;
		kind = entry->d_name[0] == '.' ? ENTRY_NONE : function(entry->d_name, known);
		/* Of what is not read there may be any number. */
		if (kind == ENTRY_READ || (kind == ENTRY_IGNORED && ret_ignored->count < FILES_MAX))
			fine = list_add(context, kind == ENTRY_READ ? ret_read : ret_ignored,
			    entry->d_name);
	}
	list_sort(ret_read);
	list_sort(ret_ignored);
	return fine;
}

/* Copies that editors and packages leave, what disables a file, and a text for whoever looks. */
static bool
is_left_over(const char *name)
{
	static const char *const endings[] = { "~", ".bak", ".orig", ".old", ".rej", ".save",
		".swp", ".tmp", ".disabled", ".off", ".sample", ".example", ".md", ".rpmnew",
		".rpmsave", ".rpmorig", ".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp",
		".dpkg-bak", ".ucf-dist", ".ucf-old", ".ucf-new" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (ends_in(name, endings[i]))
			return true;
	return name[0] == '#' || strncmp(name, "README", strlen("README")) == 0;
}

static enum entry_kind
entry_of_directory(const char *name, const char *const *known)
{
	(void)known;
	if (ends_in(name, ".yaml"))
		return ENTRY_READ;
	return is_left_over(name) ? ENTRY_NONE : ENTRY_IGNORED;
}

static bool
list_directory(struct config_context *context, DIR *directory, struct file_list *ret)
{
	struct file_list ignored = { 0 };
	bool fine = list_entries(context, directory, entry_of_directory, NULL, ret, &ignored);

	for (size_t i = 0; i < ignored.count; i++)
		/* What else a package has there is its own affair. */
		if (!context->packaged || is_misnamed(ignored.names[i]))
			context_message(context, CONFIG_WARNING, 1, 1,
			    "%s is ignored, expected a name that ends in .yaml",
			    QUOTE(ignored.names[i]));
	file_list_clear(&ignored);
	return fine;
}

static enum entry_kind
entry_beside(const char *name, const char *const *known)
{
	/* Copies that editors and packages leave are none of ours: overstay.yaml~ */
	for (size_t i = 0; known[i] != NULL; i++)
		if (strncmp(name, known[i], strlen(known[i])) == 0)
			return ENTRY_NONE;
	return nearest_name(name, known) != NULL || ends_in(name, ".yaml") || is_misnamed(name) ?
	    ENTRY_IGNORED :
	    ENTRY_NONE;
}

void
file_check_beside(struct config_context *context, const char *const *known)
{
	struct file_list read = { 0 }, ignored = { 0 };
	int fd = file_open(context, context->file, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL && fd >= 0)
		(void)close(fd);
	if (directory == NULL)
		return;
	(void)list_entries(context, directory, entry_beside, known, &read, &ignored);
	for (size_t i = 0; i < ignored.count; i++) {
		const char *nearest = nearest_name(ignored.names[i], known);

		if (nearest != NULL)
			context_message(context, CONFIG_WARNING, 1, 1,
			    "%s is ignored, did you mean \"%s\"?", QUOTE(ignored.names[i]),
			    nearest);
		else
			context_message(context, CONFIG_WARNING, 1, 1,
			    "%s is ignored, expected overstay.yaml, or a file in conf.d or rules.d",
			    QUOTE(ignored.names[i]));
	}
	file_list_clear(&ignored);
	(void)closedir(directory);
}

bool
file_list_read(struct config_context *context, struct file_list *ret)
{
	struct file_list list = { 0 };
	int fd = file_open(context, context->file, O_RDONLY | O_DIRECTORY);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct stat status;
	bool fine;

	*ret = list;
	if ((fd == -ENOENT || fd == -EACCES) && refuse_link(context))
		return false;
	if (fd == -ENOENT)
		return true;
	if (fd == -ENOTDIR) {
		context_message(context, CONFIG_ERROR, 1, 1, "is no directory, expected one");
		return false;
	}
	if (directory == NULL) {
		fail(context, fd < 0 ? -fd : errno);
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	if (fstat(fd, &status) == 0)
		check_readers(context, fd, &status);
	if (fstat(fd, &status) < 0 || check_writers(context, fd, &status))
		fine = list_directory(context, directory, &list);
	else
		fine = context->starting;
	(void)closedir(directory);
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
