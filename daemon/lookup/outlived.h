/* SPDX-License-Identifier: MIT */
/*
 * What a process has outlived (enum process_outlived, model/owner.h). See outlived.c.
 */
#ifndef OVERSTAY_LOOKUP_OUTLIVED_H
#define OVERSTAY_LOOKUP_OUTLIVED_H

#include "lookup/proc.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Fills outlived in a process whose pid, uid, cwd, place and main_pid are known. task_fd is its
 * open /proc/PID or /proc/PID/task/TID, stat what was read of it.
 */
void outlived_read(const struct view *view, int task_fd, const struct proc_stat *stat,
    struct process *process);

#endif
