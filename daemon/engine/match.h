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
	const struct listener *listener;
	const struct owner *owner;
	const struct classification *classification;
	const struct process *process; /* NULL: no process is known */
};

/* Does the rule match the socket and all of its owner's processes? subject.process is NULL. */
bool match_rule(const struct rule *rule, struct match_subject subject);

#endif
