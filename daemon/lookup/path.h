/* SPDX-License-Identifier: MIT */
/*
 * A path followed as another process would, with another root.
 */
#ifndef OVERSTAY_LOOKUP_PATH_H
#define OVERSTAY_LOOKUP_PATH_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/macros.h"

struct content_reader;

/*
 * Opens path, absolute or not, with the directory root_fd (borrowed) as its root, without
 * access to its contents (O_PATH). Symbolic links are followed, the last one too.
 *
 * Returns a descriptor of the caller's or -errno: -ENOENT and -ENOTDIR where nothing stands
 * there, -ELOOP after too many links, -EXDEV where a link is one of /proc's, -ENAMETOOLONG
 * where a link's text and what follows it do not fit FILES_LINK_MAX.
 */
int path_open(int root_fd, const char *path) _mustcheck_;

/* Who may write to the directories on the way, root_fd's and those that links lead through. */
struct path_rights {
	uint32_t root_uid; /* given: root's number beside 0, as in a user namespace */
	bool open;	   /* one may be written by all, sticky or not */
	bool owned;	   /* each is root's, and root alone may put something else there */
};

/* The same, and fills *rights. What was seen before an error counts. */
int path_open_judged(int root_fd, const char *path, struct path_rights *rights) _mustcheck_;

/* What was seen on the way. */
struct path_trace {
	/* A directory on the way, root_fd's or one that a link leads through, may be written by
	 * all, sticky or not. What was seen before an error counts. */
	bool open;
	bool owned;  /* as in struct path_rights */
	bool denied; /* the reader may not search a directory on the way */
	/* The newest link that was followed: when it was made (or, where the file system does not
	 * keep that, changed), CLOCK_REALTIME; 0 = there was none. */
	uint64_t link_usec;
	/* Where what was opened has its name: the directory, and the name in it. "" after an error
	 * and where the path ends with "." or "..". */
	uint64_t directory_device, directory_inode;
	char name[NAME_MAX + 1];
};

/*
 * path_open() of a path that a process named, and tells what was seen. A path through another file
 * system than those of file-systems.h ends there: -EREMOTE. One that the reader may not follow is
 * followed all the same; what came of it may be compared with what the process has anyhow, and for
 * nothing else.
 */
int path_open_for(const struct content_reader *reader, int root_fd, const char *path,
    struct path_trace *ret) _mustcheck_;

/* When a file was made or, where that is not kept, changed: CLOCK_REALTIME. Of what statx(2) was
 * asked with STATX_BTIME and STATX_CTIME. */
uint64_t path_made_usec(const struct statx *file);

#endif
