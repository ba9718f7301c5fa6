/* SPDX-License-Identifier: MIT */
/*
 * Text that is built bit by bit in a buffer of fixed size, and the escaping of bytes that came
 * from elsewhere. A text never overflows and is always terminated; `cut` says that something did
 * not fit.
 */
#ifndef OVERSTAY_BASE_TEXT_H
#define OVERSTAY_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct text {
	char *data;  /* borrowed; always NUL-terminated */
	size_t size; /* of the buffer, at least 1 */
	size_t used; /* without the NUL */
	bool cut;    /* something did not fit */
};

/* Starts an empty text in buffer (borrowed, size at least 1). */
void text_init(struct text *text, char *buffer, size_t size);

/* Appends; what does not fit is cut and text->cut set. */
void text_add(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) _printf_(2, 3);

/*
 * Appends length bytes so that the result is one line of valid UTF-8 without control characters:
 * a terminal, a journal reader and a person see text, and two different inputs stay different.
 * Control characters (C0, DEL, C1), line and paragraph separators, the invisible and
 * direction-changing format characters and bytes that are no UTF-8 become \xNN (byte by byte), a
 * backslash becomes "\\", newline \n, tab \t. An escape or a character is never cut in half. At
 * most max bytes are appended; what is longer ends in "..." within max. max is at least 4.
 */
void text_escape(struct text *text, const char *bytes, size_t length, size_t max);

/* The same of a whole string. */
void text_escape_string(struct text *text, const char *string, size_t max);

/*
 * The same, in a form whose end can be seen, whatever stands behind it: one word of letters, digits
 * and / . _ - + = @ % : ~ as it is, all else in double quotes (which count for max), a quote inside
 * as \". What nobody would see the end of, since there is no room, is left out. max is at least 5.
 */
void text_quote(struct text *text, const char *bytes, size_t length, size_t max);
void text_quote_string(struct text *text, const char *string, size_t max);

/*
 * True where length bytes would be appended by text_escape() as they are.
 */
bool text_is_plain(const char *bytes, size_t length);

/*
 * Decodes one character of UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF) of
 * length bytes, at least 1. Returns its length; 0 where the bytes are none, with *ret untouched.
 */
size_t text_decode(const unsigned char *bytes, size_t length, uint32_t *ret);

#endif
