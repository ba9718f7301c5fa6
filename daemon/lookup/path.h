/* SPDX-License-Identifier: MIT */
/*
 * A path followed as another process would, with another root.
 */
#ifndef OVERSTAY_LOOKUP_PATH_H
#define OVERSTAY_LOOKUP_PATH_H

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

/*
 * The same; *ret_open becomes true where a directory on the way, root_fd's or one that a
 * link leads through, may be written by all, sticky or not. What was seen before an error
 * counts.
 */
int path_open_checked(int root_fd, const char *path, bool *ret_open) _mustcheck_;

#endif
