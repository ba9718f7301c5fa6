/* SPDX-License-Identifier: MIT */
/*
 * Asks the kernel which of the sockets that no process holds are its own. See kernel-sockets.c.
 */
#ifndef OVERSTAY_KERNEL_KERNEL_SOCKETS_H
#define OVERSTAY_KERNEL_KERNEL_SOCKETS_H

#include <stdint.h>

#include "base/macros.h"
#include "model/kernel-claims.h"
#include "model/listener.h"

/*
 * Adds what netlink says of count sockets of the calling thread's network namespace to their
 * claims; what was known already is never less after. May wait for the kernel's lock of its network
 * devices: not for the event loop.
 */
void kernel_sockets_ask(struct unheld_socket *sockets, size_t count);

#endif
