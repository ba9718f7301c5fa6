/* SPDX-License-Identifier: MIT */
/*
 * A path followed as another process would, with another root.
 */
#ifndef OVERSTAY_LOOKUP_PATH_H
#define OVERSTAY_LOOKUP_PATH_H

#include <stdint.h>

#include "base/macros.h"

/*
 * Opens path, absolute or not, with the directory root_fd (borrowed) as its root, without
 * access to its contents (O_PATH). Symbolic links are followed, the last one too.
 *
 * Returns a descriptor of the caller's or -errno: -ENOENT and -ENOTDIR where nothing stands
 * there, -ELOOP after too many links, -EXDEV where a link is one of /proc's, -ENAMETOOLONG
 * where a link's text and what follows it do not fit FILES_LINK_MAX.
 */
int path_open(int root_fd, const char *path) _mustcheck_;

/* Who may write to the directories on the way, root_fd's and those that links lead through. */
struct path_rights {
	uint32_t root_uid; /* given: root's number beside 0, as in a user namespace */
	bool open;	   /* one may be written by all, sticky or not */
	bool owned;	   /* each is root's, and root alone may put something else there */
};

/* The same, and fills *rights. What was seen before an error counts. */
int path_open_judged(int root_fd, const char *path, struct path_rights *rights) _mustcheck_;

#endif
