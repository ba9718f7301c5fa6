/* SPDX-License-Identifier: MIT */
/*
 * The names of reasons why nobody watched.
 */
#include "model/gap.h"

static const char *const names[GAP_REASON_COUNT] = {
	[GAP_FIRST_START] = "first-start",
	[GAP_UNKNOWN] = "unknown",
	[GAP_STOPPED] = "stopped",
	[GAP_KILLED] = "killed",
	[GAP_HOST_DOWN] = "host-down",
};

const char *
gap_reason_name(enum gap_reason reason)
{
	return names[reason];
}
