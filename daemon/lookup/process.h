/* SPDX-License-Identifier: MIT */
/*
 * One process that holds a socket, described.
 */
#ifndef OVERSTAY_LOOKUP_PROCESS_H
#define OVERSTAY_LOOKUP_PROCESS_H

#include <stdint.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "lookup/visit.h"
#include "model/owner.h"

/*
 * Describes the process in *ret, strings and all, owned by the caller (process_clear()); with
 * checksum also that of what it runs. It was holding the inode before and after, or -ESRCH.
 * -ENOMEM is the other error; what could not be read is unknown in *ret.
 */
int process_describe(struct view *view, const struct holder *holder, uint32_t inode, bool checksum,
    struct process *ret) _mustcheck_;

/* Forgets what descriptions by this view have in common. */
void process_forget(struct view *view);

#endif
