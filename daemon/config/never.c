/* SPDX-License-Identifier: MIT */
/*
 * Rules that nothing can ever match, since their own keys exclude each other: warnings, never
 * errors. Only what is provable from the keys alone is said, whatever the host: that a unit or a
 * user is not there today proves nothing.
 *
 * A match with an `any` is tried entry by entry. One table of contradictions, of which the first
 * that applies is said, once for each rule.
 *
 * Cost: a few comparisons of bits a rule, of two sets of ports at most.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "config/covers.h"
#include "config/disjoint.h"
#include "config/keys.h"
#include "config/rules.h"
#include "model/glob.h"
#include "model/hint.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

#define KEY(name) (1U << MATCH_##name)

/* Where no process is known, none of these is true. */
#define PROCESS_KEYS                                                                      \
	(KEY(EXE) | KEY(COMM) | KEY(CMDLINE) | KEY(UNIT) | KEY(USER_UNIT) | KEY(SCRIPT) | \
	    KEY(CONTAINER) | KEY(ORIGIN) | KEY(SLICE) | KEY(SESSION) | KEY(LOGINUID) |    \
	    KEY(PARENT))

#define BIT(place)    (1U << (place))
#define ALL_EXPOSURES (BIT(EXPOSURE_LOOPBACK) | BIT(EXPOSURE_LOCAL) | BIT(EXPOSURE_ANY))

/* Appends why nothing matches the branch, and returns true; else it appends nothing. */
typedef bool contradiction_function(const struct branch *branch, struct text *why);

/* The words of a key that all parts of the branch admit; all bits where no part has the key. */
static uint32_t
admitted(const struct branch *branch, enum match_key key)
{
	uint32_t bits = UINT32_MAX;

	for (size_t i = 0; i < branch->count; i++) {
		const struct match *match = branch->parts[i].match;

		if ((match->keys >> key & 1) == 0)
			continue;
		bits &= key == MATCH_PROTOCOL ? match->protocols :
		    key == MATCH_EXPOSURE     ? match->exposures :
		    key == MATCH_OWNER	      ? match->owners :
		    key == MATCH_CHOICE	      ? match->choices :
		    key == MATCH_CLASS	      ? match->classes :
		    key == MATCH_ORIGIN	      ? match->origins :
						UINT32_MAX;
	}
	return bits;
}

