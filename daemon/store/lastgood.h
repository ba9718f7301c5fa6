/* SPDX-License-Identifier: MIT */
/*
 * The configuration the daemon last ran on, kept in its state directory: what a host runs
 * on when at a start the files are wrong. The text is what config_dump() writes, a valid
 * overstay.yaml.
 */
#ifndef OVERSTAY_STORE_LASTGOOD_H
#define OVERSTAY_STORE_LASTGOOD_H

#include <stddef.h>

#include "base/macros.h"

/* The name inside the state directory. */
#define LASTGOOD_NAME "last-good.yaml"

/*
 * Keeps text (size bytes) as LASTGOOD_NAME in the directory state_fd, mode 0600, durably:
 * after a crash there is the old copy or the new one, whole. What is there already and
 * equal is left alone. Blocks for the disk: to be called off the loop. Returns 0 or -errno
 * (-ENOSPC on a full disk); the old copy then stays.
 */
int lastgood_save(int state_fd, const char *text, size_t size) _mustcheck_;

/*
 * Reads the copy into *ret_text, NUL-terminated, to be freed. Returns 0, -ENOENT where
 * there is none, -EFBIG, -EINVAL for what is no regular file, another -errno.
 */
int lastgood_read(int state_fd, char **ret_text, size_t *ret_size) _mustcheck_;

#endif
