/* SPDX-License-Identifier: MIT */
/*
 * What the engine told, as the messages a journal would get, waiting to be compared: by their
 * fields. Their texts are tests/golden's.
 */
#ifndef OVERSTAY_SCENARIO_TOLD_H
#define OVERSTAY_SCENARIO_TOLD_H

#include <stdint.h>

#include "alert/message.h"
#include "base/macros.h"

struct told {
	uint64_t at_usec; /* since the scenario began */
	enum severity priority;
	char *fields; /* "NAME=value", each ended by a NUL */
	size_t fields_size;
};

/* First in, first out; those before `next` were compared already. */
struct told_list {
	struct told *items;
	size_t count, room, next;
	bool keeps;   /* what was compared, too */
	uint64_t sum; /* of all that ever was added, in its order */
};

void told_add(struct told_list *list, uint64_t at_usec, const struct message *message);

/* Forgets what was compared. */
void told_forget(struct told_list *list);
void told_clear(struct told_list *list);

/* What happened, from the fields: "00:10:05 warning OVERSTAY tcp 0.0.0.0:60855"; no endpoint where
 * it is about no stay. To be freed. */
char *told_format(const struct told *told);

/* The value of a field, NULL where the message has none of that name. */
const char *told_field(const struct told *told, const char *name);

#endif
