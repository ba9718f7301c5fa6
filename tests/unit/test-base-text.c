/* SPDX-License-Identifier: MIT */
/*
 * Bounded text, and the escaping that stands between hostile bytes and every reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "help.h"

/* The escaped form of bytes, with room for all of it. */
static const char *
escape(const char *bytes, size_t length, char *buffer, size_t size)
{
	struct text text;

	text_init(&text, buffer, size);
	text_escape(&text, bytes, length, size - 1);
	assert_int_equal(text.used, strlen(buffer));
	return buffer;
}

static void
never_overflows(void **state)
{
	char buffer[9] = "????????";
	struct text text;

	(void)state;
	text_init(&text, buffer, 8);
	assert_string_equal(buffer, "");
	text_add(&text, "abc");
	text_printf(&text, "%d", 42);
	assert_string_equal(buffer, "abc42");
	assert_int_equal(text.used, 5);
	assert_false(text.cut);
	text_printf(&text, "%s", "67");
	assert_false(text.cut);
	text_printf(&text, "%s", "8");
	assert_true(text.cut);
	assert_string_equal(buffer, "abc4267");
	text_init(&text, buffer, 8);
	text_add(&text, "1234567");
	assert_false(text.cut);
	text_add(&text, "");
	assert_false(text.cut);
	text_add(&text, "8");
	assert_true(text.cut);
	assert_string_equal(buffer, "1234567");
	text_init(&text, buffer, 1);
	text_add(&text, "a");
	text_printf(&text, "%d", 1);
	text_escape(&text, "abc", 3, 4);
	assert_string_equal(buffer, "");
	assert_true(text.cut);
	/* Nothing wrote behind any of them. */
	assert_int_equal(buffer[8], '\0');
}

static void
escapes_what_is_no_text(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *escaped;
	} cases[] = {
		{ "plain text", 10, "plain text" }, { "back\\slash", 10, "back\\\\slash" },
		{ "a\nb\tc\rd", 7, "a\\nb\\tc\\x0dd" }, { "\0", 1, "\\x00" },
		{ "\x1b[31mred", 8, "\\x1b[31mred" }, { "\x7f", 1, "\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		    5, "\\xc2\\x9b31m" }, /* C1: CSI in one character */
		{ "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80" }, { "\xff\xfe", 2, "\\xff\\xfe" },
		{ "\x80", 1, "\\x80" }, { "\xc3", 1, "\\xc3" }, { "\xc3(", 2, "\\xc3(" },
		{ "\xe2\x82", 2, "\\xe2\\x82" }, { "\xf0\x9f\x98", 3, "\\xf0\\x9f\\x98" },
		{ "\xc0\xaf", 2, "\\xc0\\xaf" }, /* overlong slash */
		{ "\xe0\x80\xaf", 3, "\\xe0\\x80\\xaf" },
		{ "\xf0\x80\x80\xaf", 4, "\\xf0\\x80\\x80\\xaf" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },	   /* surrogate */
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", 5, "\\xf8\\x88\\x80\\x80\\x80" },
		{ "\xe2\x80\xae"
		  "exe",
		    6, "\\xe2\\x80\\xaeexe" },			   /* right-to-left override */
		{ "\xe2\x81\xa6", 3, "\\xe2\\x81\\xa6" },	   /* left-to-right isolate */
		{ "\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b" },	   /* zero width space */
		{ "\xe2\x80\xa8", 3, "\\xe2\\x80\\xa8" },	   /* line separator */
		{ "\xc2\x85", 2, "\\xc2\\x85" },		   /* next line */
		{ "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf" },	   /* byte order mark */
		{ "\xf3\xa0\x81\x81", 4, "\\xf3\\xa0\\x81\\x81" }, /* tag letter */
		{ "\xef\xbf\xbe", 3, "\\xef\\xbf\\xbe" },	   /* U+FFFE: no character */
		{ "\xef\xb7\x90", 3, "\\xef\\xb7\\x90" },	   /* U+FDD0: no character */
		{ "\xf4\x8f\xbf\xbf", 4, "\\xf4\\x8f\\xbf\\xbf" }, /* U+10FFFF: no character */
		{ "\xef\xbf\xbd", 3, "\xef\xbf\xbd" },		   /* U+FFFD is one */
	};
	char buffer[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *bytes = cases[i].bytes;
		size_t length = cases[i].length;

		assert_string_equal(escape(bytes, length, buffer, sizeof(buffer)),
		    cases[i].escaped);
		assert_int_equal(text_is_plain(bytes, length),
		    length == strlen(cases[i].escaped) &&
			memcmp(bytes, cases[i].escaped, length) == 0);
	}
}

