/* SPDX-License-Identifier: MIT */
/*
 * The kinds of messages: one row each. See events.c.
 */
#ifndef OVERSTAY_ALERT_EVENTS_H
#define OVERSTAY_ALERT_EVENTS_H

#include <stdint.h>

#include "base/macros.h"
#include "model/report.h"

/* Which fields a message carries. Those of a stay and its owner only if it is about one. */
enum field_group {
	FIELDS_ALWAYS = 1 << 0,
	FIELDS_STAY = 1 << 1,
	FIELDS_OWNER = 1 << 2,
	FIELDS_AWAY = 1 << 3,
	FIELDS_HOPS = 1 << 4,
	FIELDS_GROUP = 1 << 5,
	FIELDS_TURNS = 1 << 6,
	FIELDS_SPAN = 1 << 7,
};

struct event_row {
	const char *word;	/* opens the line: the word to grep for */
	const char *message_id; /* 32 hexadecimal digits; never changed, never used again */
	uint32_t fields;	/* bits of enum field_group */
};

/* kind is less than EVENT_COUNT. */
const struct event_row *event_of(enum event_kind kind);

#endif
