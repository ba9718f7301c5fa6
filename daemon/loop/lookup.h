/* SPDX-License-Identifier: MIT */
/*
 * Asks overstay-lookup who holds the listeners. See lookup.c.
 */
#ifndef OVERSTAY_LOOP_LOOKUP_H
#define OVERSTAY_LOOP_LOOKUP_H

#include "loop/ground.h"
#include "wire/client.h"
#include "wire/names-link.h"

/* Where overstay-lookup is; borrowed. */
struct lookup_options {
	const char *socket; /* NULL = start the program */
	const char *program;
};

struct lookup;

/*
 * Takes client and names, on failure too: the lookup that was started already, and who is asked for
 * what was registered with rpcbind. NULL = none.
 */
int lookup_new(const struct ground *ground, const struct lookup_options *options,
    struct lookup_client *client, struct names_link *names, struct lookup **ret) _mustcheck_;
/* Accepts NULL; returns NULL. */
struct lookup *lookup_free(struct lookup *lookup);

#endif
