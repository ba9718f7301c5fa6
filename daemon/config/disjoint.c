/* SPDX-License-Identifier: MIT */
/*
 * Two matches that must hold together and whose values of one key exclude each other: a unit and
 * another one. Globs are compared by what stands before their first wildcard; of two that may take
 * in the same name nothing is said. Different names of users are taken for different users.
 *
 * It speaks of no key of which a process has several values: slices lie in each other, and an id of
 * a container has short forms.
 *
 * Cost: a comparison for each pair of values, of PAIRS_MAX at most; of two paths, what they lead to
 * on this host. Of more nothing is said.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "config/disjoint.h"
#include "config/keys.h"
#include "model/glob.h"

#define PAIRS_MAX 256

static bool
is_literal(const char *glob, enum glob_kind kind)
{
	return strpbrk(glob, kind == GLOB_NAME ? "*?" : "*?\\") == NULL;
}

/* May some text match both? */
static bool
globs_meet(const char *a, const char *b, enum glob_kind kind)
{
	size_t length_a = strcspn(a, "*?\\"), length_b = strcspn(b, "*?\\");

	if (is_literal(a, kind))
		return glob_match(b, a, kind);
	if (is_literal(b, kind))
		return glob_match(a, b, kind);
	return strncmp(a, b, length_a < length_b ? length_a : length_b) == 0;
}

/* A program may have one name by a link and another without. */
static bool
paths_meet(const char *a, const char *b)
{
	char target_a[PATH_MAX], target_b[PATH_MAX];

	if (!is_literal(a, GLOB_PATH) || !is_literal(b, GLOB_PATH))
		return true;
	return strcmp(realpath(a, target_a) == NULL ? a : target_a,
		   realpath(b, target_b) == NULL ? b : target_b) == 0;
}

static bool
lists_meet(const struct glob_list *a, const struct glob_list *b, enum glob_kind kind, bool followed)
{
	if (a->count * b->count > PAIRS_MAX)
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (globs_meet(a->globs[i], b->globs[j], kind) ||
			    (followed && paths_meet(a->globs[i], b->globs[j])))
				return true;
	return false;
}

static bool
ids_meet(const struct id_list *a, const struct id_list *b)
{
	/* Whose number a name is, is not known here. */
	if (a->count * b->count > PAIRS_MAX || a->name_count * b->name_count > PAIRS_MAX ||
	    (a->count > 0 && b->name_count > 0) || (a->name_count > 0 && b->count > 0))
		return true;
	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			if (a->ids[i] == b->ids[j])
				return true;
	for (size_t i = 0; i < a->name_count; i++)
		for (size_t j = 0; j < b->name_count; j++)
			if (a->names[i] == b->names[j])
				return true;
	return false;
}

static bool
users_meet(const struct match *a, const struct match *b)
{
	const struct id_list *groups[] = { &a->gids, &b->gids };

	/* A user has many groups, and groups many users. */
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (groups[i]->count + groups[i]->name_count > 0)
			return true;
	return ids_meet(&a->uids, &b->uids);
}

/* As an IPv6 prefix, in which IPv4 addresses are mapped. */
static struct address_prefix
map_prefix(const struct address_prefix *prefix)
{
	struct address_prefix mapped = { .family = AF_INET6,
		.bits = (uint8_t)(prefix->bits + 96),
		.address = { [10] = 0xff, [11] = 0xff } };

	if (prefix->family == AF_INET6)
		return *prefix;
	memcpy(mapped.address + 12, prefix->address, 4);
	return mapped;
}

static bool
prefixes_meet(const struct address_prefix *a, const struct address_prefix *b)
{
	struct address_prefix one = map_prefix(a), other = map_prefix(b);
	unsigned bits = one.bits < other.bits ? one.bits : other.bits;

	for (unsigned i = 0; i < bits; i++)
		if (((one.address[i / 8] ^ other.address[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	return true;
}

static bool
addresses_meet(const struct match *a, const struct match *b)
{
	if (a->address_count * b->address_count > PAIRS_MAX)
		return true;
	for (size_t i = 0; i < a->address_count; i++)
		for (size_t j = 0; j < b->address_count; j++)
			if (prefixes_meet(&a->addresses[i], &b->addresses[j]))
				return true;
	return false;
}

static bool
key_meets(enum match_key key, const struct match *a, const struct match *b)
{
	switch ((unsigned)key) {
	case MATCH_UNIT:
		return lists_meet(&a->unit, &b->unit, GLOB_NAME, false);
	case MATCH_USER_UNIT:
		return lists_meet(&a->user_unit, &b->user_unit, GLOB_NAME, false);
	case MATCH_COMM:
		return lists_meet(&a->comm, &b->comm, GLOB_TEXT, false);
	case MATCH_SCRIPT:
		return lists_meet(&a->script, &b->script, GLOB_PATH, false);
	case MATCH_EXE:
		return lists_meet(&a->exe, &b->exe, GLOB_PATH, true);
	case MATCH_PARENT:
		return lists_meet(&a->parent, &b->parent, GLOB_PATH, true);
	case MATCH_USER:
		return users_meet(a, b);
	case MATCH_ADDRESS:
		return addresses_meet(a, b);
	default:
		return true;
	}
}

const char *
branch_find_disjoint(const struct branch *branch)
{
	const struct match *around = branch->parts[0].match, *inside = branch->parts[1].match;

	if (branch->count < 2)
		return NULL;
	for (unsigned i = 0; i < MATCH_KEY_COUNT; i++)
		if (((around->keys & inside->keys) >> i & 1) != 0 &&
		    !key_meets((enum match_key)i, around, inside))
			return match_key_names[i];
	return NULL;
}
