/* SPDX-License-Identifier: MIT */
/*
 * What overstay-names does with a packet. See serve.c.
 */
#ifndef OVERSTAY_NAMES_SERVE_H
#define OVERSTAY_NAMES_SERVE_H

#include "base/macros.h"

/*
 * Reads one question and has a process of its own answer it; argument is a size_t, the number of
 * those that run. Returns 0, or -errno: the connection is to be closed.
 */
int serve_question(int fd, void *argument) _mustcheck_;

#endif