/* Where it ends can be seen, in as little room as there is. */
static void
quotes_what_is_more_than_a_word(void **state)
{
	static const struct {
		const char *string, *quoted;
		size_t max;
	} cases[] = {
		{ "/usr/bin/python3.11", "/usr/bin/python3.11", 64 },
		{ "--port=50000", "--port=50000", 64 },
		{ "http://0.0.0.0:80/~a_b%20@c+d", "http://0.0.0.0:80/~a_b%20@c+d", 64 },
		{ "-l 60855", "\"-l 60855\"", 64 },
		{ "x\" [1] of root", "\"x\\\" [1] of root\"", 64 },
		{ "x\\\"", "\"x\\\\\\\"\"", 64 },
		{ "a,", "\"a,\"", 64 },
		{ "(deleted)", "\"(deleted)\"", 64 },
		{ "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"", 64 },
		{ "a\nb", "\"a\\nb\"", 64 },
		{ "", "\"\"", 64 },
		{ "two words", "\"two words\"", 11 },
		{ "two words", "\"two w...\"", 10 },
		{ "\"\"\"\"\"\"\"\"", "\"\\\"...\"", 8 },
		{ "two words", "\"...\"", 5 },
		{ "word", "word", 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buffer[128];
		struct text text;

		text_init(&text, buffer, sizeof(buffer));
		text_quote_string(&text, cases[i].string, cases[i].max);
		assert_string_equal(buffer, cases[i].quoted);
	}
	for (size_t size = 1; size < 12; size++) {
		char buffer[16];
		struct text text;

		text_init(&text, buffer, size);
		text_quote_string(&text, "two words", 64);
		assert_true(text.used < size);
		assert_true(text.cut);
		if (text.used > 0) {
			assert_int_equal(buffer[0], '"');
			assert_int_equal(buffer[text.used - 1], '"');
		}
	}
}

static void
cuts_between_characters(void **state)
{
	char buffer[64];
	struct text text;

	(void)state;
	/* What fits exactly is not cut. */
	text_init(&text, buffer, sizeof(buffer));
	text_escape(&text, "12345678", 8, 8);
	assert_string_equal(buffer, "12345678");
	assert_false(text.cut);
	text_init(&text, buffer, sizeof(buffer));
	text_escape(&text, "123456789", 9, 8);
	assert_string_equal(buffer, "12345...");
	assert_true(text.cut);
	/* An escape is whole or not there; so is a character of three bytes. */
	text_init(&text, buffer, sizeof(buffer));
	text_escape(&text, "12\x01\x02", 4, 8);
	assert_string_equal(buffer, "12...");
	text_init(&text, buffer, sizeof(buffer));
	text_escape(&text, "123\xe2\x82\xac\xe2\x82\xac", 9, 8);
	assert_string_equal(buffer, "123...");
	/* Behind other text, and where the buffer ends before max. */
	text_init(&text, buffer, 12);
	text_add(&text, "head ");
	text_escape(&text, "abcdefghij", 10, 60);
	assert_string_equal(buffer, "head abc...");
	assert_true(text.cut);
	text_init(&text, buffer, 8);
	text_add(&text, "12345");
	text_escape(&text, "abc", 3, 60);
	assert_string_equal(buffer, "12345");
	assert_true(text.cut);
}

static bool
is_valid_line(const char *bytes, size_t length)
{
	/* What text_escape() would change: strict decoding without control characters. */
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)bytes[i] < 0x20 || bytes[i] == 0x7f)
			return false;
	for (size_t i = 0; i < length;) {
		unsigned char c = (unsigned char)bytes[i];
		size_t size = c < 0x80 ? 1 :
		    c < 0xc2	       ? 0 :
		    c < 0xe0	       ? 2 :
		    c < 0xf0	       ? 3 :
		    c < 0xf5	       ? 4 :
					 0;

		if (size == 0 || i + size > length)
			return false;
		for (size_t k = 1; k < size; k++)
			if (((unsigned char)bytes[i + k] & 0xc0) != 0x80)
				return false;
		if ((c == 0xe0 && (unsigned char)bytes[i + 1] < 0xa0) ||
		    (c == 0xed && (unsigned char)bytes[i + 1] > 0x9f) ||
		    (c == 0xf0 && (unsigned char)bytes[i + 1] < 0x90) ||
		    (c == 0xf4 && (unsigned char)bytes[i + 1] > 0x8f))
			return false;
		i += size;
	}
	return true;
}

