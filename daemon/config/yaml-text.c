/* SPDX-License-Identifier: MIT */
/*
 * The bytes of YAML: which of them may stand in a file, and how any text is written as a scalar.
 * Pure; what is no UTF-8 is found here and nowhere else.
 */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "config/yaml.h"

/*
 * Decodes one character of UTF-8 (RFC 3629). Returns its length, 0 where the bytes are
 * none.
 */
static size_t
decode(const unsigned char *bytes, size_t length, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = bytes[0] < 0x80 ? 1 :
	    (bytes[0] & 0xe0) == 0xc0 ? 2 :
	    (bytes[0] & 0xf0) == 0xe0 ? 3 :
	    (bytes[0] & 0xf8) == 0xf0 ? 4 :
					0;

	if (size == 0 || size > length)
		return 0;
	*ret = size == 1 ? bytes[0] : bytes[0] & (0x7fU >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (bytes[i] & 0x3f);
	}
	if (*ret < least[size] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret <= 0xdfff))
		return 0;
	return size;
}

/*
 * Characters that may not stand in the file as they are (in double quotes there are
 * escapes): those that YAML forbids, and the line breaks that libyaml counts and no editor
 * does.
 */
static bool
is_forbidden(uint32_t character)
{
	if (character == '\t' || character == '\n' || character == '\r')
		return false;
	return character < 0x20 || (character >= 0x7f && character < 0xa0) || character == 0x2028 ||
	    character == 0x2029 || character == 0xfffe || character == 0xffff;
}

bool
yaml_check_characters(struct config_context *context, const char *text, size_t size)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned line = 1, column = 1;

	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = decode(bytes + at, size - at, &character);
		if (length == 0)
			context_message(context, CONFIG_ERROR, line, column,
			    "invalid byte 0x%02x, expected UTF-8", bytes[at]);
		else if (is_forbidden(character))
			context_message(context, CONFIG_ERROR, line, column,
			    "found %s U+%04X, expected text",
			    character == 0 ? "NUL byte" : "control character", character);
		if (length == 0 || is_forbidden(character))
			return false;
		column++;
		if (character == '\n' ||
		    (character == '\r' && (at + 1 == size || bytes[at + 1] != '\n'))) {
			line++;
			column = 1;
		}
	}
	return true;
}

void
yaml_write_text(const char *text, FILE *file)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t size = strlen(text);

	(void)fputc('"', file);
	for (size_t at = 0, length; at < size; at += length) {
		uint32_t character = 0;

		length = decode(bytes + at, size - at, &character);
		if (length == 0)
			break;
		if (character == '"' || character == '\\')
			(void)fprintf(file, "\\%c", (int)character);
		else if (text_is_plain(text + at, length))
			(void)fwrite(bytes + at, 1, length, file);
		else
			(void)fprintf(file, "\\U%08x", character);
	}
	(void)fputc('"', file);
}
