/* SPDX-License-Identifier: MIT */
/*
 * The names of conditions.
 */
#include "model/condition.h"

static const char *const names[] = {
	[CONDITION_LOOKUP] = "lookup",
	[CONDITION_SOURCE] = "source",
	[CONDITION_POLLS] = "polls",
	[CONDITION_PROOFS] = "proofs",
	[CONDITION_RANGE] = "range",
	[CONDITION_CONFIG] = "config",
	[CONDITION_STATE] = "state",
	[CONDITION_STORE] = "store",
	[CONDITION_CROWDED] = "crowded",
	[CONDITION_INTERVAL] = "interval",
	[CONDITION_DESCRIPTORS] = "descriptors",
	[CONDITION_LISTENERS] = "listeners",
};

const char *
condition_name(enum condition condition)
{
	return names[condition];
}
