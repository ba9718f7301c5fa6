/* SPDX-License-Identifier: MIT */
/*
 * The match of a rule: one table of keys, each with how it is read and written.
 *
 * A key of the design that is not built yet is an error of its own, and so is a value that
 * can never match (a path that is not absolute, an empty glob): a rule that silently
 * matches nothing is worse than one that is refused. Names of users and groups are resolved
 * here, once, so that judging never waits for NSS. Every list and text is bounded.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/rules.h"
#include "config/values.h"
#include "core/listener.h"
#include "core/owner.h"
#include "core/reason.h"

/* The longest name of a user or group that is asked for; LOGIN_NAME_MAX is 256 on Linux. */
#define USER_NAME_MAX 256

/* An inode number of 64 bits has at most 20 digits; 19 never overflow. */
#define NETNS_DIGITS_MAX 19

/* The bit of match.netns: the daemon's own namespace is among those named. */
#define NETNS_OWN (1U << 0)

/*
 * What is being filled: a match, or its not, and the words that its values do not keep.
 */
struct filling {
	struct config_context *context;
	struct match *match;
	struct match_text *text;
	struct match_text *not_text;	/* of the not inside */
	bool inside_not;
	bool unresolved;	/* a user or group is not known, and that is no error */
};

/*
 * One key. The offset is that of its member in struct match, the words those of its values.
 */
struct key_row {
	const char *name;
	enum key_type {
		KEY_WORDS,	/* uint32_t of bits, by words */
		KEY_PORTS,
		KEY_ADDRESSES,
		KEY_PATHS,	/* struct glob_list of paths */
		KEY_TEXTS,	/* struct glob_list */
		KEY_UNITS,	/* struct glob_list of unit names */
		KEY_USERS,
		KEY_NETNS,	/* uint32_t of bits */
	} type;
	enum match_key key;
	size_t offset;
	word_function *word;
};

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
};

const char *const match_key_names[] = {
	"protocol", "port", "address", "exposure", "exe", "comm", "cmdline", "user", "unit",
	"user_unit", "owner", "choice", "script", "container", "netns", "class", "reason", "not",
	NULL,
};

_Static_assert(ARRAY_SIZE(match_keys) == MATCH_KEY_COUNT, "a match key has no row");
_Static_assert(ARRAY_SIZE(match_key_names) == MATCH_KEY_COUNT + 2, "a match key has no name");

/* The list grown by one copy of text. Returns false without memory. */
static bool
append_text(struct config_context *context, char ***texts, size_t *count, const char *text)
{
	char **grown = reallocarray(*texts, *count + 1, sizeof(*grown));

	if (grown != NULL) {
		*texts = grown;
		grown[*count] = strdup(text);
		if (grown[*count] != NULL) {
			(*count)++;
			return true;
		}
	}
	context->no_memory = true;
	return false;
}

static bool
append_id(struct config_context *context, struct id_list *list, uint32_t id)
{
	uint32_t *grown = reallocarray(list->ids, list->count + 1, sizeof(*grown));

	if (grown == NULL) {
		context->no_memory = true;
		return false;
	}
	list->ids = grown;
	grown[list->count++] = id;
	return true;
}

static bool
read_ports(struct filling *filling, const struct node *items, size_t count)
{
	struct match *match = filling->match;
	bool fine = true;

	match->ports = calloc(1, sizeof(*match->ports));
	if (match->ports == NULL) {
		filling->context->no_memory = true;
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
		    prefix->bits >= i * 8 + 8 ? 8 : prefix->bits - i * 8;
		uint8_t mask = (uint8_t)(0xff00 >> kept);

		had = had || (prefix->address[i] & (uint8_t)~mask) != 0;
		prefix->address[i] &= mask;
	}
	return had;
}

