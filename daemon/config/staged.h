/* SPDX-License-Identifier: MIT */
/*
 * The users and groups of a staged tree. See staged.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_STAGED_H
#define OVERSTAY_CONFIG_STAGED_H

#include <stdint.h>
#include <stdio.h>

#include "base/macros.h"
#include "config/messages.h"

/* Opens etc/passwd or etc/group of the tree root. Returns NULL with errno set. */
FILE *staged_open(const char *root, bool group);

/*
 * Finds the id of a user or (group is true) of a group in the tree context->root. Returns 0,
 * -ENOENT where there is none, another -errno if that cannot be read.
 */
int staged_resolve(const struct config_context *context, const char *name, bool group,
    uint32_t *ret_id) _mustcheck_;

#endif
