/* SPDX-License-Identifier: MIT */
/*
 * The configuration's reader on any bytes. Beside not crashing: what is read is either refused
 * with at least one message or gives a dump that reads back to the same dump and the same hash,
 * and every message is one line of text. Exercises everything in daemon/config/ but files.c.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_messages(const struct config_messages *messages)
{
	for (size_t i = 0; i < messages->count; i++) {
		const char *text = messages->items[i].text;

		assert(strncmp(text, "fuzz:", 5) == 0);
		assert(strpbrk(text, "\n\r\033") == NULL);
	}
}

static struct config *
load(const char *text, size_t size)
{
	struct config_messages messages = { 0 };
	struct config *config = NULL;
	int r = config_load_text(text, size, "fuzz", &config, &messages);

	assert(r == 0 || r == -EINVAL);
	assert((r == 0) == (messages.counts[CONFIG_ERROR] == 0));
	assert((r == 0) == (config != NULL));
	check_messages(&messages);
	config_messages_clear(&messages);
	return config;
}

static void
check_fixed_point(const struct config *config)
{
	char *text, *text_again;
	size_t size, size_again;
	struct config *again;

	assert(config_dump_text(config, &text, &size) == 0);
	again = load(text, size);
	assert(again != NULL);
	assert(config_dump_text(again, &text_again, &size_again) == 0);
	assert(size == size_again && memcmp(text, text_again, size) == 0);
	assert(strcmp(config->hash, again->hash) == 0);
	(void)config_free(again);
	free(text_again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = load((const char *)data, size);

	if (config != NULL)
		check_fixed_point(config);
	(void)config_free(config);
	return 0;
}