static int
hex(char digit)
{
	return digit >= 'a' ? digit - 'a' + 10 : digit - '0';
}

/* Undoes text_escape(): that this is possible shows that two inputs never look the same. */
static size_t
unescape(const char *text, char *bytes)
{
	size_t used = 0;

	for (; *text != '\0'; text++) {
		if (*text != '\\') {
			bytes[used++] = *text;
			continue;
		}
		text++;
		if (*text == 'x') {
			bytes[used++] = (char)(hex(text[1]) << 4 | hex(text[2]));
			text += 2;
		} else
			bytes[used++] = *text == 'n' ? '\n' : *text == 't' ? '\t' : '\\';
	}
	return used;
}

/* Bytes as a hostile process would choose them: pieces of UTF-8, whole, cut and wrong. */
static size_t
hostile(uint64_t *seed, char *bytes, size_t most)
{
	static const char *const pieces[] = { "a", "\\", "\n", "\xe2\x80\xae", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80", "\xc3\xbc", "\xef\xbf\xbf", "\xf3\xa0\x81\x81", "\x1b[2J",
		"\\x41", "..." };
	size_t length = 0, wanted = help_below(seed, most);

	while (length < wanted) {
		const char *piece = pieces[help_below(seed, ARRAY_SIZE(pieces))];
		size_t size = strlen(piece);

		if (help_below(seed, 3) == 0) {
			bytes[length++] = (char)help_random(seed);
			continue;
		}
		if (help_below(seed, 4) == 0)
			size = 1 + help_below(seed, size);
		if (size > wanted - length)
			size = wanted - length;
		memcpy(bytes + length, piece, size);
		length += size;
	}
	return length;
}

static void
any_bytes_become_one_line(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		char bytes[48], back[256], again[1024], buffer[256];
		size_t length = hostile(&seed, bytes, sizeof(bytes)), size;

		escape(bytes, length, buffer, sizeof(buffer));
		assert_true(is_valid_line(buffer, strlen(buffer)));
		size = unescape(buffer, back);
		assert_int_equal(size, length);
		assert_memory_equal(back, bytes, length);
		assert_int_equal(text_is_plain(bytes, length),
		    strlen(buffer) == length && memcmp(buffer, bytes, length) == 0);
		/* Only the backslash of what is escaped is escaped again. */
		escape(buffer, strlen(buffer), again, sizeof(again));
		size = unescape(again, back);
		assert_int_equal(size, strlen(buffer));
		assert_memory_equal(back, buffer, size);
	}
}

static void
any_cut_is_clean(void **state)
{
	uint64_t seed = help_seed();

	(void)state;
	for (unsigned i = 0; i < 50000; i++) {
		char bytes[48], whole[256], buffer[80];
		size_t length = hostile(&seed, bytes, sizeof(bytes));
		size_t max = 4 + help_below(&seed, 60), size = 1 + help_below(&seed, 64);
		size_t head = help_below(&seed, size), room;
		struct text text;

		escape(bytes, length, whole, sizeof(whole));
		memset(buffer, '#', sizeof(buffer));
		text_init(&text, buffer, size);
		text_printf(&text, "%*s", (int)head, "");
		assert_int_equal(text.used, head);
		text_escape(&text, bytes, length, max);
		assert_int_equal(buffer[text.used], '\0');
		for (size_t k = size; k < sizeof(buffer); k++)
			assert_int_equal(buffer[k], '#');
		room = size - 1 - head < max ? size - 1 - head : max;
		assert_true(text.used - head <= room);
		assert_true(is_valid_line(buffer + head, text.used - head));
		assert_int_equal(text.cut, strlen(whole) > room);
		if (!text.cut) {
			assert_string_equal(buffer + head, whole);
			continue;
		}
		if (room >= 3) {
			assert_true(text.used - head >= 3);
			assert_string_equal(buffer + text.used - 3, "...");
			assert_memory_equal(buffer + head, whole, text.used - head - 3);
			/* No escape was cut in half: what is left stands for whole bytes. */
			buffer[text.used - 3] = '\0';
			assert_true(unescape(buffer + head, whole) <= length);
			assert_memory_equal(whole, bytes, unescape(buffer + head, whole));
		} else
			assert_int_equal(text.used, head);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_overflows),
		cmocka_unit_test(escapes_what_is_no_text),
		cmocka_unit_test(quotes_what_is_more_than_a_word),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(any_bytes_become_one_line),
		cmocka_unit_test(any_cut_is_clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("base-text", tests, NULL, NULL);
}
