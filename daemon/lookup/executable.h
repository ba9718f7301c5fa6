/* SPDX-License-Identifier: MIT */
/*
 * What the text of /proc/PID/exe is worth.
 */
#ifndef OVERSTAY_LOOKUP_EXECUTABLE_H
#define OVERSTAY_LOOKUP_EXECUTABLE_H

#include "base/macros.h"
#include "core/owner.h"

/*
 * Judges the text of task_fd's exe link, as it was just read. task_fd is an open /proc/PID
 * (or /proc/PID/task/TID), proc_fd an open /proc; both are borrowed. Where the kernel's "
 * (deleted)" is found to be the kernel's, it is cut off from text. Cannot fail: what could
 * not be compared is EXE_UNVERIFIED.
 */
enum exe_trust executable_judge(int proc_fd, int task_fd, char *text, bool *ret_deleted);

#endif
