/* SPDX-License-Identifier: MIT */
/* Paths of the host's programs over which a process mounted its own. See covered.c. */
#ifndef OVERSTAY_LOOKUP_COVERED_H
#define OVERSTAY_LOOKUP_COVERED_H

#include "base/macros.h"
#include "lookup/subject.h"

/* May the process have made its own mounts, without being a container that root runs? users is what
 * says so of its user namespace: EVIDENCE_OTHER_USERS or, to be sure, EVIDENCE_OWN_USERS. */
bool covered_may_be(const struct process *process, enum process_evidence users);

/*
 * Is path, which is absolute, that of a system program of the host's, and is the file, which the
 * process runs, in its place by mounts of its own? The process's namespaces have to be known.
 */
bool covered_is(const struct subject *subject, const char *path, const struct statx *file);

/* Sets EVIDENCE_EXE_COVERS and SCRIPT_COVERS. The program and its arguments have to be known. */
void covered_read(const struct subject *subject);

#endif
