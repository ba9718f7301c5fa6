/* SPDX-License-Identifier: MIT */
/*
 * Values of match keys that are more than words and globs: ports, addresses, users and groups,
 * network namespaces. No name of a user or group is looked up here: it is noted, with its place,
 * to be asked for when the configuration was read (model/named.h). The words stay beside the
 * numbers, for the dump.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "config/match.h"
#include "config/staged.h"
#include "config/values.h"

/* So many users and groups may be named: each is asked for again every hour. */
#define NAMES_MAX 1024

/* An inode number of 64 bits has at most 20 digits; 19 never overflow. */
#define NETNS_DIGITS_MAX 19

/* The bit of match.netns: the daemon's own namespace is among those named. */
#define NETNS_OWN (1U << 0)

/* The list grown by one copy of text. Returns false without memory. */
bool
match_append_text(struct config_context *context, char ***texts, size_t *count, const char *text)
{
	if (array_fit(texts, *count + 1) == 0) {
		(*texts)[*count] = strdup(text);
		if ((*texts)[*count] != NULL) {
			(*count)++;
			return true;
		}
	}
	context_no_memory(context);
	return false;
}

bool
match_is_template(const char *text)
{
	return strstr(text, "{{") != NULL || strstr(text, "{%") != NULL ||
	    strstr(text, "<%") != NULL || strstr(text, "${") != NULL;
}

static bool
append_id(struct config_context *context, struct id_list *list, uint32_t id)
{
	if (array_fit(&list->ids, list->count + 1) < 0) {
		context_no_memory(context);
		return false;
	}
	list->ids[list->count++] = id;
	return true;
}

bool
match_read_ports(struct match_filling *filling, const struct node *items, size_t count)
{
	struct match *match = filling->match;
	bool fine = true;

	match->ports = calloc(1, sizeof(*match->ports));
	if (match->ports == NULL) {
		context_no_memory(filling->context);
		return false;
	}
	for (size_t i = 0; i < count; i++)
		fine = ports_read(filling->context, &items[i], match->ports) && fine;
	return fine;
}

/* Clears the bits behind the prefix. Returns true where there were some. */
static bool
mask_address(struct address_prefix *prefix)
{
	bool had = false;
	unsigned size = prefix->family == AF_INET ? 4 : 16;

	for (unsigned i = 0; i < size; i++) {
		unsigned kept = prefix->bits <= i * 8 ? 0 :
		    prefix->bits >= i * 8 + 8	      ? 8 :
							prefix->bits - i * 8;
		uint8_t mask = (uint8_t)(0xff00 >> kept);

		had = had || (prefix->address[i] & (uint8_t)~mask) != 0;
		prefix->address[i] &= mask;
	}
	return had;
}

/*
 * "192.0.2.0/24", "::1". Returns 0 or -EINVAL; -ERANGE where bits are set behind the
 * prefix, -EDOM where that is longer than the address.
 */
static int
parse_prefix(const char *text, struct address_prefix *ret)
{
	struct address_prefix prefix = { 0 };
	const char *slash = strchr(text, '/');
	size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char address[INET6_ADDRSTRLEN];
	unsigned most;

	if (length >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, length);
	address[length] = '\0';
	prefix.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET;
	most = prefix.family == AF_INET6 ? 128 : 32;
	if (inet_pton(prefix.family, address, prefix.address) != 1)
		return -EINVAL;
	prefix.bits = (uint8_t)most;
	if (slash != NULL) {
		size_t digits = strspn(slash + 1, "0123456789");
		unsigned long bits = strtoul(slash + 1, NULL, 10);

		if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' ||
		    (slash[1] == '0' && digits > 1))
			return -EINVAL;
		*ret = prefix;
		if (bits > most)
			return -EDOM;
		prefix.bits = (uint8_t)bits;
	}
	*ret = prefix;
	return mask_address(ret) ? -ERANGE : 0;
}

void
match_write_prefix(const struct address_prefix *prefix, FILE *file)
{
	char address[INET6_ADDRSTRLEN];

	(void)inet_ntop(prefix->family, prefix->address, address, sizeof(address));
	(void)fprintf(file, "\"%s/%u\"", address, prefix->bits);
}

