/* SPDX-License-Identifier: MIT */
/*
 * What a process calls itself, and whether it may.
 */
#ifndef OVERSTAY_MODEL_CLAIM_H
#define OVERSTAY_MODEL_CLAIM_H

#include <stddef.h>

#include "base/macros.h"
#include "model/owner.h"

/* A name that a process goes by; borrowed from its cmdline or comm. */
struct claim {
	const char *text;
	size_t length;
};

/*
 * Finds the name that the process has no right to: that of a kernel thread, of a well-known service
 * or of another program file. Returns false where there is none, or what its program may be called
 * is not known.
 */
bool claim_find_false(const struct process *process, struct claim *ret);

/* The same of the first of the owner's processes that has one. *ret_process is that one. */
bool claim_find_of_owner(const struct owner *owner, struct claim *ret,
    const struct process **ret_process);

/*
 * Are these two base names those of one program: the same, or the one and what follows in the other
 * is not a letter ("python3", "python3.11"; "sshd", "sshd-session"; not "s", "sshd")?
 */
bool claim_is_namesake(const char *a, const char *b);

/* May a program file of this base name go by the name of that well-known service: its namesake, an
 * alias, a vendor's build? */
bool claim_is_family(const char *service, const char *name);

/* Does its program run others under its own file (program_runs_others()), as only root could have
 * arranged? The names that it goes by are theirs. */
bool claim_runs_others(const struct process *process);

/* Is its program file one that only root may have put there, and change? */
bool claim_is_installed(const struct process *process);

#endif
