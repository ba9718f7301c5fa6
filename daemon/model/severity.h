/* SPDX-License-Identifier: MIT */
/*
 * The eight priorities of syslog(3), by journalctl's words.
 */
#ifndef OVERSTAY_MODEL_SEVERITY_H
#define OVERSTAY_MODEL_SEVERITY_H

#include "base/macros.h"

/* Lower is graver, as in syslog(3) and in the journal's PRIORITY=. */
enum severity {
	SEVERITY_EMERG,
	SEVERITY_ALERT,
	SEVERITY_CRIT,
	SEVERITY_ERR,
	SEVERITY_WARNING,
	SEVERITY_NOTICE,
	SEVERITY_INFO,
	SEVERITY_DEBUG,
	SEVERITY_OFF, /* only where a line may be switched off */
};

/* "warning"; "off" for SEVERITY_OFF. */
const char *severity_name(enum severity severity);

/* Returns 0 or -EINVAL. "off" is known too: the caller says whether it makes sense. */
int severity_parse(const char *text, enum severity *ret) _mustcheck_;

#endif
