/* SPDX-License-Identifier: MIT */
/*
 * The listeners that one message sums up, as values: what is said of each. See items.c.
 */
#ifndef OVERSTAY_MODEL_ITEMS_H
#define OVERSTAY_MODEL_ITEMS_H

#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"
#include "model/severity.h"

/* More than a field can hold of the shortest ones. */
#define ITEMS_MAX 192

struct item {
	uint8_t stay[16]; /* its id */
	struct endpoint endpoint;
	enum severity severity;
	enum listener_class class;
	uint64_t age_usec;
	uint32_t uid;	     /* of the socket's creator */
	struct owner *owner; /* NULL = not known */
};

struct items {
	uint32_t count, room;
	uint32_t all; /* those that were added, kept here or not */
	struct item items[];
};

/* For at most `all`; ITEMS_MAX of them are kept. Returns NULL without memory. */
struct items *items_new(size_t all);
/* Counts it, and keeps a copy with a reference to the owner if there is room. */
void items_add(struct items *items, const struct item *item);
/* Returns NULL without memory. */
struct items *items_copy(const struct items *items);
/* Accepts NULL; returns NULL. */
struct items *items_free(struct items *items);

#endif
