/* SPDX-License-Identifier: MIT */
/*
 * Bounded text and the one escaper of the project. Every byte that a process, a file or a request
 * gave us passes text_escape() before a person or a terminal sees it.
 *
 * Invariants: text->data[text->used] == '\0'; the output of text_escape() is valid UTF-8, one
 * line, free of control and direction characters, and unambiguous (the backslash is escaped too).
 * Cost: one pass, no allocation.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The longest thing written for one input character: four bytes that each become \xNN. */
#define PIECE_MAX 16

/* What is in quotes is at least "...". */
#define QUOTED_MIN 5

void
text_init(struct text *text, char *buffer, size_t size)
{
	*text = (struct text){ .data = buffer, .size = size };
	buffer[0] = '\0';
}

static void
add_bytes(struct text *text, const char *bytes, size_t length)
{
	size_t room = text->size - text->used - 1;

	if (length > room) {
		length = room;
		text->cut = true;
	}
	memcpy(text->data + text->used, bytes, length);
	text->used += length;
	text->data[text->used] = '\0';
}

void
text_add(struct text *text, const char *string)
{
	add_bytes(text, string, strlen(string));
}

void
text_printf(struct text *text, const char *format, ...)
{
	size_t room = text->size - text->used;
	va_list arguments;
	int wanted;

	va_start(arguments, format);
	wanted = vsnprintf(text->data + text->used, room, format, arguments);
	va_end(arguments);
	if (wanted < 0)
		text->data[text->used] = '\0';
	else if ((size_t)wanted >= room) {
		text->used = text->size - 1;
		text->cut = true;
	} else
		text->used += (size_t)wanted;
}

size_t
text_decode(const unsigned char *bytes, size_t length, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = bytes[0] < 0x80 ? 1 :
	    (bytes[0] & 0xe0) == 0xc0 ? 2 :
	    (bytes[0] & 0xf0) == 0xe0 ? 3 :
	    (bytes[0] & 0xf8) == 0xf0 ? 4 :
					0;
	uint32_t value;

	if (size == 0 || size > length)
		return 0;
	if (size == 1) {
		*ret = bytes[0];
		return 1;
	}
	value = bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret = value;
	return size;
}

/*
 * Characters that no line of a log should show as they are. The ranges: C0, DEL and C1 (Unicode
 * category Cc), and the characters that are invisible, reorder or restart a line (Zl, Zp, Cf and
 * the blank letters that Unicode calls default-ignorable), from Unicode's DerivedCoreProperties.
 * Noncharacters too (U+FDD0 to U+FDEF and the last two of each plane): systemd takes text with one
 * of them for binary, and journalctl shows "[79B blob data]" instead of the line.
 */
static bool
is_dangerous(uint32_t character)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x034f, 0x034f },
		{ 0x0600, 0x0605 },
		{ 0x061c, 0x061c },
		{ 0x06dd, 0x06dd },
		{ 0x070f, 0x070f },
		{ 0x0890, 0x0891 },
		{ 0x08e2, 0x08e2 },
		{ 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x3164, 0x3164 },
		{ 0xfdd0, 0xfdef },
		{ 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },
		{ 0x110bd, 0x110bd },
		{ 0x110cd, 0x110cd },
		{ 0x13430, 0x1343f },
		{ 0x1bca0, 0x1bca3 },
		{ 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};

	if ((character & 0xfffe) == 0xfffe)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ranges) && character >= ranges[i].first; i++)
		if (character <= ranges[i].last)
			return true;
	return false;
}

/*
 * Writes the form of the character at bytes to piece. Returns the length of the piece and in
 * *ret_eaten how many bytes of input it stands for.
 */
static size_t
escape_one(const unsigned char *bytes, size_t length, bool quoted, char piece[PIECE_MAX],
    size_t *ret_eaten)
{
	uint32_t character = 0;
	size_t size = text_decode(bytes, length, &character), used = 0;

	*ret_eaten = size > 0 ? size : 1;
	if (size == 1 &&
	    (character == '\n' || character == '\t' || character == '\\' ||
		(quoted && character == '"'))) {
		piece[0] = '\\';
		piece[1] = character == '\n' ? 'n' : character == '\t' ? 't' : (char)character;
		return 2;
	}
	if (size > 0 && !is_dangerous(character)) {
		memcpy(piece, bytes, size);
		return size;
	}
	for (size_t i = 0; i < *ret_eaten; i++) {
		static const char digits[] = "0123456789abcdef";
		piece[used++] = '\\';
		piece[used++] = 'x';
		piece[used++] = digits[bytes[i] >> 4];
		piece[used++] = digits[bytes[i] & 15];
	}
	return used;
}

static void
escape(struct text *text, const char *bytes, size_t length, size_t max, bool quoted)
{
	const unsigned char *input = (const unsigned char *)bytes;
	size_t room = text->size - text->used - 1;
	size_t start = text->used, fits = text->used, at = 0;

	if (max > room)
		max = room;
	while (at < length) {
		char piece[PIECE_MAX];
		size_t eaten, size = escape_one(input + at, length - at, quoted, piece, &eaten);

		if (text->used - start + size > max) {
			/* Step back to the last place where the dots still fit. */
			text->used = fits;
			text->data[fits] = '\0';
			text_add(text, max >= 3 ? "..." : "");
			text->cut = true;
			return;
		}
		memcpy(text->data + text->used, piece, size);
		text->used += size;
		text->data[text->used] = '\0';
		at += eaten;
		if (text->used - start + 3 <= max)
			fits = text->used;
	}
}

void
text_escape(struct text *text, const char *bytes, size_t length, size_t max)
{
	escape(text, bytes, length, max, false);
}

void
text_escape_string(struct text *text, const char *string, size_t max)
{
	text_escape(text, string, strlen(string), max);
}

/* Nothing in it looks like what may stand behind it. */
static bool
is_word(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isascii((unsigned char)bytes[i]) ||
		    (!isalnum((unsigned char)bytes[i]) && strchr("/._-+=@%:~", bytes[i]) == NULL))
			return false;
	return length > 0;
}

void
text_quote(struct text *text, const char *bytes, size_t length, size_t max)
{
	size_t room = text->size - text->used - 1;

	if (is_word(bytes, length)) {
		text_escape(text, bytes, length, max);
		return;
	}
	if (max > room)
		max = room;
	if (max < QUOTED_MIN) {
		text->cut = true;
		return;
	}
	text_add(text, "\"");
	escape(text, bytes, length, max - 2, true);
	text_add(text, "\"");
}

void
text_quote_string(struct text *text, const char *string, size_t max)
{
	text_quote(text, string, strlen(string), max);
}

bool
text_is_plain(const char *bytes, size_t length)
{
	const unsigned char *input = (const unsigned char *)bytes;

	for (size_t at = 0, eaten; at < length; at += eaten) {
		char piece[PIECE_MAX];
		size_t size = escape_one(input + at, length - at, false, piece, &eaten);
		if (size != eaten || input[at] == '\\')
			return false;
	}
	return true;
}
