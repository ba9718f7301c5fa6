/* SPDX-License-Identifier: MIT */
/*
 * How a value of each type is read from a node and written back. What is written is
 * canonical (one spelling for each value), and reading it gives the same value:
 * config_dump() relies on it.
 *
 * A list may be written as a single value wherever one is taken: `protocols: tcp`.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/duration.h"
#include "config/values.h"

/* All words of a list joined, and how many there may be: the reasons are the most. */
#define WORDS_SIZE  256
#define WORDS_COUNT 33

/*
 * The spellings of YAML's two versions. Whoever writes a configuration back through a library
 * turns `off` into `false`, or `False`.
 */
static bool
boolean_parse(const char *text, bool *ret)
{
	static const struct {
		const char *word;
		bool on;
	} words[] = {
		{ "true", true },
		{ "yes", true },
		{ "on", true },
		{ "false", false },
		{ "no", false },
		{ "off", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasecmp(words[i].word, text) == 0) {
			*ret = words[i].on;
			return true;
		}
	return false;
}

/* Who writes `off` or `none` means `never`. */
static void
refuse_duration(struct config_context *context, const struct node *node,
    const struct option *option, const char *expected)
{
	static const char *const names[] = { "never", NULL };
	bool on = true, none;

	none = strcmp(node->text, "none") == 0 || strcmp(node->text, "disabled") == 0 ||
	    (boolean_parse(node->text, &on) && !on) || nearest_name(node->text, names) != NULL;
	if (option->never && none)
		context_error(context, node, "%s is %s, did you mean \"never\"?", option->name,
		    QUOTE(node->text));
	else
		context_error(context, node, "%s is %s, expected %s", option->name,
		    QUOTE(node->text), expected);
}

/* "1h30" is meant as 1h 30min, and is 1h 30s. */
static void
check_last_unit(struct config_context *context, const struct node *node,
    const struct option *option, uint64_t usec)
{
	size_t length = strlen(node->text),
	       units = strcspn(node->text, "abcdefghijklmnopqrstuvwxyz");
	char text[DURATION_TEXT_MAX];

	while (length > 0 && node->text[length - 1] == ' ')
		length--;
	if (units < length && node->text[length - 1] >= '0' && node->text[length - 1] <= '9')
		context_warn(context, node,
		    "%s is %s, which is %s: expected a unit behind each number", option->name,
		    QUOTE(node->text), duration_format(usec, text));
}

bool
duration_read(struct config_context *context, const struct node *node, const struct option *option,
    uint64_t *ret)
{
	char least[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];
	const char *expected = option->never ? "a time span such as 90s or 1h 30min, or never" :
					       "a time span such as 90s or 1h 30min";
	const char *or_never = option->never ? ", or never" : "";
	uint64_t usec;
	int r;

	if (!node_is_scalar(context, node, expected))
		return false;
	r = duration_parse(node->text, &usec);
	if (r == -EINVAL) {
		refuse_duration(context, node, option, expected);
		return false;
	}
	if (r == 0 && usec == USEC_NEVER && option->never) {
		*ret = usec;
		return true;
	}
	if (r < 0 || usec < option->minimum || usec > option->maximum) {
		context_error(context, node, "%s is %s%s, expected %s to %s%s", option->name,
		    QUOTE(node->text),
		    node->text[strspn(node->text, "0123456789 ")] == '\0' ? " seconds" : "",
		    duration_format(option->minimum, least), duration_format(option->maximum, most),
		    or_never);
		return false;
	}
	check_last_unit(context, node, option, usec);
	*ret = usec;
	return true;
}

/* The text, or the word off for any spelling of it. */
static const char *
value_word(const char *text)
{
	bool on;

	return boolean_parse(text, &on) && !on ? "off" : text;
}

/* Which word is meant: that of a number of syslog(3), or of its long or old names. */
static const char *
severity_meant(const char *text)
{
	static const struct {
		const char *text;
		enum severity severity;
	} others[] = {
		{ "panic", SEVERITY_EMERG },
		{ "emergency", SEVERITY_EMERG },
		{ "critical", SEVERITY_CRIT },
		{ "error", SEVERITY_ERR },
		{ "information", SEVERITY_INFO },
		{ "informational", SEVERITY_INFO },
	};

	if (text[0] >= '0' && text[0] < '0' + SEVERITY_OFF && text[1] == '\0')
		return severity_name((enum severity)(text[0] - '0'));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcasecmp(others[i].text, text) == 0)
			return severity_name(others[i].severity);
	return NULL;
}

