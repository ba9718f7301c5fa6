/* SPDX-License-Identifier: MIT */
/*
 * judge, the fourth verb: what the rules say of a listener. See judge.c.
 */
#ifndef OVERSTAY_ENGINE_JUDGE_H
#define OVERSTAY_ENGINE_JUDGE_H

#include "model/listener.h"
#include "model/owner.h"
#include "model/policy.h"
#include "model/reason.h"

struct verdict {
	const struct rule *rule;	/* that decided, borrowed from the policy; NULL = none */
	const struct rule *would_allow; /* a suspect: the rule that would, but for the class */
	bool allowed;
	bool suspect; /* its threshold and severity are those of a suspect */
	enum severity severity;
	uint64_t threshold_usec; /* age at which it overstays, USEC_NEVER = never */
	uint64_t remind_usec;
	uint64_t expires_usec; /* CLOCK_REALTIME when a rule's `until` may change this;
					   USEC_NEVER = only another policy does */
};

/*
 * The verdict on one socket under one owner, so classified, at the wall-clock time realtime_usec.
 * interface: the name of the one it is bound to, NULL where that is none or unknown. Pure.
 */
void judge(const struct policy *policy, const struct listener *listener, const char *interface,
    const struct owner *owner, const struct classification *classification, uint64_t realtime_usec,
    struct verdict *ret);

/* True where a is worse news than b: what is watched before what is allowed, then a suspect, then
 * the shorter threshold, then the graver severity. */
bool verdict_is_worse(const struct verdict *a, const struct verdict *b);

#endif
