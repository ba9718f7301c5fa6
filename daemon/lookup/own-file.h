/* SPDX-License-Identifier: MIT */
/* Whether a program is its own user's file, and where the host has it. See own-file.c. */
#ifndef OVERSTAY_LOOKUP_OWN_FILE_H
#define OVERSTAY_LOOKUP_OWN_FILE_H

#include "lookup/main-process.h"
#include "lookup/program-file.h"
#include "lookup/view.h"
#include "model/owner.h"

/* Sets EVIDENCE_OWN_USERS of a process whose user and namespaces are known. task_fd is its open
 * /proc/PID or /proc/PID/task/TID. */
void own_file_read_users(int task_fd, struct process *process);

/*
 * Sets EVIDENCE_EXE_OWN, EVIDENCE_EXE_NEW, EVIDENCE_EXE_TEMPORARY and EVIDENCE_EXE_SHM of a process
 * whose program, user and namespaces are known: program is what program_file_judge() found, main
 * what is known of its unit.
 */
void own_file_read(const struct view *view, int task_fd, const struct program_file *program,
    const struct main_facts *main, struct process *process);

/* Is the host's root among those that the text of /proc/PID/uid_map maps? Pure. */
bool own_file_maps_root(const char *text, size_t length);

#endif
