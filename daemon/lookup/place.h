/* SPDX-License-Identifier: MIT */
/*
 * Where systemd or a container's engine put a process, read off the path of its cgroup.
 */
#ifndef OVERSTAY_LOOKUP_PLACE_H
#define OVERSTAY_LOOKUP_PLACE_H

#include <stddef.h>

#include "base/macros.h"
#include "model/owner.h"

/* The longest path of a cgroup that is looked at, with its NUL. */
#define PLACE_PATH_MAX 4096

/* The most of /proc/PID/cgroup that is read; what stands behind is not looked at. */
#define PLACE_FILE_MAX 16384

/*
 * Finds the path that counts in the text of /proc/PID/cgroup (cgroups(7)): cgroup v2's, or
 * that of systemd's own v1 hierarchy where the process is in the root of v2 (hybrid).
 * Copies it to path (PLACE_PATH_MAX bytes). False where there is none.
 */
bool place_find_path(const char *text, size_t length, char *path);

/*
 * Parses a path into *ret, which is initialised. *ret_group becomes the length of the part
 * of path that is the cgroup of the container, or else of the system service: all below it
 * was started there; 0 where it is neither. Returns 0 or -ENOMEM.
 */
int place_parse(const char *path, struct place *ret, size_t *ret_group) _mustcheck_;

/* The same without containers: what the service manager made of it. */
int place_parse_units(const char *path, struct place *ret, size_t *ret_group) _mustcheck_;

#endif
