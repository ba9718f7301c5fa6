/* SPDX-License-Identifier: MIT */
/*
 * Finds values that are secrets by their names and writes "***" instead. What counts as a name and
 * what as its value is in mask.h.
 *
 * How: each argument is read from left to right as names (runs of letters, digits and "-_.") and
 * what lies between. A secret name followed by "=" or ":" has its value behind that; an option, or
 * one of a few bare words, has it in the next word, which may be the next argument: `pending`
 * carries that over. Nothing here understands shells or programs: if quoting leaves a doubt,
 * the longer reading is masked.
 *
 * Never: an allocation, a read past length, a decision from the value (but for the words of HTTP's
 * Authorization). Cost: linear for what people write. Hostile arguments of many openings that
 * nothing closes cost the square of their length, some milliseconds for the 4 KiB that are kept of
 * a command line (OWNER_CMDLINE_MAX).
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "alert/mask.h"

#define MASK "***"

/* Longer names are judged by their last bytes. */
#define NAME_MAX_LENGTH 128

/* A word list: the longest of them is the bound for every comparison. */
static const char *const endings[] = { "password", "passwd", "passphrase", "passcode", "pass",
	"pwd", "psk", "token", "secret", "credential", "cred", "key", "auth", "authorization",
	"bearer", "cookie", NULL };
static const char *const strong[] = { "password", "passwd", "passphrase", "secret", "token",
	"credential", NULL };
static const char *const bare[] = { "password", "passwd", "passphrase", "secret", "token", "bearer",
	NULL };
static const char *const harmless_last[] = { "file", "path", "dir", "fd", "stdin", "ttl", "type",
	"length", "len", "name", "url", "timeout", "policy", NULL };
static const char *const harmless_first[] = { "no", "ask", "max", "min", "num", "skip", NULL };
/* HTTP's schemes (RFC 9110, section 11): the secret is the word behind them. */
static const char *const schemes[] = { "bearer", "basic", "digest", "negotiate", "token", NULL };

struct output {
	char *data;
	size_t size, used;
};

/* One argument while it is read. */
struct argument {
	const char *data;
	size_t length;
	size_t at;    /* what lies before is written */
	bool first;   /* argv[0]: a program's name, not a word with a value */
	bool pending; /* out: the next argument is a value */
};

static void
write_bytes(struct output *output, const char *bytes, size_t length)
{
	if (length > output->size - output->used)
		length = output->size - output->used;
	memcpy(output->data + output->used, bytes, length);
	output->used += length;
}

/* Writes the argument as it is up to `end`. */
static void
keep_until(struct output *output, struct argument *argument, size_t end)
{
	write_bytes(output, argument->data + argument->at, end - argument->at);
	argument->at = end;
}

/* Writes the mask instead of what lies before `end`; an empty value stays empty. */
static void
mask_until(struct output *output, struct argument *argument, size_t end)
{
	if (end > argument->at)
		write_bytes(output, MASK, strlen(MASK));
	argument->at = end;
}

static bool
is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool
is_word(const char *bytes, size_t length, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == length && strncasecmp(bytes, *list, length) == 0)
			return true;
	return false;
}

static bool
ends_in(const char *bytes, size_t length, const char *const *list)
{
	for (; *list != NULL; list++) {
		size_t wanted = strlen(*list);
		if (wanted <= length && strncasecmp(bytes + length - wanted, *list, wanted) == 0)
			return true;
	}
	return false;
}

/* As ends_in(), digits and a plural s at the end apart. */
static bool
ends_in_kind(const char *bytes, size_t length, const char *const *list)
{
	while (length > 0 && isdigit((unsigned char)bytes[length - 1]))
		length--;
	if (ends_in(bytes, length, list))
		return true;
	return length > 0 && (bytes[length - 1] == 's' || bytes[length - 1] == 'S') &&
	    ends_in(bytes, length - 1, list);
}

/* The end of the word that begins at `at`: words end at "-_." and before a capital. */
static size_t
word_end(const char *name, size_t length, size_t at)
{
	size_t end = at;

	while (end < length && isalnum((unsigned char)name[end])) {
		if (end > at && isupper((unsigned char)name[end]) &&
		    islower((unsigned char)name[end - 1]))
			break;
		end++;
	}
	return end;
}

