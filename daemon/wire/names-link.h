/* SPDX-License-Identifier: MIT */
/*
 * overstay-names for who may wait, but not long: a thread beside the loop, and the commands that
 * run once. See names-link.c.
 */
#ifndef OVERSTAY_WIRE_NAMES_LINK_H
#define OVERSTAY_WIRE_NAMES_LINK_H

#include "model/named.h"
#include "wire/names-client.h"

/* How long the name of one user is waited for, and how long nothing is asked after that. */
#define NAMES_LINK_WAIT_USEC  (2 * USEC_PER_SEC)
#define NAMES_LINK_PAUSE_USEC (30 * USEC_PER_SEC)

struct names_link {
	struct names_options options;
	struct names_client *client; /* NULL = not connected */
	uint64_t pause_until_usec;   /* CLOCK_MONOTONIC */
};

/* Connects, or starts overstay-names. Returns 0, or why there is none now. */
int names_link_open(struct names_link *link, const struct names_options *options);

void names_link_close(struct names_link *link);

/*
 * Writes the name of a user to ret. Returns 0, -ENOENT if he has none, another -errno if nobody can
 * say now.
 */
int names_link_user(struct names_link *link, uint32_t uid, char ret[NAMED_MAX + 1]) _mustcheck_;

/* Asks for all names of a list, and waits so long for the answers. Returns 0 or -errno. */
int names_link_resolve(struct names_link *link, struct named_list *list,
    uint64_t wait_usec) _mustcheck_;

#endif
