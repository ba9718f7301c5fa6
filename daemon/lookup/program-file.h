/* SPDX-License-Identifier: MIT */
/*
 * What the text of /proc/PID/exe is worth.
 */
#ifndef OVERSTAY_LOOKUP_PROGRAM_FILE_H
#define OVERSTAY_LOOKUP_PROGRAM_FILE_H

#include <sys/stat.h>

#include "base/macros.h"
#include "lookup/path.h"
#include "lookup/view.h"
#include "model/owner.h"

struct program_file {
	struct statx file; /* the file itself; with error 0 */
	int error;	   /* 0, or the -errno of looking at it */
	enum exe_trust trust;
	bool deleted;
	struct path_rights rights; /* with EXE_SAME: of the directories on its way */
};

/*
 * Judges the text of task_fd's exe link, as it was just read. task_fd is an open /proc/PID
 * (or /proc/PID/task/TID), borrowed. Where the kernel's " (deleted)" is found to be the
 * kernel's, it is cut off from text. in_container: its cgroup is a container's. Cannot fail:
 * what could not be compared is EXE_UNVERIFIED.
 */
void program_file_judge(const struct view *view, int task_fd, bool in_container, char *text,
    struct program_file *ret);

/* Reads the facts of a file by the cheapest way there is. Returns 0 or -errno. */
int program_file_stat(int fd, const char *name, int flags, struct statx *ret) _mustcheck_;

/* Are these the same file? */
bool program_file_is_same(const struct statx *a, const struct statx *b);

#endif
