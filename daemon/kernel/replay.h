/* SPDX-License-Identifier: MIT */
/*
 * A source that answers what it was given: for scenario tests, which need no kernel and no root.
 */
#ifndef OVERSTAY_KERNEL_REPLAY_H
#define OVERSTAY_KERNEL_REPLAY_H

#include "kernel/source.h"

/* An empty table that knows who chose a port. Returns 0 or -errno. */
int source_open_replay(struct source **ret) _mustcheck_;

/*
 * Replaces the table by a copy of count listeners; their choice decides what a request by choice
 * or through auto_ports selects, and is given only if it was asked for, as with the kernel.
 * incomplete: bits of enum incomplete that every answer carries from now on. source must come from
 * source_open_replay(). Returns 0 or -errno: -EBUSY in the middle of a request.
 */
int replay_set(struct source *source, const struct listener *listeners, size_t count,
    uint32_t incomplete) _mustcheck_;

/*
 * Replaces the connections by a copy of count sockets, of which the endpoint and the remote end
 * are filled. source and returns as above.
 */
int replay_set_connections(struct source *source, const struct source_socket *connections,
    size_t count) _mustcheck_;

#endif
