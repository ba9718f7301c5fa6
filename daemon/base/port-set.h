/* SPDX-License-Identifier: MIT */
/*
 * A set of ports as a bitmap: 8 KiB, every question in constant time, a value to be copied.
 */
#ifndef OVERSTAY_BASE_PORT_SET_H
#define OVERSTAY_BASE_PORT_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

#define PORT_COUNT 65536

struct port_set {
	uint64_t words[PORT_COUNT / 64];
};

/* A run of ports, both ends belong to it. */
struct port_range {
	uint16_t first, last;
};

void port_set_clear(struct port_set *set);
void port_set_add(struct port_set *set, uint16_t first, uint16_t last);
void port_set_union(struct port_set *set, const struct port_set *other);
bool port_set_has(const struct port_set *set, uint16_t port);
bool port_set_equal(const struct port_set *a, const struct port_set *b);
unsigned port_set_count(const struct port_set *set);

/*
 * Finds the first run at or after port `from`. Returns false where there is none; from may be
 * PORT_COUNT. To walk: for (from = 0; port_set_next(set, from, &run); from = run.last + 1).
 */
bool port_set_next(const struct port_set *set, uint32_t from, struct port_range *ret);

/*
 * Writes the members as "8080,9000-9010", in order; "" for none. At most size bytes with the NUL.
 * Returns false where it did not fit; then only whole runs stand there.
 */
bool port_set_format(const struct port_set *set, char *buffer, size_t size) _mustcheck_;

/* Parses "p" or "a-b", 1 to 65535. Returns 0, -EINVAL for no port, -ERANGE for a > b. */
int port_range_parse(const char *text, struct port_range *ret) _mustcheck_;

#endif
