/* SPDX-License-Identifier: MIT */
/*
 * Rules that are never reached: warnings, never errors.
 *
 * A rule is never reached where an earlier one matches everything it matches. That is said
 * only where it is provable key by key (covers.c); of an `any` each entry of the later rule must be
 * covered by one of the earlier. What would take more than that (the sum of several rules, one key
 * that implies another, an earlier rule with `not` or an end, a class, reason or container in an
 * `any`) is left unsaid rather than guessed. A rule that speaks of no class and no reason never
 * keeps a suspect from one that does (engine/judge.c).
 *
 * Every rule is compared with every earlier one until the first that covers it; most pairs differ
 * in their keys, which is one comparison of bits. What a pair costs beyond that is counted, and
 * past REACH_COST_MAX the rest is left unchecked, and that is said: some 0.2 s at worst.
 */
#include <string.h>

#include "config/covers.h"
#include "config/rules.h"
#include "model/reason.h"

/* In comparisons of words; 4096 rules of one port, user and path each need a tenth of it. */
#define REACH_COST_MAX 100000000

/* True for a rule that a suspect can come to past all that speak of no class and no reason. */
static bool
speaks_of_suspects(const struct match *match)
{
	if ((match->keys >> MATCH_CLASS & 1) != 0)
		return (match->classes >> CLASS_SUSPECT & 1) != 0;
	return (match->keys >> MATCH_REASON & 1) != 0;
}

/* True where a key that is more than a narrowing stands in an `any`. */
static bool
has_special(const struct match *match)
{
	const uint32_t special = 1U << MATCH_CLASS | 1U << MATCH_REASON | 1U << MATCH_CONTAINER;

	for (size_t i = 0; i < match->any_count; i++)
		if ((match->any[i].keys & special) != 0)
			return true;
	return false;
}

/* Do suspects come to the narrow rule whatever the wide one matches? */
static bool
suspects_pass(const struct match *wide, const struct match *narrow)
{
	if (!speaks_of_suspects(narrow))
		return false;
	/* By its class a suspect is covered whatever else its reasons are, by some of them not. */
	return !speaks_of_suspects(wide) ||
	    ((wide->keys >> MATCH_REASON & 1) != 0 && (wide->keys >> MATCH_CLASS & 1) == 0 &&
		(narrow->keys >> MATCH_CLASS & 1) != 0);
}

/* One branch of the wide match takes in all that the narrow branch does. */
static bool
branch_covers(const struct match *wide, size_t place, const struct branch *narrow, uint64_t *cost)
{
	struct branch branch;

	branch_get(wide, place, &branch);
	/* In an any there is no container: what makes it wider stands around it, if anywhere. */
	if (keys_are_widened(wide->keys, narrow->keys) ||
	    keys_are_widened(branch.keys, narrow->keys))
		return false;
	for (size_t i = 0; i < branch.count; i++)
		if (branch.parts[i].match->not != NULL ||
		    !branch_is_covered(branch.parts[i].match, narrow, cost))
			return false;
	return true;
}

/* What is added to *cost is what the answer took. */
static bool
match_covers(const struct match *wide, const struct match *narrow, const struct branch *branches,
    uint64_t *cost)
{
	/* What stands around an any is asked first: most pairs differ in it. */
	if (suspects_pass(wide, narrow) || has_special(wide) || has_special(narrow))
		return false;
	for (size_t i = 0; i < branch_count(narrow); i++) {
		bool covered = false;

		for (size_t j = 0; j < branch_count(wide) && !covered; j++)
			covered = branch_covers(wide, j, &branches[i], cost);
		*cost += branch_count(wide);
		if (!covered)
			return false;
	}
	return true;
}

static void
warn_never_reached(struct config_context *context, const struct parsed_rule *rule,
    const struct parsed_rule *earlier)
{
	context->file = rule->file;
	if (strcmp(rule->file, earlier->file) == 0)
		context_warn(context, rule, "rule is never reached, %s at line %u matches first",
		    QUOTE(earlier->rule.name), earlier->line);
	else
		context_warn(context, rule, "rule is never reached, %s at %s matches first",
		    QUOTE(earlier->rule.name), QUOTE_PATH(earlier->rule.where));
}

/* The first rule before the one at place that covers it, NULL where there is none. */
static const struct parsed_rule *
find_covering(const struct parsed_rule *rules, size_t place, uint64_t *cost)
{
	const struct match *match = &rules[place].rule.match;
	struct branch branches[RULE_LIST_MAX];

	for (size_t i = 0; i < branch_count(match); i++) {
		branch_get(match, i, &branches[i]);
		branch_find_ports(&branches[i]);
	}
	for (size_t i = 0; i < place; i++) {
		const struct rule *earlier = &rules[i].rule;

		if (!earlier->enabled || earlier->until_usec != USEC_NEVER)
			continue;
		if (match_covers(&earlier->match, match, branches, cost))
			return &rules[i];
	}
	return NULL;
}

void
rules_check_reach(struct config_context *context, struct parsed_rule *rules, size_t count)
{
	uint64_t cost = 0;

	for (size_t i = 0; i < count; i++) {
		const struct parsed_rule *covering;

		if (!rules[i].rule.enabled)
			continue;
		if (cost > REACH_COST_MAX) {
			context->file = rules[i].file;
			context_warn(context, &rules[i],
			    "too many rules: from here on, rules "
			    "that are never reached are not detected");
			return;
		}
		covering = find_covering(rules, i, &cost);
		/* To go before the packaged rules is what one's own are for. */
		if (covering == NULL || (!covering->packaged && rules[i].packaged))
			continue;
		warn_never_reached(context, &rules[i], covering);
		rules[i].repeated = strcmp(rules[i].rule.name, covering->rule.name) == 0;
	}
}