/* A key of which a listener has one value, around any and inside of it. */
static bool
excludes_words(const struct branch *branch, struct text *why)
{
	static const struct {
		enum match_key key;
		const char *name;
	} single[] = {
		{ MATCH_PROTOCOL, "protocol" },
		{ MATCH_EXPOSURE, "exposure" },
		{ MATCH_OWNER, "owner" },
		{ MATCH_CHOICE, "choice" },
		{ MATCH_CLASS, "class" },
		{ MATCH_ORIGIN, "origin" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (admitted(branch, single[i].key) == 0) {
			text_printf(why, "%s around any and in it exclude each other",
			    single[i].name);
			return true;
		}
	return false;
}

static bool
excludes_ports(const struct branch *branch, struct text *why)
{
	const struct port_set *around = branch->parts[0].match->ports;
	const struct port_set *inside = branch->count > 1 ? branch->parts[1].match->ports : NULL;

	if (around == NULL || inside == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(around->words); i++)
		if ((around->words[i] & inside->words[i]) != 0)
			return false;
	text_add(why, "port around any and in it exclude each other");
	return true;
}

/* A unit, user, path or address and another. */
static bool
excludes_values(const struct branch *branch, struct text *why)
{
	const char *key = branch_find_disjoint(branch);

	if (key != NULL)
		text_printf(why, "%s around any and in it exclude each other", key);
	return key != NULL;
}

/* Whatever the other keys match, the not excludes. */
static bool
excludes_all(const struct branch *branch, struct text *why)
{
	for (size_t i = 0; i < branch->count; i++) {
		const struct match *not = branch->parts[i].match->not ;
		uint64_t cost = 0;

		if (not == NULL || keys_are_widened(not ->keys, branch->keys) ||
		    !branch_is_covered(not, branch, &cost))
			continue;
		text_add(why, "not excludes all that the other keys match");
		return true;
	}
	return false;
}

/* The kinds of owner that the classes may have. */
static uint32_t
owners_of_classes(uint32_t classes)
{
	static const uint32_t owners[CLASS_COUNT] = {
		[CLASS_UNKNOWN] = BIT(OWNER_UNKNOWN) | BIT(OWNER_PROCESS),
		[CLASS_KERNEL] = BIT(OWNER_KERNEL),
		[CLASS_SERVICE] = BIT(OWNER_PROCESS),
		[CLASS_USER] = BIT(OWNER_PROCESS),
		[CLASS_SUSPECT] = BIT(OWNER_UNKNOWN) | BIT(OWNER_PROCESS),
	};
	uint32_t bits = 0;

	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if ((classes >> i & 1) != 0)
			bits |= owners[i];
	return bits;
}

/* True where each reason of some part is that no process holds the socket. */
static bool
needs_no_process(const struct branch *branch)
{
	const uint32_t unheld = BIT(REASON_NO_OWNER) | BIT(REASON_KERNEL_UNPROVED);

	for (size_t i = 0; i < branch->count; i++) {
		uint32_t reasons = branch->parts[i].match->reasons;

		if (reasons != 0 && (reasons & ~unheld) == 0)
			return true;
	}
	return false;
}

/* The first of the keys, by its name. */
static const char *
first_key(uint32_t keys)
{
	for (unsigned i = 0; i < MATCH_KEY_COUNT; i++)
		if ((keys >> i & 1) != 0)
			return match_key_names[i];
	return "";
}

static bool
speaks_of_groups_only(const struct branch *branch)
{
	for (size_t i = 0; i < branch->count; i++) {
		const struct match *match = branch->parts[i].match;

		if ((match->keys & KEY(USER)) != 0 && match->uids.count == 0 &&
		    match->uids.name_count == 0)
			return true;
	}
	return false;
}

static bool
excludes_owner(const struct branch *branch, struct text *why)
{
	uint32_t classes = owners_of_classes(admitted(branch, MATCH_CLASS));
	uint32_t owners = admitted(branch, MATCH_OWNER) & classes;
	bool unheld = needs_no_process(branch);
	const char *by = unheld		 ? "reason" :
	    classes == BIT(OWNER_KERNEL) ? "class: kernel" :
					   "owner";

	if (owners == 0)
		text_add(why, "no listener of that owner has that class");
	else if (owners == BIT(OWNER_KERNEL) && (branch->keys & KEY(REASON)) != 0)
		text_add(why, "what the kernel holds has no reason");
	else if (unheld && (owners & BIT(OWNER_UNKNOWN)) == 0)
		text_add(why, "reason is about listeners without an owner");
	else if (!unheld && (owners & BIT(OWNER_PROCESS)) != 0)
		return false;
	else if ((branch->keys & PROCESS_KEYS) != 0)
		text_printf(why, "%s is about processes, which %s excludes",
		    first_key(branch->keys & PROCESS_KEYS), by);
	else if (speaks_of_groups_only(branch))
		text_printf(why, "groups are those of processes, which %s excludes", by);
	else
		return false;
	return true;
}

static bool
is_strong(uint32_t reasons)
{
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if ((reasons >> i & 1) != 0 && reason_strength((enum reason)i) != STRENGTH_STRONG)
			return false;
	return reasons != 0;
}

/* What a class never has. */
static bool
excludes_class(const struct branch *branch, struct text *why)
{
	uint32_t classes = admitted(branch, MATCH_CLASS), hints = 0;

	if ((classes >> CLASS_SUSPECT & 1) != 0)
		return false;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if ((classes >> i & 1) != 0)
			hints |= hints_of_class((enum listener_class)i);
	for (size_t i = 0; i < branch->count; i++) {
		const struct match *match = branch->parts[i].match;

		if ((match->keys & KEY(REASON)) != 0 && is_strong(match->reasons))
			text_add(why,
			    "a strong reason makes a suspect, which class excludes: add suspect");
		else if ((match->keys & KEY(HINT)) != 0 && (match->hints & hints) == 0)
			text_add(why, "no listener of that class has that hint");
		else
			continue;
		return true;
	}
	return false;
}

/* The exposures that addresses behind a prefix may have, but for the interface lo. */
static uint32_t
exposures_of_prefix(const struct address_prefix *prefix)
{
	static const uint8_t zero[16], loopback6[16] = { [15] = 1 };
	const uint8_t *ipv4 = address_ipv4(prefix->family, prefix->address);
	unsigned bits = prefix->bits - (prefix->family == AF_INET6 ? 96U : 0U);

	/* The few short prefixes that have more than one of them are not told apart. */
	if (prefix->bits < 8 || (ipv4 != NULL && bits > 32))
		return ALL_EXPOSURES;
	if (ipv4 != NULL && bits >= 8 && ipv4[0] != 0)
		return ipv4[0] == 127 ? BIT(EXPOSURE_LOOPBACK) : BIT(EXPOSURE_LOCAL);
	if (prefix->bits == (prefix->family == AF_INET6 ? 128 : 32) &&
	    memcmp(prefix->address, zero, prefix->bits / 8) == 0)
		return BIT(EXPOSURE_ANY);
	if (prefix->family == AF_INET6 && prefix->bits == 128 &&
	    memcmp(prefix->address, loopback6, 16) == 0)
		return BIT(EXPOSURE_LOOPBACK);
	if (prefix->family == AF_INET6 && prefix->address[0] != 0)
		return BIT(EXPOSURE_LOCAL);
	return ALL_EXPOSURES;
}

/* True where what is bound to lo is not excluded by the names of other devices. */
static bool
admits_lo(const struct branch *branch)
{
	for (size_t i = 0; i < branch->count; i++) {
		const struct match *match = branch->parts[i].match;
		bool possible = (match->keys & KEY(INTERFACE)) == 0;

		for (size_t j = 0; j < match->interface.count; j++)
			possible |= glob_match(match->interface.globs[j], "lo", GLOB_TEXT);
		if (!possible)
			return false;
	}
	return true;
}

/* An address that has another exposure. What is bound to lo is loopback whatever its address. */
static bool
excludes_address(const struct branch *branch, struct text *why)
{
	uint32_t exposures = admitted(branch, MATCH_EXPOSURE);

	for (size_t i = 0; i < branch->count; i++) {
		const struct match *match = branch->parts[i].match;
		uint32_t possible = admits_lo(branch) ? BIT(EXPOSURE_LOOPBACK) : 0;

		if ((match->keys & KEY(ADDRESS)) == 0)
			continue;
		for (size_t j = 0; j < match->address_count; j++)
			possible |= exposures_of_prefix(&match->addresses[j]);
		if ((possible & exposures) != 0)
			continue;
		text_add(why, "no such address has that exposure");
		return true;
	}
	return false;
}

/* All that is bound to lo is loopback. */
static bool
excludes_lo(const struct branch *branch, struct text *why)
{
	if ((admitted(branch, MATCH_EXPOSURE) >> EXPOSURE_LOOPBACK & 1) != 0)
		return false;
	for (size_t i = 0; i < branch->count; i++) {
		const struct glob_list *list = &branch->parts[i].match->interface;

		if (list->count != 1 || strcmp(list->globs[0], "lo") != 0)
			continue;
		text_add(why, "interface lo is loopback, which exposure excludes");
		return true;
	}
	return false;
}

/* True where some name that the glob matches may begin with the prefix. */
static bool
may_begin(const char *glob, const char *prefix)
{
	size_t literal = strcspn(glob, "*?"), length = strlen(prefix);

	if (glob[literal] != '\0' && literal < length)
		return strncmp(glob, prefix, literal) == 0;
	return strncmp(glob, prefix, length) == 0;
}

/* The units that have units or sessions of users inside: no other unit of the system has. */
static bool
excludes_unit(const struct branch *branch, struct text *why)
{
	uint32_t of_users = branch->keys & (KEY(USER_UNIT) | KEY(SESSION));

	for (size_t i = 0; i < branch->count && of_users != 0; i++) {
		const struct glob_list *list = &branch->parts[i].match->unit;
		bool possible = list->count == 0;

		for (size_t j = 0; j < list->count; j++)
			possible = possible || may_begin(list->globs[j], "session-") ||
			    ((of_users & KEY(SESSION)) == 0 && may_begin(list->globs[j], "user@"));
		if (possible)
			continue;
		text_printf(why, "nothing of unit %s is in a %s",
		    QUOTE(branch->parts[i].match->unit.globs[0]),
		    (of_users & KEY(SESSION)) != 0 ? "session" : "unit of a user");
		return true;
	}
	return false;
}

/* The reason exposed alone: what it stands for is known from the listener. */
static bool
excludes_exposed(const struct branch *branch, struct text *why)
{
	static const struct {
		enum match_key key;
		uint32_t bit;
		const char *why;
	} needed[] = {
		{ MATCH_PROTOCOL, BIT(PROTOCOL_TCP), "of TCP, which protocol excludes" },
		{ MATCH_EXPOSURE, BIT(EXPOSURE_ANY), "on all addresses, which exposure excludes" },
		{ MATCH_CHOICE, BIT(CHOICE_AUTO), "picked by the kernel, which choice excludes" },
	};
	bool alone = false;

	for (size_t i = 0; i < branch->count; i++)
		alone = alone || branch->parts[i].match->reasons == BIT(REASON_EXPOSED);
	for (size_t i = 0; i < ARRAY_SIZE(needed) && alone; i++)
		if ((admitted(branch, needed[i].key) & needed[i].bit) == 0) {
			text_printf(why, "reason exposed is about ports %s", needed[i].why);
			return true;
		}
	return false;
}

/* The hint unused alone: UDP has no connections. */
static bool
excludes_unused(const struct branch *branch, struct text *why)
{
	bool alone = false;

	for (size_t i = 0; i < branch->count; i++)
		alone = alone || branch->parts[i].match->hints == BIT(HINT_UNUSED);
	if (!alone || (admitted(branch, MATCH_PROTOCOL) >> PROTOCOL_TCP & 1) != 0)
		return false;
	text_add(why, "hint unused is about TCP, which protocol excludes");
	return true;
}

static contradiction_function *const contradictions[] = { excludes_words, excludes_ports,
	excludes_values, excludes_unused, excludes_all, excludes_owner, excludes_class,
	excludes_address, excludes_lo, excludes_unit, excludes_exposed };

static bool
is_contradiction(const struct branch *branch, struct text *why)
{
	/* A namespace that is not watched is said where it stands. */
	for (size_t i = 0; i < branch->count; i++)
		if ((branch->parts[i].match->keys & KEY(NETNS)) != 0 &&
		    branch->parts[i].match->netns == 0)
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(contradictions); i++)
		if (contradictions[i](branch, why))
			return true;
	return false;
}

#define WHY_SIZE 256

void
rule_check_never(struct config_context *context, const struct parsed_rule *rule)
{
	const struct match *match = &rule->rule.match;
	char first[WHY_SIZE] = "", buffer[WHY_SIZE];
	size_t never = 0, place = 0;

	if (!rule->rule.enabled)
		return;
	for (size_t i = 0; i < branch_count(match); i++) {
		struct branch branch;
		struct text why;

		branch_get(match, i, &branch);
		branch_find_ports(&branch);
		text_init(&why, buffer, sizeof(buffer));
		if (!is_contradiction(&branch, &why))
			continue;
		if (never++ == 0) {
			memcpy(first, buffer, sizeof(first));
			place = i;
		}
	}
	if (never == branch_count(match))
		context_warn(context, rule, "rule can never match: %s", first);
	else if (never > 0)
		context_warn(context, rule, "entry %zu of any can never match: %s", place + 1,
		    first);
}
