/* SPDX-License-Identifier: MIT */
/*
 * The match of a rule: one table of keys, each with how it is read and written.
 *
 * A value that can never match (a path that is not absolute, an empty glob) is an error: a rule
 * that silently matches nothing is worse than one that is refused. Every list and text is bounded.
 * Globs are read in match-globs.c, values that are more than words and globs in match-values.c.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "config/hostname.h"
#include "config/keys.h"
#include "config/match.h"
#include "config/values.h"
#include "model/hint.h"
#include "model/listener.h"
#include "model/owner.h"
#include "model/reason.h"

/* Whose words they are stands in the core. */
static const char *
exposure_word(unsigned place)
{
	return place <= EXPOSURE_ANY ? exposure_name((enum exposure)place) : NULL;
}

static const char *
owner_word(unsigned place)
{
	return place <= OWNER_KERNEL ? owner_kind_name((enum owner_kind)place) : NULL;
}

/* "unknown" is a word for the owner; a choice is matched only where it is known. */
static const char *
choice_word(unsigned place)
{
	if (place == CHOICE_UNKNOWN)
		return "";
	return place <= CHOICE_AUTO ? choice_name((enum choice)place) : NULL;
}

static const char *
class_word(unsigned place)
{
	return place < CLASS_COUNT ? class_name((enum listener_class)place) : NULL;
}

static const char *
reason_word(unsigned place)
{
	return place < REASON_COUNT ? reason_name((enum reason)place) : NULL;
}

/* What is not known has no word. */
static const char *
origin_word(unsigned place)
{
	return place < ORIGIN_COUNT ? origin_name((enum origin)place) : NULL;
}

static const char *
hint_word(unsigned place)
{
	return place < HINT_COUNT ? hint_name((enum hint)place) : NULL;
}

/* "*" is any session. */
static const char *
session_word(unsigned place)
{
	if (place == SESSION_ANY)
		return "*";
	return place < SESSION_TYPE_COUNT ? session_type_name((enum session_type)place) : NULL;
}

#define AT(member) offsetof(struct match, member)

static const struct key_row match_keys[] = {
	{ "protocol", KEY_WORDS, MATCH_PROTOCOL, AT(protocols), protocol_word },
	{ "port", KEY_PORTS, MATCH_PORT, AT(ports), NULL },
	{ "address", KEY_ADDRESSES, MATCH_ADDRESS, AT(addresses), NULL },
	{ "exposure", KEY_WORDS, MATCH_EXPOSURE, AT(exposures), exposure_word },
	{ "exe", KEY_PATHS, MATCH_EXE, AT(exe), NULL },
	{ "comm", KEY_TEXTS, MATCH_COMM, AT(comm), NULL },
	{ "cmdline", KEY_TEXTS, MATCH_CMDLINE, AT(cmdline), NULL },
	{ "user", KEY_USERS, MATCH_USER, AT(uids), NULL },
	{ "unit", KEY_UNITS, MATCH_UNIT, AT(unit), NULL },
	{ "user_unit", KEY_UNITS, MATCH_USER_UNIT, AT(user_unit), NULL },
	{ "owner", KEY_WORDS, MATCH_OWNER, AT(owners), owner_word },
	{ "choice", KEY_WORDS, MATCH_CHOICE, AT(choices), choice_word },
	{ "script", KEY_PATHS, MATCH_SCRIPT, AT(script), NULL },
	{ "container", KEY_TEXTS, MATCH_CONTAINER, AT(container), NULL },
	{ "netns", KEY_NETNS, MATCH_NETNS, AT(netns), NULL },
	{ "class", KEY_WORDS, MATCH_CLASS, AT(classes), class_word },
	{ "reason", KEY_WORDS, MATCH_REASON, AT(reasons), reason_word },
	{ "origin", KEY_WORDS, MATCH_ORIGIN, AT(origins), origin_word },
	{ "hint", KEY_WORDS, MATCH_HINT, AT(hints), hint_word },
	{ "slice", KEY_UNITS, MATCH_SLICE, AT(slice), NULL },
	{ "session", KEY_WORDS, MATCH_SESSION, AT(sessions), session_word },
	{ "loginuid", KEY_LOGINS, MATCH_LOGINUID, AT(login_uids), NULL },
	{ "parent", KEY_PATHS, MATCH_PARENT, AT(parent), NULL },
	{ "interface", KEY_INTERFACES, MATCH_INTERFACE, AT(interface), NULL },
	{ "hostname", KEY_HOSTS, MATCH_HOSTNAME, AT(hostname), NULL },
};

