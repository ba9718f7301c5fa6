/* SPDX-License-Identifier: MIT */
/*
 * The SHA-256 of what a process runs.
 */
#ifndef OVERSTAY_LOOKUP_EXE_CHECKSUM_H
#define OVERSTAY_LOOKUP_EXE_CHECKSUM_H

#include "base/macros.h"
#include "lookup/program-file.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Takes the checksum of the file of task_fd's exe link, which is the one that program says, into
 * process->checksum and sets has_checksum; does neither where the file is too large, or is not
 * to be read.
 */
void exe_checksum_read(struct view *view, int task_fd, const struct program_file *program,
    struct process *process);

#endif