static void
refuse_severity(struct config_context *context, const struct node *node, const char *what,
    const char *expected)
{
	const char *words[SEVERITY_OFF + 1] = { NULL }, *meant = severity_meant(node->text);

	for (unsigned i = 0; i < SEVERITY_OFF; i++)
		words[i] = severity_name((enum severity)i);
	if (meant != NULL)
		context_error(context, node, "%s is %s, did you mean \"%s\"?", what,
		    QUOTE(node->text), meant);
	else
		context_wrong_value(context, node, what, expected, words);
}

bool
severity_read(struct config_context *context, const struct node *node, const char *what, bool never,
    enum severity *ret)
{
	const char *expected = never ?
	    "emerg, alert, crit, err, warning, notice, info, debug or off" :
	    "emerg, alert, crit, err, warning, notice, info or debug";
	enum severity severity;

	if (!node_is_scalar(context, node, expected))
		return false;
	if (severity_parse(value_word(node->text), &severity) < 0 ||
	    (severity == SEVERITY_OFF && !never)) {
		refuse_severity(context, node, what, expected);
		return false;
	}
	*ret = severity;
	return true;
}

const char *
protocol_word(unsigned place)
{
	return place < PROTOCOL_COUNT ? protocol_name((enum protocol)place) : NULL;
}

/* What `hopping` may say: the protocols, or behind them that there are none. */
static const char *
protocol_or_off_word(unsigned place)
{
	return place == PROTOCOL_COUNT ? "off" : protocol_word(place);
}

/* The place of text among the words, -1 if it is not there. */
static int
word_find(word_function *word, const char *text)
{
	for (unsigned i = 0; word(i) != NULL; i++)
		if (text[0] != '\0' && strcmp(word(i), text) == 0)
			return (int)i;
	return -1;
}

/* Is it the word of an earlier place, too? What has several forms has one word. */
static bool
word_is_again(word_function *word, unsigned place)
{
	return word_find(word, word(place)) < (int)place;
}

/* Writes "masked, full or off" to buffer. Returns buffer. */
static const char *
words_join(word_function *word, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (unsigned i = 0; word(i) != NULL && used < size; i++)
		if (word(i)[0] != '\0' && !word_is_again(word, i))
			used += (size_t)snprintf(buffer + used, size - used, "%s%s",
			    used == 0		    ? "" :
				word(i + 1) == NULL ? " or " :
						      ", ",
			    word(i));
	return buffer;
}

/* The words as a list, for nearest_name(). Returns names. */
static const char *const *
words_list(word_function *word, const char *names[WORDS_COUNT])
{
	unsigned count = 0;

	for (unsigned i = 0; word(i) != NULL && count < WORDS_COUNT - 1; i++)
		if (word(i)[0] != '\0')
			names[count++] = word(i);
	names[count] = NULL;
	return names;
}

/* Says that a text is none of the words; of a list in one string also how lists are written. */
static void
refuse_word(struct config_context *context, const struct node *node, const char *what,
    word_function *word)
{
	const char *names[WORDS_COUNT];
	char expected[WORDS_SIZE];

	(void)words_list(word, names);
	(void)words_join(word, expected, sizeof(expected));
	if (strpbrk(node->text, ", ") != NULL)
		context_error(context, node, "%s is %s, expected %s, or a list in brackets", what,
		    QUOTE(node->text), expected);
	else
		context_wrong_value(context, node, what, expected, names);
}

bool
words_read(struct config_context *context, const struct node *node, const char *what,
    word_function *word, uint32_t *ret_bits)
{
	char expected[WORDS_SIZE];
	const struct node *items;
	size_t count;
	uint32_t bits = 0;

	(void)words_join(word, expected, sizeof(expected));
	count = node_scalars(context, node, VALUE_LIST_MAX, expected, &items);
	for (size_t i = 0; i < count; i++) {
		const char *text = value_word(items[i].text);
		int place = word_find(word, text);

		if (place < 0) {
			refuse_word(context, &items[i], what, word);
			return false;
		}
		for (unsigned same = (unsigned)place; word(same) != NULL; same++)
			if (strcmp(word(same), text) == 0)
				bits |= 1U << same;
	}
	if (count > 0)
		*ret_bits = bits;
	return count > 0;
}

void
words_dump(word_function *word, uint32_t bits, FILE *file)
{
	const char *separator = "";

	(void)fputc('[', file);
	for (unsigned i = 0; word(i) != NULL; i++)
		if ((bits >> i & 1) != 0 && !word_is_again(word, i)) {
			/* YAML takes a bare star for an alias. */
			(void)fprintf(file, word(i)[0] == '*' ? "%s\"%s\"" : "%s%s", separator,
			    word(i));
			separator = ", ";
		}
	(void)fputc(']', file);
}

bool
switch_read(struct config_context *context, const struct node *node, const char *what,
    const char *expected, bool *ret)
{
	static const char *const names[] = { "true", "false", NULL };

	if (!node_is_scalar(context, node, expected))
		return false;
	if (boolean_parse(node->text, ret))
		return true;
	context_wrong_value(context, node, what, expected, names);
	return false;
}

