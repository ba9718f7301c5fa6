/* SPDX-License-Identifier: MIT */
/*
 * What overstay-lookup does with a packet. See serve.c.
 */
#ifndef OVERSTAY_LOOKUP_SERVE_H
#define OVERSTAY_LOOKUP_SERVE_H

#include "base/macros.h"
#include "lookup/host.h"

/*
 * Reads one request and answers it; argument is the struct host. Returns 0, or -errno: the
 * connection is to be closed.
 */
int serve_request(int fd, void *argument) _mustcheck_;

#endif
