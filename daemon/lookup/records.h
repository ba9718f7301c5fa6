/* SPDX-License-Identifier: MIT */
/* What PID 1 and logind keep in files about units and sessions. See records.c. */
#ifndef OVERSTAY_LOOKUP_RECORDS_H
#define OVERSTAY_LOOKUP_RECORDS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "lookup/view.h"
#include "model/owner.h"

/* An invocation id has 32 hexadecimal digits (systemd.exec(5), $INVOCATION_ID). */
#define RECORDS_INVOCATION_MAX 33

/* The run of a unit that PID 1 has now. */
struct records_run {
	uint64_t start_usec; /* CLOCK_BOOTTIME; as the clocks stand now */
	char invocation[RECORDS_INVOCATION_MAX];
};

/*
 * Reads when the unit was started last. Returns 0; -ENOENT where PID 1 runs no such unit, -ENOSYS
 * where it keeps no records.
 */
int records_read_run(const struct view *view, const char *unit,
    struct records_run *ret) _mustcheck_;

/* Is there a timer of the service's name? */
bool records_has_timer(const struct view *view, const char *unit);

/* A file of a session has some twenty short lines; what a user chose of it (DESKTOP=) is short. */
#define RECORDS_SESSION_MAX 4096

/*
 * Reads logind's file of the session, with a NUL behind it; what is longer than size - 1 is cut.
 * Returns the length; -ENOENT where logind has no such session, -ENOSYS where it keeps none or the
 * name is none of its, -errno.
 */
ssize_t records_read_session(const struct view *view, const char *session, char *text,
    size_t size) _mustcheck_;

/* Who opened logind's session: ssh, a console, su, cron, at; else unknown. */
enum origin records_session_origin(const struct view *view, const char *session);

/* What logind has the session for: a terminal, a desktop; else unknown. */
enum session_type records_session_type(const struct view *view, const char *session);

/* The time of CLOCK_REALTIME as one of CLOCK_BOOTTIME, as the clocks stand now; 0 = before boot. */
uint64_t records_boottime(int64_t seconds, uint32_t nanoseconds);

#endif
