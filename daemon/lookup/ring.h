/* SPDX-License-Identifier: MIT */
/*
 * The files that are registered with an io_uring. See ring.c.
 */
#ifndef OVERSTAY_LOOKUP_RING_H
#define OVERSTAY_LOOKUP_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/* What the link of a descriptor of an io_uring says (fs/anon_inodes.c). */
#define RING_LINK "anon_inode:[io_uring]"

/* Of all rings of one user so much is read in one walk, in bytes. */
#define RING_BYTES_MAX (16U << 20)

/* Called with the inode of each registered socket. Returns false to hear of no more. */
typedef bool ring_function(uint32_t inode, void *argument);

/* How far the text of one ring was read; to be zero before the first byte. */
struct ring_text {
	char line[128]; /* of the line that is not at its end yet; what is longer is cut */
	size_t length;
	bool in_files;	 /* behind "UserFiles:" */
	bool has_files;	 /* it names at least one */
	bool no_files;	 /* it says that there is none */
	uint32_t hidden; /* protocols (1 << enum wire_protocol) of sockets shown without a number */
};

/* Takes the next bytes of the text. Returns false once function did. */
bool ring_take(struct ring_text *text, const char *bytes, size_t length, ring_function *function,
    void *argument);

/*
 * Reads what is registered with the ring at descriptor fd of task_fd, an open /proc/PID or a
 * thread's; what it takes of *left_bytes is taken from it. *ret_hidden as in struct ring_text.
 * Returns 0 or -errno; -EFBIG where that was not enough.
 */
int ring_read(int task_fd, int fd, size_t *left_bytes, ring_function *function, void *argument,
    uint32_t *ret_hidden) _mustcheck_;

/* True where that socket is registered there. */
bool ring_has(int task_fd, int fd, uint32_t inode);

#endif
