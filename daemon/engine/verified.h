/* SPDX-License-Identifier: MIT */
/*
 * Which processes were seen to run the file that stood under their path. See verified.c.
 */
#ifndef OVERSTAY_ENGINE_VERIFIED_H
#define OVERSTAY_ENGINE_VERIFIED_H

#include "model/owner.h"

/* So many are remembered; beyond it the one that was asked for longest ago makes room. */
#define VERIFIED_MAX 8192

/* One process and the file it runs. */
struct executable {
	int32_t pid;
	uint64_t start_usec; /* of the process, CLOCK_BOOTTIME: with the pid it names one */
	uint64_t device;     /* of the file, as struct process has it */
	uint64_t inode;
	uint32_t uid; /* its owner */
	char *path;   /* under which it was verified */
};

struct verified {
	struct verified_entry *entries; /* a hash table (base/table.h) */
	struct verified_entry *oldest; /* the same in a list: the one that was of use longest ago */
	/* Told of each that is to be kept, which it borrows; may be NULL. */
	void (*added)(const struct executable *executable, void *argument);
	void *argument;
	bool missed; /* one was not remembered for want of memory */
};

void verified_clear(struct verified *verified);

/* Remembers one that an earlier run kept; copied. Returns 0 or -ENOMEM. */
int verified_add(struct verified *verified, const struct executable *executable) _mustcheck_;

/* The owner's verified processes are worth to be known over a restart: tells `added` of those that
 * it was not told of. */
void verified_keep(struct verified *verified, const struct owner *owner);

/* Tells `added` again of all that are kept. */
void verified_tell(struct verified *verified);

/*
 * An owner that was just looked up and is nobody else's yet: remembers its verified processes, and
 * believes those that were verified before their file was replaced. Without memory some are not
 * remembered.
 */
void verified_apply(struct verified *verified, struct owner *owner);

#endif