/*
 * "192.0.2.0/24", "::1". Returns 0 or -EINVAL; -ERANGE where bits are set behind the
 * prefix.
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

		if (digits == 0 || digits > 3 || slash[1 + digits] != '\0' || bits > most ||
		    (slash[1] == '0' && digits > 1))
			return -EINVAL;
		prefix.bits = (uint8_t)bits;
	}
	*ret = prefix;
	return mask_address(ret) ? -ERANGE : 0;
}

static void
write_prefix(const struct address_prefix *prefix, FILE *file)
{
	char address[INET6_ADDRSTRLEN];

	(void)inet_ntop(prefix->family, prefix->address, address, sizeof(address));
	(void)fprintf(file, "\"%s/%u\"", address, prefix->bits);
}

static bool
read_addresses(struct filling *filling, const struct node *items, size_t count)
{
	struct match *match = filling->match;
	bool fine = true;

	match->addresses = calloc(count, sizeof(*match->addresses));
	if (match->addresses == NULL) {
		filling->context->no_memory = true;
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct address_prefix *prefix = &match->addresses[match->address_count];
		int r = parse_prefix(items[i].text, prefix);

		if (r == -EINVAL)
			context_error(filling->context, &items[i], "address is %s, expected one "
			    "such as 192.0.2.0/24 or ::1", QUOTE(items[i].text));
		else if (r == -ERANGE) {
			char address[INET6_ADDRSTRLEN];

			(void)inet_ntop(prefix->family, prefix->address, address, sizeof(address));
			context_error(filling->context, &items[i], "address %s has bits behind its "
			    "prefix, expected %s/%u", QUOTE(items[i].text), address, prefix->bits);
		}
		fine = fine && r == 0;
		match->address_count++;
	}
	return fine;
}

/* What is wrong with a glob, for its key; NULL where it can match something. */
static const char *
glob_fault(const struct key_row *key, const char *glob)
{
	if (glob[0] == '\0')
		return "a pattern of at least one character";
	if (strlen(glob) > RULE_TEXT_MAX)
		return "at most 4096 bytes";
	if (key->type == KEY_PATHS && glob[0] != '/' && strncmp(glob, "**", 2) != 0)
		return "an absolute path, or **/NAME";
	return NULL;
}

/* Warns of globs that can be written but will not match what they look like. */
static void
check_glob(struct filling *filling, const struct key_row *key, const struct node *item)
{
	bool literal = strpbrk(item->text, "*?\\") == NULL;

	if (key->type == KEY_UNITS && literal && strchr(item->text, '.') == NULL)
		context_warn(filling->context, item, "%s %s matches no unit, expected its type "
		    "too, such as nginx.service", key->name, QUOTE(item->text));
	if (key->key == MATCH_COMM && literal && strlen(item->text) > 15)
		context_warn(filling->context, item, "comm %s matches nothing, expected at most "
		    "15 bytes: the kernel cuts there", QUOTE(item->text));
	if (key->key == MATCH_EXE && strchr(item->text, '[') != NULL)
		context_warn(filling->context, item, "exe %s: [ stands for itself, expected only "
		    "*, ** and ? as wildcards", QUOTE(item->text));
}

static bool
read_globs(struct filling *filling, const struct key_row *key, const struct node *items,
    size_t count)
{
	struct glob_list *list = (void *)((char *)filling->match + key->offset);
	bool fine = true;

	for (size_t i = 0; i < count; i++) {
		const char *fault = glob_fault(key, items[i].text);

		if (fault != NULL) {
			context_error(filling->context, &items[i], "%s is %s, expected %s",
			    key->name, QUOTE(items[i].text), fault);
			fine = false;
			continue;
		}
		check_glob(filling, key, &items[i]);
		fine = append_text(filling->context, &list->globs, &list->count, items[i].text) &&
		    fine;
	}
	return fine;
}

/*
 * A name of digits is a number: 0 to 4294967294 (the last one means "none" to the kernel).
 */
static bool
parse_id(const char *text, uint32_t *ret)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long value;

	if (digits == 0 || digits > 10 || text[digits] != '\0')
		return false;
	value = strtoull(text, NULL, 10);
	*ret = (uint32_t)value;
	return value < UINT32_MAX;
}

/* Resolves one "alice", "1000", "@developers" or "@1000". */
static bool
read_user(struct filling *filling, const struct node *item)
{
	struct config_context *context = filling->context;
	bool group = item->text[0] == '@';
	const char *name = item->text + group;
	struct id_list *list = group ? &filling->match->gids : &filling->match->uids;
	struct name_list *words = &filling->text->users;
	const char *kind = group ? "group" : "user";
	uint32_t id;
	int r;

	if (name[0] == '\0' || strlen(name) > USER_NAME_MAX) {
		context_error(context, item, "user is %s, expected a user such as alice or 1000, "
		    "or a group such as @developers", QUOTE(item->text));
		return false;
	}
	r = parse_id(name, &id) ? 0 : context->resolve(name, group, &id);
	if (r == 0)
		return append_id(context, list, id) &&
		    append_text(context, &words->names, &words->count, item->text);
	if (r == -ENOMEM) {
		context->no_memory = true;
		return false;
	}
	if (context->last_good) {
		context_warn(context, item, "%s %s is not known any more: the rule is switched off",
		    kind, QUOTE(name));
		filling->unresolved = true;
		return append_text(context, &words->names, &words->count, item->text);
	}
	if (r == -ENOENT)
		context_error(context, item, "no %s %s on this host, expected one that exists",
		    kind, QUOTE(name));
	else
		context_error(context, item, "%s %s cannot be looked up: %s", kind, QUOTE(name),
		    strerror(-r));
	return false;
}

