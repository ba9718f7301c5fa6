/* SPDX-License-Identifier: MIT */
/* Whether a process is a service manager of systemd's. See manager.c. */
#ifndef OVERSTAY_LOOKUP_MANAGER_H
#define OVERSTAY_LOOKUP_MANAGER_H

#include "lookup/proc.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Sets EVIDENCE_MANAGER if the process is a user's service manager, or what PID 1 or such a manager
 * started and what is not another program yet. All else of the process has to be there; stat is
 * its own, as it was read last. PID 1 itself needs no evidence.
 */
void manager_read(const struct view *view, const struct proc_stat *stat, struct process *process);

/* Is a process of that user in this cgroup (its path) where PID 1 puts the user's manager? */
bool manager_is_place(const char *cgroup, uint32_t uid);

#endif
