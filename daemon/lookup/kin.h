/* SPDX-License-Identifier: MIT */
/* A process as an ancestor: what it runs, and what that is known to start. See kin.c. */
#ifndef OVERSTAY_LOOKUP_KIN_H
#define OVERSTAY_LOOKUP_KIN_H

#include <stdint.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/* What a program starts others for; bits. Each is verified: see kin.c. */
enum kin_role {
	ROLE_STARTER = 1 << 0, /* a shell, a launcher or a supervisor: what it starts was ordered */
	ROLE_SSH = 1 << 1,     /* logs people in, over the network, */
	ROLE_CONSOLE = 1 << 2, /* at a terminal or a desktop */
	ROLE_SU = 1 << 3,
	ROLE_CRON = 1 << 4,
	ROLE_AT = 1 << 5,
	ROLE_SLURM = 1 << 6,
	ROLE_CI = 1 << 7,
	ROLE_LOGIN = ROLE_SSH | ROLE_CONSOLE,
};

struct kin {
	int32_t pid; /* 0 = none */
	int32_t parent_pid;
	uint64_t start_usec;
	uint64_t exe_device, exe_inode; /* 0 = unknown */
	uint32_t uid;
	uint32_t exe_uid, exe_mode;
	uint32_t roles;	    /* bits of enum kin_role */
	uint64_t arguments; /* a hash of them, 0 = none */
	bool has_terminal;
	bool runs_anything; /* a shell, a relay, code that stands in no file */
};

/*
 * Reads process pid as an ancestor, once a request. in_container: it is in a container, whose
 * programs are its own. NULL where there is none, or without memory.
 */
const struct kin *kin_read(struct view *view, int32_t pid, bool in_container);

/*
 * Is the program one that runs what anybody may tell it: a shell, a relay, an interpreter whose
 * code stands in no file, and is not its own helper's (worker.h)?
 */
bool kin_runs_anything(const char *exe, const char *arguments, size_t length);

/* The same of a described process, copies and wrappers seen through. */
bool kin_process_runs_anything(const struct process *process);

/* A hash of arguments, for comparison with another's. */
uint64_t kin_hash_arguments(const char *arguments, size_t length);

/* Forgets what was read in this request. */
void kin_forget(struct view *view);

#endif
