/* SPDX-License-Identifier: MIT */
/*
 * The host's own shells, interpreters and relays, and which of them a file is a copy of.
 */
#ifndef OVERSTAY_LOOKUP_KNOWN_H
#define OVERSTAY_LOOKUP_KNOWN_H

#include <sys/stat.h>

#include "base/macros.h"

/* The most programs that are known. */
#define KNOWN_MAX 64

struct file_systems;
struct known_programs;
struct content_reader;

/* A file that was recognized. */
struct known_match {
	const char *name; /* "bash": borrowed, until the next known_refresh(); NULL = none */
	bool appended;	  /* a runtime, with a program behind it */
};

/* An empty table, or NULL without memory. It lives as long as the process. */
struct known_programs *known_new(void);

/*
 * Reads what has changed of the programs below root_fd, PID 1's root (-1 = may not be looked at:
 * nothing is known). known may be NULL. Returns 0; -ENOMEM: the table is empty until the next one.
 */
int known_refresh(struct known_programs *known, int root_fd,
    struct file_systems *systems) _mustcheck_;

/*
 * Which program the file that fd is (O_PATH) is a copy of, if the reader may read it
 * (content.h); file is what statx(2) said of it. known may be NULL.
 */
struct known_match known_find(struct known_programs *known, const struct content_reader *reader,
    int fd, const struct statx *file);

#endif
