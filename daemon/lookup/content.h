/* SPDX-License-Identifier: MIT */
/*
 * The one way to read a file that a process chose. See content.c.
 */
#ifndef OVERSTAY_LOOKUP_CONTENT_H
#define OVERSTAY_LOOKUP_CONTENT_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "lookup/file-systems.h"
#include "model/owner.h"

/* Who named a path or file: only what it may see is read for it. */
struct content_reader {
	struct file_systems *systems;
	const struct process *process; /* NULL: it may read everything, as what it runs */
	bool raised; /* another user started it (setuid), and chose its arguments */
};

/*
 * Opens what fd is (O_PATH) to be read. Returns a descriptor of the caller's, or -errno: -EINVAL
 * where it is no regular file, -EREMOTE on a file system that is not to be read, -EACCES where the
 * reader may not read it.
 */
int content_open(const struct content_reader *reader, int fd) _mustcheck_;

/*
 * May the reader search the directory, or read the file, that fd is, by its mode? In doubt it may
 * not: where others than its owner are let in by a list (acl(5)).
 */
bool content_may(const struct content_reader *reader, int fd, const struct statx *file);

#endif
