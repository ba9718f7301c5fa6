/* SPDX-License-Identifier: MIT */
/*
 * The questions of one engine to overstay-lookup, asked until all are answered. See once-lookup.c.
 */
#ifndef OVERSTAY_ONCE_LOOKUP_H
#define OVERSTAY_ONCE_LOOKUP_H

#include "engine/engine.h"
#include "wire/client.h"
#include "wire/names-link.h"

/*
 * Asks what the engine wants to know and waits for the answers. *client NULL = there is no lookup;
 * one that fails is closed, and becomes NULL. Owners that stay open are unknown with the reason.
 * names may be NULL: nobody can say then what was registered with rpcbind.
 * Returns 0 or -ENOMEM.
 */
int once_lookup(struct engine *engine, struct policy *policy, struct lookup_client **client,
    struct names_link *names) _mustcheck_;

#endif
