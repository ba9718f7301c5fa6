/* SPDX-License-Identifier: MIT */
/*
 * overstay-names for who may wait, but not long: a thread beside the loop, and the commands that
 * run once. See names-link.c.
 */
#ifndef OVERSTAY_WIRE_NAMES_LINK_H
#define OVERSTAY_WIRE_NAMES_LINK_H

#include "model/kernel-claims.h"
#include "model/named.h"
#include "wire/names-client.h"

/* How long the name of one user is waited for, and how long nothing is asked after that. */
#define NAMES_LINK_WAIT_USEC  (2 * USEC_PER_SEC)
#define NAMES_LINK_PAUSE_USEC (30 * USEC_PER_SEC)

struct names_link;

/*
 * Connects, or starts overstay-names. Without memory NULL; if there is no overstay-names now, it
 * says that no name can be asked for, until it can be connected to.
 */
struct names_link *names_link_new(const struct names_options *options);

/* Accepts NULL; returns NULL. */
struct names_link *names_link_free(struct names_link *link);

/* Frees the link (may be NULL) and returns its connection, NULL = there is none. */
struct names_client *names_link_to_client(struct names_link *link);

/*
 * Writes the name of a user to ret; argument is the link, NULL = there is none. Returns 0, -ENOENT
 * if he has no name, another -errno if nobody can say now.
 */
int names_link_user(uint32_t uid, char ret[NAMED_MAX + 1], void *argument) _mustcheck_;

/*
 * Proves those of count sockets that root registered with rpcbind for a service of the kernel's, if
 * one may have them. Without an answer within NAMES_LINK_WAIT_USEC nothing changes. The link may be
 * NULL.
 */
void names_link_registered(struct names_link *link, struct unheld_socket *sockets, size_t count);

/* Asks for all names of a list, and waits so long for the answers. Returns 0 or -errno. */
int names_link_resolve(struct names_link *link, struct named_list *list,
    uint64_t wait_usec) _mustcheck_;

#endif
