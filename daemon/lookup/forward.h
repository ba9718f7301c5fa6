/* SPDX-License-Identifier: MIT */
/*
 * The container behind a program that forwards a port to one.
 */
#ifndef OVERSTAY_LOOKUP_FORWARD_H
#define OVERSTAY_LOOKUP_FORWARD_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/*
 * Fills forwards_to and forwards_kind of a process whose exe and cmdline are known, where it
 * is docker-proxy or one of its like and the container it forwards to can be found. Returns
 * 0 or -ENOMEM.
 */
int forward_read(struct view *view, struct process *process) _mustcheck_;

/*
 * The addresses of an IPv4 table in the text of /proc/PID/net/fib_trie that are the host's
 * own, without 127.0.0.0/8, in network order; at most max. Returns how many.
 */
size_t forward_parse_addresses(const char *text, size_t length, uint32_t *addresses, size_t max);

/* Forgets what was found in this request. */
void forward_forget(struct view *view);

#endif
