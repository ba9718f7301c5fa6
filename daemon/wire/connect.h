/* SPDX-License-Identifier: MIT */
/*
 * Connections to helpers of overstayd, of type SOCK_SEQPACKET, that block nobody. See connect.c.
 */
#ifndef OVERSTAY_WIRE_CONNECT_H
#define OVERSTAY_WIRE_CONNECT_H

#include <sys/types.h>

#include "base/macros.h"

/* Connects to the socket at socket_path. Returns a descriptor or -errno. */
int connect_path(const char *socket_path) _mustcheck_;

/*
 * Starts binary (an absolute path) with --fd, its end of a socket pair as descriptor 3. Returns the
 * other end, and the process, which is to be reaped by the caller; or -errno.
 */
int connect_spawn(const char *binary, pid_t *ret_pid) _mustcheck_;

#endif
