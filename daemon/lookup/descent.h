/* SPDX-License-Identifier: MIT */
/* From whom a process descends, and what follows. See descent.c. */
#ifndef OVERSTAY_LOOKUP_DESCENT_H
#define OVERSTAY_LOOKUP_DESCENT_H

#include "lookup/main-process.h"
#include "lookup/proc.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Fills origin, EVIDENCE_UNIT_OWN, EVIDENCE_LOGIN and EVIDENCE_MAIN_OWN of a process of which all
 * else is known. stat is its own, cgroup the path of its cgroup ("" = unknown), main what is known
 * of its unit's main process beside the process's own fields.
 */
void descent_read(struct view *view, const struct proc_stat *stat, const char *cgroup,
    const struct main_facts *main, struct process *process);

#endif
