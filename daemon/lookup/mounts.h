/* SPDX-License-Identifier: MIT */
/*
 * Where a path leads by a process's mounts: the file system, and the path inside it.
 */
#ifndef OVERSTAY_LOOKUP_MOUNTS_H
#define OVERSTAY_LOOKUP_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* The most of /proc/PID/mountinfo that is read. */
#define MOUNTS_TEXT_MAX (4 << 20)

/*
 * Finds where path, which is absolute and has no links in it, leads by the text of
 * /proc/PID/mountinfo, and writes "MAJOR:MINOR/path/inside" to ret (size bytes). *ret_id is
 * the number of the mount (statx(2), STATX_MNT_ID). text is changed. Returns 0; -ENOENT if
 * the text does not say it, -ENAMETOOLONG, -ENOMEM.
 */
int mounts_locate(char *text, const char *path, char *ret, size_t size,
    uint64_t *ret_id) _mustcheck_;

/*
 * The same by the table in the file name below the directory directory_fd ("mountinfo" in
 * /proc/PID). Returns beside those -EFBIG, or -errno of reading it.
 */
int mounts_locate_by(int directory_fd, const char *name, const char *path, char *ret, size_t size,
    uint64_t *ret_id) _mustcheck_;

#endif
