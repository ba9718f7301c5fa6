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

/* What is known of a unit beside which process is its main one. */
struct main_facts {
	uint64_t start_usec; /* of the main process; 0 = unknown */
	bool has_timer;	     /* a timer of the unit's name is there */
};

/*
 * Fills main_pid and main_exe of a process in the cgroup at path, of which the first
 * group_length bytes are the service or container (place_parse()). is_container: its main
 * process is the one started from outside of it, else the one PID 1 started for the unit's
 * present run. *ret_facts is what else is known of the unit. What cannot be
 * found stays unknown. Returns 0 or -ENOMEM.
 */
int main_process_read(struct view *view, const char *path, size_t group_length, bool is_container,
    struct process *process, struct main_facts *ret_facts) _mustcheck_;

/* Forgets what was found in this request. */
void main_process_forget(struct view *view);

#endif
