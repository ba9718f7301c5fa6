/* SPDX-License-Identifier: MIT */
/*
 * The paths that a glob of programs has in the file system. See expand.c. Inside config/ only.
 */
#ifndef OVERSTAY_CONFIG_EXPAND_H
#define OVERSTAY_CONFIG_EXPAND_H

#include "base/macros.h"
#include "config/messages.h"

/* Asked of each path, which is inside of the staged tree if there is one. True ends it. */
typedef bool expand_function(const struct config_context *context, const char *path, void *data);

/*
 * Returns true where the function did so of some path. Names behind the last wildcard need not
 * exist; `**` is one name, and a glob that begins with it has no paths.
 */
bool expand_glob(const struct config_context *context, const char *glob, expand_function *function,
    void *data);

#endif
