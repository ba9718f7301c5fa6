/* SPDX-License-Identifier: MIT */
/*
 * Shells that talk to the network.
 */
#ifndef OVERSTAY_LOOKUP_SHELL_H
#define OVERSTAY_LOOKUP_SHELL_H

#include <stddef.h>

#include "base/macros.h"
#include "lookup/view.h"

/* Is descriptor 0, 1 or 2 of task_fd (an open /proc/PID or /proc/PID/task/TID) an IP socket? */
bool shell_has_network_stdio(int task_fd);

/* Is a child of the process pid, whose /proc/PID is process_fd, a shell with such a one? */
bool shell_is_child(const struct view *view, int process_fd, int32_t pid);

/*
 * Is this a shell by the path of its program and its arguments, each ended by a NUL, length
 * bytes in all?
 */
bool shell_is_program(const char *exe, const char *arguments, size_t length);

#endif
