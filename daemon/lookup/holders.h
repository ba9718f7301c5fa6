/* SPDX-License-Identifier: MIT */
/* Which holders of a socket are kept, to be described. See holders.c. */
#ifndef OVERSTAY_LOOKUP_HOLDERS_H
#define OVERSTAY_LOOKUP_HOLDERS_H

#include "lookup/visit.h"

/* Reads what the process is; uid: whose it is. */
struct holder_kind holders_read_kind(int process_fd, uint32_t uid);

/* Keeps the holder where it is among the first, or the first of its kind. */
void holders_keep(struct wanted *wanted, const struct holder *holder);

/* Orders two holders by start time, then pid; as for qsort(3). */
int holders_compare(const struct holder *a, const struct holder *b);

#endif
