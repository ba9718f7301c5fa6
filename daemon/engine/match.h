/* SPDX-License-Identifier: MIT */
/*
 * The match of a rule, asked. See match.c.
 */
#ifndef OVERSTAY_ENGINE_MATCH_H
#define OVERSTAY_ENGINE_MATCH_H

#include "model/listener.h"
#include "model/owner.h"
#include "model/policy.h"
#include "model/reason.h"

/* What a match is asked about: one socket and one of its holders. */
struct match_subject {
	const struct link_table *links; /* where paths of rules lead */
	const struct listener *listener;
	const char *interface; /* that it is bound to; NULL = none, or its name is not known */
	const struct owner *owner;
	const struct classification *classification;
	const struct process *process; /* NULL: no process is known */
	bool creator;  /* then it is whoever made the socket: where that was is known */
	uint32_t keys; /* of the match, and of that around it */
};

/* Does the rule match the socket and all of its owner's processes? subject.process is NULL. */
bool match_rule(const struct rule *rule, struct match_subject subject);

/* Is the key in the match, or in its any? (What `not` has is no part of what is matched.) */
bool match_has_key(const struct match *match, enum match_key key);

#endif
