/* SPDX-License-Identifier: MIT */
/*
 * The effective configuration as YAML, and its hash. It is written from the values that
 * judge and track obey, not from the files, so it shows what was understood; names of users
 * stay the words that were written, since their ids differ between hosts.
 *
 * It is a fixed point: reading it gives the same values and writing those the same bytes. Where
 * a rule came from stands in a comment above it, which is read back in a text that begins with
 * DUMP_HEAD, and in no other: there a person may have copied it. The comments are no part of the
 * hash, or two hosts with the same rules in other files would differ.
 */
#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/duration.h"
#include "base/text.h"
#include "config/dump.h"
#include "config/options.h"
#include "config/rules.h"

/* A path of the longest kind, and a line. */
#define ORIGIN_MAX 4200

static void
dump_text(const char *key, const char *text, FILE *file)
{
	if (text == NULL)
		return;
	(void)fprintf(file, "    %s: ", key);
	yaml_write_text(text, file);
	(void)fputc('\n', file);
}

/* Writes one rule as an entry of a list. */
static void
rule_dump(const struct rule *rule, const struct rule_text *text, FILE *file)
{
	char buffer[DURATION_TEXT_MAX];

	(void)fputs("  - name: ", file);
	yaml_write_text(rule->name, file);
	(void)fputs("\n    match:\n", file);
	match_dump(&rule->match, text, file);
	if (rule->action == ACTION_ALLOW)
		(void)fputs("    action: allow\n", file);
	if ((rule->values & RULE_THRESHOLD) != 0)
		(void)fprintf(file, "    threshold: %s\n",
		    duration_format(rule->threshold_usec, buffer));
	if ((rule->values & RULE_SEVERITY) != 0)
		(void)fprintf(file, "    severity: %s\n", severity_name(rule->severity));
	if ((rule->values & RULE_REMIND) != 0)
		(void)fprintf(file, "    remind: %s\n", duration_format(rule->remind_usec, buffer));
	dump_text("note", rule->note, file);
	if (text->until != NULL)
		(void)fprintf(file, "    until: %s\n", text->until);
	if (!rule->enabled)
		(void)fputs("    enabled: false\n", file);
}

/* A path that would be another line, or would not be read back as it is, is left unsaid. */
static void
origin_dump(const struct rule *rule, FILE *file)
{
	size_t length = strlen(rule->where);
	bool plain = length <= ORIGIN_MAX && text_is_plain(rule->where, length);

	(void)fprintf(file, DUMP_ORIGIN "%s\n", plain ? rule->where : "-");
}

/* What stands in the text beside the values. */
enum dump_comments {
	COMMENTS_NONE,
	COMMENTS_ORIGIN, /* where each rule came from */
	COMMENTS_HELP,	 /* and what each option is for */
};

static int
dump(const struct config *config, enum dump_comments comments, FILE *file)
{
	const struct policy *policy = &config->policy;

	if (comments != COMMENTS_NONE)
		(void)fputs(DUMP_HEAD, file);
	options_dump(config, comments == COMMENTS_HELP, file);
	(void)fputs(policy->rule_count == 0 ? "rules: []\n" : "rules:\n", file);
	for (size_t i = 0; i < policy->rule_count; i++) {
		if (comments != COMMENTS_NONE)
			origin_dump(&policy->rules[i], file);
		rule_dump(&policy->rules[i], &config->rule_texts[i], file);
	}
	if (fflush(file) != 0)
		return -errno;
	return ferror(file) ? -EIO : 0;
}

int
config_dump(const struct config *config, bool help, FILE *file)
{
	return dump(config, help ? COMMENTS_HELP : COMMENTS_ORIGIN, file);
}

/* What was written to memory; with a NUL behind. */
struct memory {
	char *text;
	size_t used, room;
};

/* For fopencookie(3): takes all, or nothing without memory. */
static ssize_t
memory_write(void *cookie, const char *bytes, size_t size)
{
	struct memory *memory = cookie;

	if (array_reserve(&memory->text, &memory->room, memory->used + size + 1, ARRAY_UNBOUNDED) <
	    0)
		return 0;
	memcpy(memory->text + memory->used, bytes, size);
	memory->used += size;
	memory->text[memory->used] = '\0';
	return (ssize_t)size;
}

/*
 * Not open_memstream(3): where memory is short, that of glibc leaves out what it has no room for,
 * or the whole text, and neither ferror(3) nor fclose(3) says so.
 */
static int
dump_text_of(const struct config *config, enum dump_comments comments, char **ret_text,
    size_t *ret_size)
{
	struct memory memory = { 0 };
	FILE *file = fopencookie(&memory, "w", (cookie_io_functions_t){ .write = memory_write });
	int r = -ENOMEM;

	if (file != NULL) {
		r = dump(config, comments, file);
		if (fclose(file) != 0 || r < 0)
			r = -ENOMEM;
	}
	if (r < 0) {
		free(memory.text);
		return r;
	}
	*ret_text = memory.text;
	if (ret_size != NULL)
		*ret_size = memory.used;
	return 0;
}

int
config_dump_text(const struct config *config, char **ret_text, size_t *ret_size)
{
	return dump_text_of(config, COMMENTS_ORIGIN, ret_text, ret_size);
}

/* The size of what config_dump() writes. Returns 0 or -ENOMEM. */
static int
dump_size(const struct config *config, size_t *ret)
{
	_free_ char *text = NULL;

	return dump_text_of(config, COMMENTS_ORIGIN, &text, ret);
}

int
config_set_hash(struct config *config)
{
	_free_ char *text = NULL;
	uint8_t hash[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha256;
	size_t size, whole;
	int r = dump_size(config, &whole);

	if (r < 0)
		return r;
	if (whole > YAML_SIZE_MAX)
		return -EFBIG;
	r = dump_text_of(config, COMMENTS_NONE, &text, &size);
	if (r < 0)
		return r;
	sha256_init(&sha256);
	sha256_update(&sha256, size, (const uint8_t *)text);
	sha256_digest(&sha256, sizeof(hash), hash);
	for (size_t i = 0; i < CONFIG_HASH_SIZE / 2; i++)
		(void)snprintf(config->hash + 2 * i, 3, "%02x", hash[i]);
	return 0;
}
