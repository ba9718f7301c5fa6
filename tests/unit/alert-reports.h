/* SPDX-License-Identifier: MIT */
/*
 * Reports to be made in a line or two, for the tests of daemon/alert/. A test that gets no memory
 * ends: nothing here returns NULL.
 */
#ifndef OVERSTAY_TESTS_ALERT_REPORTS_H
#define OVERSTAY_TESTS_ALERT_REPORTS_H

#include "model/report.h"

/* 2026-01-02 03:04:05 UTC, on a host that is up for 300 days. */
#define REPORT_REALTIME_USEC (1767323045ULL * USEC_PER_SEC)
#define REPORT_BOOTTIME_USEC (300 * USEC_PER_DAY)

/*
 * A process as the lookup would tell it: pid 4242, uid 1000, started 15 minutes ago. cmdline has
 * '|' where the NULs are; NULL = no command line.
 */
struct owner *report_process(const char *exe, const char *cmdline, const char *unit);

/* An owner that is none: OWNER_KERNEL, or OWNER_UNKNOWN with its reason. */
struct owner *report_nobody(enum owner_kind kind, enum owner_reason reason);

/*
 * A report about a stay on tcp ADDRESS:60855 (an IPv6 address where it has a ':'), seen for 10min
 * 4s with a limit of 10min. Takes the owner.
 */
struct report *report_of(enum event_kind kind, const char *address, struct owner *owner);

/* Ports first, first + 1 and so on, count of them. */
void report_set_ports(struct report *report, uint16_t first, uint32_t count);

/* It reports `others` of the owner's, too, at the stay's address on the ports behind its own; so
 * many of the owner overstay in all. */
void report_set_group(struct report *report, uint32_t others, uint32_t listeners);

/* A CONFIG about no stay whose text is this. */
struct report *report_text(const char *text);

/* Peers 192.0.2.1:4444, 192.0.2.2:4445 and so on, kept of them, of count in all. */
struct report_peers *report_peers(uint32_t count, uint32_t kept);

#endif
