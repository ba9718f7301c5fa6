/* SPDX-License-Identifier: MIT */
/*
 * Whether one match takes in all that another does, as far as that is provable key by key: each key
 * of the wide one is in the narrow one too, with values that lie inside. What would take more than
 * that (one key that implies another, the sum of several matches) is no.
 *
 * A match with an `any` is as many branches as that has entries: the keys around it and those of an
 * entry, which must all hold.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "config/covers.h"
#include "model/glob.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

#define PORT_WORDS (PORT_COUNT / 64)

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
ports_cover(const struct port_set *wide, const struct branch_part *narrow)
{
	for (uint32_t i = narrow->first_word; i <= narrow->last_word; i++)
		if ((narrow->match->ports->words[i] & ~wide->words[i]) != 0)
			return false;
	return true;
}

static bool
prefix_covers(const struct address_prefix *wide, const struct address_prefix *narrow)
{
	unsigned bytes = wide->bits / 8, rest = wide->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	/* A shorter prefix of IPv6 matches no IPv4 address (engine/match.c). */
	if (wide->family == AF_INET6 && wide->bits < 96 &&
	    address_ipv4(narrow->family, narrow->address) != NULL)
		return false;
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
key_covers(enum match_key key, const struct match *wide, const struct branch_part *part)
{
	const struct match *narrow = part->match;

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
		return ports_cover(wide->ports, part);
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
pair_cost(uint32_t keys, const struct match *wide, const struct branch_part *part)
{
	const struct match *narrow = part->match;
	const struct glob_list *wide_lists[] = { &wide->exe, &wide->comm, &wide->cmdline,
		&wide->unit, &wide->user_unit, &wide->script, &wide->container, &wide->slice,
		&wide->parent, &wide->interface, &wide->hostname };
	const struct glob_list *narrow_lists[] = { &narrow->exe, &narrow->comm, &narrow->cmdline,
		&narrow->unit, &narrow->user_unit, &narrow->script, &narrow->container,
		&narrow->slice, &narrow->parent, &narrow->interface, &narrow->hostname };
	uint64_t cost = 1 + (keys >> MATCH_PORT & 1) * (part->last_word - part->first_word + 1) +
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

size_t
branch_count(const struct match *match)
{
	return match->any_count == 0 ? 1 : match->any_count;
}

void
branch_get(const struct match *match, size_t place, struct branch *ret)
{
	*ret = (struct branch){ .count = 1, .keys = match->keys };
	ret->parts[0] = (struct branch_part){ match, 0, PORT_WORDS - 1 };
	if (match->any_count == 0)
		return;
	ret->parts[ret->count++] = (struct branch_part){ &match->any[place], 0, PORT_WORDS - 1 };
	ret->keys |= match->any[place].keys;
}

void
branch_find_ports(struct branch *branch)
{
	for (size_t i = 0; i < branch->count; i++) {
		struct branch_part *part = &branch->parts[i];
		const struct port_set *ports = part->match->ports;

		while (ports != NULL && part->first_word < PORT_WORDS - 1 &&
		    ports->words[part->first_word] == 0)
			part->first_word++;
		while (ports != NULL && part->last_word > part->first_word &&
		    ports->words[part->last_word] == 0)
			part->last_word--;
	}
}

bool
branch_is_covered(const struct match *wide, const struct branch *narrow, uint64_t *cost)
{
	uint32_t keys = narrowing_keys(wide);

	if ((keys & ~narrow->keys) != 0)
		return false;
	for (size_t i = 0; i < narrow->count; i++)
		*cost += pair_cost(keys & narrow->parts[i].match->keys, wide, &narrow->parts[i]);
	for (unsigned key = 0; key < MATCH_KEY_COUNT; key++) {
		bool covered = (keys >> key & 1) == 0;

		for (size_t i = 0; i < narrow->count && !covered; i++)
			covered = (narrow->parts[i].match->keys >> key & 1) != 0 &&
			    key_covers((enum match_key)key, wide, &narrow->parts[i]);
		if (!covered)
			return false;
	}
	return true;
}

/* True where match has the one key and not the other. */
static bool
has_without(uint32_t keys, enum match_key key, enum match_key other)
{
	return (keys >> key & 1) != 0 && (keys >> other & 1) == 0;
}

bool
keys_are_widened(uint32_t wide, uint32_t narrow)
{
	if (has_without(wide, MATCH_EXE, MATCH_CONTAINER) && (narrow >> MATCH_CONTAINER & 1) != 0)
		return true;
	return has_without(wide, MATCH_CONTAINER, MATCH_USER) && (narrow >> MATCH_USER & 1) != 0;
}
