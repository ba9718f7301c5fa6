/* SPDX-License-Identifier: MIT */
/*
 * Rules that are never reached: warnings, never errors.
 *
 * A rule is never reached where an earlier one matches everything it matches. That is said
 * only where it is provable key by key: each key of the earlier match is in the later one
 * too, with values that lie inside. What would take more than that (the sum of several
 * rules, one key that implies another, an earlier rule with `not`, `any` or an end) is left unsaid
 * rather than guessed. A rule that speaks of no class and no reason never keeps a suspect from one
 * that does (engine/judge.c).
 *
 * Every rule is compared with every earlier one until the first that covers it; most pairs differ
 * in their keys, which is one comparison of bits. What a pair costs beyond that is counted, and
 * past REACH_COST_MAX the rest is left unchecked, and that is said: some 0.2 s at worst.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "config/rules.h"
#include "model/glob.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

/* In comparisons of words; 4096 rules of one port, user and path each need a tenth of it. */
#define REACH_COST_MAX 100000000

/* Lists of all words there are leave nothing out. */
#define ALL_PROTOCOLS ((1U << PROTOCOL_COUNT) - 1)
#define ALL_EXPOSURES (1U << EXPOSURE_LOOPBACK | 1U << EXPOSURE_LOCAL | 1U << EXPOSURE_ANY)
#define ALL_OWNERS    (1U << OWNER_UNKNOWN | 1U << OWNER_PROCESS | 1U << OWNER_KERNEL)

/* Every listener has a class; a choice may be unknown, and of reasons there may be none. */
#define ALL_CLASSES ((1U << CLASS_COUNT) - 1)
/* Only one namespace is watched, so far. */
#define ALL_NETNS (1U << 0)

/* Does the path lead by links to a place that the glob does not have? */
static bool
leads_out(const char *wide, const char *path)
{
	char target[PATH_MAX];

	return realpath(path, target) != NULL && !glob_match(wide, target, GLOB_PATH);
}

/*
 * One glob covers another where it is the same, takes everything, or the other is a plain
 * text. The empty one, of interface, stands for itself alone.
 */
static bool
glob_covers(const char *wide, const char *narrow, enum glob_kind kind)
{
	if (strcmp(wide, narrow) == 0)
		return true;
	if (narrow[0] == '\0')
		return false;
	if (strcmp(wide, "**") == 0 || (kind != GLOB_PATH && strcmp(wide, "*") == 0))
		return true;
	return strpbrk(narrow, kind == GLOB_NAME ? "*?" : "*?\\") == NULL &&
	    glob_match(wide, narrow, kind) && (kind != GLOB_PATH || !leads_out(wide, narrow));
}

static bool
globs_cover(const struct glob_list *wide, const struct glob_list *narrow, enum glob_kind kind)
{
	for (size_t i = 0; i < narrow->count; i++) {
		bool covered = false;

		for (size_t j = 0; j < wide->count && !covered; j++)
			covered = glob_covers(wide->globs[j], narrow->globs[i], kind);
		if (!covered)
			return false;
	}
	return true;
}

static bool
ids_cover(const struct id_list *wide, const struct id_list *narrow)
{
	for (size_t i = 0; i < narrow->count; i++) {
		bool covered = false;

		for (size_t j = 0; j < wide->count && !covered; j++)
			covered = wide->ids[j] == narrow->ids[i];
		if (!covered)
			return false;
	}
	/* Whose number a name is may change, and is not known here. */
	for (size_t i = 0; i < narrow->name_count; i++) {
		bool covered = false;

		for (size_t j = 0; j < wide->name_count && !covered; j++)
			covered = wide->names[j] == narrow->names[i];
		if (!covered)
			return false;
	}
	return true;
}

static bool
ports_cover(const struct port_set *wide, const struct parsed_rule *narrow)
{
	const struct port_set *ports = narrow->rule.match.ports;

	for (uint32_t i = narrow->first_word; i <= narrow->last_word; i++)
		if ((ports->words[i] & ~wide->words[i]) != 0)
			return false;
	return true;
}

/* So that rules of single ports, which are most, cost one comparison each. */
static void
find_port_words(struct parsed_rule *rule)
{
	const struct port_set *ports = rule->rule.match.ports;
	uint32_t words = ARRAY_SIZE(ports->words);

	rule->first_word = 0;
	rule->last_word = words - 1;
	while (ports != NULL && rule->first_word < words - 1 && ports->words[rule->first_word] == 0)
		rule->first_word++;
	while (ports != NULL && rule->last_word > rule->first_word &&
	    ports->words[rule->last_word] == 0)
		rule->last_word--;
}