/* "host", or the inode of the one that is watched; another is none that a listener is in. */
static bool
read_namespace(struct filling *filling, const struct node *item)
{
	struct config_context *context = filling->context;
	size_t digits = strspn(item->text, "0123456789");
	bool number = digits > 0 && digits <= NETNS_DIGITS_MAX && item->text[digits] == '\0' &&
	    item->text[0] != '0';

	if (!number && strcmp(item->text, "host") != 0) {
		context_error(context, item, "netns is %s, expected host, or a number as lsns(8) "
		    "prints it", QUOTE(item->text));
		return false;
	}
	if (!number || strtoull(item->text, NULL, 10) == context->netns)
		filling->match->netns |= NETNS_OWN;
	else
		context_warn(context, item, "netns %s is not watched: it matches nothing",
		    QUOTE(item->text));
	return append_text(context, &filling->text->netns.names, &filling->text->netns.count,
	    item->text);
}

static bool
read_namespaces(struct filling *filling, const struct node *items, size_t count)
{
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		fine = read_namespace(filling, &items[i]) && fine;
	return fine;
}

static bool
read_users(struct filling *filling, const struct node *items, size_t count)
{
	bool fine = true;

	for (size_t i = 0; i < count; i++)
		fine = read_user(filling, &items[i]) && fine;
	return fine;
}

static const char *
key_expected(const struct key_row *key)
{
	static const char *const texts[] = {
		[KEY_WORDS] = "a word",
		[KEY_PORTS] = "a port or a range such as 50000-59999",
		[KEY_ADDRESSES] = "an address such as 192.0.2.0/24 or ::1",
		[KEY_PATHS] = "a path or a glob such as /usr/bin/*",
		[KEY_TEXTS] = "a text or a glob",
		[KEY_UNITS] = "a unit or a glob such as nginx.service",
		[KEY_USERS] = "a user such as alice or 1000, or a group such as @developers",
		[KEY_NETNS] = "host, or a number as lsns(8) prints it",
	};

	return texts[key->type];
}

static bool
read_key(struct filling *filling, const struct key_row *key, const struct node *value)
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
		return read_ports(filling, items, count);
	case KEY_ADDRESSES:
		return read_addresses(filling, items, count);
	case KEY_USERS:
		return read_users(filling, items, count);
	case KEY_NETNS:
		return read_namespaces(filling, items, count);
	case KEY_PATHS:
	case KEY_TEXTS:
	case KEY_UNITS:
	case KEY_WORDS:
		break;
	}
	return read_globs(filling, key, items, count);
}

static bool read_map(struct filling *filling, const struct node *map);

static bool
read_not(struct filling *filling, const struct node *key, const struct node *value)
{
	struct filling inner = *filling;
	bool fine;

	if (filling->inside_not) {
		context_error(filling->context, key, "not inside not, expected the keys "
		    "themselves");
		return false;
	}
	inner.match = calloc(1, sizeof(*inner.match));
	if (inner.match == NULL) {
		filling->context->no_memory = true;
		return false;
	}
	filling->match->not = inner.match;
	inner.text = filling->not_text;
	inner.inside_not = true;
	fine = read_map(&inner, value);
	filling->unresolved = inner.unresolved;
	return fine;
}

static bool
read_map(struct filling *filling, const struct node *map)
{
	bool fine = true;

	if (map->kind != NODE_MAP || map->count == 0) {
		if (map->kind != NODE_BROKEN)
			context_error(filling->context, map, "%s, expected at least one match key",
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
		else {
			context_unknown(filling->context, key, match_key_names);
			fine = false;
		}
	}
	return fine;
}

bool
match_read(struct config_context *context, const struct node *map, struct match *match,
    struct rule_text *text, bool *ret_unresolved)
{
	struct filling filling = { .context = context, .match = match, .text = &text->match,
		.not_text = &text->not };
	bool fine = read_map(&filling, map);

	*ret_unresolved = filling.unresolved;
	return fine;
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
			write_prefix(&match->addresses[i], file);
		}
		(void)fputc(']', file);
		break;
	case KEY_USERS:
		dump_texts(text->users.names, text->users.count, file);
		break;
	case KEY_NETNS:
		dump_texts(text->netns.names, text->netns.count, file);
		break;
	case KEY_PATHS:
	case KEY_TEXTS:
	case KEY_UNITS:
		dump_texts(globs->globs, globs->count, file);
		break;
	}
}

static void
dump_keys(const struct match *match, const struct match_text *text, const char *indent, FILE *file)
{
	for (size_t i = 0; i < ARRAY_SIZE(match_keys); i++) {
		if ((match->keys >> match_keys[i].key & 1) == 0)
			continue;
		(void)fprintf(file, "%s%s: ", indent, match_keys[i].name);
		dump_key(match, &match_keys[i], text, file);
		(void)fputc('\n', file);
	}
}

void
match_dump(const struct match *match, const struct rule_text *text, FILE *file)
{
	dump_keys(match, &text->match, "      ", file);
	if (match->not != NULL) {
		(void)fputs("      not:\n", file);
		dump_keys(match->not, &text->not, "        ", file);
	}
}
