/* SPDX-License-Identifier: MIT */
/*
 * The ports that the kernel's RPC services registered with rpcbind. See rpcbind.c.
 */
#ifndef OVERSTAY_NAMES_RPCBIND_H
#define OVERSTAY_NAMES_RPCBIND_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/kernel-claims.h"

/* Where rpcbind listens. */
#define RPCBIND_SOCKET "/run/rpcbind.sock"

/* More than this it is not asked for; a registration takes some 80 bytes. */
#define RPCBIND_ANSWER_MAX 65536

/*
 * Adds the ports registered for NFS and its lock manager by root. Waits until until_usec
 * (CLOCK_MONOTONIC) at most. Returns 0 or -errno; what came before an error is added all the same.
 */
int rpcbind_ask(const char *path, uint64_t until_usec, struct kernel_claims *claims) _mustcheck_;

/* Parses an answer without its record marks. Returns 0, -EPROTO where it is none. */
int rpcbind_parse(const uint8_t *answer, size_t length, struct kernel_claims *claims) _mustcheck_;

#endif