static bool
prefix_covers(const struct address_prefix *wide, const struct address_prefix *narrow)
{
	unsigned bytes = wide->bits / 8, rest = wide->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return wide->family == narrow->family && wide->bits <= narrow->bits &&
	    memcmp(wide->address, narrow->address, bytes) == 0 &&
	    (rest == 0 || ((wide->address[bytes] ^ narrow->address[bytes]) & mask) == 0);
}

static bool
addresses_cover(const struct match *wide, const struct match *narrow)
{
	for (size_t i = 0; i < narrow->address_count; i++) {
		bool covered = false;

		for (size_t j = 0; j < wide->address_count && !covered; j++)
			covered = prefix_covers(&wide->addresses[j], &narrow->addresses[i]);
		if (!covered)
			return false;
	}
	return true;
}

/* The keys of a match that leave something out. */
static uint32_t
narrowing_keys(const struct match *match)
{
	uint32_t keys = match->keys;

	if (match->protocols == ALL_PROTOCOLS)
		keys &= ~(1U << MATCH_PROTOCOL);
	if (match->exposures == ALL_EXPOSURES)
		keys &= ~(1U << MATCH_EXPOSURE);
	if (match->owners == ALL_OWNERS)
		keys &= ~(1U << MATCH_OWNER);
	if (match->classes == ALL_CLASSES)
		keys &= ~(1U << MATCH_CLASS);
	if (match->netns == ALL_NETNS)
		keys &= ~(1U << MATCH_NETNS);
	return keys;
}

/* True where one key of both matches is at least as wide in the first. */
static bool
key_covers(enum match_key key, const struct match *wide, const struct parsed_rule *rule)
{
	const struct match *narrow = &rule->rule.match;

	switch (key) {
	case MATCH_PROTOCOL:
		return (narrow->protocols & ~wide->protocols) == 0;
	case MATCH_EXPOSURE:
		return (narrow->exposures & ~wide->exposures) == 0;
	case MATCH_OWNER:
		return (narrow->owners & ~wide->owners) == 0;
	case MATCH_CHOICE:
		return (narrow->choices & ~wide->choices) == 0;
	case MATCH_PORT:
		return ports_cover(wide->ports, rule);
	case MATCH_ADDRESS:
		return addresses_cover(wide, narrow);
	case MATCH_EXE:
		return globs_cover(&wide->exe, &narrow->exe, GLOB_PATH);
	case MATCH_COMM:
		return globs_cover(&wide->comm, &narrow->comm, GLOB_TEXT);
	case MATCH_CMDLINE:
		return globs_cover(&wide->cmdline, &narrow->cmdline, GLOB_TEXT);
	case MATCH_NETNS:
		/* What names other namespaces only matches nothing. */
		return wide->netns != 0 && (narrow->netns & ~wide->netns) == 0;
	case MATCH_CLASS:
		return (narrow->classes & ~wide->classes) == 0;
	case MATCH_REASON:
		return (narrow->reasons & ~wide->reasons) == 0;
	case MATCH_ORIGIN:
		return (narrow->origins & ~wide->origins) == 0;
	case MATCH_HINT:
		return (narrow->hints & ~wide->hints) == 0;
	case MATCH_SCRIPT:
		return globs_cover(&wide->script, &narrow->script, GLOB_PATH);
	case MATCH_CONTAINER:
		return globs_cover(&wide->container, &narrow->container, GLOB_TEXT);
	case MATCH_UNIT:
		return globs_cover(&wide->unit, &narrow->unit, GLOB_NAME);
	case MATCH_USER_UNIT:
		return globs_cover(&wide->user_unit, &narrow->user_unit, GLOB_NAME);
	case MATCH_USER:
		return ids_cover(&wide->uids, &narrow->uids) &&
		    ids_cover(&wide->gids, &narrow->gids);
	case MATCH_SLICE:
		return globs_cover(&wide->slice, &narrow->slice, GLOB_NAME);
	case MATCH_SESSION:
		return (wide->sessions >> SESSION_ANY & 1) != 0 ||
		    (narrow->sessions & ~wide->sessions) == 0;
	case MATCH_LOGINUID:
		return ids_cover(&wide->login_uids, &narrow->login_uids);
	case MATCH_PARENT:
		return globs_cover(&wide->parent, &narrow->parent, GLOB_PATH);
	case MATCH_INTERFACE:
		return globs_cover(&wide->interface, &narrow->interface, GLOB_TEXT);
	case MATCH_HOSTNAME:
		return globs_cover(&wide->hostname, &narrow->hostname, GLOB_TEXT);
	case MATCH_KEY_COUNT:
		break;
	}
	return false;
}

