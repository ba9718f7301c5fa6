/* SPDX-License-Identifier: MIT */
/*
 * Whether the kernel itself may own sockets.
 */
#ifndef OVERSTAY_LOOKUP_KERNEL_OWNER_H
#define OVERSTAY_LOOKUP_KERNEL_OWNER_H

#include <stdint.h>

#include "base/macros.h"
#include "lookup/view.h"

/*
 * The protocols, bits 1 << enum wire_protocol, of which some part of the kernel that is in
 * use on this host has sockets of its own.
 */
uint32_t kernel_owner_protocols(const struct view *view);

/* The same for what one network device (its DEVTYPE) or kernel thread (its comm) proves. */
uint32_t kernel_owner_of_device(const char *type);
uint32_t kernel_owner_of_thread(const char *comm);

#endif
