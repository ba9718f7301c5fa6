/* SPDX-License-Identifier: MIT */
/*
 * Loads a text as the configuration does and gives back what it said, for the tests of
 * config/. Users and groups are those of resolve_fake(): alice 1000, bob 1001, @developers
 * 2000; nobody answers for "broken".
 */
#ifndef OVERSTAY_TESTS_CONFIG_EXPECT_H
#define OVERSTAY_TESTS_CONFIG_EXPECT_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config-tree.h"

/* One text and all that is said about it, lines ended by a newline; "" is nothing. */
struct expectation {
	const char *text;
	const char *messages;
};

/* Answers all that the rules name. */
static inline void
resolve_fake(struct config *config)
{
	static const struct {
		const char *name;
		bool group;
		uint32_t id;
	} known[] = {
		{ "alice", false, 1000 },
		{ "bob", false, 1001 },
		{ "developers", true, 2000 },
	};

	for (size_t i = 0; i < config->policy.names.count; i++) {
		struct named *named = config->policy.names.items[i];

		if (strcmp(named->name, "broken") == 0)
			continue;
		(void)named_answer(named, NAMED_ABSENT, 0);
		for (size_t j = 0; j < ARRAY_SIZE(known); j++)
			if (known[j].group == named->group &&
			    strcmp(known[j].name, named->name) == 0)
				(void)named_answer(named, NAMED_KNOWN, known[j].id);
	}
}

/* The messages as one text, to be freed; every `cut` in it is left out. */
static inline char *
messages_text(const struct config_messages *messages, const char *cut)
{
	static char buffer[65536];
	FILE *file = fmemopen(buffer, sizeof(buffer), "w");
	size_t length = strlen(cut);
	char *from = buffer;

	assert_non_null(file);
	buffer[0] = '\0';
	config_messages_print(messages, file);
	assert_int_equal(fclose(file), 0);
	while (length > 0 && (from = strstr(from, cut)) != NULL)
		memmove(from, from + length, strlen(from + length) + 1);
	return strdup(buffer);
}

/* Loads the tree; the messages, with the root cut from each, must be exactly these. */
static inline struct config *
load_tree(const struct config_tree *tree, const char *expected)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	int r = config_load(&tree->paths, &config, &messages);
	char root[66], *said;

	(void)snprintf(root, sizeof(root), "%s/", tree->root);
	said = messages_text(&messages, root);
	assert_int_equal(r, messages.counts[CONFIG_ERROR] > 0 ? -EINVAL : 0);
	assert_string_equal(said, expected);
	free(said);
	config_messages_clear(&messages);
	return config;
}

/*
 * Loads size bytes named t.yaml. The configuration is to be freed, NULL where there is an
 * error.
 */
static inline struct config *
load_bytes(const char *text, size_t size, char **ret_messages)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	int r = config_load_text(text, size, "t.yaml", &config, &messages);

	assert_int_equal(r, messages.counts[CONFIG_ERROR] > 0 ? -EINVAL : 0);
	assert_int_equal(config == NULL, messages.counts[CONFIG_ERROR] > 0);
	if (config != NULL)
		resolve_fake(config);
	*ret_messages = messages_text(&messages, "");
	config_messages_clear(&messages);
	return config;
}

/* Loads text; what is said must be exactly the messages. */
static inline struct config *
load_expect(const char *text, const char *messages)
{
	char *said;
	struct config *config = load_bytes(text, strlen(text), &said);

	if (strcmp(said, messages) != 0)
		print_error("# read:\n%s\n", text);
	assert_string_equal(said, messages);
	free(said);
	return config;
}

static inline void
expect_all(const struct expectation *expectations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)config_free(load_expect(expectations[i].text, expectations[i].messages));
}

/*
 * The dump of a configuration, to be freed; reading it back must give the same, and its
 * hash.
 */
static inline char *
dump_fixed(const struct config *config)
{
	struct config_messages messages = { 0 };
	struct config *again = NULL;
	char *text, *text_again;
	size_t size;

	assert_int_equal(config_dump_text(config, &text, &size), 0);
	assert_int_equal(strlen(text), size);
	assert_int_equal(config_load_text(text, size, "dump", &again, &messages), 0);
	assert_int_equal(config_dump_text(again, &text_again, NULL), 0);
	assert_string_equal(text, text_again);
	assert_string_equal(config->hash, again->hash);
	free(text_again);
	(void)config_free(again);
	config_messages_clear(&messages);
	return text;
}

#endif
