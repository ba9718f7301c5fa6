/* SPDX-License-Identifier: MIT */
/* Whether arguments are those of Python's own worker processes. See worker.c. */
#ifndef OVERSTAY_LOOKUP_WORKER_H
#define OVERSTAY_LOOKUP_WORKER_H

#include <stddef.h>

#include "base/macros.h"

/*
 * Is this how Python's multiprocessing starts a worker, a fork server or a tracker of resources?
 * arguments: each ended by a NUL, length bytes in all. Pure.
 */
bool worker_is_python(const char *arguments, size_t length);

#endif
