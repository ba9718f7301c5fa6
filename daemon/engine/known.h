/* SPDX-License-Identifier: MIT */
/*
 * The listeners of a sealed snapshot, to be recognized in the answers of the next poll. See
 * known.c.
 */
#ifndef OVERSTAY_ENGINE_KNOWN_H
#define OVERSTAY_ENGINE_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "model/listener.h"

#define KNOWN_NONE SIZE_MAX

struct known;

/*
 * Over count listeners (sorted, borrowed, unchanged as long as it lives). key is secret and random.
 * Returns NULL without memory, and for none or too many of them.
 */
struct known *known_new(const struct listener *listeners, size_t count, uint64_t key);
/* Accepts NULL; returns NULL. */
struct known *known_free(struct known *known);

/*
 * The index of the listener about which a record says the very same, whoever chose its port;
 * KNOWN_NONE = there is none. The hot path of a poll: *cursor, 0 at its beginning, counts those
 * that were found, and the order is learnt for the next poll.
 */
size_t known_find(struct known *known, const struct listener *listener, size_t *cursor);

/* True where one of them is the same socket as the listener, whatever is said of it. */
bool known_has(const struct known *known, const struct listener *listener);

/*
 * True where a complete poll that brings each of them, and nothing else, changes nothing: none is
 * carried, and who chose the port is known of each (not asked of a source that cannot tell).
 */
bool known_is_settled(const struct known *known, bool with_choice);

#endif