static bool
choice_read(struct config_context *context, const struct node *node, const struct option *option,
    void *value)
{
	char expected[WORDS_SIZE];
	enum cmdline_mode choice;
	int place;

	(void)words_join(option->word, expected, sizeof(expected));
	if (!node_is_scalar(context, node, expected))
		return false;
	if (strcmp(option->name, "netns") == 0 && strcmp(node->text, "all") == 0) {
		context_error(context, node, "netns \"all\" is not supported yet, expected host");
		return false;
	}
	place = word_find(option->word, value_word(node->text));
	if (place < 0) {
		refuse_word(context, node, option->name, option->word);
		return false;
	}
	/* All enums of choices are of the same size: see the assertion below. */
	choice = (enum cmdline_mode)place;
	memcpy(value, &choice, sizeof(choice));
	return true;
}

_Static_assert(sizeof(enum netns_mode) == sizeof(enum cmdline_mode), "enums differ in size");

uint32_t
config_protocols(const struct config *config)
{
	uint32_t protocols = 0;

	for (unsigned i = 0; i < PROTOCOL_COUNT; i++)
		if (config->protocols[i])
			protocols |= 1U << i;
	return protocols;
}

static bool
protocols_read(struct config_context *context, const struct node *node, bool *protocols)
{
	uint32_t bits;

	if (!words_read(context, node, "protocol", protocol_word, &bits))
		return false;
	for (unsigned i = 0; i < PROTOCOL_COUNT; i++)
		protocols[i] = (bits >> i & 1) != 0;
	return true;
}

static void
protocols_dump(const bool *protocols, FILE *file)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < PROTOCOL_COUNT; i++)
		bits |= (uint32_t)protocols[i] << i;
	words_dump(protocol_word, bits, file);
}

static bool
protocol_bits_read(struct config_context *context, const struct node *node,
    const struct option *option, uint32_t *ret)
{
	const uint32_t off = 1U << PROTOCOL_COUNT;
	uint32_t bits;

	if (!words_read(context, node, option->name, protocol_or_off_word, &bits))
		return false;
	if ((bits & off) != 0 && bits != off) {
		context_error(context, node,
		    "%s lists protocols and off, expected either "
		    "protocols or off",
		    option->name);
		return false;
	}
	*ret = bits & ~off;
	return true;
}

bool
value_read(struct config_context *context, const struct node *node, const struct option *option,
    struct config *config)
{
	void *value = (char *)config + option->offset;

	switch (option->type) {
	case OPTION_DURATION:
		return duration_read(context, node, option, value);
	case OPTION_SEVERITY:
		return severity_read(context, node, option->name, option->never, value);
	case OPTION_CHOICE:
		return choice_read(context, node, option, value);
	case OPTION_RANGES:
		return ranges_read(context, node, value);
	case OPTION_PROTOCOLS:
		return protocols_read(context, node, value);
	case OPTION_PROTOCOL_BITS:
		return protocol_bits_read(context, node, option, value);
	case OPTION_SWITCH:
		return switch_read(context, node, option->name, "on or off", value);
	case OPTION_RULES:
		break;
	}
	return false;
}

/* A word that YAML 1.1 takes for a boolean is quoted, for the sake of other readers. */
static void
word_dump(const char *word, FILE *file)
{
	bool boolean = strcmp(word, "off") == 0 || strcmp(word, "on") == 0;

	(void)fprintf(file, boolean ? "\"%s\"" : "%s", word);
}

static void
protocol_bits_dump(uint32_t bits, FILE *file)
{
	if (bits == 0)
		word_dump("off", file);
	else
		words_dump(protocol_word, bits, file);
}

void
value_dump(const struct config *config, const struct option *option, FILE *file)
{
	const void *value = (const char *)config + option->offset;
	char buffer[DURATION_TEXT_MAX];

	switch (option->type) {
	case OPTION_DURATION:
		(void)fputs(duration_format(*(const uint64_t *)value, buffer), file);
		break;
	case OPTION_SEVERITY:
		word_dump(severity_name(*(const enum severity *)value), file);
		break;
	case OPTION_CHOICE:
		word_dump(option->word(*(const enum cmdline_mode *)value), file);
		break;
	case OPTION_RANGES:
		ranges_dump(value, file);
		break;
	case OPTION_PROTOCOLS:
		protocols_dump(value, file);
		break;
	case OPTION_PROTOCOL_BITS:
		protocol_bits_dump(*(const uint32_t *)value, file);
		break;
	case OPTION_SWITCH:
		word_dump(*(const bool *)value ? "on" : "off", file);
		break;
	case OPTION_RULES:
		break;
	}
}
