/* SPDX-License-Identifier: MIT */
/*
 * The SHA-256 of what a process runs.
 */
#ifndef OVERSTAY_LOOKUP_EXE_DIGEST_H
#define OVERSTAY_LOOKUP_EXE_DIGEST_H

#include "base/macros.h"
#include "lookup/program-file.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Digests the file of task_fd's exe link, which is the one that program says, into
 * process->digest and sets has_digest; does neither where the file is too large, or is not
 * to be read.
 */
void exe_digest_read(struct view *view, int task_fd, const struct program_file *program,
    struct process *process);

#endif
