/* SPDX-License-Identifier: MIT */
/*
 * The files of the configuration: found, judged, read. See files.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_FILES_H
#define OVERSTAY_CONFIG_FILES_H

#include <stddef.h>

#include "base/macros.h"
#include "config/messages.h"

/* More files in one directory are an error. */
#define FILES_MAX 1024

enum file_result {
	FILE_READ,
	FILE_MISSING,  /* there is none of that name: no error is said */
	FILE_LEFT_OUT, /* others may change it, which is said */
	FILE_FAILED,   /* an error is said, or there is no memory */
};

/*
 * Reads context->file into *ret_text, to be freed; at most one byte more than
 * YAML_SIZE_MAX. A link to /dev/null is an empty file. Says who else may change the file or
 * its directory: a group is a warning, others are an error, or at a start leave it out.
 */
enum file_result file_read(struct config_context *context, char **ret_text, size_t *ret_size);

/* The same of standard input, which nobody else may change. */
enum file_result file_read_input(struct config_context *context, char **ret_text, size_t *ret_size);

/*
 * Opens a path. One that begins with context->root is inside of that tree, and so is what its
 * links lead to; but one that is a link to /dev/null is that. Returns the descriptor or -errno.
 */
int file_open(const struct config_context *context, const char *path, int flags);

/* Where an open file lies, in PATH_MAX bytes. Returns false if nobody can say. */
bool file_place(int fd, char *buffer);

/*
 * Warns of what lies in the directory context->file and looks like a part of the configuration, but
 * is none of the known names, which end in NULL.
 */
void file_check_beside(struct config_context *context, const char *const *known);

/* Names in order, without the directory. */
struct file_list {
	char **names;
	size_t count;
};

/*
 * Lists the *.yaml of the directory context->file; none where it does not exist, or is left out.
 * Returns false with an error said, or without memory.
 */
bool file_list_read(struct config_context *context, struct file_list *ret);

/* True where the list has that name. */
bool file_list_has(const struct file_list *list, const char *name);

void file_list_clear(struct file_list *list);

#endif