/* What is expected in place of a text that is no address: what it most likely means. */
static const char *
address_expected(const char *text)
{
	static const struct {
		const char *text, *expected;
	} words[] = {
		{ "localhost", "127.0.0.0/8 or ::1, or exposure: loopback" },
		{ "loopback", "127.0.0.0/8 or ::1, or exposure: loopback" },
		{ "*", "0.0.0.0 or ::, or exposure: any" },
		{ "any", "0.0.0.0 or ::, or exposure: any" },
		{ "all", "0.0.0.0 or ::, or exposure: any" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].text, text) == 0)
			return words[i].expected;
	if (strchr(text, '%') != NULL)
		return "an address without its interface, and the key interface";
	if (strchr(text, '[') != NULL)
		return "an address without brackets and port, such as ::1";
	if (strchr(text, '.') != NULL && strchr(text, ':') != NULL)
		return "an address without its port, and the key port";
	if (strpbrk(text, ", ") != NULL)
		return "one such as 192.0.2.0/24 or ::1, or a list in brackets";
	return "one such as 192.0.2.0/24 or ::1";
}

bool
match_read_addresses(struct match_filling *filling, const struct node *items, size_t count)
{
	struct match *match = filling->match;
	bool fine = true;

	match->addresses = calloc(count, sizeof(*match->addresses));
	if (match->addresses == NULL) {
		context_no_memory(filling->context);
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct address_prefix *prefix = &match->addresses[match->address_count];
		int r = parse_prefix(items[i].text, prefix);

		if (r == -EINVAL)
			context_error(filling->context, &items[i], "address is %s, expected %s",
			    QUOTE(items[i].text), address_expected(items[i].text));
		else if (r == -EDOM)
			context_error(filling->context, &items[i],
			    "address is %s, expected a prefix length of at most %u",
			    QUOTE(items[i].text), prefix->bits);
		else if (r == -ERANGE) {
			char address[INET6_ADDRSTRLEN];

			(void)inet_ntop(prefix->family, prefix->address, address, sizeof(address));
			context_error(filling->context, &items[i],
			    "address %s has host bits set, "
			    "expected %s/%u",
			    QUOTE(items[i].text), address, prefix->bits);
		}
		fine = fine && r == 0;
		match->address_count++;
	}
	return fine;
}

/*
 * A name of digits is a number: 0 to 4294967294 (the last one means "none" to the kernel), without
 * zeros before it, which are octal elsewhere.
 */
static bool
parse_id(const char *text, uint32_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long value;

	if (digits == 0 || digits > 10 || text[digits] != '\0' || (text[0] == '0' && digits > 1))
		return false;
	value = strtoull(text, NULL, 10);
	*ret = (uint32_t)value;
	return value < UINT32_MAX;
}

/* "overstay.yaml:12:20": the place of a name, without the directory. */
static const char *
place_of(const struct config_context *context, const struct node *item, char *buffer, size_t size)
{
	const char *slash = strrchr(context->file, '/');

	(void)snprintf(buffer, size, "%s:%u:%u", slash == NULL ? context->file : slash + 1,
	    item->line, item->column);
	return buffer;
}

/* Notes a name that was not there before. Returns NULL without memory. */
static struct named *
note_name(struct config_context *context, const struct node *item, const char *name, bool group)
{
	char where[PATH_MAX];
	struct named *named = named_list_add(context->names, name, group,
	    place_of(context, item, where, sizeof(where)));
	uint32_t id = 0;
	int r;

	if (named != NULL)
		named->packaged = context->packaged;
	if (named == NULL || context->root == NULL)
		return named;
	/* A staged tree says itself whom it has. */
	r = staged_resolve(context, name, group, &id);
	if (r == 0 || r == -ENOENT)
		(void)named_answer(named, r == 0 ? NAMED_KNOWN : NAMED_ABSENT, id);
	return r == -ENOMEM ? NULL : named;
}

/* Appends a name, noted once for the whole configuration. */
static bool
append_name(struct config_context *context, struct id_list *list, const struct node *item,
    const char *name, bool group)
{
	struct named *named = named_list_find(context->names, name, group);

	if (named == NULL && context->names->count == NAMES_MAX) {
		context_error(context, item,
		    "too many different users and groups, expected at most %d", NAMES_MAX);
		return false;
	}
	if (named == NULL)
		named = note_name(context, item, name, group);
	if (named == NULL || array_fit(&list->names, list->name_count + 1) < 0) {
		context_no_memory(context);
		return false;
	}
	named->packaged = named->packaged && context->packaged;
	list->names[list->name_count++] = named;
	return true;
}

