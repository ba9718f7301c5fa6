/* SPDX-License-Identifier: MIT */
/*
 * Which ports are watched: what the configuration names, resolved against what the kernel says.
 */
#ifndef OVERSTAY_MODEL_RANGE_H
#define OVERSTAY_MODEL_RANGE_H

#include <stdint.h>

#include "base/macros.h"
#include "base/port-set.h"

/* RFC 6335, section 6: the Dynamic Ports. */
#define IANA_FIRST 49152
#define IANA_LAST  65535

/* Below this a kernel range was tuned: there it covers only ports the kernel picked itself. */
#define KERNEL_RANGE_FLOOR 32768

/* Which of the watched ranges a port lies in. */
enum range_source {
	RANGE_IANA = 1 << 0,
	RANGE_KERNEL = 1 << 1,
	RANGE_EXPLICIT = 1 << 2,
};

/* What follows from a kernel range that somebody tuned until it bites. */
enum range_oddity {
	RANGE_REACHES_LOW = 1 << 0, /* services have their ports in it */
	RANGE_IS_SMALL = 1 << 1,    /* connections may run out of ports */
};

/* `ranges:` of the configuration. */
struct range_wanted {
	bool iana, kernel;
	struct port_set explicit_ports;
};

/* What a source is asked to select, inside the kernel where that is possible. */
struct port_filter {
	struct port_set ports;	    /* every socket on these */
	struct port_set auto_ports; /* on these only where the kernel picked the port */
};

struct ranges {
	struct port_filter filter;
	struct port_range kernel; /* ip_local_port_range; 0-0 = not wanted or not known */
	bool iana;
	struct port_set explicit_ports;
};

/* kernel: ip_local_port_range as it is now, NULL where it cannot be read (then it is left out). */
void ranges_resolve(const struct range_wanted *wanted, const struct port_range *kernel,
    struct ranges *ret);

/* Bits of enum range_source that port lies in. */
uint32_t ranges_source(const struct ranges *ranges, uint16_t port);

/* "iana", "kernel", "both" or "explicit". */
const char *range_source_name(uint32_t sources);

/* "32768-65535" or "32768-60999,61616"; at most size bytes with the NUL, cut with "...". */
void ranges_format(const struct ranges *ranges, char *buffer, size_t size);

#endif