/* How many comparisons key_covers() may make for all keys of a pair. */
static uint64_t
pair_cost(uint32_t keys, const struct match *wide, const struct parsed_rule *rule)
{
	const struct match *narrow = &rule->rule.match;
	const struct glob_list *wide_lists[] = { &wide->exe, &wide->comm, &wide->cmdline,
		&wide->unit, &wide->user_unit, &wide->script, &wide->container, &wide->slice,
		&wide->parent, &wide->interface, &wide->hostname };
	const struct glob_list *narrow_lists[] = { &narrow->exe, &narrow->comm, &narrow->cmdline,
		&narrow->unit, &narrow->user_unit, &narrow->script, &narrow->container,
		&narrow->slice, &narrow->parent, &narrow->interface, &narrow->hostname };
	uint64_t cost = (keys >> MATCH_PORT & 1) * (rule->last_word - rule->first_word + 1) +
	    wide->address_count * narrow->address_count + wide->uids.count * narrow->uids.count +
	    wide->gids.count * narrow->gids.count +
	    wide->login_uids.count * narrow->login_uids.count +
	    wide->login_uids.name_count * narrow->login_uids.name_count +

	    wide->uids.name_count * narrow->uids.name_count +
	    wide->gids.name_count * narrow->gids.name_count;

	/* A glob takes longer than a number, most often not much longer. */
	for (size_t i = 0; i < ARRAY_SIZE(wide_lists); i++)
		cost += 4 * wide_lists[i]->count * narrow_lists[i]->count;
	return cost;
}

/* True where match has the one key and not the other. */
static bool
has_without(const struct match *match, enum match_key key, enum match_key other)
{
	return (match->keys >> key & 1) != 0 && (match->keys >> other & 1) == 0;
}

/*
 * Keys that let more in, not less: exe takes in processes of other mount namespaces only beside
 * container, and container those below a user's own manager only beside user.
 */
static bool
is_widened(const struct match *wide, const struct match *narrow)
{
	if (has_without(wide, MATCH_EXE, MATCH_CONTAINER) &&
	    (narrow->keys >> MATCH_CONTAINER & 1) != 0)
		return true;
	return has_without(wide, MATCH_CONTAINER, MATCH_USER) &&
	    (narrow->keys >> MATCH_USER & 1) != 0;
}

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
	const uint32_t special =
	    1U << MATCH_CLASS | 1U << MATCH_REASON | 1U << MATCH_CONTAINER | 1U << MATCH_USER;

	for (size_t i = 0; i < match->any_count; i++)
		if ((match->any[i].keys & special) != 0)
			return true;
	return false;
}

/* What is added to *cost is what the answer took. */
static bool
match_covers(const struct match *wide, const struct parsed_rule *rule, uint64_t *cost)
{
	uint32_t keys = narrowing_keys(wide);

	if (wide->not != NULL || wide->any_count > 0 || (keys & ~rule->rule.match.keys) != 0)
		return false;
	if (has_special(&rule->rule.match))
		return false;
	if (is_widened(wide, &rule->rule.match))
		return false;
	if (speaks_of_suspects(&rule->rule.match) && !speaks_of_suspects(wide))
		return false;
	/* By its class a suspect is covered whatever else its reasons are, by some of them not. */
	if (speaks_of_suspects(&rule->rule.match) && has_without(wide, MATCH_REASON, MATCH_CLASS) &&
	    (rule->rule.match.keys >> MATCH_CLASS & 1) != 0)
		return false;
	*cost += pair_cost(keys, wide, rule);
	for (unsigned key = 0; key < MATCH_KEY_COUNT; key++)
		if ((keys >> key & 1) != 0 && !key_covers((enum match_key)key, wide, rule))
			return false;
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
		    QUOTE(earlier->rule.name), QUOTE(earlier->rule.where));
}

/* The first rule before the one at place that covers it, NULL where there is none. */
static const struct parsed_rule *
find_covering(const struct parsed_rule *rules, size_t place, uint64_t *cost)
{
	for (size_t i = 0; i < place; i++) {
		const struct rule *earlier = &rules[i].rule;

		if (!earlier->enabled || earlier->until_usec != USEC_NEVER)
			continue;
		if (match_covers(&earlier->match, &rules[place], cost))
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

		find_port_words(&rules[i]);
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
		if (covering != NULL && (covering->packaged || !rules[i].packaged))
			warn_never_reached(context, &rules[i], covering);
	}
}