/* Whether a name says that its value is a secret. */
static bool
is_secret_name(const char *name, size_t length)
{
	char squeezed[NAME_MAX_LENGTH];
	size_t used = 0, end, first_length = 0, last = 0, last_length = 0;
	bool any_strong = false;

	while (length > 0 && !isalnum((unsigned char)*name)) {
		name++;
		length--;
	}
	if (length > sizeof(squeezed)) {
		name += length - sizeof(squeezed);
		length = sizeof(squeezed);
	}
	for (size_t at = 0; at < length; at = end) {
		end = word_end(name, length, at);
		if (end == at) {
			end++;
			continue;
		}
		memcpy(squeezed + used, name + at, end - at);
		used += end - at;
		if (first_length == 0)
			first_length = end - at;
		last = at;
		last_length = end - at;
		any_strong = any_strong || ends_in_kind(name + at, end - at, strong);
	}
	if (is_word(name, first_length, harmless_first) && last_length < used)
		return false;
	if (ends_in_kind(squeezed, used, endings))
		return true;
	return any_strong && !is_word(name + last, last_length, harmless_last);
}

/* The end of the word at `from`: white space that is not behind a backslash. */
static size_t
token_end(const struct argument *argument, size_t from)
{
	while (from < argument->length && !is_space(argument->data[from]))
		from += argument->data[from] == '\\' && from + 1 < argument->length ? 2 : 1;
	return from;
}

static size_t
skip_spaces(const struct argument *argument, size_t from)
{
	while (from < argument->length && is_space(argument->data[from]))
		from++;
	return from;
}

/* The end of a word that may begin with a quotation, which then belongs to it as a whole. */
static size_t
quoted_end(const struct argument *argument, size_t from)
{
	const char *data = argument->data;
	bool escaped =
	    from + 1 < argument->length && data[from] == '\\' && is_quote(data[from + 1]);
	size_t at = from + (escaped ? 1 : 0);
	char quote = at < argument->length ? data[at] : '\0';

	if (!is_quote(quote))
		return token_end(argument, from);
	for (at++; at < argument->length; at++) {
		if (data[at] == '\\' && !escaped)
			at++;
		else if (data[at] == quote && (!escaped || data[at - 1] == '\\'))
			break;
	}
	if (at >= argument->length)
		return argument->length;
	/* 'abc'def is one word to a shell. */
	return is_name_byte(at + 1 < argument->length ? data[at + 1] : ' ') ?
	    token_end(argument, at) :
	    at + 1;
}

/*
 * Whether a value is only the beginning: the scheme before the value, or what looks like an option
 * that has a value itself (--token --password x).
 */
static bool
is_followed(const char *value, size_t length)
{
	return is_word(value, length, schemes) ||
	    (length > 1 && value[0] == '-' && is_secret_name(value, length));
}

/* Masks the word that begins at argument->at, and those behind it that belong to it. */
static void
mask_word(struct output *output, struct argument *argument)
{
	size_t start = argument->at, end = quoted_end(argument, start);

	while (is_followed(argument->data + start, end - start)) {
		start = skip_spaces(argument, end);
		argument->pending = start == argument->length;
		if (argument->pending)
			break;
		end = quoted_end(argument, start);
	}
	mask_until(output, argument, end);
}

static bool
has_space_before(const struct argument *argument, size_t at)
{
	while (at > 0)
		if (is_space(argument->data[--at]))
			return true;
	return false;
}

/*
 * Masks the value that begins at argument->at; its name begins at `name`. How far it reaches
 * depends on where the name stands.
 */
static void
mask_value(struct output *output, struct argument *argument, size_t name)
{
	const char *data = argument->data;
	char before = name > 0 ? data[name - 1] : '\0';
	size_t end = argument->at;

	if (name == 0) {
		end = argument->length;
	} else if (end < argument->length && (is_quote(data[end]) || data[end] == '\\')) {
		mask_word(output, argument);
		return;
	} else if (before == '?' || before == '&') {
		while (end < argument->length && !is_space(data[end]) && data[end] != '&' &&
		    !is_quote(data[end]))
			end++;
	} else if (is_quote(before)) {
		/* -H "Authorization: Bearer x" inside of sh -c '...'; or {"key": 5, ...}. */
		while (end < argument->length && data[end] != before)
			end++;
	} else if (!has_space_before(argument, name)) {
		/* --header=X-Token: x y, or host=db;password=x. */
		end = argument->length;
	} else {
		mask_word(output, argument);
		return;
	}
	mask_until(output, argument, end);
}

