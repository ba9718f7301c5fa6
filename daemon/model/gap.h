/* SPDX-License-Identifier: MIT */
/*
 * A time for which nobody watched the host, before a start of the daemon.
 */
#ifndef OVERSTAY_MODEL_GAP_H
#define OVERSTAY_MODEL_GAP_H

#include <stdint.h>

#include "base/macros.h"

enum gap_reason {
	GAP_FIRST_START, /* nobody ever did */
	GAP_UNKNOWN,	 /* what was known of the last run is lost, or could not be read */
	GAP_STOPPED,	 /* the daemon was stopped */
	GAP_KILLED,	 /* it ended without being stopped: killed, or it crashed */
	GAP_HOST_DOWN,	 /* another boot */
	GAP_REASON_COUNT,
};

struct gap {
	enum gap_reason reason;
	bool is_measured;    /* false = since_usec is not known */
	bool at_most;	     /* the host may have been watched for a part of it */
	uint64_t since_usec; /* CLOCK_REALTIME, as it was set at until_usec */
	uint64_t until_usec;
};

/* "stopped": in the database and the field. */
const char *gap_reason_name(enum gap_reason reason);

#endif
