/* SPDX-License-Identifier: MIT */
/*
 * judge, the fourth of the five verbs: asks the rules in their order, the first that matches
 * decides, and what it leaves open comes from the policy.
 *
 * What it never does: look at the age. A verdict says from which age on a listener overstays, so
 * it is asked anew only when the listener, its owner, the policy or a rule's `until` changes, and
 * a known listener costs nothing per poll however many rules there are.
 *
 * A suspect is allowed, or given more time, only by a rule that speaks of its class, or of so many
 * of its reasons that without them it is none.
 * Any other rule that matches it can make it worse, and is remembered where it would have allowed
 * it, because that is the first thing its author will ask.
 */
#include "engine/classify.h"
#include "engine/judge.h"
#include "engine/match.h"

/* A suspect's own limit, where that is the stricter one. */
static void
apply_suspicion(const struct policy *policy, bool strong, struct verdict *verdict)
{
	uint64_t threshold_usec =
	    strong ? policy->suspect_threshold_usec : policy->suspect_weak_threshold_usec;
	enum severity severity = strong ? policy->suspect_severity : policy->suspect_weak_severity;

	/* `never`: suspects are like all others, but for what is said of them. */
	if (threshold_usec == USEC_NEVER)
		return;
	verdict->suspect = true;
	if (threshold_usec < verdict->threshold_usec)
		verdict->threshold_usec = threshold_usec;
	if (severity < verdict->severity)
		verdict->severity = severity;
}

/* What holds where no rule speaks. */
static void
judge_by_default(const struct policy *policy, const struct match_subject *subject,
    struct verdict *verdict)
{
	const struct listener *listener = subject->listener;
	const struct classification *classification = subject->classification;

	*verdict = (struct verdict){
		.threshold_usec = policy->threshold_usec,
		.severity = policy->severity,
		.remind_usec = policy->remind_usec,
		.expires_usec = USEC_NEVER,
	};
	if (listener->endpoint.protocol == PROTOCOL_UDP)
		verdict->threshold_usec = policy->udp_threshold_usec;
	if (classification->otherwise == CLASS_USER)
		verdict->threshold_usec = policy->user_threshold_usec;
	if (listener->endpoint.protocol == PROTOCOL_UDP && listener->choice == CHOICE_AUTO)
		verdict->threshold_usec = policy->udp_auto_usec;
	if (endpoint_exposure(&listener->endpoint) == EXPOSURE_LOOPBACK)
		verdict->severity = policy->loopback_severity;
	if (classification->class == CLASS_SUSPECT)
		apply_suspicion(policy, classification->strong, verdict);
}

/* True where the match's author had this suspect in mind: the class, or the reasons without which
 * it would be none. A program that others may change is not expected in memory, too. */
static bool
keys_speak_of_suspect(const struct match *match, const struct classification *classification)
{
	struct classification rest;

	if ((match->keys >> MATCH_CLASS & 1) != 0)
		return true;
	if ((match->keys >> MATCH_REASON & 1) == 0)
		return false;
	classify_reasons(classification->reasons & ~match->reasons, classification->otherwise,
	    classification->main_program, &rest);
	return rest.class != CLASS_SUSPECT;
}

/* Of `any`, each match has to: whichever holds, its author had the suspect in mind. */
static bool
speaks_of_suspect(const struct match *match, const struct classification *classification)
{
	if (keys_speak_of_suspect(match, classification))
		return true;
	for (size_t i = 0; i < match->any_count; i++)
		if (!keys_speak_of_suspect(&match->any[i], classification))
			return false;
	return match->any_count > 0;
}

/* A rule that does not speak of suspects: it can only make one worse. */
static void
apply_to_suspect(const struct rule *rule, struct verdict *verdict)
{
	if (rule->action == ACTION_ALLOW) {
		verdict->would_allow = rule;
		return;
	}
	verdict->rule = rule;
	if ((rule->values & RULE_THRESHOLD) != 0 && rule->threshold_usec < verdict->threshold_usec)
		verdict->threshold_usec = rule->threshold_usec;
	if ((rule->values & RULE_SEVERITY) != 0 && rule->severity < verdict->severity)
		verdict->severity = rule->severity;
	if ((rule->values & RULE_REMIND) != 0)
		verdict->remind_usec = rule->remind_usec;
}

static void
apply_rule(const struct rule *rule, struct verdict *verdict)
{
	verdict->rule = rule;
	verdict->allowed = rule->action == ACTION_ALLOW;
	if ((rule->values & RULE_THRESHOLD) != 0)
		verdict->threshold_usec = rule->threshold_usec;
	if (verdict->allowed) {
		verdict->threshold_usec = USEC_NEVER;
		verdict->suspect = false;
	}
	if ((rule->values & RULE_SEVERITY) != 0)
		verdict->severity = rule->severity;
	if ((rule->values & RULE_REMIND) != 0)
		verdict->remind_usec = rule->remind_usec;
}

void
judge(const struct policy *policy, const struct listener *listener, const char *interface,
    const struct owner *owner, const struct classification *classification, uint64_t realtime_usec,
    struct verdict *ret)
{
	struct match_subject subject = {
		.links = &policy->links,
		.listener = listener,
		.interface = interface,
		.owner = owner,
		.classification = classification,
	};
	bool spoken = false;

	judge_by_default(policy, &subject, ret);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct rule *rule = &policy->rules[i];
		bool passing = classification->class == CLASS_SUSPECT &&
		    !speaks_of_suspect(&rule->match, classification);

		/* Of the rules that do not speak of suspects the first decides, too. */
		if (!rule->enabled || rule->until_usec <= realtime_usec || (passing && spoken))
			continue;
		if (!match_rule(rule, subject))
			continue;
		if (rule->until_usec < ret->expires_usec)
			ret->expires_usec = rule->until_usec;
		if (!passing) {
			apply_rule(rule, ret);
			return;
		}
		apply_to_suspect(rule, ret);
		spoken = true;
	}
}

bool
verdict_is_worse(const struct verdict *a, const struct verdict *b)
{
	if (a->allowed != b->allowed)
		return b->allowed;
	if (a->suspect != b->suspect)
		return a->suspect;
	if (a->threshold_usec != b->threshold_usec)
		return a->threshold_usec < b->threshold_usec;
	return a->severity < b->severity;
}