/* The place behind a name's "=" or ":", 0 if there is none: `"name" : value`, `[name]=value`. */
static size_t
find_value(const struct argument *argument, size_t name_end, char *ret_separator)
{
	size_t at = name_end;

	while (at < argument->length && strchr("\"'`)]}\\", argument->data[at]) != NULL)
		at++;
	at = skip_spaces(argument, at);
	if (at == argument->length || (argument->data[at] != '=' && argument->data[at] != ':'))
		return 0;
	*ret_separator = argument->data[at++];
	if (at < argument->length && (argument->data[at] == '=' || argument->data[at] == '>'))
		at++;
	return skip_spaces(argument, at);
}

/* Whether a secret name without "=" has its value in the next word: --password x, Bearer x. */
static bool
takes_next_word(const struct argument *argument, size_t name, size_t name_end)
{
	const char *data = argument->data;

	if (name > 0 && !is_space(data[name - 1]) && !is_quote(data[name - 1]))
		return false;
	if (name_end < argument->length && !is_space(data[name_end]))
		return false;
	if (data[name] == '-')
		return true;
	return !(argument->first && name == 0) && is_word(data + name, name_end - name, bare);
}

/* A secret name from argument->at to name_end: masks what belongs to it. */
static void
mask_named(struct output *output, struct argument *argument, size_t name_end)
{
	size_t name = argument->at, value;
	char separator = '\0';

	value = find_value(argument, name_end, &separator);
	if (value > 0) {
		keep_until(output, argument, value);
		/* "Authorization:" "Bearer" "x", as an unquoted header ends up. */
		argument->pending = separator == ':' && value == argument->length;
		mask_value(output, argument, name);
		return;
	}
	keep_until(output, argument, name_end);
	if (!takes_next_word(argument, name, name_end))
		return;
	keep_until(output, argument, skip_spaces(argument, name_end));
	argument->pending = argument->at == argument->length;
	mask_word(output, argument);
}

/*
 * The authority of a URL begins at argument->at: masks its password. A password with a "/" in it
 * is against the rules, but what follows the ":" of a real host is digits.
 */
static void
mask_authority(struct output *output, struct argument *argument)
{
	const char *data = argument->data;
	size_t start = argument->at, end = start, colon = 0, sign = 0;
	bool in_authority = true, port = true;

	if (memchr(data + start, '@', argument->length - start) == NULL)
		return;
	for (; end < argument->length && !is_space(data[end]) && !is_quote(data[end]); end++) {
		if (strchr("/?#", data[end]) != NULL)
			in_authority = false;
		if (data[end] == '@' && (in_authority || !port))
			sign = end;
		else if (data[end] == ':' && colon == 0 && in_authority)
			colon = end;
		else if (colon > 0 && in_authority && !isdigit((unsigned char)data[end]))
			port = false;
	}
	if (colon == 0 || sign < colon)
		return;
	keep_until(output, argument, colon + 1);
	mask_until(output, argument, sign);
}

static void
mask_argument(struct output *output, struct argument *argument)
{
	const char *data = argument->data;

	while (argument->at < argument->length) {
		size_t end = argument->at;
		while (end < argument->length && is_name_byte(data[end]))
			end++;
		if (end == argument->at) {
			keep_until(output, argument, end + 1);
		} else if (argument->length - end >= 3 && memcmp(data + end, "://", 3) == 0) {
			keep_until(output, argument, end + 3);
			mask_authority(output, argument);
		} else if (is_secret_name(data + argument->at, end - argument->at)) {
			mask_named(output, argument, end);
		} else {
			keep_until(output, argument, end);
		}
	}
}

size_t
mask_secrets(const char *cmdline, size_t length, char *buffer, size_t size)
{
	struct output output = { .data = buffer, .size = size };
	bool pending = false;

	for (size_t at = 0, end; at < length; at = end + 1) {
		struct argument argument = { .data = cmdline + at, .first = at == 0 };
		end = at + strnlen(cmdline + at, length - at);
		argument.length = end - at;
		if (pending) {
			mask_until(&output, &argument, argument.length);
			pending = is_followed(argument.data, argument.length);
		} else {
			mask_argument(&output, &argument);
			pending = argument.pending;
		}
		write_bytes(&output, "", 1);
	}
	return output.used;
}