_Static_assert(ARRAY_SIZE(match_keys) == MATCH_KEY_COUNT, "a match key has no row");
static const char *
key_expected(const struct key_row *key)
{
	static const char *const texts[] = {
		[KEY_WORDS] = "a word",
		[KEY_PORTS] = "a port or a range such as 50000-59999",
		[KEY_ADDRESSES] = "an address such as 192.0.2.0/24 or ::1",
		[KEY_PATHS] = "a path or a glob such as /usr/bin/*",
		[KEY_TEXTS] = "a string or a glob",
		[KEY_UNITS] = "a unit or a glob such as nginx.service",
		[KEY_INTERFACES] = "an interface or a glob such as eth0, or an empty string",
		[KEY_HOSTS] = "a host name or a glob such as web*",
		[KEY_LOGINS] = "a user such as alice or 1000, or none",
		[KEY_USERS] = "a user such as alice or 1000, or a group such as @developers",
		[KEY_NETNS] = "host, or a number as lsns(8) prints it",
	};

	return texts[key->type];
}

/* Names of hosts have no case. */
static bool
match_hosts(struct match_filling *filling)
{
	struct match *match = filling->match;

	for (size_t i = 0; i < match->hostname.count; i++) {
		for (char *at = match->hostname.globs[i]; *at != '\0'; at++)
			*at = (char)tolower((unsigned char)*at);
		match->own_host |=
		    hostname_matches(filling->context->host, match->hostname.globs[i]);
	}
	return true;
}

static bool
read_key(struct match_filling *filling, const struct key_row *key, const struct node *value)
{
	const struct node *items;
	size_t count;

	filling->match->keys |= 1U << key->key;
	if (key->type == KEY_WORDS) {
		return words_read(filling->context, value, key->name, key->word,
		    (void *)((char *)filling->match + key->offset));
	}
	count = node_scalars(filling->context, value, RULE_LIST_MAX, key_expected(key), &items);
	if (count == 0)
		return false;
	switch (key->type) {
	case KEY_PORTS:
		return match_read_ports(filling, items, count);
	case KEY_ADDRESSES:
		return match_read_addresses(filling, items, count);
	case KEY_USERS:
		return match_read_users(filling, items, count);
	case KEY_LOGINS:
		return match_read_logins(filling, items, count);
	case KEY_HOSTS:
		return match_read_globs(filling, key, items, count) && match_hosts(filling);
	case KEY_NETNS:
		return match_read_namespaces(filling, items, count);
	case KEY_PATHS:
	case KEY_TEXTS:
	case KEY_UNITS:
	case KEY_INTERFACES:
	case KEY_WORDS:
		break;
	}
	return match_read_globs(filling, key, items, count);
}

static bool read_map(struct match_filling *filling, const struct node *map);

static bool
read_not(struct match_filling *filling, const struct node *key, const struct node *value)
{
	struct match_filling inner = *filling;

	if (filling->inside_not) {
		context_error(filling->context, key,
		    "not is nested inside not, expected match "
		    "keys");
		return false;
	}
	inner.match = calloc(1, sizeof(*inner.match));
	if (inner.match == NULL) {
		context_no_memory(filling->context);
		return false;
	}
	filling->match->not = inner.match;
	inner.text = filling->not_text;
	inner.rule_text = NULL;
	inner.inside_not = true;
	return read_map(&inner, value);
}

/* A list of matches, each of which may have a not. */
static bool
read_any(struct match_filling *filling, const struct node *key, const struct node *value)
{
	struct match *match = filling->match;
	struct rule_text *text = filling->rule_text;
	bool fine = true;

	if (text == NULL) {
		context_error(filling->context, key, "any is nested inside %s, expected match keys",
		    filling->inside_not ? "not" : "any");
		return false;
	}
	if (value->kind != NODE_LIST || value->count == 0 || value->count > RULE_LIST_MAX) {
		if (value->kind != NODE_BROKEN)
			context_error(filling->context, value,
			    "found %s, expected a list of 1 to %d matches",
			    value->kind != NODE_LIST ? node_kind_text(value) :
				value->count == 0    ? "an empty list" :
						       "more matches",
			    RULE_LIST_MAX);
		return false;
	}
	match->any = calloc(value->count, sizeof(*match->any));
	text->any = calloc(value->count, sizeof(*text->any));
	if (match->any == NULL || text->any == NULL) {
		context_no_memory(filling->context);
		return false;
	}
	match->any_count = text->any_count = value->count;
	for (size_t i = 0; i < value->count; i++) {
		struct match_filling inner = {
			.context = filling->context,
			.match = &match->any[i],
			.text = &text->any[i].match,
			.not_text = &text->any[i].not,
		};

		fine = read_map(&inner, &value->items[i]) && fine;
	}
	return fine;
}

