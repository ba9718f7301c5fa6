/* SPDX-License-Identifier: MIT */
/*
 * A deleted program whose version directory was replaced beside it. See upgrade.c.
 */
#ifndef OVERSTAY_LOOKUP_UPGRADE_H
#define OVERSTAY_LOOKUP_UPGRADE_H

#include <sys/stat.h>

#include "base/macros.h"

struct file_systems;

/* Do these two names of directories differ in their versions alone: "erts-13.1", "erts-13.2"? */
bool upgrade_is_version(const char *before, const char *now);

/* Is `now` what an upgrade would leave in the place of `before`? */
typedef bool upgrade_function(const struct statx *before, const struct statx *now,
    uint32_t root_uid);

/*
 * True where the file `before`, which stood under the path exe below root_fd (borrowed), has a
 * successor: the same path with the version in one directory's name replaced, a file of
 * which is_update() is true, that no directory which all may write leads to.
 */
bool upgrade_is_beside(struct file_systems *systems, int root_fd, const char *exe,
    const struct statx *before, uint32_t root_uid, upgrade_function *is_update);

#endif
