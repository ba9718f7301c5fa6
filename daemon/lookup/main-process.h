/* SPDX-License-Identifier: MIT */
/*
 * The process a service or container was started for.
 */
#ifndef OVERSTAY_LOOKUP_MAIN_PROCESS_H
#define OVERSTAY_LOOKUP_MAIN_PROCESS_H

#include <stddef.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Fills main_pid and main_exe of a process in the cgroup at path, of which the first
 * group_length bytes are the service or container (place_parse()). is_container: its main
 * process is the one started from outside of it, else the one PID 1 started. What cannot be
 * found stays unknown. Returns 0 or -ENOMEM.
 */
int main_process_read(struct view *view, const char *path, size_t group_length, bool is_container,
    struct process *process) _mustcheck_;

/* Forgets what was found in this request. */
void main_process_forget(struct view *view);

#endif