static bool
read_map(struct match_filling *filling, const struct node *map)
{
	bool fine = true;

	if (map->kind != NODE_MAP || map->count == 0) {
		if (map->kind != NODE_BROKEN)
			context_error(filling->context, map,
			    "found %s, expected a map of match keys such as {user: alice}",
			    map->kind == NODE_MAP ? "an empty map" : node_kind_text(map));
		return false;
	}
	for (size_t i = 0; i < map->count; i += 2) {
		const struct node *key = &map->items[i], *value = &map->items[i + 1];
		size_t row = 0;

		if (key->kind != NODE_SCALAR)
			continue;
		while (row < ARRAY_SIZE(match_keys) && strcmp(match_keys[row].name, key->text) != 0)
			row++;
		if (row < ARRAY_SIZE(match_keys))
			fine = read_key(filling, &match_keys[row], value) && fine;
		else if (strcmp(key->text, "not") == 0)
			fine = read_not(filling, key, value) && fine;
		else if (strcmp(key->text, "any") == 0)
			fine = read_any(filling, key, value) && fine;
		else {
			key_refuse(filling->context, key, LEVEL_MATCH, match_key_names);
			fine = false;
		}
	}
	return fine;
}

bool
match_read(struct config_context *context, const struct node *map, struct match *match,
    struct rule_text *text)
{
	struct match_filling filling = { .context = context,
		.match = match,
		.text = &text->match.match,
		.not_text = &text->match.not,
		.rule_text = text };

	return read_map(&filling, map);
}

static void
dump_texts(char *const *texts, size_t count, FILE *file)
{
	for (size_t i = 0; i < count; i++) {
		(void)fputs(i == 0 ? "[" : ", ", file);
		yaml_write_text(texts[i], file);
	}
	(void)fputc(']', file);
}

static void
dump_key(const struct match *match, const struct key_row *key, const struct match_text *text,
    FILE *file)
{
	const void *member = (const char *)match + key->offset;
	const struct glob_list *globs = member;

	switch (key->type) {
	case KEY_WORDS:
		words_dump(key->word, *(const uint32_t *)member, file);
		break;
	case KEY_PORTS:
		(void)fputc('[', file);
		ports_dump(match->ports, false, file);
		(void)fputc(']', file);
		break;
	case KEY_ADDRESSES:
		for (size_t i = 0; i < match->address_count; i++) {
			(void)fputs(i == 0 ? "[" : ", ", file);
			match_write_prefix(&match->addresses[i], file);
		}
		(void)fputc(']', file);
		break;
	case KEY_USERS:
		dump_texts(text->users.names, text->users.count, file);
		break;
	case KEY_LOGINS:
		dump_texts(text->logins.names, text->logins.count, file);
		break;
	case KEY_NETNS:
		dump_texts(text->netns.names, text->netns.count, file);
		break;
	case KEY_PATHS:
	case KEY_TEXTS:
	case KEY_UNITS:
	case KEY_INTERFACES:
	case KEY_HOSTS:
		dump_texts(globs->globs, globs->count, file);
		break;
	}
}

/* indent: behind a newline; first: what stands before the first key. */
static void
dump_keys(const struct match *match, const struct match_text *text, const char *first,
    const char *indent, FILE *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_keys); i++) {
		if ((match->keys >> match_keys[i].key & 1) == 0)
			continue;
		(void)fprintf(file, "%s%s: ", first, match_keys[i].name);
		dump_key(match, &match_keys[i], text, file);
		(void)fputc('\n', file);
		first = indent;
	}
}

/* A match and its not; inner: the indent of the keys of that. */
static void
dump_level(const struct match *match, const struct match_texts *texts, const char *first,
    const char *indent, const char *inner, FILE *file)
{
	dump_keys(match, &texts->match, first, indent, file);
	if (match->not != NULL) {
		(void)fprintf(file, "%snot:\n", match->keys == 0 ? first : indent);
		dump_keys(match->not, &texts->not, inner, inner, file);
	}
}

void
match_dump(const struct match *match, const struct rule_text *text, FILE *file)
{
	dump_level(match, &text->match, "      ", "      ", "        ", file);
	if (match->any_count > 0)
		(void)fputs("      any:\n", file);
	for (size_t i = 0; i < match->any_count; i++)
		dump_level(&match->any[i], &text->any[i], "        - ", "          ",
		    "            ", file);
}