/* A number that is none of a user's or group's is no name either. */
static bool
can_be_name(const char *name)
{
	uint32_t id;

	return name[0] != '\0' && strlen(name) <= NAMED_MAX &&
	    (name[strspn(name, "0123456789")] != '\0' || parse_id(name, &id));
}

/* Reads the name of a user or "@" and a group into the list, and keeps the word. */
static bool
read_name(struct match_filling *filling, const struct node *item, bool group, struct id_list *list,
    struct name_list *words)
{
	struct config_context *context = filling->context;
	const char *name = item->text + group;
	uint32_t id;

	return (parse_id(name, &id) ? append_id(context, list, id) :
				      append_name(context, list, item, name, group)) &&
	    match_append_text(context, &words->names, &words->count, item->text);
}

/* What a text means that can be no name; NULL where it can. Directories have blanks in names. */
static const char *
name_expected(const char *name)
{
	if (match_is_template(name))
		return "a name: it looks like a template that was not filled in";
	if (name[0] == '%')
		return "@ before the name of a group";
	if (strchr(name, ',') != NULL)
		return "a list in brackets: [alice, bob]";
	if (strpbrk(name, "*?") != NULL)
		return "whole names: a user or group is no glob";
	if (strpbrk(name, ":/<>{}") != NULL || name[0] == '-' || name[0] == '~' || name[0] == '+')
		return "a user such as alice or 1000, or a group such as @developers";
	return NULL;
}

/* One "alice", "1000", "@developers" or "@1000". */
static bool
read_user(struct match_filling *filling, const struct node *item)
{
	bool group = item->text[0] == '@';
	const char *expected = can_be_name(item->text + group) ?
	    name_expected(item->text + group) :
	    "a user such as alice or 1000, or a group such as @developers";

	if (expected != NULL) {
		context_error(filling->context, item, "user is %s, expected %s", QUOTE(item->text),
		    expected);
		return false;
	}
	return read_name(filling, item, group,
	    group ? &filling->match->gids : &filling->match->uids, &filling->text->users);
}

/* One "alice", "1000", or "none": nobody logged in. */
static bool
read_login(struct match_filling *filling, const struct node *item)
{
	struct id_list *list = &filling->match->login_uids;
	struct name_list *words = &filling->text->logins;

	if (strcmp(item->text, "none") == 0)
		return append_id(filling->context, list, UINT32_MAX) &&
		    match_append_text(filling->context, &words->names, &words->count, item->text);
	if (item->text[0] == '@' || !can_be_name(item->text) || name_expected(item->text) != NULL) {
		context_error(filling->context, item,
		    "loginuid is %s, expected a user such as alice or 1000, or none",
		    QUOTE(item->text));
		return false;
	}
	return read_name(filling, item, false, list, words);
}

bool
match_read_logins(struct match_filling *filling, const struct node *items, size_t count)
{
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		fine = read_login(filling, &items[i]) && fine;
	return fine;
}

/* "host", or the inode of the one that is watched; another is none that a listener is in. */
static bool
read_namespace(struct match_filling *filling, const struct node *item)
{
	struct config_context *context = filling->context;
	size_t digits = strspn(item->text, "0123456789");
	bool number = digits > 0 && digits <= NETNS_DIGITS_MAX && item->text[digits] == '\0' &&
	    item->text[0] != '0';

	if (!number && strcmp(item->text, "host") != 0) {
		context_error(context, item,
		    "netns is %s, expected host, or a number as lsns(8) "
		    "prints it",
		    QUOTE(item->text));
		return false;
	}
	if (!number || strtoull(item->text, NULL, 10) == context->netns)
		filling->match->netns |= NETNS_OWN;
	else
		context_warn(context, item, "netns %s is not watched: it matches no listener",
		    QUOTE(item->text));
	return match_append_text(context, &filling->text->netns.names, &filling->text->netns.count,
	    item->text);
}

bool
match_read_namespaces(struct match_filling *filling, const struct node *items, size_t count)
{
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		fine = read_namespace(filling, &items[i]) && fine;
	return fine;
}

bool
match_read_users(struct match_filling *filling, const struct node *items, size_t count)
{
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		fine = read_user(filling, &items[i]) && fine;
	return fine;
}
