/* SPDX-License-Identifier: MIT */
/*
 * The file that a process's arguments name: a script, or the program that a wrapper runs.
 */
#ifndef OVERSTAY_LOOKUP_NAMED_FILE_H
#define OVERSTAY_LOOKUP_NAMED_FILE_H

#include <stddef.h>

#include "base/macros.h"
#include "lookup/subject.h"

/*
 * Finds it and sets script_evidence; exe, cmdline, cwd and known_as are known.
 * Fills subject->loaded where a wrapper's is there, and known_as where that is a copy of one of
 * the host's programs. Returns 0 or -ENOMEM.
 */
int named_file_read(struct subject *subject) _mustcheck_;

/*
 * The pure part: the number of the descriptor that a path stands for ("/proc/self/fd/3",
 * "/dev/fd/3"), -1 = none.
 */
int named_file_descriptor(const char *path);

#endif
