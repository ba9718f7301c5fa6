/* SPDX-License-Identifier: MIT */
/*
 * Words and values of scenario lines. Knows nothing of what the lines mean.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/duration.h"
#include "words.h"

/* One escaped byte of a quotation; *from stands behind the backslash. */
static char
unescape(const char **from)
{
	char digits[3] = "";

	switch (*(*from)++) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		for (unsigned i = 0; i < 2 && isxdigit((unsigned char)**from); i++)
			digits[i] = *(*from)++;
		return (char)strtoul(digits, NULL, 16);
	default:
		return (*from)[-1];
	}
}

int
words_split(const char *line, struct words *ret)
{
	char *to = ret->text;

	*ret = (struct words){ 0 };
	if (strlen(line) >= WORDS_TEXT_MAX / 2)
		return -EINVAL;
	for (;;) {
		line += strspn(line, " \t");
		if (*line == '\0')
			return 0;
		if (ret->count == WORDS_MAX)
			return -EINVAL;
		ret->items[ret->count++] = to;
		bool quoted = *line == '"';
		line += quoted;
		while (*line != '\0' && (quoted ? *line != '"' : !isblank((unsigned char)*line))) {
			char c = *line++;
			*to++ = quoted && c == '\\' && *line != '\0' ? unescape(&line) : c;
		}
		*to++ = '\0';
		if (quoted && *line++ != '"')
			return -EINVAL;
	}
}

char *
words_with_number(const char *line, unsigned long number)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (file == NULL)
		abort();
	for (; *line != '\0'; line++)
		if (*line == '$')
			(void)fprintf(file, "%lu", number);
		else
			(void)fputc(*line, file);
	if (fclose(file) != 0)
		abort();
	return text;
}

const char *
words_next(struct words *words)
{
	return words->next < words->count ? words->items[words->next++] : NULL;
}

bool
words_take(struct words *words, const char *word)
{
	if (words->next == words->count || strcmp(words->items[words->next], word) != 0)
		return false;
	words->next++;
	return true;
}

int
words_number(struct words *words, uint64_t *ret)
{
	const char *word = words_next(words);
	char *end;

	if (word == NULL || !isdigit((unsigned char)word[0]))
		return -EINVAL;
	*ret = strtoull(word, &end, 10);
	return *end == '\0' ? 0 : -EINVAL;
}

int
words_duration(struct words *words, uint64_t *ret_usec)
{
	const char *word = words_next(words);

	return word == NULL ? -EINVAL : duration_parse(word, ret_usec);
}

int
words_endpoint(struct words *words, struct endpoint *endpoint)
{
	const char *word = words_next(words), *colon = word == NULL ? NULL : strrchr(word, ':');
	char address[64], *interface, *end;
	bool brackets = word != NULL && word[0] == '[';
	unsigned long port;

	if (colon == NULL || (size_t)(colon - word) >= sizeof(address))
		return -EINVAL;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port == 0 || port > UINT16_MAX)
		return -EINVAL;
	(void)snprintf(address, sizeof(address), "%.*s", (int)(colon - word) - 2 * brackets,
	    word + brackets);
	interface = strchr(address, '%');
	if (interface != NULL)
		*interface++ = '\0';
	endpoint->interface = interface == NULL ? 0 : (uint32_t)strtoul(interface, NULL, 10);
	endpoint->port = (uint16_t)port;
	endpoint->family = brackets ? AF_INET6 : AF_INET;
	return inet_pton(endpoint->family, address, endpoint->address) == 1 ? 0 : -EINVAL;
}

bool
pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++from;
		} else
			return false;
	}
	pattern += strspn(pattern, "*");
	return *pattern == '\0';
}

const char *
clock_format(uint64_t usec, char *buffer)
{
	unsigned days = (unsigned)(usec / USEC_PER_DAY);
	unsigned seconds = (unsigned)(usec % USEC_PER_DAY / USEC_PER_SEC);
	char before[16] = "";

	if (days > 0)
		(void)snprintf(before, sizeof(before), "%ud+", days);
	(void)snprintf(buffer, CLOCK_TEXT_MAX, "%s%02u:%02u:%02u", before, seconds / 3600,
	    seconds / 60 % 60, seconds % 60);
	return buffer;
}
