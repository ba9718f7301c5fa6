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
	FILE_MISSING, /* there is none of that name: no error is said */
	FILE_FAILED,  /* an error is said, or there is no memory */
};

/*
 * Reads context->file into *ret_text, to be freed; at most one byte more than
 * YAML_SIZE_MAX. A link to /dev/null is an empty file. Warns of a file that others than its
 * owner may change.
 */
enum file_result file_read(struct config_context *context, char **ret_text, size_t *ret_size);

/* Names in order, without the directory. */
struct file_list {
	char **names;
	size_t count;
};

/*
 * Lists the *.yaml of the directory context->file; none where it does not exist. Returns
 * false with an error said, or without memory.
 */
bool file_list_read(struct config_context *context, struct file_list *ret);

/* True where the list has that name. */
bool file_list_has(const struct file_list *list, const char *name);

void file_list_clear(struct file_list *list);

#endif
