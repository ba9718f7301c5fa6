/* SPDX-License-Identifier: MIT */
/*
 * Small files and links below a directory that is held open. A descriptor of /proc/PID
 * stays bound to its process (proc inodes hold its struct pid): after the process is gone
 * every read fails with ESRCH or ENOENT, whoever got the number next.
 */
#ifndef OVERSTAY_LOOKUP_FILES_H
#define OVERSTAY_LOOKUP_FILES_H

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"

/* The longest link text that is read: what fits the page that proc writes it to. */
#define FILES_LINK_MAX 4096

/*
 * Reads at most size bytes from the beginning of the file. Returns how many came (no NUL is
 * added; size where there may be more), or -errno.
 */
ssize_t files_read(int directory_fd, const char *name, char *buffer, size_t size) _mustcheck_;

/*
 * Reads a link's text and terminates it. Returns its length, or -errno; -ENAMETOOLONG where
 * it does not fit.
 */
ssize_t files_read_link(int directory_fd, const char *name, char *buffer, size_t size) _mustcheck_;

/* Opens a directory to be listed; NULL with errno set where it cannot be. */
DIR *files_open_directory(int directory_fd, const char *name);

static inline void
cleanup_closedir(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

#define _closedir_ _cleanup_(cleanup_closedir)

/* Cuts " (deleted)" off at the end, be it the kernel's or the name's. */
void files_cut_deleted(char *path);

/* The inode in a link text "socket:[123]" (fs/proc, sockfs_dname()); 0 where it is none. */
uint32_t files_socket_inode(const char *link);

/* The number that all of name is, decimal, 1 to INT32_MAX; 0 where it is none. */
int32_t files_number(const char *name);

#endif
