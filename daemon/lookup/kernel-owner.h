/* SPDX-License-Identifier: MIT */
/*
 * Which sockets the kernel itself may own, by what /proc says of it.
 */
#ifndef OVERSTAY_LOOKUP_KERNEL_OWNER_H
#define OVERSTAY_LOOKUP_KERNEL_OWNER_H

#include <stddef.h>

#include "lookup/view.h"
#include "model/kernel-claims.h"

/* Fills ret with the kernel's ports and what of it may have others. */
void kernel_owner_read(const struct view *view, struct kernel_claims *ret);

/* The same for what one kernel thread proves (its comm). */
void kernel_owner_take_thread(const char *comm, struct kernel_claims *claims);

/* The text of nfsd's portlist and of a file with one port in decimal. */
void kernel_owner_take_ports(const char *text, size_t length, struct kernel_claims *claims);
void kernel_owner_take_port(const char *text, size_t length, enum protocol protocol,
    struct kernel_claims *claims);

#endif
