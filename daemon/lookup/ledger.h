/* SPDX-License-Identifier: MIT */
/*
 * What the searches so far have read of each user's. See ledger.c.
 */
#ifndef OVERSTAY_LOOKUP_LEDGER_H
#define OVERSTAY_LOOKUP_LEDGER_H

#include <stdint.h>

#include "base/macros.h"

struct ledger;

/* Returns NULL without memory. */
struct ledger *ledger_new(void);

/* What is left to the user now, of `burst`, where one descriptor is made up for in usec_each. Of
 * ledger NULL nothing is remembered. */
uint32_t ledger_left(const struct ledger *ledger, uint32_t uid, uint32_t burst, uint64_t usec_each,
    uint64_t now_usec);

/* So many were read of the user's. Accepts NULL. */
void ledger_charge(struct ledger *ledger, uint32_t uid, uint32_t count, uint32_t burst,
    uint64_t usec_each, uint64_t now_usec);

#endif
