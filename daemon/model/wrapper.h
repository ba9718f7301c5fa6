/* SPDX-License-Identifier: MIT */
/*
 * Programs that run another program's file under their own: ld.so, qemu's user mode, valgrind.
 */
#ifndef OVERSTAY_MODEL_WRAPPER_H
#define OVERSTAY_MODEL_WRAPPER_H

#include <stddef.h>

#include "base/macros.h"

/* Is this the name (without its path) of such a program? */
bool wrapper_is(const char *name);

/*
 * The argument that names the file that the wrapper of this name runs; the arguments from there on
 * are that program's own. arguments are each ended by a NUL, length bytes in all. Borrowed from
 * arguments; NULL where none is named, or where an option is not known here.
 */
const char *wrapper_find_program(const char *name, const char *arguments, size_t length);

/* Does the wrapper look for a name without a slash as a shell does, and not where it stands? */
bool wrapper_searches(const char *name);

#endif
