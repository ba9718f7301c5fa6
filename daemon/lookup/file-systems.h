/* SPDX-License-Identifier: MIT */
/*
 * Which file systems a file may be read on. See file-systems.c.
 */
#ifndef OVERSTAY_LOOKUP_FILE_SYSTEMS_H
#define OVERSTAY_LOOKUP_FILE_SYSTEMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/macros.h"

struct file_systems;

/* None is known yet: the mounts are read when they are first asked for, below proc_fd (borrowed), a
 * /proc. Returns NULL without memory. */
struct file_systems *file_systems_new(int proc_fd);
struct file_systems *file_systems_free(struct file_systems *systems);

/* FUSE_SUPER_MAGIC, which is in the headers since Linux 5.17. */
#define FILE_SYSTEM_FUSE 0x65735546

enum file_system_use {
	FILE_SYSTEM_REFUSED,
	FILE_SYSTEM_PASS, /* a path may lead through it */
	FILE_SYSTEM_READ, /* and files on it may be read */
};

/* May the file's system be used so? fd is open on it (O_PATH); file is what statx(2) said. */
bool file_systems_allow(struct file_systems *systems, int fd, const struct statx *file,
    enum file_system_use use);

/* The type as statfs(2) tells it, without asking one that might not answer; 0 = unknown. */
uint64_t file_systems_type(struct file_systems *systems, int fd, const struct statx *file);

#endif
